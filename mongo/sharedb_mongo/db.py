"""The database adapter: ``sharedb-mongo``'s layout, over PyMongo's asyncio API."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from bson import ObjectId

from sharedb_mongo.blobs import MongoBlobs
from sharedb_mongo.commits import Committer
from sharedb_mongo.connection import Connection, translated
from sharedb_mongo.hooks import Hooks, LookupContext
from sharedb_mongo.indexes import OpIndexes
from sharedb_mongo.layout import (
    Document,
    OpLink,
    op_from_document,
    projection_of,
    snapshot_from_document,
    unknown_snapshot,
)
from sharedb_mongo.leases import MongoLeases
from sharedb_mongo.linking import (
    chain,
    in_range,
    latest_delete,
    missing_link,
    ops_filter,
    orphans,
    unique_version_link,
)
from sharedb_mongo.live import live_query, skip_poll
from sharedb_mongo.maintenance import Maintenance
from sharedb_mongo.names import check_collection
from sharedb_mongo.query import MongoQuery, can_poll_doc, for_document, parse
from sharedb_mongo.running import run_query
from sharedb_mongo.url import Options as AdapterOptions
from sharedb_mongo.url import parse_url
from sharedb_py.blobs import BlobStore
from sharedb_py.db.base import (
    DB,
    NO_OPTIONS,
    DocCommit,
    Fields,
    LiveQuery,
    Options,
    PollResult,
    QueryResult,
    StoredOp,
)
from sharedb_py.errors import DatabaseError
from sharedb_py.jsonvalue import MISSING, JSONObject
from sharedb_py.leases import LeaseStore
from sharedb_py.ops import Op
from sharedb_py.snapshot import Snapshot

__all__ = ["MongoDB", "from_url"]

MANY: Final = 2000
"""How many ids go into one question to the server."""


class MongoDB(DB):
    """Documents in MongoDB, shared with any number of Python and Node processes.

    ``source`` is a URL (``mongodb://host/NAME``), or a client or database of the
    application's own: PyMongo's ``AsyncMongoClient`` or ``AsyncDatabase``, or
    Motor's. ``poll`` is one to poll queries at, such as a secondary, ``poll_delay``
    seconds after the op.
    """

    def __init__(
        self,
        source: Any,
        database: str | None = None,
        *,
        options: AdapterOptions | None = None,
        poll: Any = None,
        poll_delay: float | None = None,
    ) -> None:
        if options is None:
            options = parse_url(source).options if isinstance(source, str) else AdapterOptions()
        self.options = options
        self.connection = Connection(source, database)
        self._poll = None if poll is None else Connection(poll, database)
        self._poll_delay = poll_delay if poll_delay is not None else 0.3 if poll else 0.0
        self._hooks = Hooks()
        self._ops = OpIndexes(self.connection, options)
        self._maintenance = Maintenance(self.connection, self._ops)
        self._committer = Committer(self.connection, self._ops, self._hooks)

    def use(self, action: str, hook: Callable[[Any], Any]) -> None:
        """Hook into ``beforeCreate``, ``beforeOverwrite`` or ``beforeSnapshotLookup``."""
        self._hooks.use(action, hook)

    async def check(self) -> None:
        await self.connection.check()
        if self._poll is not None:
            await self._poll.check()

    async def commit(self, batch: Sequence[DocCommit]) -> list[bool | DatabaseError]:
        return await self._committer.commit(batch)

    # Snapshots

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
        documents = await self._find(collection, ids, projection_of(fields, metadata=metadata))
        found = {doc_id: unknown_snapshot(doc_id) for doc_id in ids}
        for document in documents:
            found[document["_id"]] = snapshot_from_document(document, metadata=metadata)
        return found

    async def _find(
        self, collection: str, ids: Sequence[str], projection: dict[str, int]
    ) -> list[Document]:
        documents = self.connection.collection(check_collection(collection))
        found: list[Document] = []
        with translated():
            for start in range(0, len(ids), MANY):
                some = list(ids[start : start + MANY])
                query = {"_id": some[0] if len(some) == 1 else {"$in": some}}
                context = LookupContext(collection, query)
                await self._hooks.run("beforeSnapshotLookup", context)
                cursor = documents.find(context.query, projection or None, **context.find_options)
                found += await cursor.to_list(None)
        return found

    # Ops

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
        if not self.options.strict_linking and end is not None:
            link = await self._link_after(collection, doc_id, end)
            if link is not None:
                ops = await self._read_ops(collection, doc_id, start, link["v"], metadata)
                counted = chain(ops, link.get("o"), link["v"])
                found = in_range(counted, f"{collection}.{doc_id}", start, end, link["v"])
                return [op_from_document(op, metadata=metadata) for op in found]
        bulk = await self.get_ops_bulk(
            collection, {doc_id: (start, end)}, metadata=metadata, options=options
        )
        return bulk[doc_id]

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

    async def _ops_of(self, collection: str) -> Any:
        check_collection(collection)
        with translated():
            return await self._ops.collection(collection)

    async def _read_ops(
        self, collection: str, doc_id: str, start: int | None, before: int | None, metadata: bool
    ) -> list[Document]:
        ops = await self._ops_of(collection)
        with translated():
            query = ops_filter(doc_id, start, before)
            cursor = ops.find(query, None if metadata else {"m": 0}).sort("v", 1)
            found: list[Document] = await cursor.to_list(None)
        return found

    async def get_ops_bulk(
        self,
        collection: str,
        ranges: Mapping[str, tuple[int | None, int | None]],
        *,
        metadata: bool = False,
        options: Options = NO_OPTIONS,
    ) -> dict[str, list[Op]]:
        stored = {
            document["_id"]: document
            for document in await self._find(collection, list(ranges), {"_o": 1, "_v": 1})
        }
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
        ignore_missing = bool(options.get("ignoreMissingOps"))
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

    async def get_ops_to_snapshot(
        self,
        collection: str,
        doc_id: str,
        start: int,
        snapshot: Snapshot,
        *,
        metadata: bool = False,
        options: Options = NO_OPTIONS,
    ) -> list[Op]:
        link = MISSING
        if isinstance(snapshot.adapter, OpLink):
            link = snapshot.adapter.of(snapshot.version)
        if link is MISSING:
            return await self.get_ops(
                collection, doc_id, start, snapshot.version, metadata=metadata, options=options
            )
        if start >= snapshot.version:
            return []
        if link is None:
            raise missing_link(collection, doc_id)
        ops = await self._read_ops(collection, doc_id, start, snapshot.version, metadata)
        version = snapshot.version
        counted = chain(ops, link, version)
        found = in_range(counted, f"{collection}.{doc_id}", start, version, version)
        return [op_from_document(op, metadata=metadata) for op in found]

    async def get_committed_op_version(
        self, collection: str, doc_id: str, src: str, seq: int
    ) -> int | None:
        ops = await self._ops_of(collection)
        with translated():
            # An op that lost a race, or whose process died, may be there without counting.
            first = await ops.find_one(
                {"src": src, "seq": seq, "d": doc_id}, {"v": 1, "_id": 0}, sort=[("v", 1)]
            )
        if first is None:
            return None
        committed = await self.get_ops(
            collection, doc_id, first["v"], None, options={"ignoreMissingOps": True}
        )
        return next(
            (op["v"] for op in committed if op.get("src") == src and op.get("seq") == seq), None
        )

    async def remove_orphans(
        self, collection: str, ids: Iterable[str], *, older_than: float = 3600.0
    ) -> int:
        """Delete ops that belong to no version, as crashes leave them; returns how many.

        Those that a commit may still be about to use are kept: at or above the
        document's version, and younger than ``older_than`` seconds.
        """
        ids = list(ids)
        before = time.time() - older_than

        def is_old(op_id: Any) -> bool:
            return isinstance(op_id, ObjectId) and op_id.generation_time.timestamp() < before

        ops = await self._ops_of(collection)
        stored = {doc["_id"]: doc for doc in await self._find(collection, ids, {"_o": 1, "_v": 1})}
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

    # Queries

    async def query(
        self,
        collection: str,
        query: JSONObject,
        fields: Fields | None = None,
        *,
        options: Options = NO_OPTIONS,
    ) -> QueryResult:
        parsed = self._parse(collection, query)
        projection = projection_of(fields, metadata=False)
        documents, extra = await run_query(
            self.connection, collection, parsed, projection, self.options.max_time_ms
        )
        return QueryResult([snapshot_from_document(document) for document in documents], extra)

    def _parse(self, collection: str, query: JSONObject) -> MongoQuery:
        check_collection(collection)
        return parse(query, self.options.permissions)

    async def _polled(self) -> Connection:
        if self._poll_delay:
            await asyncio.sleep(self._poll_delay)
        return self._poll or self.connection

    async def query_poll(
        self, collection: str, query: JSONObject, *, options: Options = NO_OPTIONS
    ) -> PollResult:
        parsed = self._parse(collection, query)
        documents, extra = await run_query(
            await self._polled(), collection, parsed, {"_id": 1}, self.options.max_time_ms
        )
        return PollResult([document["_id"] for document in documents], extra)

    async def query_poll_doc(
        self, collection: str, doc_id: str, query: JSONObject, *, options: Options = NO_OPTIONS
    ) -> bool:
        wanted = for_document(self._parse(collection, query), doc_id)
        if wanted is None:
            return False
        connection = await self._polled()
        with translated(query=True):
            found = await connection.collection(collection).find_one(wanted, {"_id": 1})
        return found is not None

    def can_poll_doc(self, collection: str, query: JSONObject) -> bool:
        return can_poll_doc(query)

    def skip_poll(self, collection: str, doc_id: str, op: Op, query: JSONObject) -> bool:
        return skip_poll(op, query)

    def live_query(self, collection: str, query: JSONObject) -> LiveQuery | None:
        # With a delay, or a secondary, the application wants to see what is stored there.
        return None if self._poll is not None else live_query(query)

    def leases(self) -> LeaseStore:
        return MongoLeases(self.connection)

    def blobs(self) -> BlobStore:
        return MongoBlobs(self.connection)

    # Maintenance

    async def collections(self) -> list[str]:
        return await self._maintenance.collections()

    def doc_ids(self, collection: str, after: str | None = None) -> AsyncIterator[str]:
        return self._maintenance.doc_ids(collection, after)

    def stored_ops(
        self, collection: str, doc_id: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[StoredOp]:
        return self._maintenance.stored_ops(collection, doc_id, start, end)

    async def restore(
        self, collection: str, doc_id: str, ops: Sequence[Op], snapshot: Snapshot | None = None
    ) -> None:
        await self._maintenance.restore(collection, doc_id, ops, snapshot)

    async def delete_ops(self, collection: str, doc_id: str, keys: Sequence[Any]) -> None:
        await self._maintenance.delete_ops(collection, keys)

    async def drop_ops(self, collection: str, doc_id: str, before: int) -> int:
        return await self._maintenance.drop_ops(collection, doc_id, before)

    async def erase(self, collection: str, doc_id: str) -> None:
        await self._maintenance.erase(collection, doc_id)

    async def close(self) -> None:
        await self.connection.close()
        if self._poll is not None:
            await self._poll.close()


def _last_op(document: Document | None, ops: Sequence[Mapping[str, Any]]) -> tuple[Any, int] | None:
    """Return the id of the last op that counts, and the version it made; None: none counts."""
    if document is not None:
        return document["_o"], document["_v"]
    deleted = latest_delete(ops)
    return None if deleted is None else (deleted["_id"], deleted["v"] + 1)


def from_url(url: str) -> MongoDB:
    """Return the database of ``mongodb://HOST/NAME``, connected to at first use.

    Options of ``sharedb-mongo`` may stand among the URL's own, such as
    ``?allowAggregateQueries=true``.
    """
    return MongoDB(url)
