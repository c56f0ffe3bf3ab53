"""Plain text edited by one op that walks the whole document (protocol section 11.1).

An op is a list of components: a number keeps that many characters, a string is
inserted, ``{"d": count}`` or ``{"d": text}`` deletes. What follows the last component
is kept. Positions and lengths count Unicode characters, as Python does, not UTF-16
code units.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from sharedb_py.errors import OpBadlyFormed, OpNotApplied
from sharedb_py.jsonvalue import MISSING
from sharedb_py.ot.base import Side
from sharedb_py.ot.utf16 import join

__all__ = ["Component", "Op", "TextUnicode", "text_unicode"]

Component: TypeAlias = int | str | dict[str, Any]
Op: TypeAlias = list[Component]


def _check(op: Any) -> Op:
    if not isinstance(op, list):
        raise OpBadlyFormed("Op must be an array of components")
    last: Any = None
    for component in op:
        deleted = component.get("d") if isinstance(component, dict) else component
        if isinstance(deleted, bool) or not isinstance(deleted, (int, str)):
            raise OpBadlyFormed("A component must be a number, a string or {d: number or string}")
        if deleted == "" or (isinstance(deleted, int) and deleted <= 0):
            raise OpBadlyFormed("A component must not be empty")
        if isinstance(component, int) and isinstance(last, int):
            raise OpBadlyFormed("Adjacent skip components should be combined")
        last = component
    if isinstance(last, int):
        raise OpBadlyFormed("Op has a trailing skip")
    return op


def _size(part: int | str) -> int:
    return part if isinstance(part, int) else len(part)


def _length(component: Component) -> int:
    return _size(component["d"] if isinstance(component, dict) else component)


def _cut(component: Component, start: int, end: int) -> Component:
    """Return the part of a component between two offsets in it."""
    if isinstance(component, dict):
        deleted = component["d"]
        return {"d": end - start if isinstance(deleted, int) else deleted[start:end]}
    return end - start if isinstance(component, int) else component[start:end]


def _append(op: Op, component: Component) -> None:
    """Add a component to an op under construction, merging it with the last of its kind."""
    if _length(component) == 0:
        return
    last = op[-1] if op else None
    if isinstance(component, dict) and isinstance(last, dict):
        before, after = last["d"], component["d"]
        if isinstance(before, str) and isinstance(after, str):
            op[-1] = {"d": join(before, after)}
        else:
            op[-1] = {"d": _size(before) + _size(after)}
    elif isinstance(component, int) and isinstance(last, int):
        op[-1] = last + component
    elif isinstance(component, str) and isinstance(last, str):
        op[-1] = join(last, component)
    else:
        op.append(component)


def _trim(op: Op) -> Op:
    if op and isinstance(op[-1], int):
        op.pop()
    return op


class _Reader:
    """Hands out an op's components piece by piece; past its end it keeps everything."""

    def __init__(self, op: Op) -> None:
        self._op = op
        self._index = 0
        self._offset = 0

    def take(self, most: int, whole: type[str] | type[dict[str, Any]]) -> Component:
        """Return the next component, at most ``most`` of it unless of the kind taken whole."""
        if self._index == len(self._op):
            return most
        component = self._op[self._index]
        start, end = self._offset, _length(component)
        if isinstance(component, whole) or end - start <= most:
            self._index, self._offset = self._index + 1, 0
            return _cut(component, start, end)
        self._offset += most
        return _cut(component, start, start + most)

    def is_at_insert(self) -> bool:
        return self._index < len(self._op) and isinstance(self._op[self._index], str)

    def rest(self) -> Iterator[Component]:
        """Hand out all that is left."""
        while self._index < len(self._op):
            yield self.take(_length(self._op[self._index]), str)


class TextUnicode:
    """Plain text; see the module for its ops."""

    name: Final = "text-unicode"
    uri: Final = "http://sharejs.org/types/text-unicode"

    def create(self, data: Any = MISSING) -> str:
        """Return a new text: the initial one, or an empty one."""
        if data is MISSING or data is None:
            return ""
        if not isinstance(data, str):
            raise OpNotApplied("Initial data must be a string")
        return data

    def apply(self, snapshot: Any, op: Any) -> str:
        """Return the text after an op."""
        if not isinstance(snapshot, str):
            raise OpNotApplied("Snapshot must be a string")
        parts: list[str] = []
        position = 0
        for component in _check(op):
            if isinstance(component, str):
                parts.append(component)
                continue
            end = position + _length(component)
            if end > len(snapshot):
                raise OpNotApplied("The op is too long for this document")
            if isinstance(component, int):
                parts.append(snapshot[position:end])
            position = end
        return join(*parts, snapshot[position:])

    def transform(self, op: Any, other: Any, side: Side) -> Op:
        """Return ``op`` as it reads after ``other``."""
        reader, result = _Reader(_check(op)), list[Component]()
        for component in _check(other):
            if isinstance(component, str):
                if side == "left" and reader.is_at_insert():
                    _append(result, reader.take(0, str))
                _append(result, len(component))
                continue
            left = _length(component)
            while left > 0:
                piece = reader.take(left, str)
                if isinstance(piece, str) or isinstance(component, int):
                    _append(result, piece)
                if not isinstance(piece, str):
                    left -= _length(piece)
        for piece in reader.rest():
            _append(result, piece)
        return _trim(result)

    def compose(self, first: Any, second: Any) -> Op:
        """Return one op that does what ``first`` and then ``second`` do."""
        reader, result = _Reader(_check(first)), list[Component]()
        for component in _check(second):
            if isinstance(component, str):
                _append(result, component)
                continue
            offset, end = 0, _length(component)
            while offset < end:
                piece = reader.take(end - offset, dict)
                if isinstance(piece, dict):
                    _append(result, piece)
                    continue
                after = offset + _length(piece)
                if isinstance(component, int):
                    _append(result, piece)
                elif isinstance(piece, int):
                    _append(result, _cut(component, offset, after))
                offset = after
        for piece in reader.rest():
            _append(result, piece)
        return _trim(result)

    def normalize(self, op: Any) -> Op:
        """Return an equivalent op: no empty components, neighbours merged, no skip at its end."""
        result: Op = []
        for component in op if isinstance(op, list) else [op]:
            kept = component.get("d") if isinstance(component, dict) else component
            if isinstance(kept, bool) or not isinstance(kept, (int, str)):
                raise OpBadlyFormed("A component must be a number, a string or a delete")
            _append(result, component)
        return _check(_trim(result))

    def invert(self, op: Any) -> Op:
        """Return the op that undoes ``op``, whose deletes must hold the deleted text."""
        result: Op = []
        for component in _check(op):
            if isinstance(component, dict):
                if not isinstance(component["d"], str):
                    raise OpNotApplied(
                        "Cannot invert text op: the deleted characters are missing from it"
                    )
                _append(result, component["d"])
            else:
                _append(result, {"d": component} if isinstance(component, str) else component)
        return result

    def make_invertible(self, op: Any, snapshot: str) -> Op:
        """Return the op with the texts it deletes from a document put in."""
        result: Op = []
        position = 0
        for component in _check(op):
            if isinstance(component, str):
                result.append(component)
                continue
            end = position + _length(component)
            deletes = isinstance(component, dict)
            result.append({"d": snapshot[position:end]} if deletes else component)
            position = end
        return result

    def invert_with_doc(self, op: Any, snapshot: str) -> Op:
        """Return the op that undoes ``op``, made for this document."""
        return self.invert(self.make_invertible(op, snapshot))


text_unicode: Final = TextUnicode()
