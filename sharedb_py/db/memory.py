"""A database in the memory of this process: for tests, and for what need not last."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sharedb_py.blobs import BlobStore, MemoryBlobs
from sharedb_py.db.base import NO_OPTIONS, DocCommit, Fields, Options, QueryResult, StoredOp
from sharedb_py.db.checking import check_whole
from sharedb_py.db.matching import MatchingDB
from sharedb_py.jsonvalue import JSONObject, copy_json
from sharedb_py.ops import Op, without_meta
from sharedb_py.querylang import ParsedQuery
from sharedb_py.snapshot import Snapshot, empty_snapshot

__all__ = ["MemoryDB", "from_url"]


class MemoryDB(MatchingDB):
    """Keeps snapshots and ops in dictionaries; the reference for other adapters.

    What goes in and comes out is copied: a hook that changes it changes nothing here.
    """

    def __init__(self) -> None:
        self._snapshots: dict[str, dict[str, Snapshot]] = {}
        self._ops: dict[tuple[str, str], list[Op]] = {}
        self._blobs = MemoryBlobs()

    def blobs(self) -> BlobStore:
        return self._blobs

    async def commit(self, batch: Sequence[DocCommit]) -> list[bool]:
        return [self._commit_doc(entry) for entry in batch]

    def _commit_doc(self, entry: DocCommit) -> bool:
        if self._version(entry.collection, entry.doc_id) != entry.ops[0]["v"]:
            return False
        log = self._ops.setdefault((entry.collection, entry.doc_id), [])
        log.extend(copy_json(op) for op in entry.ops)
        self._snapshots.setdefault(entry.collection, {})[entry.doc_id] = entry.snapshot.copy()
        return True

    def _version(self, collection: str, doc_id: str) -> int:
        stored = self._snapshots.get(collection, {}).get(doc_id)
        return stored.version if stored else 0

    def _log(self, collection: str, doc_id: str) -> Sequence[Op]:
        """The document's ops; reading an unknown one leaves nothing behind."""
        return self._ops.get((collection, doc_id), ())

    async def get_snapshot(
        self,
        collection: str,
        doc_id: str,
        fields: Fields | None = None,
        *,
        metadata: bool = False,
        options: Options = NO_OPTIONS,
    ) -> Snapshot:
        snapshot = self._snapshots.get(collection, {}).get(doc_id) or empty_snapshot(doc_id)
        return (snapshot if metadata else snapshot.without_meta()).copy()

    async def get_snapshots(
        self,
        collection: str,
        ids: Sequence[str],
        fields: Fields | None = None,
        *,
        metadata: bool = False,
        options: Options = NO_OPTIONS,
    ) -> dict[str, Snapshot]:
        return {
            doc_id: await self.get_snapshot(collection, doc_id, fields, metadata=metadata)
            for doc_id in ids
        }

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
        ops = self._range(collection, doc_id, start or 0, end)
        reached = self._version(collection, doc_id)
        check_whole(collection, doc_id, [op["v"] for op in ops], start or 0, end, reached)
        return [copy_json(op if metadata else without_meta(op)) for op in ops]

    def _range(self, collection: str, doc_id: str, start: int, end: int | None) -> Sequence[Op]:
        log = self._log(collection, doc_id)
        first = bisect_left(log, start, key=_version)
        return log[first : None if end is None else bisect_left(log, end, key=_version)]

    async def get_ops_bulk(
        self,
        collection: str,
        ranges: Mapping[str, tuple[int | None, int | None]],
        *,
        metadata: bool = False,
        options: Options = NO_OPTIONS,
    ) -> dict[str, list[Op]]:
        return {
            doc_id: await self.get_ops(collection, doc_id, start, end, metadata=metadata)
            for doc_id, (start, end) in ranges.items()
        }

    async def get_committed_op_version(
        self, collection: str, doc_id: str, src: str, seq: int
    ) -> int | None:
        for op in self._log(collection, doc_id):
            if op.get("src") == src and op.get("seq") == seq:
                return int(op["v"])
        return None

    async def candidates(self, collection: str, parsed: ParsedQuery) -> Iterable[Snapshot]:
        docs = self._snapshots.get(collection, {})
        return [replace(docs[doc_id], meta=None) for doc_id in sorted(docs) if docs[doc_id].exists]

    async def query(
        self,
        collection: str,
        query: JSONObject,
        fields: Fields | None = None,
        *,
        options: Options = NO_OPTIONS,
    ) -> QueryResult:
        found = await self.find(collection, query)
        return QueryResult([each.copy() for each in found.snapshots], copy_json(found.extra))

    # Maintenance

    async def collections(self) -> list[str]:
        logged = {collection for (collection, _), log in self._ops.items() if log}
        return sorted(logged | {name for name, docs in self._snapshots.items() if docs})

    async def doc_ids(self, collection: str, after: str | None = None) -> AsyncIterator[str]:
        logged = {doc_id for (name, doc_id), log in self._ops.items() if name == collection and log}
        for doc_id in sorted(logged | self._snapshots.get(collection, {}).keys()):
            if after is None or doc_id > after:
                yield doc_id

    async def stored_ops(
        self, collection: str, doc_id: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[StoredOp]:
        for op in list(self._range(collection, doc_id, start, end)):
            yield StoredOp(copy_json(op), id(op))

    async def restore(
        self, collection: str, doc_id: str, ops: Sequence[Op], snapshot: Snapshot | None = None
    ) -> None:
        given = {op["v"] for op in ops}
        kept = [op for op in self._log(collection, doc_id) if op["v"] not in given]
        self._ops[collection, doc_id] = sorted([*kept, *map(copy_json, ops)], key=_version)
        if snapshot is not None:
            self._snapshots.setdefault(collection, {})[doc_id] = snapshot.copy()

    async def delete_ops(self, collection: str, doc_id: str, keys: Sequence[Any]) -> None:
        kept = [op for op in self._log(collection, doc_id) if id(op) not in keys]
        self._ops[collection, doc_id] = kept

    async def drop_ops(self, collection: str, doc_id: str, before: int) -> int:
        log = self._log(collection, doc_id)
        dropped = bisect_left(log, before, key=_version)
        self._ops[collection, doc_id] = list(log[dropped:])
        return dropped

    async def erase(self, collection: str, doc_id: str) -> None:
        self._ops.pop((collection, doc_id), None)
        self._snapshots.get(collection, {}).pop(doc_id, None)

    async def close(self) -> None:
        """Nothing is held open; what was stored stays for as long as the object does."""


def _version(op: Op) -> int:
    version: int = op["v"]
    return version


def from_url(url: str) -> MemoryDB:
    """Return a new, empty database for ``memory:``."""
    return MemoryDB()
