"""Merges two consecutive json1 ops into one.

Between the two stands a document that the result never sees: what the first op puts
down there and the second picks up must meet. One walk over that document brings them
together (:class:`_Composition`); the first op's picks and the second's drops are then
copied, since they speak of the documents before and after both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sharedb_py.errors import OpNotApplied
from sharedb_py.jsonvalue import MISSING
from sharedb_py.ot.json1.beside import Beside, component_of
from sharedb_py.ot.json1.checking import check_op
from sharedb_py.ot.json1.subtypes import edit_of, edit_type, write_edit
from sharedb_py.ot.json1.tree import (
    Component,
    Key,
    Node,
    Op,
    by_slot,
    has_drop,
    has_pick,
    precedes,
    to_op,
    to_tree,
)
from sharedb_py.ot.json1.values import Draft

__all__ = ["compose"]


def compose(first: Op, second: Op) -> Op:
    """Return one op that does what ``first`` and then ``second`` do."""
    check_op(first)
    check_op(second)
    if first is None or second is None:
        return second if first is None else first
    return to_op(_Composition(to_tree(first), to_tree(second)).run())


@dataclass(slots=True)
class _Place:
    """One place of the document in between, and what it is called before and after both ops."""

    first_pick: Node | None
    first_drop: Node | None
    second_pick: Node | None
    second_drop: Node | None
    value: Any
    """What stands here, if the first op inserted it here or above; else MISSING."""
    is_removed: bool
    """Whether the second op removes something above."""
    picks: Node
    """Where to write what leaves the document before both ops."""
    drops: Node
    """Where to write what arrives in the document after both."""


class _Composition:
    def __init__(self, first: Node, second: Node) -> None:
        self._first = first
        self._second = second
        self._first_picks = by_slot(first, "p")
        self._second_drops = by_slot(second, "d")
        # What is to be written where the first op picks up, or the second drops, a slot.
        self._picks_at: dict[int, Node] = {}
        self._drops_at: dict[int, Node] = {}
        self._slots_of_first: dict[int, int] = {}
        self._slots_of_second: dict[int, int] = {}
        self._slots = 0
        self._composed_edits: set[Node] = set()

    def run(self) -> Node:
        result, picks = Node(), Node()
        first, second = self._first, self._second
        self._meet(_Place(first, first, second, second, MISSING, False, picks, result))
        result.merge(picks)
        self._copy_picks(first, result)
        self._copy_drops(second, result)
        return result

    def _new_slot(self) -> int:
        self._slots += 1
        return self._slots - 1

    def _meet(self, at: _Place) -> Any:
        """Write what becomes of a place in between, and return the inserted value left there."""
        put, taken = component_of(at.first_drop) or {}, component_of(at.second_pick) or {}
        is_moved, is_removed = "p" in taken, "r" in taken
        below_removed = (at.is_removed or is_removed) and not is_moved
        self._follow_second(at, taken)
        self._follow_first(at, put, below_removed, is_removed)
        if "i" in put and at.value is not MISSING:
            raise OpNotApplied("The first op inserts over what it inserts")
        value = put.get("i", at.value)
        if is_moved:
            inserts = value is not MISSING
        else:
            inserts = "i" in put and not at.is_removed and not is_removed
        insertion = at.drops.own_component() if inserts else None
        if is_moved:
            if value is MISSING:
                self._join_moves(at, put, taken)
        elif is_removed and value is MISSING:
            at.picks.write("r", taken["r"])
        self._compose_edits(at, None if below_removed else at.first_drop)
        value = self._meet_children(at, Draft(value), below_removed)
        if insertion is not None:
            insertion["i"] = value
            return MISSING
        return MISSING if at.is_removed or is_removed or is_moved else value

    def _follow_second(self, at: _Place, taken: Component) -> None:
        """Turn to where the second op puts what it takes from here."""
        if "p" in taken:
            at.second_drop = self._second_drops[taken["p"]]
            at.drops = self._drops_at[taken["p"]] = Node()
        elif "r" in taken or "d" in (component_of(at.second_drop) or {}):
            at.second_drop = None

    def _follow_first(
        self, at: _Place, put: Component, below_removed: bool, is_removed: bool
    ) -> None:
        """Turn to where the first op took what it puts here."""
        if "d" in put:
            slot = put["d"]
            at.first_pick = self._first_picks[slot]
            at.picks = self._picks_at[slot] = Node()
            if not below_removed:
                self._slots_of_first[slot] = self._new_slot()
                at.drops.write("d", self._slots_of_first[slot])
            elif at.is_removed and not is_removed:
                at.picks.write("r", True)
        elif "i" in put or "p" in (component_of(at.first_pick) or {}):
            at.first_pick = None

    def _join_moves(self, at: _Place, put: Component, taken: Component) -> None:
        slot = self._slots_of_first[put["d"]] if "d" in put else self._new_slot()
        self._slots_of_second[taken["p"]] = slot
        at.picks.write("p", slot)

    def _compose_edits(self, at: _Place, first_edit: Node | None) -> None:
        before, after = component_of(first_edit), component_of(at.second_drop)
        type_before, type_after = edit_type(before), edit_type(after)
        if before is not None and type_before is not None:
            edit = edit_of(before)
            if after is not None and type_after is not None:
                if type_before is not type_after:
                    raise OpNotApplied("Two edits of different types meet")
                edit = type_before.compose(edit, edit_of(after))
            write_edit(at.drops, type_before, edit)
        elif after is not None and type_after is not None:
            write_edit(at.drops, type_after, edit_of(after))
        if at.second_drop is not None and type_after is not None:
            self._composed_edits.add(at.second_drop)

    def _meet_children(self, at: _Place, draft: Draft, below_removed: bool) -> Any:
        """Go on below, and return the inserted value with what the ops change in it."""
        is_container = isinstance(draft.value, (list, dict))
        first_picks = Beside(at.first_pick, has_pick, uncounted=True)
        second_drops = Beside(at.second_drop, has_drop, uncounted=True)
        put_before = taken_before = gone_before = 0
        for key, put, taken in _pairs(at.first_drop, at.second_pick):
            puts, takes = has_drop(component_of(put)), has_pick(component_of(taken))
            before: Key = key
            after: Key = key
            inside: Key = key
            if isinstance(key, int):
                first_pick = first_picks.find(key - put_before)
                second_drop = second_drops.find(key - taken_before)
                before = key - put_before + first_picks.passed
                after = key - taken_before + second_drops.passed
                inside = key - gone_before
                if before < 0 or after < 0:
                    raise OpNotApplied("The ops do not follow each other")
                put_before += puts
                taken_before += takes
                # What one op puts here is not part of the insertion; what leaves shortens it.
                gone_before += puts or (takes and not below_removed)
            else:
                first_pick, second_drop = first_picks.find(key), second_drops.find(key)
            value = draft.child(inside) if is_container and not puts else MISSING
            left = self._meet(
                _Place(
                    first_pick,
                    put,
                    taken,
                    second_drop,
                    value,
                    below_removed,
                    at.picks.at(before),
                    at.drops.at(after),
                )
            )
            if is_container and not below_removed:
                if left is not value:
                    draft.put(inside, left)
            elif left is not MISSING:
                raise OpNotApplied("The first op inserts into something that it does not insert")
        return draft.value

    def _copy_picks(self, node: Node, result: Node) -> None:
        component = node.component or {}
        if "p" in component:
            slot = component["p"]
            if slot in self._slots_of_first:
                result.write("p", self._slots_of_first[slot])
            if slot in self._picks_at:
                result.merge(self._picks_at[slot])
        elif "r" in component:
            result.write("r", component["r"])
        for child in node.children():
            assert child.key is not None
            self._copy_picks(child, result.at(child.key))

    def _copy_drops(self, node: Node, result: Node) -> None:
        component = node.component or {}
        if "d" in component:
            slot = component["d"]
            if slot in self._slots_of_second:
                result.write("d", self._slots_of_second[slot])
            if slot in self._drops_at:
                result.merge(self._drops_at[slot])
        elif "i" in component:
            result.write("i", component["i"])
        subtype = edit_type(component)
        if subtype is not None and node not in self._composed_edits:
            write_edit(result, subtype, edit_of(component))
        for child in node.children():
            assert child.key is not None
            self._copy_drops(child, result.at(child.key))


def _pairs(one: Node | None, other: Node | None) -> list[tuple[Key, Node | None, Node | None]]:
    """Return the children of both places by key, in order."""
    ones, others = (node.children() if node else [] for node in (one, other))
    pairs: list[tuple[Key, Node | None, Node | None]] = []
    i = j = 0
    while i < len(ones) or j < len(others):
        a = ones[i] if i < len(ones) else None
        b = others[j] if j < len(others) else None
        if a is not None and b is not None and a.key != b.key:
            assert a.key is not None
            assert b.key is not None
            a, b = (a, None) if precedes(a.key, b.key) else (None, b)
        chosen = a or b
        assert chosen is not None
        assert chosen.key is not None
        pairs.append((chosen.key, a, b))
        i += a is not None
        j += b is not None
    return pairs
