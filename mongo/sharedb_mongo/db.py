"""The database adapter: ``sharedb-mongo``'s layout, over PyMongo's asyncio API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sharedb_mongo.blobs import MongoBlobs
from sharedb_mongo.commits import Committer
from sharedb_mongo.connection import Connection, translated
from sharedb_mongo.hooks import Hooks, LookupContext
from sharedb_mongo.indexes import OpIndexes
from sharedb_mongo.layout import (
    Document,
    OpLink,
    projection_of,
    snapshot_from_document,
    unknown_snapshot,
)
from sharedb_mongo.leases import MongoLeases
from sharedb_mongo.live import live_query, skip_poll
from sharedb_mongo.maintenance import Maintenance
from sharedb_mongo.names import check_collection
from sharedb_mongo.query import MongoQuery, can_poll_doc, for_document, parse
from sharedb_mongo.running import run_query
from sharedb_mongo.stored_ops import StoredOps
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
        self._poll_delay = (
            poll_delay if poll_delay is not None else 0.3 if poll is not None else 0.0
        )
        self._hooks = Hooks()
        ops = OpIndexes(self.connection, options)
        self._stored_ops = StoredOps(ops, self._links, strict=options.strict_linking)
        self._maintenance = Maintenance(self.connection, ops)
        self._committer = Committer(self.connection, ops, self._hooks)

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

    async def _links(self, collection: str, ids: Sequence[str]) -> dict[str, Document]:
        """Return where documents stand: ``{_id: {_o, _v}}``."""
        found = await self._find(collection, ids, {"_o": 1, "_v": 1})
        return {document["_id"]: document for document in found}

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
        return await self._stored_ops.get(
            collection, doc_id, start, end, metadata, _ignores_missing(options)
        )

    async def get_ops_bulk(
        self,
        collection: str,
        ranges: Mapping[str, tuple[int | None, int | None]],
        *,
        metadata: bool = False,
        options: Options = NO_OPTIONS,
    ) -> dict[str, list[Op]]:
        return await self._stored_ops.get_bulk(
            collection, ranges, metadata, _ignores_missing(options)
        )

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
        return await self._stored_ops.get_to_link(
            collection, doc_id, start, snapshot.version, link, metadata
        )

    async def get_committed_op_version(
        self, collection: str, doc_id: str, src: str, seq: int
    ) -> int | None:
        return await self._stored_ops.version_of(collection, doc_id, src, seq)

    async def remove_orphans(
        self, collection: str, ids: Iterable[str], *, older_than: float = 3600.0
    ) -> int:
        """Delete ops that belong to no version, as crashes leave them; returns how many.

        Those that a commit may still be about to use are kept: at or above the
        document's version, and younger than ``older_than`` seconds.
        """
        return await self._stored_ops.remove_orphans(collection, ids, older_than)

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
        return None if self._poll is not None or self._poll_delay else live_query(query)

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


def _ignores_missing(options: Options) -> bool:
    return bool(options.get("ignoreMissingOps"))


def from_url(url: str) -> MongoDB:
    """Return the database of ``mongodb://HOST/NAME``, connected to at first use.

    Options of ``sharedb-mongo`` may stand among the URL's own, such as
    ``?allowAggregateQueries=true``.
    """
    return MongoDB(url)
