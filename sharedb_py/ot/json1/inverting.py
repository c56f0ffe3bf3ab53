"""Finds the json1 op that undoes another.

What was removed is inserted again, so the op must hold it: :func:`make_invertible` takes
it from the document. Edits are undone where the edited value was before the op moved it.
"""

from __future__ import annotations

from typing import Any

from sharedb_py.errors import OpNotApplied
from sharedb_py.jsonvalue import MISSING, copy_json
from sharedb_py.ot.json1.beside import Beside
from sharedb_py.ot.json1.checking import check_op
from sharedb_py.ot.json1.subtypes import edit_of, edit_type, made_invertible, write_edit
from sharedb_py.ot.json1.tree import Component, Node, Op, has_drop, has_pick, to_op, to_tree
from sharedb_py.ot.json1.values import Draft, child_of

__all__ = ["invert", "make_invertible"]


def invert(op: Op) -> Op:
    """Return the op that undoes ``op``, which must hold all that it removes."""
    check_op(op)
    return to_op(_Inversion().run(to_tree(op)))


class _Inversion:
    def __init__(self) -> None:
        self._picks: dict[int, Node] = {}
        self._edits: set[Node] = set()
        self._edits_at: dict[int, Node] = {}
        """Edits inside what the op moves, by slot; relative to where it was picked up."""

    def run(self, tree: Node) -> Node:
        result = Node()
        self._swap(tree, result, MISSING)
        if self._edits:
            self._undo_edits(tree, tree, result)
            for slot, edits in self._edits_at.items():
                result.at_path(self._picks[slot].path).merge(edits)
        return result

    def _swap(self, node: Node, result: Node, inserted: Any) -> Any:
        """Let come what left and leave what came; return an inserted value that was edited.

        ``inserted`` is what the op itself put here, as part of an insertion above.
        """
        component = node.component or {}
        if "p" in component:
            self._picks[component["p"]] = node
            result.write("d", component["p"])
        elif "r" in component:
            result.write("i", component["r"])
        if "d" in component:
            result.write("p", component["d"])
            inserted = MISSING
        elif "i" in component:
            inserted = component["i"]
        subtype = edit_type(component)
        draft = Draft(inserted)
        if subtype is not None:
            if inserted is MISSING:
                self._edits.add(node)
            else:
                draft.set(subtype.apply(inserted, edit_of(component)))
        self._swap_children(node, result, draft)
        if "i" in component:
            result.write("r", draft.value)
            return MISSING
        return MISSING if draft.value is inserted else draft.value

    def _swap_children(self, node: Node, result: Node, draft: Draft) -> None:
        dropped = 0
        for child in node.children():
            key = child.key
            assert key is not None
            inside = key - dropped if isinstance(key, int) else key
            dropped += has_drop(child.component)
            edited = self._swap(child, result.at(key), draft.child(inside))
            if edited is not MISSING:
                draft.put(inside, edited)

    def _undo_edits(self, pick: Node | None, drop: Node, result: Node) -> None:
        """Write the edits' inverses to where the op found what it edits."""
        component = drop.component or {}
        if "d" in component:
            pick = self._picks[component["d"]]
            result = self._edits_at[component["d"]] = Node()
        if drop in self._edits:
            subtype = edit_type(component)
            if not hasattr(subtype, "invert"):
                raise OpNotApplied(f"Edits of the type {subtype.name} cannot be inverted")
            write_edit(result, subtype, subtype.invert(edit_of(component)))
        picks, dropped = Beside(pick, has_pick, uncounted=True), 0
        for child in drop.children():
            key = child.key
            assert key is not None
            if isinstance(key, int):
                found = picks.find(key - dropped)
                key = key - dropped + picks.passed
            else:
                found = picks.find(key)
            self._undo_edits(found, child, result.at(key))
            dropped += has_drop(child.component)


def make_invertible(op: Op, doc: Any) -> Op:
    """Return the op with what it removes from a document put in, its edits made invertible too."""
    check_op(op)
    tree = to_tree(op)
    if not any("r" in (node.component or {}) or _needs_doc(node) for node in tree.walk()):
        return op
    result = Node()
    filling = _Filling()
    filling.take(tree, result, doc)
    if any(_needs_doc(node) for node in tree.walk()):
        filling.fill_edits(tree, tree, result, doc, is_inserted=False)
    return to_op(result)


def _needs_doc(node: Node) -> bool:
    return hasattr(edit_type(node.component), "make_invertible")


class _Filling:
    """Copies an op, adding what the document tells of it."""

    def __init__(self) -> None:
        self._picks: dict[int, tuple[Node, Any]] = {}
        """What is picked up, and its value before the op, by slot."""

    def take(self, node: Node, result: Node, value: Any) -> Any:
        """Copy all but edits that need the document; return a value without what left it."""
        component = node.component or {}
        self._copy(node, component, result, value)
        draft = Draft(value)
        gone = 0
        for child in node.children():
            key = child.key
            assert key is not None
            inside = key - gone if isinstance(key, int) else key
            before = draft.child(inside)
            after = self.take(child, result.at(key), before)
            if after is not before:
                draft.put(inside, after)
                gone += after is MISSING
        if "r" in component:
            result.write("r", copy_json(draft.value))
        return MISSING if has_pick(component) else draft.value

    def _copy(self, node: Node, component: Component, result: Node, value: Any) -> None:
        for entry in ("d", "i", "p"):
            if entry in component:
                result.write(entry, component[entry])
        if has_pick(component) and value is MISSING:
            raise OpNotApplied("There is nothing to pick up or to remove")
        if "p" in component:
            self._picks[component["p"]] = (node, value)
        subtype = edit_type(component)
        if subtype is not None and not _needs_doc(node):
            write_edit(result, subtype, edit_of(component), keep_noop=True)

    def fill_edits(
        self, pick: Node | None, drop: Node, result: Node, value: Any, *, is_inserted: bool
    ) -> None:
        """Write the edits that need to see what they change; ``value`` is from before the op."""
        component = drop.component or {}
        if "i" in component:
            value, is_inserted = component["i"], True
        elif "d" in component:
            pick, value = self._picks[component["d"]]
            is_inserted = False
        if _needs_doc(drop):
            subtype, edit = edit_type(component), edit_of(component)
            write_edit(result, subtype, made_invertible(subtype, edit, value), keep_noop=True)
        picks, dropped = Beside(pick, has_pick, uncounted=True), 0
        for child in drop.children():
            key = child.key
            assert key is not None
            if isinstance(key, int):
                found = picks.find(key - dropped)
                place = key - dropped + (0 if is_inserted else picks.passed)
                below = child_of(value, place)
            else:
                found, below = picks.find(key), child_of(value, key)
            self.fill_edits(found, child, result.at(key), below, is_inserted=is_inserted)
            dropped += has_drop(child.component)
