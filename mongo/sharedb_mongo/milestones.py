"""Milestones in MongoDB: ``sharedb-milestone-mongo``'s layout (protocol section 10.7)."""

from __future__ import annotations

from typing import Any

from sharedb_mongo.connection import Connection, translated
from sharedb_mongo.indexes import MilestoneIndexes
from sharedb_mongo.layout import milestone_to_document, snapshot_from_milestone
from sharedb_mongo.names import check_collection
from sharedb_mongo.url import parse_url
from sharedb_mongo.values import to_bson
from sharedb_py.milestones.base import MilestoneDB
from sharedb_py.milestones.checking import check_key, check_snapshot, check_timestamp, check_version
from sharedb_py.snapshot import Snapshot

__all__ = ["MongoMilestones", "milestones_from_url"]


class MongoMilestones(MilestoneDB):
    """Keeps a collection's milestones in ``m_<collection>``.

    ``source`` is a URL, or a client or database as :class:`~sharedb_mongo.db.MongoDB` takes it.
    """

    def __init__(
        self,
        source: Any,
        database: str | None = None,
        *,
        interval: int | None = 1000,
        index_creation: bool | None = None,
    ) -> None:
        self.interval = interval
        if index_creation is None:
            index_creation = not isinstance(source, str) or parse_url(source).options.index_creation
        self._connection = Connection(source, database)
        self._milestones = MilestoneIndexes(self._connection, index_creation=index_creation)

    async def save(self, collection: str, snapshot: Snapshot) -> None:
        check_snapshot(collection, snapshot)
        document = milestone_to_document(snapshot)
        milestones = await self._of(collection)
        with translated():
            await milestones.update_one(
                {"d": snapshot.id, "v": snapshot.version}, {"$set": document}, upsert=True
            )

    async def _of(self, collection: str) -> Any:
        check_collection(collection)
        with translated():
            return await self._milestones.collection(collection)

    async def _first(
        self, collection: str, query: dict[str, Any], sort: list[tuple[str, int]]
    ) -> Snapshot | None:
        milestones = await self._of(collection)
        with translated():
            document = await milestones.find_one(query, sort=sort)
        return None if document is None else snapshot_from_milestone(document)

    async def get(self, collection: str, doc_id: str, version: int | None) -> Snapshot | None:
        check_key(collection, doc_id)
        check_version(version)
        query: dict[str, Any] = {"d": doc_id}
        if version is not None:
            query["v"] = {"$lte": to_bson(version)}
        return await self._first(collection, query, [("v", -1)])

    async def get_at_or_before_time(
        self, collection: str, doc_id: str, timestamp: float | None
    ) -> Snapshot | None:
        check_key(collection, doc_id)
        check_timestamp(timestamp)
        if timestamp is None:
            return await self._by_time(collection, doc_id, {"$gte": 0}, 1)
        return await self._by_time(collection, doc_id, {"$lte": timestamp}, -1)

    async def get_at_or_after_time(
        self, collection: str, doc_id: str, timestamp: float | None
    ) -> Snapshot | None:
        check_key(collection, doc_id)
        check_timestamp(timestamp)
        if timestamp is None:
            return await self._by_time(collection, doc_id, {"$gte": 0}, -1)
        return await self._by_time(collection, doc_id, {"$gte": timestamp}, 1)

    async def _by_time(
        self, collection: str, doc_id: str, times: dict[str, Any], direction: int
    ) -> Snapshot | None:
        # Versions that share a time are told apart by their number.
        sort = [("m.mtime", direction), ("v", direction)]
        return await self._first(collection, {"d": doc_id, "m.mtime": times}, sort)

    async def delete(self, collection: str, doc_id: str, before: int | None = None) -> None:
        check_key(collection, doc_id)
        query: dict[str, Any] = {"d": doc_id}
        if before is not None:
            query["v"] = {"$lt": to_bson(before)}
        milestones = await self._of(collection)
        with translated():
            await milestones.delete_many(query)

    async def close(self) -> None:
        await self._connection.close()


def milestones_from_url(url: str, interval: int | None) -> MongoMilestones:
    """Return the milestones kept beside the documents of ``mongodb://HOST/NAME``."""
    return MongoMilestones(url, interval=interval)
