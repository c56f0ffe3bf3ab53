"""What differs between two moments of a notebook, cell by cell. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from derby_notebook.files.docs import in_order
from derby_notebook.files.merge.matching import moved
from sharedb_py.jsonvalue import json_equal
from sharedb_py.replay.diffing import diff_text

__all__ = ["compare"]

_SETTINGS = ("cell_type", "metadata", "attachments")


def compare(
    before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the cells that differ, in order; removed ones where they were.

    Each has its ``id``, its ``kind`` (added, removed, changed), and of what changed the
    parts of its ``source``, the ``outputs`` of both, ``moved``, and the ``settings`` by name.
    """
    old, new = [id for id, _ in in_order(before)], [id for id, _ in in_order(after)]
    both = [cell for cell in new if cell in before]
    places = {cell: place for place, cell in enumerate(old)}
    shifted = moved([places[cell] for cell in both])
    found: list[dict[str, Any]] = []
    for cell in _merged(old, new):
        if cell not in after:
            found.append(_alone("removed", cell, before[cell]))
        elif cell not in before:
            found.append(_alone("added", cell, after[cell]))
        else:
            change = _changed(cell, before[cell], after[cell])
            if places[cell] in shifted:
                change["moved"] = True
            if len(change) > 4:
                found.append(change)
    return found


def _merged(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return the new order, with what was removed behind what stood before it."""
    kept = set(new)
    order = list(new)
    last: str | None = None
    for cell in old:
        if cell not in kept:
            order.insert(0 if last is None else order.index(last) + 1, cell)
        last = cell
    return order


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source")
    return source if isinstance(source, str) else ""


def _alone(kind: str, cell_id: str, cell: dict[str, Any]) -> dict[str, Any]:
    part = "add" if kind == "added" else "remove"
    source = _source(cell)
    return {
        "id": cell_id,
        "kind": kind,
        "cell_type": cell.get("cell_type"),
        "source": [[part, source]] if source else [],
    }


def _changed(cell_id: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    change: dict[str, Any] = {
        "id": cell_id,
        "kind": "changed",
        "cell_type": after.get("cell_type"),
        "title": _source(after).strip().partition("\n")[0][:100],
    }
    if _source(before) != _source(after):
        parts = diff_text(_source(before), _source(after))
        change["source"] = [[part.kind, part.text] for part in parts]
    if not json_equal(before.get("outputs") or [], after.get("outputs") or []):
        change["outputs"] = [before.get("outputs") or [], after.get("outputs") or []]
    settings = [name for name in _SETTINGS if not json_equal(before.get(name), after.get(name))]
    if settings:
        change["settings"] = settings
    return change
