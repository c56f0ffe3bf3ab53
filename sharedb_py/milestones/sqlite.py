"""Milestones in the SQLite file of the database, on a thread of their own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sharedb_py.db.sqlite import connect_file, decode, encode
from sharedb_py.milestones.base import MilestoneDB
from sharedb_py.milestones.checking import check_key, check_timestamp, check_version
from sharedb_py.snapshot import Snapshot

__all__ = ["SQLiteMilestones", "from_url"]

T = TypeVar("T")


class SQLiteMilestones(MilestoneDB):
    """Keeps milestones in a SQLite file, which may be the database's own."""

    def __init__(self, path: str | Path, interval: int | None = 1000) -> None:
        self.interval = interval
        self._connection = connect_file(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-milestones")
        self._closed = False

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    async def save(self, collection: str, snapshot: Snapshot) -> None:
        check_key(collection, snapshot.id)
        await self._run(self._save, collection, snapshot)

    def _save(self, collection: str, snapshot: Snapshot) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO milestones VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                collection,
                snapshot.id,
                snapshot.version,
                (snapshot.meta or {}).get("mtime"),
                snapshot.type_uri,
                encode(snapshot.data),
                json.dumps(snapshot.meta),
            ),
        )

    def _find(self, condition: str, *values: Any) -> Snapshot | None:
        row = self._connection.execute(
            "SELECT id, v, type, data, meta FROM milestones "
            f"WHERE collection = ? AND id = ? AND {condition} LIMIT 1",
            values,
        ).fetchone()
        if row is None:
            return None
        doc_id, version, type_uri, data, meta = row
        return Snapshot(doc_id, version, type_uri, decode(data), json.loads(meta))

    async def get(self, collection: str, doc_id: str, version: int | None) -> Snapshot | None:
        check_key(collection, doc_id)
        check_version(version)
        newest = 2**62 if version is None else version
        return await self._run(self._find, "v <= ? ORDER BY v DESC", collection, doc_id, newest)

    async def get_at_or_before_time(
        self, collection: str, doc_id: str, timestamp: float | None
    ) -> Snapshot | None:
        check_key(collection, doc_id)
        check_timestamp(timestamp)
        key = (collection, doc_id)
        if timestamp is None:
            return await self._run(self._find, "mtime IS NOT NULL ORDER BY v", *key)
        return await self._run(self._find, "mtime <= ? ORDER BY v DESC", *key, timestamp)

    async def get_at_or_after_time(
        self, collection: str, doc_id: str, timestamp: float | None
    ) -> Snapshot | None:
        check_key(collection, doc_id)
        check_timestamp(timestamp)
        key = (collection, doc_id)
        if timestamp is None:
            return await self._run(self._find, "mtime IS NOT NULL ORDER BY v DESC", *key)
        return await self._run(self._find, "mtime >= ? ORDER BY v", *key, timestamp)

    async def delete(self, collection: str, doc_id: str, before: int | None = None) -> None:
        check_key(collection, doc_id)
        await self._run(self._delete, collection, doc_id, 2**62 if before is None else before)

    def _delete(self, *values: Any) -> None:
        self._connection.execute("PRAGMA secure_delete = ON")
        self._connection.execute(
            "DELETE FROM milestones WHERE collection = ? AND id = ? AND v < ?", values
        )
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await self._run(self._connection.close)
            self._thread.shutdown()


def from_url(url: str, interval: int | None) -> SQLiteMilestones:
    """Open the milestones in the database file of ``sqlite:///path``."""
    return SQLiteMilestones(url.removeprefix("sqlite:///"), interval)
