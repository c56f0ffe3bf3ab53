"""Two json1 ops made on one document, and what each knows of the other.

*Ours* is the op to transform, *theirs* the one that came first. Dictionaries are keyed
by the slots of an op's moves. :func:`meet` looks at all that theirs does; it refuses what
would be lost because ours removes the place where theirs puts or edits it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sharedb_py.ot.base import Side
from sharedb_py.ot.json1.beside import Beside, component_of
from sharedb_py.ot.json1.conflicts import (
    Conflict,
    ConflictKind,
    WriteConflict,
    edit_op,
    insert_op,
    move_op,
    remove_op,
)
from sharedb_py.ot.json1.subtypes import edit_of, edit_type
from sharedb_py.ot.json1.tree import Component, Node, Op, has_pick

__all__ = ["Meeting", "conflict", "meet"]


def conflict(kind: ConflictKind, ours: Op, theirs: Op) -> WriteConflict:
    """Return the exception for parts of ours and theirs that exclude each other."""
    return WriteConflict(Conflict(kind, ours, theirs))


@dataclass
class Meeting:
    """What :func:`meet` finds out."""

    ours: Node
    theirs: Node
    side: Side

    their_picks: dict[int, Node] = field(default_factory=dict)
    their_drops: dict[int, Node] = field(default_factory=dict)
    ours_at_their_pick: dict[int, Node | None] = field(default_factory=dict)
    """Ours at the place from which they move something."""
    theirs_at_our_pick: dict[int, Node] = field(default_factory=dict)
    """Theirs at the place from which we move something."""
    shared: dict[int, int] = field(default_factory=dict)
    """Moves of one and the same thing: from their slot to ours."""
    removed_moves: dict[int, Node] = field(default_factory=dict)
    """Their moves out of what we remove, with where we remove it."""
    lost_drops: set[int] = field(default_factory=set)
    """Those of them which end in something that we remove too."""
    drops_inside: dict[int, list[int]] = field(default_factory=dict)
    """Their moves that end in what we move, by our slot."""

    @property
    def is_left(self) -> bool:
        """Whether ours wins ties."""
        return self.side == "left"

    def their_move_stands(self, slot: int) -> bool:
        """Whether what they move stays there, rather than going where we move it."""
        return not self.is_left or slot not in self.shared

    def our_move_stands(self, slot: int) -> bool:
        """Whether what we move goes there, even if they move it too."""
        return not self.is_left or slot not in self.shared.values()


def meet(ours: Node, theirs: Node, side: Side) -> Meeting:
    """Compare two ops; raises :class:`WriteConflict` where ours removes what theirs brings."""
    meeting = Meeting(ours, theirs, side)
    _survey_picks(meeting, theirs, ours, None)
    _survey_drops(meeting, _Spot(ours, theirs, theirs, None, None))
    return meeting


def _survey_picks(m: Meeting, theirs: Node, ours: Node | None, removed: Node | None) -> None:
    """Look at all that they pick up; ``removed`` is where we remove it, or something above."""
    component = component_of(ours) or {}
    if "r" in component:
        removed = ours
    elif "p" in component:
        removed = None
        m.theirs_at_our_pick[component["p"]] = theirs
    picked = theirs.component or {}
    if "p" in picked:
        slot = picked["p"]
        m.ours_at_their_pick[slot] = ours
        m.their_picks[slot] = theirs
        if removed is not None:
            m.removed_moves[slot] = removed
        if "p" in component:
            m.shared[slot] = component["p"]
    for child in theirs.children():
        assert child.key is not None
        _survey_picks(m, child, ours.child(child.key) if ours else None, removed)


@dataclass
class _Spot:
    """A place in the document after theirs, and what it was before."""

    our_pick: Node | None
    their_pick: Node | None
    their_drop: Node
    our_slot: int | None
    """The slot of our move that takes it away."""
    removed: Node | None
    """Where we remove it, or something above."""


def _survey_drops(m: Meeting, at: _Spot) -> bool:
    """Look at all that they put down or edit; return whether they put something here."""
    component = at.their_drop.component or {}
    is_dropped = False
    if "d" in component:
        _arrive_by_move(m, at, component["d"])
        is_dropped = True
    elif "i" in component:
        at.our_pick = at.their_pick = None
        is_dropped = True
        if at.removed is not None:
            inserts = insert_op(at.their_drop.path, component["i"])
            raise _unexpected(at.removed, inserts)
    _leave_with_us(at)
    _refuse_lost_edit(at, component)
    _survey_drops_below(m, at)
    return is_dropped


def _arrive_by_move(m: Meeting, at: _Spot, slot: int) -> None:
    m.their_drops[slot] = at.their_drop
    if at.our_slot is not None:
        m.drops_inside.setdefault(at.our_slot, []).append(slot)
    at.our_pick = m.ours_at_their_pick[slot]
    at.their_pick = m.their_picks[slot]
    if slot in m.removed_moves:
        if at.removed is not None:
            m.lost_drops.add(slot)
        at.removed = m.removed_moves[slot]
    elif at.removed is not None and m.their_move_stands(slot):
        raise _unexpected(at.removed, move_op(at.their_pick.path, at.their_drop.path))


def _unexpected(removed: Node, theirs: Op) -> WriteConflict:
    return conflict(ConflictKind.RM_UNEXPECTED_CONTENT, remove_op(removed.path), theirs)


def _leave_with_us(at: _Spot) -> None:
    component = component_of(at.our_pick) or {}
    if "r" in component:
        at.removed = at.our_pick
    elif "p" in component:
        at.our_slot = component["p"]
        at.removed = None


def _refuse_lost_edit(at: _Spot, component: Component) -> None:
    subtype = edit_type(component)
    if subtype is not None and at.removed is not None:
        edits = edit_op(at.their_drop.path, subtype, edit_of(component))
        raise _unexpected(at.removed, edits)


def _survey_drops_below(m: Meeting, at: _Spot) -> None:
    their_picks = Beside(at.their_pick, has_pick, uncounted=True)
    dropped = 0
    for child in at.their_drop.children():
        key = child.key
        assert key is not None
        if isinstance(key, int):
            their_pick = their_picks.find(key - dropped)
            key = key - dropped + their_picks.passed
        else:
            their_pick = their_picks.find(key)
        our_pick = at.our_pick.child(key) if at.our_pick else None
        spot = _Spot(our_pick, their_pick, child, at.our_slot, at.removed)
        dropped += _survey_drops(m, spot)
