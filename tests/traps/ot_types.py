"""Types that only the tests know: numbers, and a text whose ops carry cursors along."""

from __future__ import annotations

from typing import Any, Final

from sharedb_py.jsonvalue import MISSING
from sharedb_py.ot.base import Side

__all__ = ["NUMBER", "TEXT"]


class NumberType:
    """A number; an op is what to add, and None adds nothing."""

    name: Final = "number-type"
    uri: Final = "http://sharejs.org/types/number-type"

    def create(self, data: Any = MISSING) -> Any:
        return 0 if data is MISSING else data

    def apply(self, snapshot: Any, op: Any) -> Any:
        return snapshot + (op or 0)

    def transform(self, op: Any, other: Any, side: Side) -> Any:
        return op


class CursorText:
    """A text edited letter by letter: ``{"index", "value"}`` inserts, ``{"index", "del"}`` deletes.

    A cursor is ``{"index"}``. An op whose value is ``bad`` cannot carry a cursor.
    """

    name: Final = "cursor-text"
    uri: Final = "http://example.org/types/cursor-text"

    def create(self, data: Any = MISSING) -> Any:
        return "" if data is MISSING else data

    def apply(self, snapshot: Any, op: Any) -> Any:
        index = op["index"]
        if "value" in op:
            return snapshot[:index] + op["value"] + snapshot[index:]
        return snapshot[:index] + snapshot[index + op["del"] :]

    def transform(self, op: Any, other: Any, side: Side) -> Any:
        return {**op, "index": _moved(op["index"], other)}

    def transform_presence(self, presence: Any, op: Any, is_own_op: bool) -> Any:
        if op.get("value") == "bad":
            raise ValueError("A bad op carries no cursor")
        return {**presence, "index": _moved(presence["index"], op)}


def _moved(index: int, op: Any) -> int:
    if op["index"] > index:
        return index
    return int(index + len(op["value"]) if "value" in op else max(op["index"], index - op["del"]))


NUMBER: Final = NumberType()
TEXT: Final = CursorText()
