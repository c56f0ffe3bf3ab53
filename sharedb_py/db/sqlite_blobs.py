"""Large values in the SQLite file of the documents, in a table made when the first one comes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection
from typing import Any, Final, TypeVar

from sharedb_py.blobs import BlobStore, digest
from sharedb_py.db.sqlite_file import FileThread

__all__ = ["SQLiteBlobs"]

_TABLE: Final = "CREATE TABLE IF NOT EXISTS blobs (name TEXT PRIMARY KEY, put REAL, data BLOB)"

T = TypeVar("T")


class SQLiteBlobs(BlobStore):
    """One row for each; the threads are the database's own, which closes them."""

    def __init__(self, writer: FileThread, reader: FileThread) -> None:
        self._writer = writer
        self._reader = reader

    async def put(self, data: bytes) -> str:
        name = digest(data)
        statement = (
            "INSERT INTO blobs VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET put = excluded.put"
        )

        def write() -> None:
            self._writer.connection.execute(_TABLE)
            self._writer.connection.execute(statement, (name, time.time(), data))

        await self._writer.write(write)
        return name

    async def get(self, name: str) -> bytes | None:
        rows = await self._rows("SELECT data FROM blobs WHERE name = ?", name)
        return rows[0][0] if rows else None

    async def names(self, before: float) -> set[str]:
        return {
            name for (name,) in await self._rows("SELECT name FROM blobs WHERE put < ?", before)
        }

    async def drop(self, names: Collection[str], before: float) -> int:
        values = [(name, before) for name in names]
        statement = "DELETE FROM blobs WHERE name = ? AND put < ?"

        def delete() -> int:
            return self._writer.connection.executemany(statement, values).rowcount

        return max(0, await self._writer.write(_or_none(delete, 0))) if values else 0

    async def _rows(self, statement: str, *values: Any) -> list[Any]:
        connection = self._reader.connection

        def read() -> list[Any]:
            return connection.execute(statement, values).fetchall()

        return await self._reader.run(_or_none(read, []))


def _or_none(work: Callable[[], T], empty: T) -> Callable[[], T]:
    """Return work that finds nothing in a file that has never had a large value."""

    def careful() -> T:
        try:
            return work()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return empty
            raise

    return careful
