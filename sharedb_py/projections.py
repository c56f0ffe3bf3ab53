"""Which fields a projection shows and accepts (protocol section 4). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sharedb_py.errors import ErrorCode, OpRejected, ShareDBError
from sharedb_py.jsonvalue import is_number
from sharedb_py.ops import Op
from sharedb_py.ot.json0 import json0
from sharedb_py.snapshot import Snapshot

__all__ = ["Projection"]


@dataclass(frozen=True, slots=True)
class Projection:
    """A name under which clients see some top-level fields of a collection's documents."""

    name: str
    target: str
    fields: frozenset[str]

    def snapshot(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot with only the shown fields; only json0 can be projected."""
        if not snapshot.exists:
            return snapshot
        if snapshot.type_uri != json0.uri:
            raise ShareDBError(
                f"Projections are not supported for {snapshot.type_uri}",
                ErrorCode.TYPE_CANNOT_BE_PROJECTED,
            )
        return replace(snapshot, data=self._value(snapshot.data))

    def op(self, op: Op) -> Op:
        """Return the op as a client of the projection may see it; it may have become empty."""
        if "create" in op:
            create = op["create"]
            if create.get("type") != json0.uri:
                raise ShareDBError(
                    "Projections are only supported for json0", ErrorCode.TYPE_CANNOT_BE_PROJECTED
                )
            if "data" in create:
                create = {**create, "data": self._value(create["data"])}
            return {**op, "create": create}
        if "op" in op:
            # What is no json0 op, such as another type's, cannot be cut: it stays hidden.
            edit = op["op"] if isinstance(op["op"], list) else []
            return {**op, "op": list(self._components(edit))}
        return op

    def _value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            return None
        return {key: value for key, value in data.items() if key in self.fields}

    def _components(self, components: Iterable[Any]) -> Iterable[Any]:
        for component in components:
            path = component.get("p") if isinstance(component, dict) else None
            if not isinstance(path, list):
                continue
            if path:
                if self._shows(path[0]):
                    yield component
            elif "od" in component or "oi" in component:
                cut = {key: self._value(component[key]) for key in ("od", "oi") if key in component}
                yield {"p": [], **cut}

    def _shows(self, segment: Any) -> bool:
        return (isinstance(segment, str) or is_number(segment)) and str(segment) in self.fields

    def check_write(self, op: Op, type_uri: str | None) -> None:
        """Raise ``OpRejected`` unless the op stays within the shown fields (section 4.2)."""
        if not self._allows(op, type_uri):
            raise OpRejected(
                "Invalid op submitted. Operation invalid in projected collection",
                ErrorCode.OP_NOT_ALLOWED_IN_PROJECTION,
            )

    def _allows(self, op: Op, type_uri: str | None) -> bool:
        if "create" in op:
            create = op["create"]
            if create.get("type") != json0.uri:
                return False
            data = create.get("data")
            return data is None or (isinstance(data, dict) and data.keys() <= self.fields)
        if "op" in op:
            return (
                type_uri in (None, json0.uri)
                and isinstance(op["op"], list)
                and all(
                    isinstance(component, dict)
                    and isinstance(component.get("p"), list)
                    and bool(component["p"])
                    and self._shows(component["p"][0])
                    for component in op["op"]
                )
            )
        return True
