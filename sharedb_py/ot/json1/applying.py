"""Applies json1 ops: first all that leaves its place is picked up, then all is put down.

Indices of what leaves count the items of the old document, those of what arrives the
items of the new one.
"""

from __future__ import annotations

from typing import Any

from sharedb_py.errors import OpNotApplied
from sharedb_py.jsonvalue import MAX_DEPTH, MISSING, depth_exceeds
from sharedb_py.ot.json1.checking import check_op
from sharedb_py.ot.json1.subtypes import edit_of, edit_type
from sharedb_py.ot.json1.tree import Component, Node, Op, has_drop, has_pick, to_tree
from sharedb_py.ot.json1.values import Draft

__all__ = ["apply"]


def apply(snapshot: Any, op: Op) -> Any:
    """Return the document after an op, sharing with the old one what did not change.

    MISSING stands for a document whose root was removed or not inserted yet.
    """
    check_op(op)
    if op is None:
        return snapshot
    tree = to_tree(op)
    held: dict[int, Any] = {}
    return _put_at_root(tree, _pick_up(tree, snapshot, held), held)


def _pick_up(node: Node, value: Any, held: dict[int, Any]) -> Any:
    """Return a value without what leaves it, or MISSING if it leaves itself."""
    draft = Draft(value)
    # From the last item of a list to the first: the indices of those to come stay valid.
    for child in reversed(node.children()):
        assert child.key is not None
        before = draft.child(child.key)
        after = _pick_up(child, before, held)
        if after is not before:
            draft.put(child.key, after)
    if not has_pick(node.component):
        return draft.value
    if draft.value is MISSING:
        raise OpNotApplied("There is nothing to pick up or to remove")
    assert node.component is not None
    if "p" in node.component:
        held[node.component["p"]] = draft.value
    return MISSING


def _arriving(component: Component, held: dict[int, Any], depth: int) -> Any:
    value = held[component["d"]] if "d" in component else component["i"]
    if depth_exceeds(value, MAX_DEPTH - depth):
        # Moved into each other, values nest without end: such a document could not be sent.
        raise OpNotApplied("The document would be nested too deeply")
    return value


def _put_at_root(tree: Node, value: Any, held: dict[int, Any]) -> Any:
    if tree.component is not None and has_drop(tree.component):
        if value is not MISSING:
            raise OpNotApplied("Cannot insert a document over another: the op must remove it first")
        value = _arriving(tree.component, held, 0)
    return _put_inside(tree, value, held, 0)


def _put_inside(node: Node, value: Any, held: dict[int, Any], depth: int) -> Any:
    """Return the value that now is at a place with its edit made and what is below put down."""
    component = node.component
    subtype = edit_type(component)
    if component is not None and subtype is not None:
        if value is MISSING:
            raise OpNotApplied("There is nothing to edit")
        value = subtype.apply(value, edit_of(component))
    draft = Draft(value)
    for child in node.children():
        assert child.key is not None
        if child.component is not None and has_drop(child.component):
            draft.insert(child.key, _arriving(child.component, held, depth + 1))
        before = draft.child(child.key)
        after = _put_inside(child, before, held, depth + 1)
        if after is not before:
            draft.put(child.key, after)
    return draft.value
