"""Transforms one json1 op by another, made on the same document.

Three steps: compare the two (:mod:`.meeting`), carry over what leaves its place
(:mod:`.leaving`) and what is put down (:mod:`.arriving`), and write what happens inside
of things that moved to where they are now (:mod:`.settling`). Any of them may find that
something would be lost, and raise :class:`~.conflicts.WriteConflict`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from sharedb_py.errors import OpBadlyFormed, OpNotApplied
from sharedb_py.ot.base import Side
from sharedb_py.ot.json1.arriving import arrive
from sharedb_py.ot.json1.checking import check_op
from sharedb_py.ot.json1.composing import compose
from sharedb_py.ot.json1.conflicts import Conflict, WriteConflict, resolve
from sharedb_py.ot.json1.leaving import leave
from sharedb_py.ot.json1.meeting import meet
from sharedb_py.ot.json1.normalizing import normalize
from sharedb_py.ot.json1.settling import settle
from sharedb_py.ot.json1.tree import Op, to_op, to_tree

__all__ = ["Allow", "transform", "transform_allowing"]

Allow: TypeAlias = Callable[[Conflict], bool]
"""Whether a conflict may be resolved, with the loss that this means."""

MAX_CONFLICTS: Final = 1000
"""How many conflicts of two ops are resolved, one after the other."""


def transform(op: Op, other: Op, side: Side) -> Op:
    """Return ``op`` as it reads after ``other``; raises ``WriteConflict`` if that loses something.

    The conflict raised is the first found; there may be more.
    """
    if side not in ("left", "right"):
        raise OpBadlyFormed("Side must be left or right")
    if other is None:
        return op
    check_op(op)
    check_op(other)
    meeting = meet(to_tree(op), to_tree(other), side)
    leaving = leave(meeting)
    arriving = arrive(meeting, leaving)
    return to_op(settle(meeting, leaving, arriving))


def transform_allowing(allow: Allow, op: Op, other: Op, side: Side) -> Op:
    """Transform, resolving each conflict that ``allow`` permits.

    What is in the way is removed: the loser's of two things put in one place, what was
    put into something removed, and all that fell into a black hole.
    """
    undone: Op = None
    for _ in range(MAX_CONFLICTS):
        try:
            return compose(undone, transform(op, other, side))
        except WriteConflict as found:
            if not allow(found.conflict):
                raise
            after_op, after_other = resolve(found.conflict, side)
        op = compose(normalize(op), after_op)
        other = compose(normalize(other), after_other)
        undone = compose(undone, after_other)
    raise OpNotApplied("The ops have too many conflicts to resolve")
