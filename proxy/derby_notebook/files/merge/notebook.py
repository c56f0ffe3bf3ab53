"""A notebook's file changed outside while its cells changed here: what to do to the cells. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from derby_notebook.files.merge.matching import match_cells, moved
from derby_notebook.files.merge.text import merge_text
from derby_notebook.files.merge.values import merge_objects
from sharedb_py.jsonvalue import json_equal

__all__ = ["LiveCell", "Merge", "merge_notebook"]


@dataclass(frozen=True)
class LiveCell:
    """A cell as it is here: its document's id, what the file would hold of it, and its weight."""

    doc_id: str
    cell: dict[str, Any]
    weight: float
    busy: bool = False


@dataclass
class Merge:
    """What makes the live notebook have their changes as well."""

    edits: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Ops by document."""
    creates: list[tuple[dict[str, Any], float]] = field(default_factory=list)
    """New cells, and their weights."""
    deletes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What could not be taken over as it was, in words."""

    def __bool__(self) -> bool:
        return bool(self.edits or self.creates or self.deletes)


@dataclass
class _Place:
    """A place in the order to be: a cell that is here, or one to be made."""

    live: LiveCell | None
    cell: dict[str, Any] | None = None
    weight: float | None = None


def merge_notebook(
    base: list[tuple[str, dict[str, Any]]],
    theirs: list[dict[str, Any]],
    ours: list[LiveCell],
) -> Merge:
    """Return what takes over into ``ours`` what they changed since ``base``.

    ``base`` has the cells that the file held when it was last known, each with
    its document's id; all cells are as in a file, ``ours`` in order.
    """
    merge = Merge()
    live = {cell.doc_id: cell for cell in ours}
    matched = match_cells([cell for _, cell in base], theirs)
    _delete(merge, base, set(matched.values()), live)
    created_here = {cell.cell["id"]: cell for cell in ours} if live else {}
    known = {doc_id for doc_id, _ in base}
    placed: list[_Place] = []
    for at, cell in enumerate(theirs):
        if at in matched:
            doc_id, was = base[matched[at]]
            if doc_id in live:
                _edit(merge, was, cell, live[doc_id])
                placed.append(_Place(live[doc_id]))
            elif not _alike(was, cell):
                merge.notes.append("A cell that was deleted here and changed in the file is back")
                placed.append(_Place(None, cell))
            continue
        same = created_here.get(cell["id"])
        if same is not None and same.doc_id not in known:
            placed.append(_Place(same))  # a save of ours that was not noted: nothing to do
        else:
            placed.append(_Place(None, cell))
    base_order = [matched[at] for at in range(len(theirs)) if at in matched]
    moves = {base[at][0] for at in moved(base_order)}
    _arrange(merge, placed, moves, [cell for cell in ours if cell.doc_id not in merge.deletes])
    return merge


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two versions of a cell say the same, whatever they have shown."""
    return all(one[key] == other[key] for key in ("source", "cell_type"))


def _delete(
    merge: Merge,
    base: list[tuple[str, dict[str, Any]]],
    kept: set[int],
    live: dict[str, LiveCell],
) -> None:
    for at, (doc_id, was) in enumerate(base):
        if at in kept or doc_id not in live:
            continue
        here = live[doc_id]
        if _alike(was, here.cell) and not here.busy:
            merge.deletes.append(doc_id)
        else:
            merge.notes.append("A cell that was deleted in the file is kept: it was changed here")


def _edit(merge: Merge, was: dict[str, Any], new: dict[str, Any], here: LiveCell) -> None:
    ours = here.cell
    op = [
        {"p": ["source", part["p"]], **({"si": part["i"]} if "i" in part else {"sd": part["d"]})}
        for part in merge_text(was["source"], ours["source"], new["source"])
    ]
    objects = ("metadata", "attachments")
    for key in objects:
        if key == "attachments" and key not in ours:
            if key in new and key not in was:
                op.append({"p": [key], "oi": new[key]})
            continue
        op += merge_objects([key], was.get(key, {}), ours.get(key, {}), new.get(key, {}))
    for key in ("cell_type", "id"):
        if new[key] != was[key] and ours[key] in (was[key], None) and new[key] != ours[key]:
            op.append({"p": [key], "oi": new[key]})
    if not here.busy:
        op += _shown(was, new, ours)
    if op:
        merge.edits[here.doc_id] = op


def _shown(was: dict[str, Any], new: dict[str, Any], ours: dict[str, Any]) -> list[dict[str, Any]]:
    """Outputs go together with their count; those of a run here are newer than any in a file."""
    keys = ("outputs", "execution_count")
    if new["cell_type"] != "code" or any(
        not json_equal(ours.get(key), was.get(key)) for key in keys
    ):
        return []
    op: list[dict[str, Any]] = [
        {"p": [key], "oi": new[key]} for key in keys if not json_equal(ours.get(key), new.get(key))
    ]
    if any(part["p"] == ["outputs"] for part in op):
        op.append({"p": ["_trusted"], "oi": new.get("_trusted", False)})
    return op


def _arrange(merge: Merge, placed: list[_Place], moves: set[str], ours: list[LiveCell]) -> None:
    """Put what is new or was moved behind what stands before it in their file."""
    order = [_Place(cell, weight=cell.weight) for cell in ours if cell.doc_id not in moves]
    where = {place.live.doc_id: place for place in order if place.live}
    before: _Place | None = None
    for place in placed:
        if place.live is not None and place.live.doc_id in where:
            before = where[place.live.doc_id]
            continue
        at = 0 if before is None else next(i for i, p in enumerate(order) if p is before) + 1
        order.insert(at, place)
        before = place
    _weigh(order)
    for place in order:
        assert place.weight is not None
        if place.live is None:
            assert place.cell is not None
            merge.creates.append((place.cell, place.weight))
        elif place.weight != place.live.weight:
            op = merge.edits.setdefault(place.live.doc_id, [])
            op.append({"p": ["_weight"], "oi": place.weight})


def _weigh(order: list[_Place]) -> None:
    """Give weights to those that have none, between their neighbours'; to all where none fit."""
    at = 0
    fitted = False
    while at < len(order):
        if order[at].weight is not None:
            at += 1
            continue
        fitted = True
        end = at
        while end < len(order) and order[end].weight is None:
            end += 1
        low = order[at - 1].weight if at else None
        high = order[end].weight if end < len(order) else None
        count = end - at
        if low is None:
            low = 0 if high is None else high - 1000 * (count + 1)
        step = 1000.0 if high is None else (high - low) / (count + 1)
        for offset in range(count):
            order[at + offset].weight = low + step * (offset + 1)
        at = end
    weights = [place.weight or 0 for place in order]
    if fitted and any(after - before < 1e-6 for before, after in pairwise(weights)):
        for index, place in enumerate(order, 1):
            place.weight = index * 1000
