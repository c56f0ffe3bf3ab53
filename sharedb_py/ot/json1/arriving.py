"""What our op puts down and edits, after theirs: the second half of a transform.

A place that our op names is one after all that it picks up. So each index is taken back
to the document before both ops, and then through theirs and through what the result
picks up and puts down before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sharedb_py.errors import OpNotApplied
from sharedb_py.jsonvalue import copy_json, json_equal
from sharedb_py.ot.json1.beside import Beside, component_of
from sharedb_py.ot.json1.conflicts import ConflictKind, edit_op, insert_op, move_op, remove_op
from sharedb_py.ot.json1.leaving import Leaving
from sharedb_py.ot.json1.meeting import Meeting, conflict
from sharedb_py.ot.json1.subtypes import edit_of, edit_type, write_edit
from sharedb_py.ot.json1.tree import Component, Node, Op, has_drop, has_pick

__all__ = ["Arriving", "arrive"]


@dataclass
class Arriving:
    """What :func:`arrive` has decided."""

    inside_their_moves: dict[int, Node] = field(default_factory=dict)
    """What arrives inside of what they move, by their slot."""
    our_drops: dict[int, Node] = field(default_factory=dict)
    """Where our op puts down, by our slot."""
    our_slots: list[int] = field(default_factory=list)
    """Our slot of each slot of the result."""


def arrive(meeting: Meeting, leaving: Leaving) -> Arriving:
    """Write what our op puts down and edits into the result; raises where theirs is in the way."""
    ours, theirs = meeting.ours, meeting.theirs
    passage = _Arrival(meeting, leaving)
    passage.arrive(_Spot(ours, ours, theirs, theirs, leaving.result, None))
    return passage.arriving


@dataclass
class _Spot:
    """A place in the document after ours, and what it is before both ops and after theirs."""

    our_pick: Node | None
    our_drop: Node
    their_pick: Node | None
    their_drop: Node | None
    out: Node
    removed: Node | None
    """Where they remove it, or something above."""


class _Arrival:
    def __init__(self, meeting: Meeting, leaving: Leaving) -> None:
        self.arriving = Arriving()
        self._meeting = meeting
        self._leaving = leaving

    def arrive(self, at: _Spot) -> bool:
        """Transform what happens at a place and below; return whether something is put here."""
        is_put = False
        component = at.our_drop.component or {}
        theirs_in_list = has_drop(component_of(at.their_drop))
        if has_drop(component):
            is_put = self._put_down(at, component)
        elif has_pick(component_of(at.our_pick)):
            at.our_pick = at.their_pick = at.their_drop = None
        if has_pick(component_of(at.their_pick)):
            self._follow(at)
        elif not has_drop(component) and theirs_in_list:
            at.their_drop = None
        self._edit(at, component)
        self._arrive_below(at)
        return is_put

    # Putting down

    def _put_down(self, at: _Spot, component: Component) -> bool:
        """Put down what we insert or move here, and turn to where it came from."""
        slot = component.get("d")
        is_put = is_same = False
        if slot is not None:
            self.arriving.our_drops[slot] = at.our_drop
        if slot is None or slot in self._leaving.kept:
            is_same = self._is_put_by_both(at, component)
            if not is_same:
                self._write_drop(at, component)
                is_put = True
        elif slot in self._leaving.removed_by_them:
            at.removed = self._leaving.removed_by_them[slot]
        if slot is not None:
            at.our_pick = self._leaving.picks[slot]
            at.their_pick = self._meeting.theirs_at_our_pick.get(slot)
            at.their_drop = self._leaving.their_drops.get(slot)
        else:
            at.our_pick = at.their_pick = None
            if not is_same:
                at.their_drop = None
        return is_put

    def _is_put_by_both(self, at: _Spot, component: Component) -> bool:
        """Whether they put the same here; raises if they put something else."""
        theirs = component_of(at.their_drop) or {}
        their_slot = theirs.get("d")
        if not has_drop(theirs) or their_slot in self._meeting.removed_moves:
            return False
        if their_slot is not None:
            slot = component.get("d")
            is_same = slot is not None and slot == self._meeting.shared.get(their_slot)
        else:
            is_same = "i" in component and json_equal(theirs["i"], component["i"])
        if not is_same and (their_slot is None or self._meeting.their_move_stands(their_slot)):
            assert at.their_drop is not None
            their_pick = self._meeting.their_picks[their_slot] if their_slot is not None else None
            brought = _bringing(their_pick, at.their_drop, theirs)
            raise conflict(ConflictKind.DROP_COLLISION, self._ours(at, component), brought)
        return is_same

    def _ours(self, at: _Spot, component: Component) -> Op:
        pick = self._leaving.picks[component["d"]] if "d" in component else None
        return _bringing(pick, at.our_drop, component)

    def _write_drop(self, at: _Spot, component: Component) -> None:
        if at.removed is not None:
            removes = remove_op(at.removed.path)
            ours = self._ours(at, component)
            raise conflict(ConflictKind.RM_UNEXPECTED_CONTENT, ours, removes)
        if "d" in component:
            slot = len(self.arriving.our_slots)
            self.arriving.our_slots.append(component["d"])
            self._leaving.kept[component["d"]]["p"] = slot
            at.out.write("d", slot)
        else:
            at.out.write("i", copy_json(component["i"]))

    # Following

    def _follow(self, at: _Spot) -> None:
        """Turn to where they put what they take from here."""
        m = self._meeting
        taken = component_of(at.their_pick) or {}
        slot = taken.get("p")
        is_removed = "r" in taken and "r" not in (component_of(at.our_pick) or {})
        if is_removed or slot in m.removed_moves:
            at.their_drop = None
            at.removed = at.their_pick
        elif slot is not None:
            at.their_drop = m.their_drops[slot]
            if m.their_move_stands(slot):
                at.out = self.arriving.inside_their_moves.setdefault(slot, Node())
                at.removed = None

    # Editing

    def _edit(self, at: _Spot, component: Component) -> None:
        subtype = edit_type(component)
        if subtype is None:
            return
        edit = edit_of(component)
        if at.removed is not None:
            edits = edit_op(at.our_drop.path, subtype, edit)
            removes = remove_op(at.removed.path)
            raise conflict(ConflictKind.RM_UNEXPECTED_CONTENT, edits, removes)
        write_edit(at.out, subtype, self._transformed(subtype, edit, component_of(at.their_drop)))

    def _transformed(self, subtype: Any, edit: Any, theirs: Component | None) -> Any:
        their_type = edit_type(theirs)
        if theirs is None or their_type is None:
            return copy_json(edit)
        if their_type is not subtype:
            raise OpNotApplied("Two edits of different types meet")
        return subtype.transform(edit, edit_of(theirs), self._meeting.side)

    # Going on below

    def _arrive_below(self, at: _Spot) -> None:
        items = _Items(self._meeting, self._leaving, at)
        for child in at.our_drop.children():
            key = child.key
            assert key is not None
            if isinstance(key, int):
                spot = items.translate(child, key)
                items.count(self.arrive(spot))
            else:
                self.arrive(
                    _Spot(
                        at.our_pick.child(key) if at.our_pick else None,
                        child,
                        at.their_pick.child(key) if at.their_pick else None,
                        at.their_drop.child(key) if at.their_drop else None,
                        at.out.at(key),
                        at.removed,
                    )
                )


def _bringing(pick: Node | None, drop: Node, component: Component) -> Op:
    """Return the op that brings just this: a move from where it was picked up, or an insert."""
    if pick is not None:
        return move_op(pick.path, drop.path)
    return insert_op(drop.path, component["i"])


class _Items:
    """Translates the indices of one list, in ascending order."""

    def __init__(self, meeting: Meeting, leaving: Leaving, at: _Spot) -> None:
        self._meeting = meeting
        self._leaving = leaving
        self._at = at
        self._our_picks = _indexed(at.our_pick)
        self._their_picks = Beside(at.their_pick, has_pick)
        self._their_drops = _indexed(at.their_drop)
        self._next_pick = self._next_drop = 0
        self._picked = self._dropped = self._their_dropped = 0
        # How the result differs: what it takes out, and what it puts in beside theirs.
        self._out = 0

    def translate(self, drop: Node, index: int) -> _Spot:
        """Return the place that our op calls by an index after it is done."""
        puts = has_drop(drop.component)
        between = index - self._dropped
        our_pick = self._pick_at(between, puts)
        before = between + self._picked
        their_pick = self._their_picks.find(before)
        between = before - self._their_picks.passed
        their_drop = self._drop_at(between, puts, has_pick(component_of(their_pick)))
        final = between + self._their_dropped + self._out
        if final < 0:
            raise OpNotApplied("The ops were not made on one document")
        if puts:
            # It is new to the list: neither op knows anything of it.
            our_pick = their_pick = their_drop = None
            self._dropped += 1
        out = self._at.out.at(final)
        return _Spot(our_pick, drop, their_pick, their_drop, out, self._at.removed)

    def count(self, is_put: bool) -> None:
        """Take note of whether the result puts something at the place translated last."""
        self._out += is_put

    def _pick_at(self, between: int, puts: bool) -> Node | None:
        """Pass what we take out before a place; return ours at the place."""
        while self._next_pick < len(self._our_picks):
            index, pick = self._our_picks[self._next_pick]
            place = index - self._picked
            takes = has_pick(pick.component)
            if place > between:
                return None
            if place == between and (not takes or (self._meeting.is_left and puts)):
                return pick
            if takes:
                self._picked += 1
                self._out -= self._leaving.takes_out(self._meeting, pick)
            self._next_pick += 1
        return None

    def _drop_at(self, between: int, puts: bool, they_take: bool) -> Node | None:
        """Pass what they put in before a place; return theirs at the place."""
        while self._next_drop < len(self._their_drops):
            index, drop = self._their_drops[self._next_drop]
            place = index - self._their_dropped
            brings = has_drop(drop.component)
            if place > between:
                return None
            if place == between:
                if not brings:
                    return drop
                if self._meeting.is_left and (puts or they_take):
                    return None
            if brings:
                self._their_dropped += 1
                self._out -= not self._stays(drop.component or {})
            self._next_drop += 1
        return None

    def _stays(self, component: Component) -> bool:
        """Whether what they put in a list is still there in the result."""
        if "i" in component:
            return True
        slot = component["d"]
        return slot not in self._meeting.removed_moves and self._meeting.their_move_stands(slot)


def _indexed(node: Node | None) -> list[tuple[int, Node]]:
    children = [] if node is None else node.children()
    return [(child.key, child) for child in children if isinstance(child.key, int)]
