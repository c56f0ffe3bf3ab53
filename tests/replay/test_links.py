"""Where ops are chained, as in MongoDB: what crashed commits leave behind, and broken chains."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient

from tests.replay.stores import STORES, Store, open_store
from tests.replay.test_verify import END, log, repaired, state, stored

CHAINING = [kind for kind in STORES if not isinstance(kind, str)]


@pytest.fixture(params=CHAINING)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
async def records(store: Store) -> AsyncIterator[Any]:
    """The collection of op records, as they lie."""
    client: AsyncMongoClient[Any] = AsyncMongoClient(store.url)
    yield client.get_default_database()["o_c"]
    await client.close()


@pytest.mark.parametrize("version", [0, 4, END - 1, END])
async def test_what_a_crashed_commit_left_behind_is_named_and_deleted(
    store: Store, records: Any, version: int
) -> None:
    archive = await stored(store, log())
    before = await records.find_one({"d": "d", "v": version - 1})
    link = before and before["_id"]
    body = {"op": [{"p": ["n"], "na": 100}], "src": "z", "seq": 1, "m": {"ts": 5.0}}
    left = {"_id": ObjectId(), "d": "d", "v": version, "o": link, "c": None, **body}
    await records.insert_one(left)
    report = await archive.verify("c", "d")
    [finding] = report.findings
    assert (finding.code, finding.version) == ("orphan-op", version)
    assert report.sound
    assert (await repaired(archive)).findings == []
    assert await records.find_one({"_id": left["_id"]}) is None
    assert await records.count_documents({"d": "d"}) == END


async def test_a_chain_broken_between_two_records_is_named_and_mended(
    store: Store, records: Any
) -> None:
    archive = await stored(store, log())
    twin = await records.find_one({"d": "d", "v": 4})
    await records.insert_one({**twin, "_id": ObjectId()})
    await records.update_one({"d": "d", "v": 5}, {"$set": {"o": ObjectId()}})
    report = await archive.verify("c", "d")
    assert {"broken-link", "doubled-version"} >= {finding.code for finding in report.findings}
    assert not report.sound
    assert (await repaired(archive)).findings == []
    assert [op["v"] for op in await store.db.get_ops("c", "d", 0, None)] == list(range(END))


async def test_a_sound_chain_goes_on_after_a_repair(store: Store, records: Any) -> None:
    archive = await stored(store, log(), milestones=[3])
    await store.milestones.save("c", state(5))
    assert (await archive.verify("c", "d")).findings == []
