"""A database in the memory of this process: for tests, and for what need not last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sharedb_py.db.base import NO_OPTIONS, DocCommit, Fields, Options
from sharedb_py.db.matching import MatchingDB
from sharedb_py.ops import Op, without_meta
from sharedb_py.querylang import ParsedQuery
from sharedb_py.snapshot import Snapshot, empty_snapshot

__all__ = ["MemoryDB", "from_url"]


class MemoryDB(MatchingDB):
    """Keeps snapshots and ops in dictionaries; the reference for other adapters."""

    def __init__(self) -> None:
        self._snapshots: dict[str, dict[str, Snapshot]] = {}
        self._ops: dict[tuple[str, str], list[Op]] = {}

    async def commit(self, batch: Sequence[DocCommit]) -> list[bool]:
        return [self._commit_doc(entry) for entry in batch]

    def _commit_doc(self, entry: DocCommit) -> bool:
        if len(self._log(entry.collection, entry.doc_id)) != entry.ops[0]["v"]:
            return False
        log = self._ops.setdefault((entry.collection, entry.doc_id), [])
        log.extend(dict(op) for op in entry.ops)
        self._snapshots.setdefault(entry.collection, {})[entry.doc_id] = entry.snapshot
        return True

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
        return snapshot if metadata else snapshot.without_meta()

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
        ops = self._log(collection, doc_id)[start or 0 : end]
        return [dict(op) if metadata else without_meta(op) for op in ops]

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

    async def close(self) -> None:
        """Nothing is held open; what was stored stays for as long as the object does."""


def from_url(url: str) -> MemoryDB:
    """Return a new, empty database for ``memory:``."""
    return MemoryDB()
