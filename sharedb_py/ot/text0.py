"""The plain-text type that json0 uses inside documents (protocol section 11.5).

An op is a list of components ``{"p": position, "i": text}`` (insert) and
``{"p": position, "d": text}`` (delete), applied in order. Positions and lengths
count UTF-16 code units.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from sharedb_py.errors import OpBadlyFormed, OpNotApplied
from sharedb_py.jsonvalue import MISSING, is_number
from sharedb_py.ot.base import Side
from sharedb_py.ot.transforming import transform_lists
from sharedb_py.ot.utf16 import join, length, slice_units, splice

__all__ = ["Component", "Op", "Text0", "text0"]

Component: TypeAlias = dict[str, Any]
Op: TypeAlias = list[Component]


def _check(op: Any) -> Op:
    if not isinstance(op, list):
        raise OpBadlyFormed("text0 op must be an array")
    for component in op:
        if not isinstance(component, dict) or not is_number(component.get("p")):
            raise OpBadlyFormed("text0 component must have a position")
        kinds = [component[key] for key in ("i", "d") if component.get(key) is not None]
        if len(kinds) != 1 or not isinstance(kinds[0], str):
            raise OpBadlyFormed("text0 component must insert or delete text")
        position = component["p"]
        if position < 0 or (isinstance(position, float) and not position.is_integer()):
            raise OpBadlyFormed("text0 position must be a whole number, not negative")
    return op


def _text(component: Component) -> tuple[Literal["i", "d"], str]:
    inserted = component.get("i")
    return ("d", component["d"]) if inserted is None else ("i", inserted)


def _append(op: Op, component: Component) -> None:
    """Add a component to an op under construction, merging it with the last."""
    kind, text = _text(component)
    if text == "":
        return
    position = int(component["p"])
    if op:
        last = op[-1]
        last_kind, last_text = _text(last)
        start = int(last["p"])
        if kind == last_kind == "i" and start <= position <= start + length(last_text):
            offset = position - start
            merged = join(slice_units(last_text, 0, offset), text, slice_units(last_text, offset))
            op[-1] = {"i": merged, "p": start}
            return
        if kind == last_kind == "d" and position <= start <= position + length(text):
            offset = start - position
            merged = join(slice_units(text, 0, offset), last_text, slice_units(text, offset))
            op[-1] = {"d": merged, "p": position}
            return
    op.append({kind: text, "p": position})


def transform_position(position: int, other: Component, insert_after: bool) -> int:
    """Return where a position lies after one component; ties go after it if asked."""
    kind, text = _text(other)
    size, start = length(text), int(other["p"])
    if kind == "i":
        pushed = start < position or (start == position and insert_after)
        return position + size if pushed else position
    if position <= start:
        return position
    if position <= start + size:
        return start
    return position - size


def _transform_delete(dest: Op, component: Component, other: Component) -> None:
    text, position = component["d"], int(component["p"])
    other_kind, other_text = _text(other)
    size, other_size, other_start = length(text), length(other_text), int(other["p"])
    if other_kind == "i":
        if position < other_start:
            split = other_start - position
            _append(dest, {"d": slice_units(text, 0, split), "p": position})
            text = slice_units(text, split)
        if text:
            _append(dest, {"d": text, "p": position + other_size})
        return
    if position >= other_start + other_size:
        _append(dest, {"d": text, "p": position - other_size})
    elif position + size <= other_start:
        _append(dest, component)
    else:
        kept = ""
        if position < other_start:
            kept = slice_units(text, 0, other_start - position)
        if position + size > other_start + other_size:
            kept = join(kept, slice_units(text, other_start + other_size - position))
        start, end = max(position, other_start), min(position + size, other_start + other_size)
        mine = slice_units(text, start - position, end - position)
        theirs = slice_units(other_text, start - other_start, end - other_start)
        if mine != theirs:
            raise OpNotApplied(
                "Delete ops delete different text in the same region of the document"
            )
        if kept:
            _append(dest, {"d": kept, "p": transform_position(position, other, False)})


def _transform_component(dest: Op, component: Component, other: Component, side: Side) -> None:
    kind, text = _text(component)
    if kind == "i":
        position = transform_position(int(component["p"]), other, side == "right")
        _append(dest, {"i": text, "p": position})
    else:
        _transform_delete(dest, component, other)


class Text0:
    """Plain text; see the module for its ops."""

    name: Final = "text0"
    uri: Final = "http://sharejs.org/types/textv0"

    def create(self, data: Any = MISSING) -> str:
        """Return a new text: the initial one, or an empty one."""
        if data is MISSING or data is None:
            return ""
        if not isinstance(data, str):
            raise OpNotApplied("Initial data must be a string")
        return data

    def apply(self, snapshot: Any, op: Any) -> str:
        """Return the text after an op; a delete must name the text that is there."""
        if not isinstance(snapshot, str):
            raise OpNotApplied("Snapshot must be a string")
        text_now: str = snapshot
        for component in _check(op):
            kind, text = _text(component)
            position = int(component["p"])
            end = position
            if kind == "d":
                end += length(text)
                found = slice_units(text_now, position, end)
                if found != text:
                    raise OpNotApplied(
                        f"Delete component {text!r} does not match deleted text {found!r}"
                    )
                text = ""
            text_now = splice(text_now, position, end, text)
        return text_now

    def transform(self, op: Any, other: Any, side: Side) -> Op:
        """Return ``op`` as it reads after ``other``."""
        return transform_lists(_check(op), _check(other), side, _transform_component, _append)

    def compose(self, first: Any, second: Any) -> Op:
        """Return one op that does both, touching edits merged."""
        result = list(_check(first))
        for component in _check(second):
            _append(result, component)
        return result

    def normalize(self, op: Any) -> Op:
        """Return an equivalent op whose touching components are merged."""
        return self.compose([], [op] if isinstance(op, dict) else op)

    def invert(self, op: Any) -> Op:
        """Return the op that undoes ``op``."""
        return [
            {"d" if kind == "i" else "i": text, "p": component["p"]}
            for component in reversed(_check(op))
            for kind, text in (_text(component),)
        ]


text0: Final = Text0()
