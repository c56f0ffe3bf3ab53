"""Edits inside a document: of numbers, of texts, and of whatever types were registered."""

from __future__ import annotations

import math
from typing import Any, Final

from sharedb_py.errors import OpBadlyFormed, OpNotApplied
from sharedb_py.jsonvalue import is_number
from sharedb_py.ot.base import Side
from sharedb_py.ot.json1.tree import Component, Node
from sharedb_py.ot.text_unicode import text_unicode

__all__ = [
    "edit_of",
    "edit_type",
    "is_noop",
    "made_invertible",
    "moved_position",
    "number",
    "register",
    "write_edit",
]


class Number:
    """A number; an op is what to add to it."""

    name: Final = "number"
    uri: Final = "number"

    def create(self, data: Any = 0) -> Any:
        """Return the number."""
        return data

    def apply(self, snapshot: Any, op: Any) -> Any:
        """Return the sum; what no JSON number can hold becomes null, as in JavaScript."""
        if not is_number(snapshot) or not is_number(op):
            raise OpNotApplied("Only a number can be added to, and only to a number")
        return _sum(snapshot, op)

    def compose(self, first: Any, second: Any) -> Any:
        """Return what both add."""
        return _sum(first, second)

    def transform(self, op: Any, other: Any, side: Side) -> Any:
        """Return the op as it is."""
        return op

    def invert(self, op: Any) -> Any:
        """Return what takes it away again."""
        return -op


def _sum(a: float, b: float) -> float | None:
    # Numbers are JavaScript's doubles: whole ones past 2**53 lose digits there, and so here.
    total = a + b
    if isinstance(total, int) and abs(total) > 2**53:
        try:
            total = float(a) + float(b)
        except OverflowError:
            return None
        return int(total) if math.isfinite(total) and abs(total) < 1e21 else _finite(total)
    return _finite(total)


def _finite(total: float) -> float | None:
    return total if math.isfinite(total) else None


number: Final = Number()

_known: Final[dict[str, Any]] = {}


def register(subtype: Any) -> None:
    """Make a type known, under its name and its URI, for edits inside documents."""
    _known[subtype.name] = subtype
    _known[subtype.uri] = subtype


register(text_unicode)
register(number)


def edit_type(component: Component | None) -> Any:
    """Return the type of a component's edit, or None if it edits nothing."""
    if not component:
        return None
    if component.get("et"):
        name = component["et"]
        found = _known.get(name) if isinstance(name, str) else None
        if found is None:
            raise OpBadlyFormed(f"Unknown type of edit: {name!r}")
        return found
    if component.get("es") is not None:
        return text_unicode
    return number if component.get("ena") is not None else None


def edit_of(component: Component) -> Any:
    """Return a component's edit, which is an op of its :func:`edit_type`."""
    if component.get("es") is not None:
        return component["es"]
    return component.get("e") if component.get("ena") is None else component["ena"]


def is_noop(subtype: Any, edit: Any) -> bool:
    """Whether an edit does nothing, as far as its type can tell."""
    if subtype is text_unicode:
        return bool(edit == [])
    return hasattr(subtype, "is_noop") and bool(subtype.is_noop(edit))


def made_invertible(subtype: Any, edit: Any, value: Any) -> Any:
    """Return an edit with what inverting it needs, taken from the value that it changes."""
    if subtype is text_unicode and not isinstance(value, str):
        raise OpNotApplied("Only a text can be edited as one")
    return subtype.make_invertible(edit, value)


def moved_position(subtype: Any, edit: Any, position: Any) -> Any:
    """Return where a position inside an edited value is after the edit."""
    if subtype is text_unicode:
        return _position_in_text(edit, position) if isinstance(position, int) else position
    if hasattr(subtype, "transform_position"):
        return subtype.transform_position(position, edit)
    return position


def _position_in_text(edit: Any, position: int) -> int:
    passed = 0
    for component in edit:
        if position <= passed:
            break
        if isinstance(component, dict):
            deleted = component["d"]
            size = deleted if isinstance(deleted, int) else len(deleted)
            position -= min(size, position - passed)
            continue
        size = component if isinstance(component, int) else len(component)
        passed += size
        position += size if isinstance(component, str) else 0
    return position


def write_edit(node: Node, subtype: Any, edit: Any, *, keep_noop: bool = False) -> None:
    """Write an edit at a place, in the short form if its type has one; drop one without effect."""
    if not keep_noop and is_noop(subtype, edit):
        return
    if subtype is number:
        node.write("ena", edit)
    elif subtype is text_unicode:
        node.write("es", edit)
    else:
        node.write("et", subtype.name)
        node.write("e", edit)
