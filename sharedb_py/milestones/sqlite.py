"""Milestones in the SQLite file of the database, on a thread of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sharedb_py.db.sqlite_file import LAST, FileThread, decode, encode, path_of_url
from sharedb_py.milestones.base import MilestoneDB
from sharedb_py.milestones.checking import (
    check_key,
    check_snapshot,
    check_timestamp,
    check_version,
)
from sharedb_py.snapshot import Snapshot

__all__ = ["SQLiteMilestones", "from_url"]


class SQLiteMilestones(MilestoneDB):
    """Keeps milestones in a SQLite file, which may be the database's own."""

    def __init__(self, path: str | Path, interval: int | None = 1000) -> None:
        self.interval = interval
        self._thread = FileThread(path, "sqlite-milestones")
        self._connection = self._thread.connection

    async def save(self, collection: str, snapshot: Snapshot) -> None:
        check_snapshot(collection, snapshot)
        await self._thread.run(self._save, collection, snapshot)

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
                encode(snapshot.meta),
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
        newest = LAST if version is None else min(version, LAST)
        return await self._thread.run(
            self._find, "v <= ? ORDER BY v DESC", collection, doc_id, newest
        )

    async def get_at_or_before_time(
        self, collection: str, doc_id: str, timestamp: float | None
    ) -> Snapshot | None:
        check_key(collection, doc_id)
        check_timestamp(timestamp)
        key = (collection, doc_id)
        if timestamp is None:
            return await self._thread.run(self._find, "mtime IS NOT NULL ORDER BY v", *key)
        return await self._thread.run(self._find, "mtime <= ? ORDER BY v DESC", *key, timestamp)

    async def get_at_or_after_time(
        self, collection: str, doc_id: str, timestamp: float | None
    ) -> Snapshot | None:
        check_key(collection, doc_id)
        check_timestamp(timestamp)
        key = (collection, doc_id)
        if timestamp is None:
            return await self._thread.run(self._find, "mtime IS NOT NULL ORDER BY v DESC", *key)
        return await self._thread.run(self._find, "mtime >= ? ORDER BY v", *key, timestamp)

    async def delete(self, collection: str, doc_id: str, before: int | None = None) -> None:
        check_key(collection, doc_id)
        await self._thread.run(
            self._delete, collection, doc_id, LAST if before is None else min(before, LAST)
        )

    def _delete(self, *values: Any) -> None:
        self._connection.execute("PRAGMA secure_delete = ON")
        self._connection.execute(
            "DELETE FROM milestones WHERE collection = ? AND id = ? AND v < ?", values
        )
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        await self._thread.close()


def from_url(url: str, interval: int | None) -> SQLiteMilestones:
    """Open the milestones in the database file of ``sqlite:///path``."""
    return SQLiteMilestones(path_of_url(url), interval)
