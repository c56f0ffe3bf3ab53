"""The server of the tests gives whole documents, as MongoDB does: of one write, not of two."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient, ReturnDocument

from tests.servers.mongo import MONGO, database_url, mongo_url

pytestmark = [*MONGO]

ROUNDS = 100
FIELDS = [f"f{n}" for n in range(2000)]  # so many that sending them takes a while


def client_of(folder: Path) -> AsyncMongoClient[dict[str, Any]]:
    return AsyncMongoClient(database_url(mongo_url(), folder))


async def test_a_document_is_read_as_one_write_left_it(tmp_path: Path) -> None:
    async with client_of(tmp_path) as client:
        documents = client.get_default_database()["documents"]
        await documents.insert_one({"_id": "a"} | dict.fromkeys(FIELDS, 0))
        written = asyncio.Event()

        async def write() -> None:
            for round_ in range(ROUNDS):
                document = {"_id": "a"} | dict.fromkeys(FIELDS, round_)
                await documents.replace_one({"_id": "a"}, document)
            written.set()

        async def read() -> None:
            while not written.is_set():
                found = await documents.find_one({"_id": "a"}) or {}
                assert len({found[field] for field in FIELDS}) == 1

        await asyncio.gather(write(), *(read() for _ in range(4)))


async def test_what_was_found_and_changed_is_stored(tmp_path: Path) -> None:
    async with client_of(tmp_path) as client:
        documents = client.get_default_database()["documents"]
        await documents.insert_one({"_id": "a", "n": 1, "gone": True})
        after = ReturnDocument.AFTER
        found = await documents.find_one_and_update(
            {"_id": "a"}, {"$inc": {"n": 1}, "$unset": {"gone": ""}}, return_document=after
        )
        assert found == {"_id": "a", "n": 2} == await documents.find_one({"_id": "a"})
        await documents.update_many({}, {"$set": {"m": [1]}})
        await documents.update_one({"_id": "a"}, {"$push": {"m": 2}})
        assert await documents.find_one({"n": 2}) == {"_id": "a", "n": 2, "m": [1, 2]}
        await documents.delete_one({"n": 2})
        assert await documents.count_documents({}) == 0
