"""A SQLite file as this software lays it out, and a thread that works on it.

The file is in WAL mode with ``synchronous = FULL``: a transaction that was
committed survives the end of the process and of the machine.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from sharedb_py.errors import DatabaseError
from sharedb_py.jsonvalue import MISSING

__all__ = ["LAST", "FileThread", "connect_file", "decode", "encode", "path_of_url", "transaction"]

SCHEMA_VERSION: Final = 1
BUSY_SECONDS: Final = 10.0
LAST: Final = 2**62
"""A version that no document reaches; SQLite takes no number past 64 bits."""

_SCHEMA: Final = """
CREATE TABLE snapshots (
    collection TEXT NOT NULL, id TEXT NOT NULL, v INTEGER NOT NULL,
    type TEXT, data TEXT, meta TEXT,
    PRIMARY KEY (collection, id)
) WITHOUT ROWID;
CREATE TABLE ops (
    collection TEXT NOT NULL, id TEXT NOT NULL, v INTEGER NOT NULL,
    src TEXT, seq INTEGER, op TEXT NOT NULL,
    PRIMARY KEY (collection, id, v)
) WITHOUT ROWID;
CREATE INDEX ops_by_source ON ops (collection, id, src, seq);
CREATE TABLE milestones (
    collection TEXT NOT NULL, id TEXT NOT NULL, v INTEGER NOT NULL, mtime REAL,
    type TEXT, data TEXT, meta TEXT,
    PRIMARY KEY (collection, id, v)
) WITHOUT ROWID;
"""

T = TypeVar("T")


def path_of_url(url: str) -> str:
    """Return the file that ``sqlite:///relative/path`` or ``sqlite:////absolute/path`` names."""
    prefix = "sqlite:///"
    path = url.removeprefix(prefix)
    if path in (url, "", ":memory:"):
        raise DatabaseError(
            f"{url!r} names no file; write sqlite:///path/to/file.sqlite, or memory: for none"
        )
    return path


def connect_file(path: str | Path) -> sqlite3.Connection:
    """Open a database file, making it and its folder if need be.

    Raises ``DatabaseError`` naming the file if it cannot be opened, is no
    database, or was written by a newer version of this software.
    """
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _use_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            _migrate(connection, path)
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, OSError, ValueError) as error:
        raise DatabaseError(f"Cannot open the SQLite database {path}: {error}") from error
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Put the file in WAL mode; where another process is at it, SQLite does not wait by itself."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def transaction(connection: sqlite3.Connection, work: Callable[[], T]) -> T:
    """Return what ``work`` returns, once all it wrote is durable; nothing is if it raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work()
        connection.execute("COMMIT")
    except BaseException:
        # A full disk, for one, has ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _migrate(connection: sqlite3.Connection, path: str | Path) -> None:
    def migrate() -> None:
        [version] = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise DatabaseError(
                f"{path} was written by a newer version (schema {version}, this one knows "
                f"{SCHEMA_VERSION}): update sharedb-py"
            )
        if version == 0:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    transaction(connection, migrate)


class FileThread:
    """A connection to a database file and the one thread that uses it, in order."""

    def __init__(self, path: str | Path, name: str) -> None:
        self.connection = connect_file(path)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._closed = False

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Return what ``work`` returns on the thread.

        Raises ``DatabaseError`` where SQLite fails or cannot store a value, and
        after :meth:`close`.
        """
        if self._closed:
            raise DatabaseError("The database is closed")
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, work, *arguments)
        except (sqlite3.Error, ValueError, OverflowError) as error:
            raise DatabaseError(f"SQLite: {error}") from error

    async def write(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run ``work`` as one transaction: once this returns, it is on the disk."""
        return await self.run(transaction, self.connection, lambda: work(*arguments))

    async def close(self) -> None:
        """Finish what was begun and let go of the file; may be called twice."""
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._executor, self.connection.close)
        self._executor.shutdown()


def encode(value: Any) -> str | None:
    """Return a value as JSON text; MISSING as NULL. Lone surrogates are escaped."""
    if value is MISSING:
        return None
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def decode(text: str | None) -> Any:
    """Return what :func:`encode` was given."""
    return MISSING if text is None else json.loads(text)
