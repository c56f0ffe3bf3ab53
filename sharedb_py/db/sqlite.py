"""A database in one SQLite file: the embedded default.

One thread writes, a batch of documents to a transaction, and another reads, so
that the event loop never waits for the disk.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sharedb_py.blobs import BlobStore
from sharedb_py.db.base import NO_OPTIONS, STREAMED, DocCommit, Fields, Options, StoredOp
from sharedb_py.db.checking import check_whole
from sharedb_py.db.matching import MatchingDB
from sharedb_py.db.sqlite_blobs import SQLiteBlobs
from sharedb_py.db.sqlite_file import LAST, FileThread, decode, encode, path_of_url, transaction
from sharedb_py.ops import Op, without_meta
from sharedb_py.querylang import ParsedQuery
from sharedb_py.snapshot import Snapshot, empty_snapshot

__all__ = ["SQLiteDB", "from_url"]

_MANY: Final = 400  # ids in one statement: SQLite allows 999 parameters at the least


def _to_snapshot(row: Any, metadata: bool = False) -> Snapshot:
    doc_id, version, type_uri, data, meta = row
    return Snapshot(
        doc_id,
        version,
        type_uri,
        decode(data),
        json.loads(meta) if metadata and meta is not None else None,
    )


def _to_op(text: str, metadata: bool) -> Op:
    op: Op = json.loads(text)
    return op if metadata else without_meta(op)


class SQLiteDB(MatchingDB):
    """Keeps everything in one file; several processes may share it.

    What one commits the others read at once, and a version goes to one op of one of
    them; a commit waits up to 10 s for those of the others. Nobody is told of another
    process's ops: that is for a pub/sub that they share.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self._writer = FileThread(path, "sqlite-write")
        self._reader = FileThread(path, "sqlite-read")
        self._writing = self._writer.connection
        self._reading = self._reader.connection

    # Writing

    async def commit(self, batch: Sequence[DocCommit]) -> list[bool]:
        return await self._writer.write(lambda: [self._commit_doc(entry) for entry in batch])

    def _commit_doc(self, entry: DocCommit) -> bool:
        # The write lock is held: what the version is now, it stays until COMMIT.
        key, first = (entry.collection, entry.doc_id), entry.ops[0]["v"]
        if self._version(self._writing, key) != first:
            return False
        self._put("INSERT", key, entry.ops, entry.snapshot)
        return True

    def _version(self, connection: sqlite3.Connection, key: tuple[str, str]) -> int:
        row = connection.execute(
            "SELECT v FROM snapshots WHERE collection = ? AND id = ?", key
        ).fetchone()
        return row[0] if row else 0

    def _put(
        self, verb: str, key: tuple[str, str], ops: Sequence[Op], after: Snapshot | None
    ) -> None:
        self._writing.executemany(
            f"{verb} INTO ops VALUES (?, ?, ?, ?, ?, ?)",
            [(*key, op["v"], op.get("src"), op.get("seq"), encode(op)) for op in ops],
        )
        if after is not None:
            self._writing.execute(
                "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?)",
                (*key, after.version, after.type_uri, encode(after.data), encode(after.meta)),
            )

    # Reading

    async def get_snapshot(
        self,
        collection: str,
        doc_id: str,
        fields: Fields | None = None,
        *,
        metadata: bool = False,
        options: Options = NO_OPTIONS,
    ) -> Snapshot:
        found = await self.get_snapshots(collection, [doc_id], fields, metadata=metadata)
        return found[doc_id]

    async def get_snapshots(
        self,
        collection: str,
        ids: Sequence[str],
        fields: Fields | None = None,
        *,
        metadata: bool = False,
        options: Options = NO_OPTIONS,
    ) -> dict[str, Snapshot]:
        return await self._reader.run(self._get_snapshots, collection, list(ids), metadata)

    def _get_snapshots(
        self, collection: str, ids: list[str], metadata: bool
    ) -> dict[str, Snapshot]:
        found = {doc_id: empty_snapshot(doc_id) for doc_id in ids}
        for start in range(0, len(ids), _MANY):
            some = ids[start : start + _MANY]
            rows = self._reading.execute(
                "SELECT id, v, type, data, meta FROM snapshots WHERE collection = ? "
                f"AND id IN ({', '.join('?' * len(some))})",
                (collection, *some),
            )
            found.update((row[0], _to_snapshot(row, metadata)) for row in rows)
        return found

    async def get_ops(
        self,
        collection: str,
        doc_id: str,
        start: int | None,
        end: int | None,
        *,
        metadata: bool = False,
        options: Options = NO_OPTIONS,
    ) -> list[Op]:
        found = await self.get_ops_bulk(collection, {doc_id: (start, end)}, metadata=metadata)
        return found[doc_id]

    async def get_ops_bulk(
        self,
        collection: str,
        ranges: Mapping[str, tuple[int | None, int | None]],
        *,
        metadata: bool = False,
        options: Options = NO_OPTIONS,
    ) -> dict[str, list[Op]]:
        return await self._reader.run(self._get_ops, collection, dict(ranges), metadata)

    def _get_ops(
        self,
        collection: str,
        ranges: dict[str, tuple[int | None, int | None]],
        metadata: bool,
    ) -> dict[str, list[Op]]:
        found: dict[str, list[Op]] = {}
        for doc_id, (start, end) in ranges.items():
            key, first = (collection, doc_id), min(start or 0, LAST)
            # Read first: an op that is committed meanwhile may come out, but is not missed.
            reached = self._version(self._reading, key)
            rows = self._reading.execute(
                "SELECT v, op FROM ops WHERE collection = ? AND id = ? AND v >= ? AND v < ? "
                "ORDER BY v",
                (*key, first, LAST if end is None else min(end, LAST)),
            ).fetchall()
            check_whole(*key, [version for version, _ in rows], first, end, reached)
            found[doc_id] = [_to_op(text, metadata) for _, text in rows]
        return found

    async def get_committed_op_version(
        self, collection: str, doc_id: str, src: str, seq: int
    ) -> int | None:
        return await self._reader.run(self._committed_version, collection, doc_id, src, seq)

    def _committed_version(self, collection: str, doc_id: str, src: str, seq: int) -> int | None:
        row = self._reading.execute(
            "SELECT min(v) FROM ops WHERE collection = ? AND id = ? AND src = ? AND seq = ?",
            (collection, doc_id, src, seq),
        ).fetchone()
        version: int | None = row[0]
        return version

    async def candidates(self, collection: str, parsed: ParsedQuery) -> Iterable[Snapshot]:
        return await self._reader.run(self._candidates, collection, parsed)

    def _candidates(self, collection: str, parsed: ParsedQuery) -> list[Snapshot]:
        narrowing, values = _narrow(parsed.filter)
        rows = self._reading.execute(
            "SELECT id, v, type, data, meta FROM snapshots "
            f"WHERE collection = ? AND type IS NOT NULL {narrowing} ORDER BY id",
            (collection, *values),
        )
        return [_to_snapshot(row) for row in rows]

    def blobs(self) -> BlobStore:
        return SQLiteBlobs(self._writer, self._reader)

    # Maintenance

    async def _rows(self, statement: str, *values: Any) -> list[Any]:
        return await self._reader.run(lambda: self._reading.execute(statement, values).fetchall())

    async def collections(self) -> list[str]:
        rows = await self._rows(
            "SELECT collection FROM snapshots UNION SELECT collection FROM ops ORDER BY 1"
        )
        return [name for (name,) in rows]

    async def doc_ids(self, collection: str, after: str | None = None) -> AsyncIterator[str]:
        some = "SELECT DISTINCT id FROM {} WHERE collection = ? AND id {} ? ORDER BY id LIMIT ?"
        past, last = (">=", "") if after is None else (">", after)
        while True:
            rows = await self._rows(
                f"SELECT id FROM ({some.format('snapshots', past)}) UNION "
                f"SELECT id FROM ({some.format('ops', past)}) ORDER BY id LIMIT ?",
                *((collection, last, STREAMED) * 2),
                STREAMED,
            )
            for (last,) in rows:
                yield last
            if len(rows) < STREAMED:
                return
            past = ">"

    async def stored_ops(
        self, collection: str, doc_id: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[StoredOp]:
        last = LAST if end is None else end
        while True:
            rows = await self._rows(
                "SELECT v, op FROM ops WHERE collection = ? AND id = ? AND v >= ? AND v < ? "
                "ORDER BY v LIMIT ?",
                *(collection, doc_id, start, last, STREAMED),
            )
            for version, text in rows:
                yield StoredOp(_to_op(text, metadata=True), version)
            if len(rows) < STREAMED:
                return
            start = rows[-1][0] + 1

    async def restore(
        self, collection: str, doc_id: str, ops: Sequence[Op], snapshot: Snapshot | None = None
    ) -> None:
        key = (collection, doc_id)
        await self._writer.write(lambda: self._put("INSERT OR REPLACE", key, ops, snapshot))

    async def delete_ops(self, collection: str, doc_id: str, keys: Sequence[Any]) -> None:
        statement = "DELETE FROM ops WHERE collection = ? AND id = ? AND v = ?"
        values = [(collection, doc_id, key) for key in keys]
        await self._writer.write(lambda: self._writing.executemany(statement, values))

    async def drop_ops(self, collection: str, doc_id: str, before: int) -> int:
        statement = "DELETE FROM ops WHERE collection = ? AND id = ? AND v < ?"
        values = (collection, doc_id, before)
        cursor = await self._writer.write(lambda: self._writing.execute(statement, values))
        return cursor.rowcount

    async def erase(self, collection: str, doc_id: str) -> None:
        def delete() -> None:
            for table in ("snapshots", "ops"):
                self._writing.execute(
                    f"DELETE FROM {table} WHERE collection = ? AND id = ?", (collection, doc_id)
                )

        def scrub() -> None:
            # Deleted rows are overwritten, and the log of changes is emptied if nobody reads it.
            self._writing.execute("PRAGMA secure_delete = ON")
            try:
                transaction(self._writing, delete)
                self._writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                self._writing.execute("PRAGMA secure_delete = OFF")

        await self._writer.run(scrub)

    async def close(self) -> None:
        await self._writer.close()
        await self._reader.close()


def _narrow(query_filter: dict[str, Any]) -> tuple[str, list[Any]]:
    """Return SQL conditions that every match fulfils, so that fewer documents are parsed.

    Only for strings compared with a top-level field of a plain name. A list may
    hold the string, so lists are let through; what is let through is matched again.
    """
    conditions, values = "", []
    for field, wanted in query_filter.items():
        if not isinstance(wanted, str) or not field.replace("_", "a").isalnum():
            continue
        # SQLite's JSON ends a string at NUL; "_data" stands for data that is no object.
        if not field.isascii() or not wanted.isascii() or "\0" in wanted or field == "_data":
            continue
        if field == "_id":
            conditions += " AND id = ?"
            values.append(wanted)
        else:
            path = f'$."{field}"'
            conditions += " AND (json_extract(data, ?) = ? OR json_type(data, ?) = 'array')"
            values += [path, wanted, path]
    return conditions, values


def from_url(url: str) -> SQLiteDB:
    """Open ``sqlite:///relative/path`` or ``sqlite:////absolute/path``."""
    return SQLiteDB(path_of_url(url))
