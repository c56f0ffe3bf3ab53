"""What two json1 ops cannot both have, and how to go on without asking anybody."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sharedb_py.errors import OpNotApplied
from sharedb_py.ot.base import Side
from sharedb_py.ot.json1.subtypes import edit_type, write_edit
from sharedb_py.ot.json1.tree import Node, Op, Path, has_drop, to_op, to_tree

__all__ = [
    "Conflict",
    "ConflictKind",
    "WriteConflict",
    "edit_op",
    "insert_op",
    "move_op",
    "remove_op",
    "resolve",
]


class ConflictKind(IntEnum):
    """Why two ops cannot both be kept whole; numbered as in the JavaScript type."""

    RM_UNEXPECTED_CONTENT = 1
    """One removes what the other puts something into or edits."""
    DROP_COLLISION = 2
    """Both put something at one place."""
    BLACKHOLE = 3
    """Each moves something into what the other moves."""


@dataclass(frozen=True)
class Conflict:
    """The parts of two ops that exclude each other."""

    kind: ConflictKind
    ours: Op
    theirs: Op


class WriteConflict(OpNotApplied):
    """An op cannot be transformed by another without losing something."""

    def __init__(self, conflict: Conflict) -> None:
        super().__init__("Transform detected write conflict")
        self.conflict = conflict


def remove_op(path: Path) -> Op:
    """Return an op that removes what is at a path."""
    tree = Node()
    tree.at_path(path).write("r", True)
    return to_op(tree)


def move_op(start: Path, end: Path) -> Op:
    """Return an op that moves what is at a path to another."""
    tree = Node()
    tree.at_path(start).write("p", 0)
    tree.at_path(end).write("d", 0)
    return to_op(tree)


def insert_op(path: Path, value: Any) -> Op:
    """Return an op that inserts a value at a path."""
    tree = Node()
    tree.at_path(path).write("i", value)
    return to_op(tree)


def edit_op(path: Path, subtype: Any, edit: Any) -> Op:
    """Return an op that edits what is at a path, even if the edit does nothing."""
    tree = Node()
    write_edit(tree.at_path(path), subtype, edit, keep_noop=True)
    return to_op(tree)


def resolve(conflict: Conflict, side: Side) -> tuple[Op, Op]:
    """Return what to do after each of the two ops so that they no longer conflict."""
    ours, theirs = _undone(conflict.ours), _undone(conflict.theirs)
    if conflict.kind is ConflictKind.BLACKHOLE:
        return ours, theirs
    if conflict.kind is ConflictKind.DROP_COLLISION:
        is_ours_kept = side == "left"
    else:
        is_ours_kept = any("r" in (node.component or {}) for node in to_tree(conflict.ours).walk())
    return (None, theirs) if is_ours_kept else (ours, None)


def _undone(op: Op) -> Op:
    """Return the op that removes all that another put down or edited."""
    result = Node()
    for node in to_tree(op).walk():
        if has_drop(node.component) or edit_type(node.component) is not None:
            result.at_path(node.path).write("r", True)
    return to_op(result)
