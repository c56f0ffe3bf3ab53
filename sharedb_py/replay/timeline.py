"""The ops of several documents in one order, as one history.

A position counts ops from the beginning: at position 0 nothing has happened yet, at
position ``len(timeline)`` everything has. Nothing is held of an op but what the order
and an overview need, some thirty bytes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

__all__ = ["PAUSE", "DocKey", "Entry", "Record", "Timeline"]

PAUSE: Final = 2000.0
"""Milliseconds without an op of the same author on the same document that end a burst."""

DocKey: TypeAlias = tuple[str, str]
"""A document's collection and id."""


class Record(NamedTuple):
    """What a timeline takes of an op: where, which, when (ms), by whom, and of what kind.

    ``time`` None is unknown. ``kind`` is a number whose bits the caller gives a meaning.
    """

    key: DocKey
    version: int
    time: float | None
    author: str
    kind: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """An op in the order: ``start`` is where the burst that it belongs to begins."""

    position: int
    key: DocKey
    version: int
    time: float
    author: str
    kind: int
    start: int
    ends_burst: bool


class _Doc:
    """A document's ops on the line, by version from ``first`` on, and the time of the last."""

    __slots__ = ("first", "key", "positions", "time")

    def __init__(self, key: DocKey, first: int) -> None:
        self.key = key
        self.first = first
        self.positions = array("q")
        self.time = 0.0


