"""Which cell of one version of a file is which of another. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any, Final

__all__ = ["match_cells", "moved"]

LIKE: Final = 0.6
MOST_COMPARED: Final = 2_000


def match_cells(base: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]) -> dict[int, int]:
    """Return, by index, which cell of the base each of their cells is: by id, then by content."""
    matched: dict[int, int] = {}
    by_id = {cell["id"]: at for at, cell in enumerate(base)}
    for at, cell in enumerate(theirs):
        if cell["id"] in by_id:
            matched[at] = by_id[cell["id"]]
    _match_equal(base, theirs, matched)
    _match_alike(base, theirs, matched)
    return matched


def _left(count: int, taken: set[int]) -> list[int]:
    return [at for at in range(count) if at not in taken]


def _match_equal(
    base: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]], matched: dict[int, int]
) -> None:
    waiting: dict[tuple[str, str], list[int]] = {}
    for at in _left(len(base), set(matched.values())):
        waiting.setdefault((base[at]["cell_type"], base[at]["source"]), []).append(at)
    for at in _left(len(theirs), set(matched)):
        found = waiting.get((theirs[at]["cell_type"], theirs[at]["source"]))
        if found:
            matched[at] = found.pop(0)


def _match_alike(
    base: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]], matched: dict[int, int]
) -> None:
    left = _left(len(base), set(matched.values()))
    new = _left(len(theirs), set(matched))
    if len(left) * len(new) > MOST_COMPARED:
        return
    likeness = []
    for their_at in new:
        matcher = SequenceMatcher(None, "", theirs[their_at]["source"][:2000], autojunk=False)
        for base_at in left:
            if base[base_at]["cell_type"] != theirs[their_at]["cell_type"]:
                continue
            matcher.set_seq1(base[base_at]["source"][:2000])
            if matcher.quick_ratio() >= LIKE:
                likeness.append((-matcher.ratio(), abs(base_at - their_at), their_at, base_at))
    taken: set[int] = set(matched.values())
    for ratio, _, their_at, base_at in sorted(likeness):
        if -ratio >= LIKE and their_at not in matched and base_at not in taken:
            matched[their_at] = base_at
            taken.add(base_at)


def moved(order: Sequence[int]) -> set[int]:
    """Return the fewest members of a sequence without which it only rises."""
    # Longest rising run ending at each place, by the plain quadratic way: cells are few.
    best: list[tuple[int, int]] = []
    for at, value in enumerate(order):
        length, before = 1, -1
        for earlier in range(at):
            if order[earlier] < value and best[earlier][0] + 1 > length:
                length, before = best[earlier][0] + 1, earlier
        best.append((length, before))
    keep: set[int] = set()
    at = max(range(len(best)), key=lambda index: best[index][0], default=-1)
    while at >= 0:
        keep.add(order[at])
        at = best[at][1]
    return set(order) - keep
