"""Follows a place in a document through a json1 op, as cursors and marks need."""

from __future__ import annotations

from sharedb_py.ot.json1.beside import Beside
from sharedb_py.ot.json1.checking import check_op
from sharedb_py.ot.json1.subtypes import edit_of, edit_type, moved_position
from sharedb_py.ot.json1.tree import Node, Op, Path, has_drop, has_pick, to_tree

__all__ = ["transform_position"]


def transform_position(path: Path, op: Op) -> Path | None:
    """Return the path at which a place is after an op; None if it is gone."""
    check_op(op)
    tree = to_tree(op)
    path = list(path)
    slot, start = _leave(tree, path)
    if slot == _GONE:
        return None
    if slot is None:
        _arrive(tree, path, 0)
        return path
    drop = next(node for node in tree.walk() if (node.component or {}).get("d") == slot)
    path = drop.path + path[start:]
    _arrive(drop, path, len(drop.path))
    return path


_GONE = -1


def _leave(tree: Node, path: Path) -> tuple[int | None, int]:
    """Count out of the path what leaves before it; return the slot that takes it, and from where.

    The slot is None where nothing does, and ``_GONE`` where it is removed.
    """
    slot: int | None = None
    start = 0
    node: Node | None = tree
    for index in range(len(path) + 1):
        component = (node.component if node is not None else None) or {}
        if "r" in component:
            slot = _GONE
        elif "p" in component:
            slot, start = component["p"], index
        if node is None or index == len(path):
            break
        key = path[index]
        picks = Beside(node, has_pick)
        node = picks.find(key)
        if isinstance(key, int):
            path[index] = key - picks.passed
    return slot, start


def _arrive(node: Node | None, path: Path, start: int) -> None:
    """Count into the path, from an index in it on, what arrives before it."""
    for index in range(start, len(path)):
        if node is None:
            return
        subtype = edit_type(node.component)
        key = path[index]
        if subtype is not None and node.component is not None:
            path[index] = moved_position(subtype, edit_of(node.component), key)
            return
        drops = Beside(node, has_drop, uncounted=True)
        node = drops.find(key)
        if isinstance(key, int):
            path[index] = key + drops.passed
