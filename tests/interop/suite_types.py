"""The types that ShareDB's own test suite registers, for a server that it is run against.

``sharedb-py serve --type tests.interop.suite_types:number …`` registers them.
"""

from __future__ import annotations

from typing import Any

from sharedb_py.errors import OpNotApplied
from sharedb_py.ot.base import Side

__all__ = ["deserialized", "deserialized2", "number", "presence"]

BASE = "http://sharejs.org/types/"


class _Type:
    """A type by its name, the last part of its URI."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.uri = BASE + name


class NumberType(_Type):
    """A number; an op is what to add."""

    def create(self, data: Any = None) -> Any:
        return int(data or 0)

    def apply(self, snapshot: Any, op: Any) -> Any:
        return snapshot + op

    def transform(self, op: Any, other: Any, side: Side) -> Any:
        return op


class ListType(_Type):
    """A list; an op is ``{"insert": index, "value": …}``. Clients hold it as something else."""

    def create(self, data: Any = None) -> Any:
        return data or []

    def apply(self, snapshot: Any, op: Any) -> Any:
        index = _insert_of(op)
        return [*snapshot[:index], op["value"], *snapshot[index:]]

    def transform(self, op: Any, other: Any, side: Side) -> Any:
        index, before = _insert_of(op), _insert_of(other)
        moved = before < index or (before == index and side == "left")
        return {"insert": index + moved, "value": op["value"]}


def _insert_of(op: Any) -> int:
    if isinstance(op, dict) and isinstance(op.get("insert"), int):
        index: int = op["insert"]
        return index
    raise OpNotApplied("Op not recognized")


class PresenceType(_Type):
    """A string; an op puts in ``value``, or takes out ``del`` characters, at ``index``."""

    def create(self, data: Any = None) -> Any:
        return data if isinstance(data, str) else ""

    def apply(self, snapshot: Any, op: Any) -> Any:
        if op.get("value"):
            return snapshot[: op["index"]] + op["value"] + snapshot[op["index"] :]
        if op.get("del"):
            return snapshot[: op["index"]] + snapshot[op["index"] + op["del"] :]
        raise OpNotApplied("Invalid op")

    def transform(self, op: Any, other: Any, side: Side) -> Any:
        raise OpNotApplied("The type has no transform")

    def transform_presence(self, presence: Any, op: Any, is_own_op: bool) -> Any:
        if not presence or presence["index"] < op["index"]:
            return presence
        if presence["index"] == op["index"] and not is_own_op:
            return presence
        if not isinstance(presence["index"], int):
            raise OpNotApplied("Presence index is not a number")
        if op.get("value"):
            return {"index": presence["index"] + len(op["value"])}
        if op.get("del"):
            return {"index": presence["index"] - op["del"]}
        raise OpNotApplied("Invalid op")


number = NumberType("number-type")
deserialized = ListType("test-deserialized-type")
deserialized2 = ListType("test-deserialized-type2")
presence = PresenceType("presence-test-type")
