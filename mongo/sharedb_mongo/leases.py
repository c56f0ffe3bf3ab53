"""Lease records in MongoDB, in a collection that no client can name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from sharedb_mongo.connection import Connection, translated
from sharedb_py.leases import LeaseRecord, LeaseStore

__all__ = ["MongoLeases"]

COLLECTION: Final = "o_.leases"
"""It would hold the ops of ``.leases``, which is no name for documents."""


class MongoLeases(LeaseStore):
    """One document for each lease: ``{_id: name, owner, beat}``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, names: Iterable[str]) -> dict[str, LeaseRecord]:
        return await self._find({"_id": {"$in": list(names)}})

    async def read_all(self, prefix: str) -> dict[str, LeaseRecord]:
        return await self._find({"_id": {"$regex": f"^{re.escape(prefix)}"}})

    async def _find(self, query: dict[str, Any]) -> dict[str, LeaseRecord]:
        records = self._connection.collection(COLLECTION)
        with translated():
            found = await records.find(query).to_list(None)
        return {
            record["_id"]: LeaseRecord(record["owner"], int(record["beat"])) for record in found
        }

    async def swap(self, name: str, before: LeaseRecord | None, after: LeaseRecord | None) -> bool:
        records = self._connection.collection(COLLECTION)
        with translated():
            if before is None:
                if after is None:
                    return not await self.read([name])
                try:
                    await records.insert_one(_document(name, after))
                except DuplicateKeyError:
                    return False
                return True
            if after is None:
                result = await records.delete_one(_document(name, before))
                return bool(result.deleted_count)
            result = await records.replace_one(_document(name, before), _document(name, after))
            return bool(result.matched_count)


def _document(name: str, record: LeaseRecord) -> dict[str, Any]:
    return {"_id": name, "owner": record.owner, "beat": record.beat}
