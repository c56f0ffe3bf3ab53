"""A whole timeline in a few hundred numbers: what was going on when, and by whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from sharedb_py.replay.timeline import Timeline

__all__ = ["IDLE", "Bucket", "overview"]

IDLE: Final = 4000.0
"""Milliseconds: time in which nothing happens counts for no more than this."""

_LEAST: Final = 15.0  # what happens at once is given some room all the same


@dataclass(frozen=True, slots=True)
class Bucket:
    """A slice of the time in which something happened, with the ops by author.

    It begins at a position, when ``time`` was (ms); ``counts`` are by the author's index.
    """

    position: int
    time: float
    counts: dict[int, int]


def overview(timeline: Timeline, count: int) -> list[Bucket]:
    """Return the timeline in slices of equal length, no more than ``count``.

    They measure time as a film of the work would, idle time cut short. A slice may
    hold no op; together they hold all.
    """
    entries = timeline.entries(0, len(timeline))
    if not entries:
        return []
    reel = [0.0]
    for before, entry in pairwise(entries):
        reel.append(reel[-1] + min(max(entry.time - before.time, _LEAST), IDLE))
    width = (reel[-1] + _LEAST) / count
    numbers = {author: number for number, author in enumerate(timeline.authors)}
    buckets: list[Bucket] = []
    at = 0
    for index in range(count):
        end = (index + 1) * width
        first, counts = at, Counter[int]()
        while at < len(entries) and (reel[at] < end or index == count - 1):
            counts[numbers[entries[at].author]] += 1
            at += 1
        time = entries[min(first, len(entries) - 1)].time
        buckets.append(Bucket(first, time, dict(counts)))
    return buckets