class Timeline:
    """Orders ops by time, then by collection, id and version; a document's ops keep their order.

    Where a clock went backwards within a document, or a time is unknown, an op counts
    as made when the one before it was. A burst is what one author did to one document
    without a pause; ``background`` kinds, those that have none but these bits, end none.
    """

    def __init__(self, background: int = 0) -> None:
        self._background = background
        self._docs: list[_Doc] = []
        self._numbers: dict[DocKey, int] = {}
        self._authors: dict[str, int] = {}
        self._names: list[str] = []
        self._clear()

    def _clear(self) -> None:
        self._doc = array("q")
        self._version = array("q")
        self._time = array("d")
        self._author = array("q")
        self._kind = array("q")
        self._start = array("q")
        self._ends = bytearray()
        self._open: dict[tuple[int, int], int] = {}
        for doc in self._docs:
            doc.positions = array("q")
            doc.time = 0.0

    def __len__(self) -> int:
        return len(self._doc)

    @property
    def authors(self) -> list[str]:
        """Who made ops, in the order in which they came."""
        return self._names

    @property
    def times(self) -> Sequence[float]:
        """When each op was made; not to be changed."""
        return self._time

    @property
    def author_numbers(self) -> Sequence[int]:
        """The index in ``authors`` of who made each op; not to be changed."""
        return self._author

    @property
    def keys(self) -> list[DocKey]:
        """The documents."""
        return [doc.key for doc in self._docs]

    def reached(self, key: DocKey) -> int:
        """Return the version after a document's last op on the line; 0 for one that is not."""
        number = self._numbers.get(key)
        if number is None:
            return 0
        doc = self._docs[number]
        return doc.first + len(doc.positions)

    def extend(self, records: Iterable[Record]) -> int:
        """Add ops, each document's in order and without gaps.

        Returns the first position at which the line is not what it was; that is its
        old length, unless an op came in that is older than others.
        """
        before = len(self)
        new = self._timed(records)
        new.sort()
        last = self._key_of(before - 1) if before else None
        if last is None or not new or new[0][:4] >= last:
            for entry in new:
                self._append(*entry)
            return before
        return self._merge(new)

    _Timed: TypeAlias = tuple[float, str, str, int, str, int]

    def _timed(self, records: Iterable[Record]) -> list[_Timed]:
        times: dict[DocKey, float] = {}
        found = []
        for record in records:
            key, version = record.key, record.version
            number = self._numbers.get(key)
            if number is None:
                number = self._numbers[key] = len(self._docs)
                self._docs.append(_Doc(key, version))
            earlier = times.get(key, self._docs[number].time)
            time = times[key] = earlier if record.time is None else max(record.time, earlier)
            found.append((time, *key, version, record.author, record.kind))
        return found

    def _key_of(self, position: int) -> tuple[float, str, str, int]:
        key = self._docs[self._doc[position]].key
        return (self._time[position], *key, self._version[position])

    def _append(
        self, time: float, collection: str, doc_id: str, version: int, author: str, kind: int
    ) -> None:
        position = len(self._doc)
        number = self._numbers[collection, doc_id]
        who = self._authors.get(author)
        if who is None:
            who = self._authors[author] = len(self._names)
            self._names.append(author)
        doc = self._docs[number]
        doc.positions.append(position)
        doc.time = time
        self._doc.append(number)
        self._version.append(version)
        self._time.append(time)
        self._author.append(who)
        self._kind.append(kind)
        self._enter_burst(position, (number, who), time, kind)

    def _enter_burst(self, position: int, group: tuple[int, int], time: float, kind: int) -> None:
        is_background = kind != 0 and not kind & ~self._background
        before = None if is_background else self._open.get(group)
        if before is not None and time - self._time[before] <= PAUSE:
            self._ends[before] = 0
            self._start.append(self._start[before])
        else:
            self._start.append(position)
        self._ends.append(0 if is_background else 1)
        if not is_background:
            self._open[group] = position

    def _merge(self, new: list[_Timed]) -> int:
        """Put ops in that are older than others: the order from there on is made again."""
        old = [
            (*self._key_of(at), self._names[self._author[at]], self._kind[at])
            for at in range(len(self))
        ]
        changed = bisect_left(old, new[0][:4], key=lambda entry: entry[:4])
        merged = sorted(old + new)
        self._clear()
        for entry in merged:
            self._append(*entry)
        return changed

    # Asking

    def entry(self, position: int) -> Entry:
        """Return the op that leads from a position to the next."""
        return Entry(
            position,
            self._docs[self._doc[position]].key,
            self._version[position],
            self._time[position],
            self._names[self._author[position]],
            self._kind[position],
            self._start[position],
            bool(self._ends[position]),
        )

    def entries(self, start: int, end: int) -> list[Entry]:
        """Return the ops between two positions."""
        return [self.entry(at) for at in range(max(start, 0), min(end, len(self)))]

    def time_at(self, position: int) -> float | None:
        """Return when the last op before a position was made; at 0, when the first one was."""
        if not len(self):
            return None
        return self._time[max(position - 1, 0)]

    def position_at(self, time: float) -> int:
        """Return the position after the last op at or before a time."""
        return bisect_right(self._time, time)

    def span(self, start: float, end: float) -> tuple[int, int]:
        """Return the positions before and after the ops made in [start, end), in ms."""
        return bisect_left(self._time, start), bisect_left(self._time, end)

    def position_of(self, key: DocKey, version: int) -> int:
        """Return where an op stands; raises ``KeyError`` for one that is not on the line."""
        doc = self._docs[self._numbers[key]]
        if not 0 <= version - doc.first < len(doc.positions):
            raise KeyError((key, version))
        return doc.positions[version - doc.first]

    def versions_at(self, position: int) -> dict[DocKey, int]:
        """Return the version that each document has at a position."""
        return {doc.key: doc.first + bisect_left(doc.positions, position) for doc in self._docs}

    def of_doc(self, key: DocKey) -> list[Entry]:
        """Return a document's ops, in order."""
        number = self._numbers.get(key)
        return [] if number is None else [self.entry(at) for at in self._docs[number].positions]

    def next_end(
        self,
        position: int,
        *,
        forward: bool = True,
        author: str | None = None,
        key: DocKey | None = None,
        ops: bool = False,
    ) -> int | None:
        """Return the nearest position behind a whole burst; None where there is no more.

        Only those of an ``author``, or in the document ``key``, if they are named;
        ``ops`` stops behind every op. Backwards, the nearest before this position.
        """
        places = range(position, len(self)) if forward else range(position - 2, -1, -1)
        who = None if author is None else self._authors.get(author, -1)
        number = None if key is None else self._numbers.get(key, -1)
        for at in places:
            if (
                (ops or self._ends[at])
                and (who is None or self._author[at] == who)
                and (number is None or self._doc[at] == number)
            ):
                return at + 1
        return None
