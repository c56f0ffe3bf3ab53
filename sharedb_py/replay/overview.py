"""A whole timeline in a few hundred numbers: what was going on when, and by whom."""

from __future__ import annotations

from bisect import bisect_left
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
    times, authors = timeline.times, timeline.author_numbers
    if not times:
        return []
    reel = [0.0]
    for before, after in pairwise(times):
        reel.append(reel[-1] + min(max(after - before, _LEAST), IDLE))
    width = (reel[-1] + _LEAST) / count
    buckets: list[Bucket] = []
    start = 0
    for index in range(count):
        last = index == count - 1
        end = len(reel) if last else bisect_left(reel, (index + 1) * width, start)
        time = times[min(start, len(times) - 1)]
        buckets.append(Bucket(start, time, dict(Counter(authors[start:end]))))
        start = end
    return buckets
