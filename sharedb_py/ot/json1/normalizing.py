"""The canonical form of json1 ops."""

from __future__ import annotations

from typing import Any

from sharedb_py.errors import OpBadlyFormed
from sharedb_py.jsonvalue import is_number
from sharedb_py.ot.json1.subtypes import edit_of, edit_type, write_edit
from sharedb_py.ot.json1.tree import Component, Node, Op, to_op

__all__ = ["normalize"]


def normalize(op: Any) -> Op:
    """Return an equivalent op in canonical form.

    Takes ops that are not valid yet: with lists in any order or of one item, edits that do
    nothing, and any numbers as slots.
    """
    if op is None:
        return None
    result = Node()
    _Normalization().read(op, result)
    return to_op(result)


class _Normalization:
    def __init__(self) -> None:
        self._slots: dict[Any, int] = {}

    def read(self, op: Any, result: Node) -> None:
        if not isinstance(op, list):
            raise OpBadlyFormed("Op must be null or a list")
        for item in op:
            if isinstance(item, list):
                self.read(item, result)
            elif isinstance(item, dict):
                self._copy(item, result)
            elif isinstance(item, str) or (is_number(item) and isinstance(item, int)):
                result = result.at(item)
            else:
                raise OpBadlyFormed("A key must be an index or a name")

    def _copy(self, component: Component, result: Node) -> None:
        subtype = edit_type(component)
        if subtype is not None:
            edit = edit_of(component)
            if hasattr(subtype, "normalize"):
                edit = subtype.normalize(edit)
            write_edit(result, subtype, edit)
        for entry in ("r", "p", "i", "d"):
            if entry in component:
                value = component[entry]
                result.write(entry, self._slot(value) if entry in ("p", "d") else value)

    def _slot(self, slot: Any) -> int:
        if not is_number(slot):
            raise OpBadlyFormed("A slot must be a number")
        return self._slots.setdefault(slot, len(self._slots))
