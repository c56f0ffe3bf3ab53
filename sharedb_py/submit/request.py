"""An op on its way to being committed: what the submit hooks are given (protocol section 8)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from sharedb_py.errors import ErrorCode, OpRejected, ShareDBError
from sharedb_py.jsonvalue import JSONObject
from sharedb_py.middleware import Context
from sharedb_py.ops import Op
from sharedb_py.ot import Composable, types
from sharedb_py.projections import Projection
from sharedb_py.snapshot import Snapshot

__all__ = ["SubmitRequest"]


@dataclass
class SubmitRequest(Context):
    """An op on its way to being committed, and the context of the submit hooks."""

    index: str
    """The name the client used: a collection's or a projection's."""
    collection: str
    id: str
    op: Op
    projection: Projection | None = None
    extra: JSONObject | None = None
    options: dict[str, Any] = field(default_factory=dict)
    """Passed on to the database when the document is read."""
    start: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    """When the op came in: whole milliseconds, as JavaScript clients ask for times."""
    protocol: tuple[float, float] = (0, 0)
    custom: dict[str, Any] = field(default_factory=dict)
    suppress_publish: bool = False
    save_milestone_snapshot: bool | None = None
    max_retries: int | None = None
    retries: int = 0
    snapshot: Snapshot | None = None
    """In ``apply`` the snapshot before the op, in ``commit`` and later the one after."""
    ops: list[Op] = field(default_factory=list)
    """Ops the client had not seen, against which its own was transformed."""
    channels: list[str] = field(default_factory=list)
    fixups: list[Op] = field(default_factory=list)
    _original: Op | None = None

    def __post_init__(self) -> None:
        self.action = "submit"

    def fixup(self, op: Any) -> None:
        """Amend the op in an ``apply`` hook; the client is told with its acknowledgement.

        Raises ``ShareDBError`` outside ``apply``, for a delete, and where the type
        cannot compose (section 3.6).
        """
        if self.action != "apply":
            raise ShareDBError(
                "fixup can only be called during the apply middleware",
                ErrorCode.FIXUP_IS_ONLY_VALID_ON_APPLY,
            )
        if "del" in self.op:
            raise ShareDBError("Cannot fixup deletion ops", ErrorCode.CANNOT_FIXUP_DELETION)
        assert self.snapshot is not None
        create = self.op.get("create")
        uri = create["type"] if create else self.snapshot.type_uri
        ot_type = types.get(uri) if uri else None
        if ot_type is None or not isinstance(ot_type, Composable):
            raise ShareDBError(
                f"{uri} does not support compose", ErrorCode.TYPE_DOES_NOT_SUPPORT_COMPOSE
            )
        if create:
            data = ot_type.apply(create.get("data"), op)
            self.op["create"] = {**create, "data": data}
        else:
            self.op["op"] = ot_type.compose(self.op["op"], op)
        keys = ("src", "seq", "v")
        self.fixups.append({**{key: self.op.get(key) for key in keys}, "op": op})

    @property
    def elapsed(self) -> float:
        """How many milliseconds ago the op came in."""
        return time.time() * 1000 - self.start

    def rejected_error(self) -> OpRejected:
        """Return the error to raise for an op that the client shall undo without a word."""
        return OpRejected("Op submit rejected", ErrorCode.OP_SUBMIT_REJECTED)

    def begin_attempt(self) -> None:
        """Take the op as it was submitted: transforms and fixups of a lost attempt are undone.

        They cannot be kept: ops of the lost batch that this one followed have moved.
        """
        if self._original is None:
            self._original = {**self.op, "m": dict(self.op.get("m") or {})}
            return
        self.op.clear()
        self.op.update(self._original)
        self.op["m"] = dict(self._original["m"])
        self.ops, self.fixups = [], []
