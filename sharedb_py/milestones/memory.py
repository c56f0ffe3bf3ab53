"""Milestones in the memory of this process."""

from __future__ import annotations

from sharedb_py.milestones.base import MilestoneDB
from sharedb_py.milestones.checking import (
    check_key,
    check_snapshot,
    check_timestamp,
    check_version,
)
from sharedb_py.snapshot import Snapshot

__all__ = ["MemoryMilestones", "NoMilestones", "from_url"]


class MemoryMilestones(MilestoneDB):
    """Keeps milestones in a dictionary."""

    def __init__(self, interval: int | None = 1000) -> None:
        self.interval = interval
        self._saved: dict[tuple[str, str], dict[int, Snapshot]] = {}

    async def save(self, collection: str, snapshot: Snapshot) -> None:
        check_snapshot(collection, snapshot)
        self._saved.setdefault((collection, snapshot.id), {})[snapshot.version] = snapshot.copy()

    def _ordered(self, collection: str, doc_id: str) -> list[Snapshot]:
        check_key(collection, doc_id)
        saved = self._saved.get((collection, doc_id), {})
        return [saved[version] for version in sorted(saved)]

    async def get(self, collection: str, doc_id: str, version: int | None) -> Snapshot | None:
        check_version(version)
        found = [
            snapshot
            for snapshot in self._ordered(collection, doc_id)
            if version is None or snapshot.version <= version
        ]
        return found[-1].copy() if found else None

    async def get_at_or_before_time(
        self, collection: str, doc_id: str, timestamp: float | None
    ) -> Snapshot | None:
        check_timestamp(timestamp)
        timed = self._timed(collection, doc_id)
        if timestamp is None:
            return timed[0][1] if timed else None
        found = [snapshot for mtime, snapshot in timed if mtime <= timestamp]
        return found[-1] if found else None

    async def get_at_or_after_time(
        self, collection: str, doc_id: str, timestamp: float | None
    ) -> Snapshot | None:
        check_timestamp(timestamp)
        timed = self._timed(collection, doc_id)
        if timestamp is None:
            return timed[-1][1] if timed else None
        return next((snapshot for mtime, snapshot in timed if mtime >= timestamp), None)

    def _timed(self, collection: str, doc_id: str) -> list[tuple[float, Snapshot]]:
        return [
            (snapshot.meta["mtime"], snapshot.copy())
            for snapshot in self._ordered(collection, doc_id)
            if snapshot.meta and "mtime" in snapshot.meta
        ]

    async def delete(self, collection: str, doc_id: str, before: int | None = None) -> None:
        check_key(collection, doc_id)
        saved = self._saved.get((collection, doc_id), {})
        for version in [version for version in saved if before is None or version < before]:
            del saved[version]

    async def close(self) -> None:
        """Nothing is held open."""


class NoMilestones(MemoryMilestones):
    """Keeps nothing: history is replayed from the first op."""

    def __init__(self) -> None:
        super().__init__(interval=None)

    async def save(self, collection: str, snapshot: Snapshot) -> None:
        check_snapshot(collection, snapshot)


def from_url(url: str, interval: int | None) -> MemoryMilestones:
    """Return a new, empty store for ``memory:``."""
    return MemoryMilestones(interval)
