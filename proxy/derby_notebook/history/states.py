"""Documents at old versions: replayed from the nearest state at hand, a few of which are kept."""

from __future__ import annotations

import asyncio
from bisect import bisect_right, insort
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sharedb_py.archive import Archive, replay
from sharedb_py.errors import DatabaseError
from sharedb_py.ops import Op
from sharedb_py.recent import size_of
from sharedb_py.replay.timeline import DocKey
from sharedb_py.snapshot import Snapshot, empty_snapshot

__all__ = ["States"]

FAR: Final = 200
"""Ops to replay that are worth a look for a milestone."""

STEP: Final = 1000
"""Ops after which a state on a long way is kept."""

MOST_BYTES: Final = 64 * 2**20
"""How much is kept of all documents together, roughly."""


class States:
    """Answers for documents at versions; remembers what it replayed."""

    def __init__(self, archive: Archive, most_bytes: int = MOST_BYTES) -> None:
        self._archive = archive
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[DocKey, int], tuple[Snapshot, int]] = OrderedDict()
        self._versions: dict[DocKey, list[int]] = {}
        self._bytes = 0

    async def at(self, wanted: Mapping[DocKey, int]) -> dict[DocKey, Snapshot]:
        """Return each document at its version; raises ``ShareDBError`` if one is not there."""
        found: dict[DocKey, Snapshot] = {}
        for key, version in wanted.items():
            kept = self._take(key, version)
            if kept is not None:
                found[key] = kept
        for collection in dict.fromkeys(key[0] for key in wanted if key not in found):
            await self._take_current(collection, wanted, found)
        near: dict[DocKey, Snapshot] = {}
        for key, version in wanted.items():
            if key not in found:
                start = await self._nearest(key, version)
                if version - start.version > FAR:
                    found[key] = await self._follow(key, start, version)
                else:
                    near[key] = start
        await self._follow_together(near, wanted, found)
        return {key: found[key] for key in wanted}

    async def _take_current(
        self, collection: str, wanted: Mapping[DocKey, int], found: dict[DocKey, Snapshot]
    ) -> None:
        """Most documents of a recent moment are as they are now."""
        ids = [key[1] for key in wanted if key[0] == collection and key not in found]
        for doc_id, snapshot in (await self._archive.db.get_snapshots(collection, ids)).items():
            key = (collection, doc_id)
            if snapshot.version == wanted[key]:
                found[key] = self._keep(key, snapshot)

    async def _nearest(self, key: DocKey, version: int) -> Snapshot:
        start = empty_snapshot(key[1])
        versions = self._versions.get(key, [])
        at = bisect_right(versions, version)
        if at:
            start = self._take(key, versions[at - 1]) or start
        if version - start.version > FAR:
            milestone = await self._archive.nearest(*key, version)
            if milestone.version > start.version:
                return milestone
        return start

    async def _follow(self, key: DocKey, snapshot: Snapshot, version: int) -> Snapshot:
        waiting: list[Op] = []
        async for op in self._archive.ops(*key, snapshot.version, version):
            waiting.append(op)
            if len(waiting) == STEP:
                snapshot = self._keep(key, replay(key[0], snapshot, waiting))
                waiting = []
                await asyncio.sleep(0)  # others are served meanwhile
        snapshot = replay(key[0], snapshot, waiting)
        if snapshot.version < version:
            await self._archive.ops_reach(*key, version)
        return self._keep(key, snapshot)

    async def _follow_together(
        self,
        starts: Mapping[DocKey, Snapshot],
        wanted: Mapping[DocKey, int],
        found: dict[DocKey, Snapshot],
    ) -> None:
        for collection in dict.fromkeys(key[0] for key in starts):
            ranges = {
                key[1]: (start.version, wanted[key])
                for key, start in starts.items()
                if key[0] == collection and start.version < wanted[key]
            }
            try:
                ops = await self._archive.db.get_ops_bulk(collection, ranges) if ranges else {}
            except DatabaseError:
                # The first ops of one of them were dropped: milestones have what they did.
                for key in [(collection, doc_id) for doc_id in ranges]:
                    start = await self._archive.nearest(*key, wanted[key])
                    found[key] = await self._follow(key, start, wanted[key])
                continue
            for doc_id, range_ in ranges.items():
                key = (collection, doc_id)
                if len(ops[doc_id]) < range_[1] - range_[0]:
                    await self._archive.ops_reach(collection, doc_id, range_[1])
                snapshot = replay(collection, starts[key], ops[doc_id])
                found[key] = self._keep(key, snapshot)
        for key, start in starts.items():
            if start.version == wanted[key]:
                found.setdefault(key, start)

    # What is kept

    def _take(self, key: DocKey, version: int) -> Snapshot | None:
        kept = self._kept.get((key, version))
        if kept is None:
            return None
        self._kept.move_to_end((key, version))
        return kept[0]

    def _keep(self, key: DocKey, snapshot: Snapshot) -> Snapshot:
        snapshot = replace(snapshot, meta=None, adapter=None)
        place = (key, snapshot.version)
        if place in self._kept:
            return snapshot
        size = size_of(snapshot.data)
        self._kept[place] = snapshot, size
        self._bytes += size
        insort(self._versions.setdefault(key, []), snapshot.version)
        while self._bytes > self._most_bytes and len(self._kept) > 1:
            (old, version), (_, freed) = self._kept.popitem(last=False)
            self._bytes -= freed
            self._versions[old].remove(version)
        return snapshot
