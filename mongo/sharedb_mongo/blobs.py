"""Large values in MongoDB, in parts that fit a document, where no client can name them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from sharedb_mongo.connection import Connection, translated
from sharedb_py.blobs import BlobStore, digest

__all__ = ["MongoBlobs"]

HEADS: Final = "o_.blobs"
"""``{_id: digest, size, put, parts}``. ``.blobs`` is no name for documents."""

PARTS: Final = "o_.blobParts"
"""``{_id: "<parts>.<number>", data}``, the numbers from 0; ``parts`` is of the head's own."""

PART_BYTES: Final = 8 << 20


class MongoBlobs(BlobStore):
    """The head is written last: what has one is whole."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(self, data: bytes) -> str:
        name = digest(data)
        with translated():
            if await self._put_again(name):
                return name
            head = {"_id": name, "size": len(data), "parts": secrets.token_hex(8)}
            parts = self._connection.collection(PARTS)
            for number, part_id in enumerate(_part_ids(head)):
                part = data[number * PART_BYTES : (number + 1) * PART_BYTES]
                await parts.insert_one({"_id": part_id, "data": part})
            try:
                heads = self._connection.collection(HEADS)
                await heads.insert_one({**head, "put": time.time()})
            except DuplicateKeyError:  # another process was faster
                await parts.delete_many({"_id": {"$in": _part_ids(head)}})
                await self._put_again(name)
        return name

    async def _put_again(self, name: str) -> bool:
        now = {"$set": {"put": time.time()}}
        found = await self._connection.collection(HEADS).update_one({"_id": name}, now)
        return bool(found.matched_count)

    async def get(self, name: str) -> bytes | None:
        with translated():
            head = await self._connection.collection(HEADS).find_one({"_id": name})
            if head is None:
                return None
            parts = self._connection.collection(PARTS)
            found = [await parts.find_one({"_id": part_id}) for part_id in _part_ids(head)]
        data = b"".join(bytes(part["data"]) for part in found if part is not None)
        return data if len(data) == head["size"] else None  # dropped while it was read

    async def names(self, before: float) -> set[str]:
        with translated():
            heads = self._connection.collection(HEADS).find({"put": {"$lt": before}}, {"_id": 1})
            return {head["_id"] async for head in heads}

    async def drop(self, names: Collection[str], before: float) -> int:
        gone = 0
        with translated():
            for name in names:
                wanted = {"_id": name, "put": {"$lt": before}}
                head = await self._connection.collection(HEADS).find_one_and_delete(wanted)
                if head is not None:
                    gone += 1
                    ids = _part_ids(head)
                    await self._connection.collection(PARTS).delete_many({"_id": {"$in": ids}})
        return gone


def _part_ids(head: dict[str, Any]) -> list[str]:
    count = -(-int(head["size"]) // PART_BYTES)
    return [f"{head['parts']}.{number}" for number in range(count)]
