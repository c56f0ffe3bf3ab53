"""One delta after another: also how a document, itself a delta, takes an op."""

from __future__ import annotations

from sharedb_py.jsonvalue import json_equal
from sharedb_py.ot.rich_text.attributes import compose_attributes
from sharedb_py.ot.rich_text.delta import Component, Delta, Kind, Reader, chop, push

__all__ = ["compose"]


def compose(first: Delta, second: Delta) -> Delta:
    """Return one delta that does what ``first`` and then ``second`` do."""
    before, after = Reader(first), Reader(second)
    result = _untouched_start(before, after)
    while not (before.done and after.done):
        if after.kind == "insert":
            push(result, after.take())
        elif before.kind == "delete":
            push(result, before.take())
        else:
            size = min(before.left, after.left)
            merged = _meet(before.take(size), after.take(size))
            if merged is None:
                continue
            push(result, merged)
            if after.done and "delete" not in merged and json_equal(result[-1], merged):
                return chop(_joined(result, before.rest()))
    return chop(result)


def _untouched_start(before: Reader, after: Reader) -> Delta:
    """Pass over the components before the first change, as they are: they are not merged."""
    result: Delta = []
    if after.kind != "retain" or not after.next_is_plain:
        return result
    skipped = 0.0
    while before.kind == "insert" and before.left <= after.left - skipped:
        skipped += before.left
        result.append(before.take())
    if skipped:
        after.take(skipped)
    return result


def _meet(before: Component, after: Component) -> Component | None:
    """Return what becomes of two components of one length; None: nothing."""
    if "delete" in after:
        return after if "retain" in before else None
    keep_null = "retain" in before
    attributes = compose_attributes(before.get("attributes"), after.get("attributes"), keep_null)
    kind: Kind = "retain" if keep_null else "insert"
    merged: Component = {kind: before[kind]}
    if attributes:
        merged["attributes"] = attributes
    return merged


def _joined(delta: Delta, rest: Delta) -> Delta:
    """Append a rest that nothing changes any more: only where the two meet they may merge."""
    if not rest:
        return delta
    push(delta, rest[0])
    return delta + rest[1:]
