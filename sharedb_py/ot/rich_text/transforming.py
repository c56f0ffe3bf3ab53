"""One delta past another, and a position in the text past a delta."""

from __future__ import annotations

from sharedb_py.ot.rich_text.attributes import transform_attributes
from sharedb_py.ot.rich_text.delta import Component, Delta, Reader, chop, push

__all__ = ["transform", "transform_position"]


def transform(delta: Delta, other: Delta, other_first: bool) -> Delta:
    """Return ``delta`` as it reads after ``other``, both made on one document.

    ``other_first``: of two inserts at one place the other's comes first, and of two
    values of one attribute the other's stays.
    """
    own, passed = Reader(delta), Reader(other)
    result: Delta = []
    while not (own.done and passed.done):
        if passed.kind == "insert" and (other_first or own.kind != "insert"):
            push(result, {"retain": passed.left})
            passed.take()
        elif own.kind == "insert":
            push(result, own.take())
        else:
            size = min(own.left, passed.left)
            component = _after(own.take(size), passed.take(size), size, other_first)
            if component is not None:
                push(result, component)
    return chop(result)


def _after(own: Component, passed: Component, size: float, other_first: bool) -> Component | None:
    """Return what is left of a retain or delete after one of the same length."""
    if "delete" in passed:
        return None
    if "delete" in own:
        return own
    attributes = transform_attributes(own.get("attributes"), passed.get("attributes"), other_first)
    return {"retain": size, "attributes": attributes} if attributes else {"retain": size}


def transform_position(position: int, delta: Delta, stays: bool) -> int:
    """Return where a position lies after a delta.

    ``stays``: what is inserted at the position comes after it.
    """
    reader = Reader(delta)
    offset = 0
    while not reader.done and offset <= position:
        kind, size = reader.kind, int(reader.left)
        reader.take()
        if kind == "delete":
            position -= min(size, position - offset)
            continue
        if kind == "insert" and (offset < position or not stays):
            position += size
        offset += size
    return position
