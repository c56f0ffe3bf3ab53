"""What leaves its place by our op, after theirs: the first half of a transform.

Where they moved something, ours follows it: what we pick up or remove inside of it is
kept aside by their slot, and written where they put it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sharedb_py.errors import OpNotApplied
from sharedb_py.ot.json1.beside import Beside, component_of
from sharedb_py.ot.json1.meeting import Meeting
from sharedb_py.ot.json1.tree import Component, Node, has_drop, has_pick

__all__ = ["Leaving", "leave"]


@dataclass
class Leaving:
    """What :func:`leave` has decided; keyed by our slots unless it says otherwise."""

    result: Node = field(default_factory=Node)
    inside_their_moves: dict[int, Node] = field(default_factory=dict)
    """What leaves from inside of what they move, by their slot."""
    picks: dict[int, Node] = field(default_factory=dict)
    """Where our op picks up."""
    kept: dict[int, Component] = field(default_factory=dict)
    """Our moves that still happen, with the component that picks up."""
    their_drops: dict[int, Node] = field(default_factory=dict)
    """Theirs at what we pick up, seen after their op."""
    removed_by_them: dict[int, Node] = field(default_factory=dict)
    """Our moves of what they remove, with where they remove it."""
    dropped_removes: set[Node] = field(default_factory=set)
    """Places where our removal takes nothing out of a list any more."""

    def takes_out(self, meeting: Meeting, pick: Node) -> bool:
        """Whether something still leaves a list at a place where our op takes something out."""
        component = pick.component or {}
        if "r" in component:
            return pick not in self.dropped_removes
        slot = component["p"]
        return slot in self.kept and meeting.our_move_stands(slot)


def leave(meeting: Meeting) -> Leaving:
    """Transform what leaves by our op."""
    leaving = Leaving()
    spot = _Spot(meeting.ours, meeting.theirs, meeting.theirs, leaving.result, None)
    _leave(meeting, leaving, spot)
    return leaving


@dataclass
class _Spot:
    """A place in the document before both ops, and what it is after theirs."""

    our_pick: Node
    their_pick: Node | None
    their_drop: Node | None
    out: Node
    removed: Node | None
    """Where they remove it, or something above."""
    is_moved: bool = False
    """Whether they move it."""


def _leave(m: Meeting, leaving: Leaving, at: _Spot) -> None:
    _follow(m, leaving, at)
    component = at.our_pick.component or {}
    if "p" in component:
        _pick_up(m, leaving, at, component["p"])
    elif "r" in component:
        if at.removed is None:
            at.out.write("r", True)
        if at.removed is not None or at.is_moved:
            leaving.dropped_removes.add(at.our_pick)
    _leave_below(m, leaving, at)


def _follow(m: Meeting, leaving: Leaving, at: _Spot) -> None:
    """Turn to where they put what they take from here."""
    taken = component_of(at.their_pick) or {}
    if "p" in taken:
        slot = taken["p"]
        at.their_drop = m.their_drops[slot]
        at.out = leaving.inside_their_moves[slot] = Node()
        at.is_moved = True
        at.removed = None
    elif "r" in taken:
        at.their_drop = None
        at.removed = at.their_pick
    elif has_drop(component_of(at.their_drop)):
        at.their_drop = None


def _pick_up(m: Meeting, leaving: Leaving, at: _Spot, slot: int) -> None:
    leaving.picks[slot] = at.our_pick
    if at.removed is not None:
        leaving.removed_by_them[slot] = at.removed
    elif m.is_left or not at.is_moved:
        leaving.kept[slot] = at.out.own_component()
    if at.their_drop is not None:
        leaving.their_drops[slot] = at.their_drop


def _leave_below(m: Meeting, leaving: Leaving, at: _Spot) -> None:
    their_picks = Beside(at.their_pick, has_pick)
    their_drops = Beside(at.their_drop, has_drop, uncounted=True)
    for child in at.our_pick.children():
        key = child.key
        assert key is not None
        their_pick = their_picks.find(key)
        if isinstance(key, int):
            between = key - their_picks.passed
            their_drop = None
            if not has_pick(component_of(their_pick)):
                their_drop = their_drops.find(between)
            key = between + their_drops.passed
            if key < 0:
                raise OpNotApplied("The ops were not made on one document")
        else:
            their_drop = their_drops.find(key)
        spot = _Spot(child, their_pick, their_drop, at.out.at(key), at.removed)
        _leave(m, leaving, spot)
