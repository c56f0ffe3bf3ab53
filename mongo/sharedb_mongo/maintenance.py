"""For tools that read, move and mend whole databases; see the section in ``sharedb_py.db.base``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from bson import ObjectId

from sharedb_mongo.connection import Connection, translated
from sharedb_mongo.indexes import OpIndexes
from sharedb_mongo.layout import (
    Document,
    check_data,
    op_from_document,
    op_to_document,
    snapshot_to_document,
)
from sharedb_mongo.linking import chain, missing_link, ops_filter
from sharedb_mongo.names import check_collection, is_collection
from sharedb_py.db.base import STREAMED, StoredOp
from sharedb_py.ops import Op
from sharedb_py.snapshot import Snapshot

__all__ = ["Maintenance"]


class Maintenance:
    """What a database's tools need, on its raw records."""

    def __init__(self, connection: Connection, indexes: OpIndexes) -> None:
        self._connection = connection
        self._indexes = indexes

    async def _ops(self, collection: str) -> Any:
        check_collection(collection)
        return await self._indexes.collection(collection)

    async def collections(self) -> list[str]:
        """Return the names of the collections that hold snapshots or ops, sorted."""
        with translated():
            names = await self._connection.collection_names()
            found = {name for name in names if is_collection(name)}
            for name in names:
                of = name.removeprefix("o_")
                if of != name and is_collection(of) and of not in found:
                    found.add(of)
            return sorted([name for name in found if await self._holds_any(name)])

    async def _holds_any(self, name: str) -> bool:
        for collection in (name, f"o_{name}"):
            if await self._connection.collection(collection).find_one({}, {"_id": 1}) is not None:
                return True
        return False

    async def doc_ids(self, collection: str, after: str | None) -> AsyncIterator[str]:
        """Yield each id that has a snapshot or an op, in order."""
        documents = self._connection.collection(check_collection(collection))
        ops = self._connection.collection(f"o_{collection}")
        last = after
        while True:
            with translated():
                some = await _ids(documents, "_id", last)
                others = await _ids(ops, "d", last)
            # Beyond the end of a list cut short, ids may be missing from it.
            ends = [ids[-1] for ids in (some, others) if len(ids) == STREAMED]
            found = sorted(set(some) | set(others))
            if ends:
                found = [doc_id for doc_id in found if doc_id <= min(ends)]
            for doc_id in found:
                yield doc_id
            if not ends:
                return
            last = found[-1]

    async def stored_ops(
        self, collection: str, doc_id: str, start: int, end: int | None
    ) -> AsyncIterator[StoredOp]:
        """Yield every op record in a range of versions as it lies there."""
        with translated():
            ops = await self._ops(collection)
            linked = await self._linked(collection, ops, doc_id, start)
            cursor = ops.find(ops_filter(doc_id, start, end)).sort([("v", 1), ("_id", 1)])
            async for document in cursor:
                op_id = document["_id"]
                op = op_from_document(document, metadata=True)
                yield StoredOp(op, op_id, linked is None or op_id in linked)

    async def _linked(self, collection: str, ops: Any, doc_id: str, start: int) -> set[Any] | None:
        """Return the records that the chain from the snapshot reaches; None without a chain."""
        snapshots = self._connection.collection(collection)
        snapshot = await snapshots.find_one({"_id": doc_id}, {"_o": 1, "_v": 1})
        if snapshot is None or "_o" not in snapshot:
            return None
        cursor = ops.find(ops_filter(doc_id, start, None), {"v": 1, "o": 1})
        records = await cursor.sort([("v", 1), ("_id", 1)]).to_list(None)
        counted = chain(records, snapshot["_o"], int(snapshot["_v"]))
        return {record["_id"] for record in counted}

    async def restore(
        self, collection: str, doc_id: str, ops: Sequence[Op], snapshot: Snapshot | None
    ) -> None:
        """Store ops and a snapshot in place of what has their versions, linked.

        New records are written before old ones go, so that a restore that was
        cut off can be done again.
        """
        with translated():
            records = await self._ops(collection)
            link, old = await self._around(records, doc_id, ops, snapshot)
            documents: list[Document] = []
            for op in ops:
                op_id = ObjectId()
                documents.append(op_to_document(doc_id, op, op_id, link))
                link = op_id
            if documents:
                await records.insert_many(documents, ordered=True)
            if snapshot is not None:
                check_data(snapshot.data)
                if link is None:
                    raise missing_link(collection, doc_id)
                await self._connection.collection(collection).replace_one(
                    {"_id": doc_id}, snapshot_to_document(snapshot, link), upsert=True
                )
            if old:
                await self._connection.collection(collection).update_one(
                    {"_id": doc_id, "_o": {"$in": old}}, {"$set": {"_o": link}}
                )
            await _relink(records, doc_id, ops, link)
            if old:
                await records.delete_many({"_id": {"$in": old}})

    async def _around(
        self, records: Any, doc_id: str, ops: Sequence[Op], snapshot: Snapshot | None
    ) -> tuple[Any, list[Any]]:
        """Return the op that new ones follow, and the records they take the place of."""
        if ops:
            first, last = ops[0]["v"], ops[-1]["v"] + 1
            cursor = records.find(ops_filter(doc_id, first, last), {"_id": 1})
            old = [document["_id"] for document in await cursor.to_list(None)]
        else:
            first, old = snapshot.version if snapshot is not None else 0, []
        before = await records.find_one(
            {"d": doc_id, "v": first - 1}, {"_id": 1}, sort=[("_id", -1)]
        )
        return (None if before is None else before["_id"]), old

    async def delete_ops(self, collection: str, keys: Sequence[Any]) -> None:
        """Delete op records by their keys."""
        with translated():
            await (await self._ops(collection)).delete_many({"_id": {"$in": list(keys)}})

    async def drop_ops(self, collection: str, doc_id: str, before: int) -> int:
        """Delete the ops below a version; return how many versions' ops there were."""
        with translated():
            ops = await self._ops(collection)
            result = await ops.delete_many({"d": doc_id, "v": {"$lt": before}})
            return int(result.deleted_count)

    async def erase(self, collection: str, doc_id: str) -> None:
        """Delete the snapshot and every op record; MongoDB frees their space in its own time."""
        with translated():
            ops = await self._ops(collection)
            await self._connection.collection(collection).delete_one({"_id": doc_id})
            await ops.delete_many({"d": doc_id})


async def _ids(records: Any, field: str, after: str | None) -> list[str]:
    """Return up to STREAMED different ids past one, in order."""
    found: dict[str, None] = {}
    condition: Any = {"$type": 2} if after is None else {"$gt": after}
    cursor = records.find({field: condition}, {field: 1, "_id": field == "_id"}).sort(field, 1)
    async for document in cursor:
        if isinstance(document[field], str):
            found[document[field]] = None
        if len(found) == STREAMED:
            await cursor.close()
            break
    return list(found)


async def _relink(records: Any, doc_id: str, ops: Sequence[Op], link: Any) -> None:
    """Let the op after the restored ones, if there is one, link to the last of them."""
    if ops:
        await records.update_many({"d": doc_id, "v": ops[-1]["v"] + 1}, {"$set": {"o": link}})
