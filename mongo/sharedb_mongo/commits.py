"""Commits many ops of many documents in few round trips (protocol section 10.3).

Ops are written first, then the snapshots that make them count, each guarded by
the version it replaces: a snapshot takes all ops of its entry or none. What
the server does not say plainly is looked up: an entry was committed if and
only if its last op is in the chain that leads to the document's snapshot.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bson import ObjectId, encode
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import InsertOne, ReplaceOne
from pymongo.errors import BulkWriteError, PyMongoError

from sharedb_mongo.connection import Connection, to_database_error
from sharedb_mongo.hooks import Hooks, WriteContext
from sharedb_mongo.indexes import OpIndexes
from sharedb_mongo.layout import Document, OpLink, check_data, op_to_document, snapshot_to_document
from sharedb_mongo.linking import chain, ops_filter
from sharedb_mongo.names import check_collection
from sharedb_py.db.base import DocCommit
from sharedb_py.errors import DatabaseError
from sharedb_py.jsonvalue import MISSING

__all__ = ["Committer"]

log = logging.getLogger(__name__)

MAX_DOCUMENT_BYTES: Final = 16 * 2**20


@dataclass
class Plan:
    """What is to be written for one entry of a batch, and how it went."""

    entry: DocCommit
    op_ids: list[ObjectId]
    ops: list[Document]
    snapshot: Document
    query: Document
    outcome: bool | DatabaseError | None = None
    error: DatabaseError | None = None
    """What the server said about the snapshot; decided by a look at the document."""
    refused: bool = False
    """Whether the server said plainly that it did not write the snapshot."""
    raw_ops: list[RawBSONDocument] = field(default_factory=list)
    raw_snapshot: RawBSONDocument | None = None

    @property
    def creates(self) -> bool:
        """Whether the document was never there before."""
        return bool(self.entry.ops[0]["v"] == 0)

    def encode(self) -> None:
        """Encode all that is to be written; raises ``DatabaseError`` for what cannot be."""
        try:
            raw = [encode(document) for document in (*self.ops, self.snapshot)]
        except (BSONError, OverflowError, RecursionError) as error:
            raise to_database_error(error) from error
        if any(len(document) > MAX_DOCUMENT_BYTES for document in raw):
            raise DatabaseError("MongoDB cannot store this: a document may take 16 MB")
        *ops, snapshot = map(RawBSONDocument, raw)
        self.raw_ops, self.raw_snapshot = ops, snapshot

    def write(self) -> InsertOne[Any] | ReplaceOne[Any]:
        """Return the write of the snapshot."""
        assert self.raw_snapshot is not None
        if self.creates:
            return InsertOne(self.raw_snapshot)
        return ReplaceOne(self.query, self.raw_snapshot)


def plan(entry: DocCommit, link: Any) -> Plan:
    """Decide what to write for an entry whose document was last changed by op ``link``."""
    check_data(entry.snapshot.data)
    op_ids, documents = [], []
    for op in entry.ops:
        op_id = ObjectId()
        documents.append(op_to_document(entry.doc_id, op, op_id, link))
        op_ids.append(op_id)
        link = op_id
    snapshot = snapshot_to_document(entry.snapshot, op_ids[-1])
    query = {"_id": entry.doc_id, "_v": entry.ops[0]["v"]}
    return Plan(entry, op_ids, documents, snapshot, query)


class Committer:
    """Writes batches, all of a document or nothing of it."""

    def __init__(self, connection: Connection, indexes: OpIndexes, hooks: Hooks) -> None:
        self._connection = connection
        self._indexes = indexes
        self._hooks = hooks

    async def commit(self, batch: Sequence[DocCommit]) -> list[bool | DatabaseError]:
        """Return for each entry whether it was committed, or why it cannot be."""
        of_collection: dict[str, list[int]] = defaultdict(list)
        for index, entry in enumerate(batch):
            of_collection[entry.collection].append(index)
        outcomes: list[bool | DatabaseError] = [False] * len(batch)

        async def commit_some(collection: str, indexes: list[int]) -> None:
            found = await self._commit(collection, [batch[index] for index in indexes])
            for index, outcome in zip(indexes, found, strict=True):
                outcomes[index] = outcome

        await asyncio.gather(*(commit_some(*item) for item in of_collection.items()))
        return outcomes

    async def _commit(
        self, collection: str, entries: list[DocCommit]
    ) -> list[bool | DatabaseError]:
        try:
            check_collection(collection)
            links = await self._links(collection, entries)
            ops = await self._indexes.collection(collection)
        except DatabaseError as error:
            return [error] * len(entries)
        except (PyMongoError, BSONError) as error:
            return [to_database_error(error)] * len(entries)
        planned = [
            await self._plan(entry, link) for entry, link in zip(entries, links, strict=True)
        ]
        plans = [item for item in planned if isinstance(item, Plan)]
        if plans:
            await self._write(collection, ops, plans)
        return [item.outcome or False if isinstance(item, Plan) else item for item in planned]

    async def _links(self, collection: str, entries: list[DocCommit]) -> list[Any]:
        """Return the last op of each document; MISSING where the document has moved on."""
        links = [_held_link(entry) for entry in entries]
        unknown = [entry.doc_id for entry, link in zip(entries, links, strict=True) if link is None]
        if not unknown:
            return [link[0] for link in links if link is not None]
        stored = await self._stored_links(collection, unknown)
        return [
            link[0] if link is not None else _stored_link(entry, stored.get(entry.doc_id))
            for entry, link in zip(entries, links, strict=True)
        ]

    async def _stored_links(self, collection: str, ids: list[str]) -> dict[str, Document]:
        cursor = self._connection.collection(collection).find(
            {"_id": {"$in": ids}}, {"_o": 1, "_v": 1}
        )
        return {document["_id"]: document for document in await cursor.to_list(None)}

    async def _plan(self, entry: DocCommit, link: Any) -> Plan | bool | DatabaseError:
        if link is MISSING:
            return False
        try:
            planned = plan(entry, link)
            await self._run_hooks(planned)
            planned.encode()
        except DatabaseError as error:
            return error
        return planned

    async def _run_hooks(self, planned: Plan) -> None:
        action = "beforeCreate" if planned.creates else "beforeOverwrite"
        if self._hooks.has(action):
            entry = planned.entry
            context = WriteContext(entry.collection, planned.snapshot, entry.ops[-1], planned.query)
            await self._hooks.run(action, context)
            planned.snapshot, planned.query = context.document, context.query

    async def _write(self, collection: str, ops: Any, plans: list[Plan]) -> None:
        await self._write_ops(ops, plans)
        ready = [item for item in plans if item.outcome is None]
        if ready:
            await self._write_snapshots(collection, ready)
        unsure = [item for item in ready if item.outcome is None]
        if unsure:
            await self._look_up(collection, ops, unsure)
        for item in ready:
            if item.outcome is True:
                _move_link(item)
        # Only where it is sure that no snapshot links to them, or ever will.
        lost = [item for item in ready if item.outcome is False]
        refused = [item for item in ready if item.refused and item.outcome is not True]
        await self._remove_ops(ops, lost + refused)

    async def _write_ops(self, ops: Any, plans: list[Plan]) -> None:
        owners = [item for item in plans for _ in item.raw_ops]
        documents = [raw for item in plans for raw in item.raw_ops]
        try:
            if len(documents) == 1:
                await ops.insert_one(documents[0])
            else:
                await ops.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            failed = error.details.get("writeErrors") or []
            for problem in failed:
                owners[problem["index"]].outcome = _server_error(problem)
            if not failed:
                # The write concern failed: they are there, but perhaps not for good.
                for item in plans:
                    item.outcome = to_database_error(error)
            await self._remove_ops(ops, [item for item in plans if item.outcome is not None])
        except PyMongoError as error:
            for item in plans:
                item.outcome = to_database_error(error)
            await self._remove_ops(ops, plans)

    async def _write_snapshots(self, collection: str, plans: list[Plan]) -> None:
        """Write all snapshots; leaves undecided what must be looked up."""
        documents = self._connection.collection(collection)
        failed: dict[int, Any] = {}
        try:
            result = await documents.bulk_write([item.write() for item in plans], ordered=False)
            matched = result.matched_count
        except BulkWriteError as error:
            details = error.details
            failed = {problem["index"]: problem for problem in details.get("writeErrors") or []}
            matched = details.get("nMatched", 0)
            if not failed:
                # The write concern failed: a primary that steps down may take it all back.
                for item in plans:
                    item.outcome = to_database_error(error)
                return
        except PyMongoError as error:
            for item in plans:
                item.error = to_database_error(error)
            return
        for index, problem in failed.items():
            plans[index].error, plans[index].refused = _server_error(problem), True
        written = [item for index, item in enumerate(plans) if index not in failed]
        replaced = [item for item in written if not item.creates]
        for item in written:
            if item.creates or matched == len(replaced):
                item.outcome = True
        if len(replaced) == 1 and matched == 0:
            replaced[0].outcome = False

    async def _look_up(self, collection: str, ops: Any, plans: list[Plan]) -> None:
        """Decide by what is stored; raises nothing: who cannot know says so."""
        try:
            stored = await self._stored_links(collection, [item.entry.doc_id for item in plans])
            for item in plans:
                found = stored.get(item.entry.doc_id)
                item.outcome = await self._is_committed(ops, item, found)
        except PyMongoError as error:
            for item in plans:
                item.outcome = item.error or to_database_error(error)

    async def _is_committed(
        self, ops: Any, item: Plan, found: Document | None
    ) -> bool | DatabaseError:
        first = item.entry.ops[0]["v"]
        if found is not None and found.get("_o") == item.op_ids[-1]:
            return True
        if found is None or found["_v"] <= first:
            # Not written by us, nor by anyone else: then the server refused it.
            return item.error or False
        cursor = ops.find(ops_filter(item.entry.doc_id, first), {"o": 1, "v": 1}).sort("v", 1)
        counted = chain(await cursor.to_list(None), found.get("_o"), found["_v"])
        return any(op["_id"] == item.op_ids[-1] for op in counted)

    async def _remove_ops(self, ops: Any, plans: list[Plan]) -> None:
        """Clear ops that count for nothing; readers pass over them if this fails."""
        ids = [op_id for item in plans for op_id in item.op_ids]
        if not ids:
            return
        try:
            await ops.delete_many({"_id": {"$in": ids}})
        except PyMongoError as error:
            log.warning("Ops that were not committed are left behind: %s", error)


def _held_link(entry: DocCommit) -> tuple[Any] | None:
    """Return the last op as the snapshot knows it, or None if it must be read."""
    link = entry.snapshot.adapter
    if isinstance(link, OpLink) and (op_id := link.of(entry.ops[0]["v"])) is not MISSING:
        return (op_id,)
    return None


def _stored_link(entry: DocCommit, stored: Document | None) -> Any:
    version = 0 if stored is None else stored["_v"]
    if version != entry.ops[0]["v"]:
        return MISSING
    return None if stored is None else stored.get("_o")


def _move_link(item: Plan) -> None:
    link = item.entry.snapshot.adapter
    if isinstance(link, OpLink):
        link.move(item.entry.snapshot.version, item.op_ids[-1])


def _server_error(problem: Document) -> DatabaseError:
    return DatabaseError(f"MongoDB: {problem.get('errmsg', 'write refused')}", problem.get("code"))
