"""One notebook's timeline, read from the op log and kept up with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final

from derby_notebook.history.kinds import Kind, Run, is_typing, record_of, run_of
from derby_notebook.history.members import Members
from sharedb_py.archive import Archive
from sharedb_py.errors import DatabaseError
from sharedb_py.ops import Op
from sharedb_py.replay.timeline import DocKey, Record, Timeline

__all__ = ["NotebookLine"]

MANY: Final = 100
FEW: Final = 200
"""Documents that are read together, and how many ops of each: most cells have no more."""


class NotebookLine:
    """The ops of a notebook and of its cells in one order, and what is told of some of them."""

    def __init__(self, notebook_id: str, archive: Archive, members: Members) -> None:
        self.timeline = Timeline(background=int(Kind.BACKGROUND))
        self.notebook_key: DocKey = ("notebooks", notebook_id)
        self.revision = 0
        """Grows whenever the line does."""
        self.edition = 0
        """Grows when ops came in that are older than others: positions are not what they were."""
        self._id = notebook_id
        self._archive = archive
        self._members = members
        self._runs: dict[tuple[DocKey, int], Run] = {}
        self._stale: set[DocKey] = set()
        self._is_read = False
        self._lock = asyncio.Lock()

    def touch(self, key: DocKey) -> None:
        """Note that a document has changed."""
        self._stale.add(key)

    async def refresh(self) -> None:
        """Read what happened since the last time; raises ``ShareDBError`` for a damaged log."""
        async with self._lock:
            stale, self._stale = self._stale, set()
            try:
                if not self._is_read:
                    cells = await self._members.of(self._id)
                    stale |= {self.notebook_key, *(("cells", cell) for cell in cells)}
                records = [record async for record in self._read(stale)]
            except BaseException:
                self._stale |= stale
                raise
            if records:
                # The first time nobody else has the line: a long one is put in order aside.
                if self._is_read:
                    self._extend(records)
                else:
                    await asyncio.to_thread(self._extend, records)
            self._is_read = True

    def _extend(self, records: list[Record]) -> None:
        before = len(self.timeline)
        if self.timeline.extend(records) < before:
            self.edition += 1
        self.revision += 1

    async def _read(self, keys: Iterable[DocKey]) -> AsyncIterator[Record]:
        known = sorted((key, self.timeline.reached(key)) for key in keys)
        for start in range(0, len(known), MANY):
            some = known[start : start + MANY]
            for collection in ("cells", "notebooks"):
                ids = {key[1]: reached for key, reached in some if key[0] == collection}
                async for key, op in self._read_together(collection, ids):
                    self.note(key, op)
                    yield record_of(key, op)
            await asyncio.sleep(0)  # others are served meanwhile

    async def _read_together(
        self, collection: str, known: dict[str, int]
    ) -> AsyncIterator[tuple[DocKey, Op]]:
        if not known:
            return
        ranges = {doc_id: (start, start + FEW) for doc_id, start in known.items()}
        try:
            found = await self._archive.db.get_ops_bulk(collection, ranges, metadata=True)
        except DatabaseError:
            found = {}  # one's first ops were dropped: each is read from where it begins
        for doc_id, start in known.items():
            ops, key = found.get(doc_id), (collection, doc_id)
            if ops is None:
                start = max(start, await self._archive.first_version(collection, doc_id))
            for op in ops or ():
                yield key, op
            if ops is None or len(ops) == FEW:
                async for op in self._archive.ops(collection, doc_id, start + len(ops or ())):
                    yield key, op

    def note(self, key: DocKey, op: Op) -> None:
        """Take what is told of an op besides its place on the line."""
        if key[0] != "cells" or is_typing(op):
            return
        run = run_of(op)
        if run is not None:
            self._runs[key, op["v"]] = run

    # Asking

    def runs(self) -> list[tuple[int, DocKey, Run]]:
        """Return the runs that ended, each with the position behind it, in order."""
        found = [
            (self.timeline.position_of(key, version) + 1, key, run)
            for (key, version), run in self._runs.items()
        ]
        return sorted(found, key=lambda entry: entry[0])

    def run_at(self, key: DocKey, version: int) -> Run | None:
        """Return the run that an op ended, if it ended one."""
        return self._runs.get((key, version))
