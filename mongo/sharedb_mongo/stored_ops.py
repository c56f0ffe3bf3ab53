"""Reads the op log: the ops that count, of what crashes and lost races left too (protocol 10.4)."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from bson import ObjectId

from sharedb_mongo.connection import translated
from sharedb_mongo.indexes import OpIndexes
from sharedb_mongo.layout import Document, op_from_document
from sharedb_mongo.linking import (
    chain,
    in_range,
    latest_delete,
    missing_link,
    ops_filter,
    orphans,
    unique_version_link,
)
from sharedb_mongo.names import check_collection
from sharedb_py.ops import Op

__all__ = ["StoredOps"]

MANY: Final = 2000
"""How many documents go into one question to the server."""

Links: TypeAlias = Callable[[str, Sequence[str]], Awaitable[dict[str, Document]]]
"""Given a collection and ids: the last op (``_o``) and version (``_v``) of those that are there."""


class StoredOps:
    """The ops of all collections; ``links`` says where their documents stand."""

    def __init__(self, indexes: OpIndexes, links: Links, *, strict: bool) -> None:
        self._indexes = indexes
        self._links = links
        self._strict = strict

    async def get(
        self,
        collection: str,
        doc_id: str,
        start: int | None,
        end: int | None,
        metadata: bool,
        ignore_missing: bool,
    ) -> list[Op]:
        """Return a document's ops with versions in [start, end)."""
        if not self._strict and end is not None:
            link = await self._link_after(collection, doc_id, end)
            if link is not None:
                ops = await self._read_ops(collection, doc_id, start, link["v"], metadata)
                counted = chain(ops, link.get("o"), link["v"])
                found = in_range(counted, f"{collection}.{doc_id}", start, end, link["v"])
                return [op_from_document(op, metadata=metadata) for op in found]
        bulk = await self.get_bulk(collection, {doc_id: (start, end)}, metadata, ignore_missing)
        return bulk[doc_id]

    async def get_bulk(
        self,
        collection: str,
        ranges: Mapping[str, tuple[int | None, int | None]],
        metadata: bool,
        ignore_missing: bool,
    ) -> dict[str, list[Op]]:
        """Return the ops of many documents, each in its range."""
        stored = await self._links(collection, list(ranges))
        found: dict[str, list[Op]] = {doc_id: [] for doc_id in ranges}
        wanted = []
        for doc_id, (start, _) in ranges.items():
            document = stored.get(doc_id)
            if document is not None and document["_v"] <= (start or 0):
                continue
            if document is not None and not document.get("_o"):
                raise missing_link(collection, doc_id)
            wanted.append(doc_id)
        ops = await self._read_ops_of_many(collection, ranges, wanted, metadata)
        for doc_id in wanted:
            last = _last_op(stored.get(doc_id), ops[doc_id])
            if last is not None:
                counted = in_range(
                    chain(ops[doc_id], *last),
                    f"{collection}.{doc_id}",
                    *ranges[doc_id],
                    last[1],
                    ignore_missing=ignore_missing,
                )
                found[doc_id] = [op_from_document(op, metadata=metadata) for op in counted]
        return found

    async def get_to_link(
        self, collection: str, doc_id: str, start: int, version: int, link: Any, metadata: bool
    ) -> list[Op]:
        """Return the ops from ``start`` on that lead to ``link``, the op that made ``version``."""
        if start >= version:
            return []
        if link is None:
            raise missing_link(collection, doc_id)
        ops = await self._read_ops(collection, doc_id, start, version, metadata)
        counted = chain(ops, link, version)
        found = in_range(counted, f"{collection}.{doc_id}", start, version, version)
        return [op_from_document(op, metadata=metadata) for op in found]

    async def version_of(self, collection: str, doc_id: str, src: str, seq: int) -> int | None:
        """Return the version at which an op counts, by what its sender calls it; None: nowhere."""
        ops = await self._ops_of(collection)
        with translated():
            # An op that lost a race, or whose process died, may be there without counting.
            first = await ops.find_one(
                {"src": src, "seq": seq, "d": doc_id}, {"v": 1, "_id": 0}, sort=[("v", 1)]
            )
        if first is None:
            return None
        committed = await self.get(
            collection, doc_id, first["v"], None, metadata=False, ignore_missing=True
        )
        return next(
            (op["v"] for op in committed if op.get("src") == src and op.get("seq") == seq), None
        )

    async def remove_orphans(self, collection: str, ids: Iterable[str], older_than: float) -> int:
        """Delete ops that no version has and, by their age, none can get; return how many."""
        ids = list(ids)
        before = time.time() - older_than

        def is_old(op_id: Any) -> bool:
            return isinstance(op_id, ObjectId) and op_id.generation_time.timestamp() < before

        ops = await self._ops_of(collection)
        stored = await self._links(collection, ids)
        doomed: list[Any] = []
        for doc_id in ids:
            read = await self._read_ops(collection, doc_id, 0, None, False)
            document = stored.get(doc_id)
            if document is not None and document.get("_o"):
                doomed += orphans(read, document["_o"], document["_v"], is_old)
        if doomed:
            with translated():
                await ops.delete_many({"_id": {"$in": doomed}})
        return len(doomed)

    # What lies there

    async def _ops_of(self, collection: str) -> Any:
        check_collection(collection)
        with translated():
            return await self._indexes.collection(collection)

    async def _link_after(self, collection: str, doc_id: str, end: int) -> Document | None:
        """Return the first op from ``end`` on that is alone at its version."""
        ops = await self._ops_of(collection)
        with translated():
            cursor = ops.find(ops_filter(doc_id, end), {"v": 1, "o": 1, "_id": 0}).sort("v", 1)
            read: list[Document] = []
            async for op in cursor:
                read.append(op)
                if len(read) > 1 and (link := unique_version_link(read)) not in (None, op):
                    await cursor.close()
                    return dict(link or {})
            link = unique_version_link(read)
            return None if link is None else dict(link)

    async def _read_ops(
        self, collection: str, doc_id: str, start: int | None, before: int | None, metadata: bool
    ) -> list[Document]:
        ops = await self._ops_of(collection)
        with translated():
            query = ops_filter(doc_id, start, before)
            cursor = ops.find(query, None if metadata else {"m": 0}).sort("v", 1)
            found: list[Document] = await cursor.to_list(None)
        return found

    async def _read_ops_of_many(
        self,
        collection: str,
        ranges: Mapping[str, tuple[int | None, int | None]],
        ids: Sequence[str],
        metadata: bool,
    ) -> dict[str, list[Document]]:
        found: dict[str, list[Document]] = defaultdict(list)
        if len(ids) == 1:
            found[ids[0]] = await self._read_ops(
                collection, ids[0], ranges[ids[0]][0], None, metadata
            )
            return found
        ops = await self._ops_of(collection)
        with translated():
            for start in range(0, len(ids), MANY):
                some = ids[start : start + MANY]
                query = {"$or": [ops_filter(doc_id, ranges[doc_id][0]) for doc_id in some]}
                cursor = ops.find(query, None if metadata else {"m": 0})
                for op in await cursor.to_list(None):
                    found[op["d"]].append(op)
        for of_doc in found.values():
            of_doc.sort(key=lambda op: op["v"])
        return found


def _last_op(document: Document | None, ops: Sequence[Mapping[str, Any]]) -> tuple[Any, int] | None:
    """Return the id of the last op that counts, and the version it made; None: none counts."""
    if document is not None:
        return document["_o"], document["_v"]
    deleted = latest_delete(ops)
    return None if deleted is None else (deleted["_id"], deleted["v"] + 1)
