"""Writes what our op does inside of what theirs moved to where they moved it.

The result may itself move the places concerned. Where two ops each move something into
what the other moves, nowhere is left: a black hole, which is refused.
"""

from __future__ import annotations

from sharedb_py.errors import OpNotApplied
from sharedb_py.ot.json1.arriving import Arriving
from sharedb_py.ot.json1.beside import Beside, component_of
from sharedb_py.ot.json1.conflicts import ConflictKind, WriteConflict
from sharedb_py.ot.json1.leaving import Leaving
from sharedb_py.ot.json1.meeting import Meeting, conflict
from sharedb_py.ot.json1.tree import Node, by_slot, has_drop, has_pick, to_op

__all__ = ["settle"]


def settle(meeting: Meeting, leaving: Leaving, arriving: Arriving) -> Node:
    """Return the whole transformed op; raises for a black hole."""
    _settle_leaving(meeting, leaving, meeting.theirs, leaving.result)
    if arriving.inside_their_moves or meeting.removed_moves:
        _Settlement(meeting, leaving, arriving).run()
    return leaving.result


def _settle_leaving(m: Meeting, leaving: Leaving, theirs: Node, result: Node) -> None:
    """Write what leaves from inside of what they moved, and remove what they moved out."""
    slot = (theirs.component or {}).get("d")
    if slot is not None:
        if slot in m.removed_moves and slot not in m.lost_drops:
            result.write("r", True)
        if slot in leaving.inside_their_moves:
            result.merge(leaving.inside_their_moves[slot])
    for child in theirs.children():
        assert child.key is not None
        _settle_leaving(m, leaving, child, result.at(child.key))


class _Settlement:
    def __init__(self, meeting: Meeting, leaving: Leaving, arriving: Arriving) -> None:
        self._meeting = meeting
        self._leaving = leaving
        self._arriving = arriving
        self._result = leaving.result
        # The result so far, to find one's way in while it grows.
        self._known = self._result.mirror()
        self._drops = by_slot(self._known, "d")
        for arrived in arriving.inside_their_moves.values():
            self._drops |= by_slot(arrived, "d")
        self._inside_our_moves: dict[int, Node] = {}
        """What arrives inside of what the result moves, by its slot."""

    def run(self) -> None:
        self._settle(self._meeting.theirs, self._known, self._known, self._result)
        left = {
            slot: arrived
            for slot, arrived in self._inside_our_moves.items()
            if to_op(arrived) is not None
        }
        if not left:
            return
        for drop in self._result.mirror().walk():
            slot = (drop.component or {}).get("d")
            if slot in left:
                self._result.at_path(drop.path).merge(left.pop(slot))
        if left:
            raise self._black_hole(left)

    def _settle(self, theirs: Node, pick: Node | None, drop: Node | None, out: Node) -> None:
        """Go through what they put down; ``pick`` and ``drop`` are the result's at the place."""
        taken = component_of(pick) or {}
        if "p" in taken:
            if taken["p"] not in self._drops:
                raise OpNotApplied("The ops were not made on one document")
            drop = self._drops[taken["p"]]
            out = self._inside_our_moves[taken["p"]] = Node()
        elif "r" in taken or has_drop(component_of(drop)):
            drop = None
        slot = (theirs.component or {}).get("d")
        arrived = self._arriving.inside_their_moves.get(slot) if slot is not None else None
        if arrived is not None:
            out.merge(arrived)
            drop = arrived
        picks = Beside(pick, has_pick)
        drops = Beside(drop, has_drop, uncounted=True)
        for child in theirs.children():
            key = child.key
            assert key is not None
            below_pick = picks.find(key)
            if isinstance(key, int):
                below_drop = drops.find(key - picks.passed)
                key = key - picks.passed + drops.passed
            else:
                below_drop = drops.find(key)
            self._settle(child, below_pick, below_drop, out.at(key))

    def _black_hole(self, left: dict[int, Node]) -> WriteConflict:
        m, ours, theirs = self._meeting, Node(), Node()
        our_slot = their_slot = 0
        for _, arrived in sorted(left.items()):
            for slot_out in by_slot(arrived, "d"):
                slot = self._arriving.our_slots[slot_out]
                ours.at_path(self._leaving.picks[slot].path).write("p", our_slot)
                ours.at_path(self._arriving.our_drops[slot].path).write("d", our_slot)
                our_slot += 1
                for inside in m.drops_inside.get(slot, ()):
                    if inside not in m.removed_moves and m.their_move_stands(inside):
                        theirs.at_path(m.their_picks[inside].path).write("p", their_slot)
                        theirs.at_path(m.their_drops[inside].path).write("d", their_slot)
                        their_slot += 1
        return conflict(ConflictKind.BLACKHOLE, to_op(ours), to_op(theirs))
