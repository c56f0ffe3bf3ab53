"""Batched commits: exact whatever fails, and in few round trips."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient, monitoring
from pymongo.asynchronous.database import AsyncDatabase

from sharedb_mongo import MongoDB
from sharedb_mongo.hooks import LookupContext, WriteContext
from sharedb_py.backend import Backend
from sharedb_py.errors import DatabaseError
from sharedb_py.snapshot import empty_snapshot
from tests.contract.writing import DELETE, create, edit, entry, insert, write
from tests.servers.mongo import MONGO

pytestmark = list(MONGO)
Raw = AsyncDatabase[dict[str, Any]]


async def stored_ops(raw: Raw, collection: str = "dogs") -> list[dict[str, Any]]:
    return await raw[f"o_{collection}"].find().sort([("v", 1)]).to_list(None)


class Commands(monitoring.CommandListener):
    """Counts what is sent to the server."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.sent.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


async def test_many_ops_of_many_documents_take_three_round_trips(url: str) -> None:
    commands = Commands()
    async with AsyncMongoClient[Any](url, event_listeners=[commands]) as client:
        db = MongoDB(client)
        new = [entry("dogs", await db.get_snapshot("dogs", f"d{n}"), create({})) for n in range(50)]
        assert await db.commit(new) == [True] * 50
        commands.sent.clear()
        edits = [insert("a", n) for n in range(10)]
        follow = [entry("dogs", item.snapshot, *edits) for item in new[:40]]
        more = [entry("dogs", empty_snapshot(f"e{n}"), create({})) for n in range(10)]
        assert await db.commit([*follow, *more]) == [True] * 50
        # The documents of ``more`` were never read: their links are asked for, all at once.
        assert sorted(commands.sent) == ["find", "insert", "insert", "update"]


async def test_the_ops_of_a_batch_are_linked_like_those_of_single_commits(
    db: MongoDB, raw: Raw
) -> None:
    await write(db, "dogs", "fido", create({}), insert("a", 1), insert("b", 2))
    await write(db, "dogs", "fido", DELETE)
    ops = await stored_ops(raw)
    assert [op["o"] for op in ops] == [None, *(op["_id"] for op in ops[:-1])]
    document = await raw["dogs"].find_one({"_id": "fido"})
    assert document is not None
    assert document["_o"] == ops[-1]["_id"]


async def test_an_entry_that_cannot_be_stored_fails_alone(db: MongoDB, raw: Raw) -> None:
    datas: list[Any] = [{"a": 1}, {"nul\0": 1}, {"_type": 5}, {"big": "x" * 17_000_000}, {"b": 1}]
    batch = [entry("dogs", empty_snapshot(f"d{n}"), create(data)) for n, data in enumerate(datas)]
    batch.append(entry("o_dogs", empty_snapshot("x"), create({})))
    outcomes = await db.commit(batch)
    assert [type(outcome) for outcome in outcomes] == [
        bool,
        *[DatabaseError] * 3,
        bool,
        DatabaseError,
    ]
    assert outcomes[0] is outcomes[4] is True
    assert {op["d"] for op in await stored_ops(raw)} == {"d0", "d4"}
    assert await raw["dogs"].count_documents({}) == 2


async def test_what_lost_a_race_leaves_no_op_behind(db: MongoDB, raw: Raw) -> None:
    await write(db, "dogs", "fido", create({"n": 0}))
    before = await db.get_snapshot("dogs", "fido", metadata=True)
    rivals = [entry("dogs", before, insert("by", n), insert("x", n)) for n in range(8)]
    outcomes = await asyncio.gather(*(db.commit([rival]) for rival in rivals))
    assert sorted(outcomes, key=repr) == [[False]] * 7 + [[True]]
    assert len(await stored_ops(raw)) == 3


async def test_losers_among_a_batch_are_told_apart_from_winners(db: MongoDB, raw: Raw) -> None:
    for n in range(6):
        await write(db, "dogs", f"d{n}", create({}))
    befores = [await db.get_snapshot("dogs", f"d{n}", metadata=True) for n in range(6)]
    for n in (1, 4):
        await write(db, "dogs", f"d{n}", insert("faster", True))
    # One that is at the very version, by another's op of that version.
    outcomes = await db.commit([entry("dogs", before, insert("a", 1)) for before in befores])
    assert outcomes == [True, False, True, True, False, True]
    assert len(await stored_ops(raw)) == 12
    for n in range(6):
        assert len(await db.get_ops("dogs", f"d{n}", 0, None)) == 2


async def test_orphans_of_a_crash_are_passed_over_and_can_be_cleared(db: MongoDB, raw: Raw) -> None:
    await write(db, "dogs", "fido", create({"n": 0}), edit({"p": ["n"], "na": 1}))
    first, second = await stored_ops(raw)
    stray = {**second, "_id": ObjectId(), "op": [{"p": ["n"], "na": 100}], "src": "crashed"}
    pending = {**stray, "_id": ObjectId(), "v": 2, "o": second["_id"]}
    ancient = {**pending, "_id": ObjectId("0" * 24)}
    await raw["o_dogs"].insert_many([stray, pending, ancient])
    assert [op["src"] for op in await db.get_ops("dogs", "fido", 0, None)] == ["alice", "alice"]
    assert await db.get_committed_op_version("dogs", "fido", "crashed", second["seq"]) is None
    assert await db.get_committed_op_version("dogs", "fido", "alice", second["seq"]) == 1
    assert await db.remove_orphans("dogs", ["fido"]) == 2
    assert [op["_id"] for op in await stored_ops(raw)] == [
        first["_id"],
        second["_id"],
        pending["_id"],
    ]
    await write(db, "dogs", "fido", edit({"p": ["n"], "na": 1}))
    assert (await db.get_snapshot("dogs", "fido")).data == {"n": 2}


async def test_an_answer_that_is_lost_does_not_lose_the_commit(
    db: MongoDB, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pymongo.asynchronous.collection import AsyncCollection
    from pymongo.errors import AutoReconnect

    await write(db, "dogs", "fido", create({"n": 0}))
    before = await db.get_snapshot("dogs", "fido", metadata=True)
    really = AsyncCollection.bulk_write

    async def answered_too_late(self: Any, *arguments: Any, **named: Any) -> Any:
        await really(self, *arguments, **named)
        raise AutoReconnect("connection closed")

    monkeypatch.setattr(AsyncCollection, "bulk_write", answered_too_late)
    assert await db.commit([entry("dogs", before, insert("a", 1))]) == [True]
    assert await db.commit([entry("dogs", before, insert("b", 1))]) == [False]
    monkeypatch.undo()
    assert len(await stored_ops(raw)) == 2
    assert (await db.get_snapshot("dogs", "fido")).data == {"n": 0, "a": 1}


async def test_a_write_that_never_arrived_is_an_error_and_stores_nothing_that_counts(
    db: MongoDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pymongo.asynchronous.collection import AsyncCollection
    from pymongo.errors import AutoReconnect

    await write(db, "dogs", "fido", create({"n": 0}))
    before = await db.get_snapshot("dogs", "fido", metadata=True)

    async def never_arrives(self: Any, *arguments: Any, **named: Any) -> Any:
        raise AutoReconnect("connection closed")

    monkeypatch.setattr(AsyncCollection, "bulk_write", never_arrives)
    [outcome] = await db.commit([entry("dogs", before, insert("a", 1))])
    assert isinstance(outcome, DatabaseError)
    monkeypatch.undo()
    assert len(await db.get_ops("dogs", "fido", 0, None)) == 1
    assert await db.commit([entry("dogs", before, insert("b", 1))]) == [True]


async def test_a_unique_index_of_the_applications_own_is_an_error_not_a_race(
    db: MongoDB, raw: Raw
) -> None:
    await raw["dogs"].create_index("name", unique=True)
    await write(db, "dogs", "a", create({"name": "x"}))
    [outcome] = await db.commit([entry("dogs", empty_snapshot("b"), create({"name": "x"}))])
    assert isinstance(outcome, DatabaseError)
    assert outcome.code == 11000
    assert {op["d"] for op in await stored_ops(raw)} == {"a"}


async def test_hooks_add_what_a_sharded_collection_needs(db: MongoDB, raw: Raw) -> None:
    seen: list[str] = []

    def add_key(context: WriteContext) -> None:
        seen.append(type(context).__name__)
        context.document["region"] = "eu"
        context.query["region"] = "eu"

    async def find_by_key(context: LookupContext) -> None:
        context.query["region"] = "eu"

    db.use("beforeCreate", add_key)
    db.use("beforeOverwrite", add_key)
    db.use("beforeSnapshotLookup", find_by_key)
    await write(db, "dogs", "fido", create({"n": 0}))
    await write(db, "dogs", "fido", insert("a", 1))
    assert seen == ["WriteContext", "WriteContext"]
    await raw["dogs"].update_one({"_id": "fido"}, {"$set": {"region": "us"}})
    assert (await db.get_snapshot("dogs", "fido")).version == 0
    with pytest.raises(ValueError, match="Unrecognized action"):
        db.use("afterwards", add_key)


async def test_indexes_are_made_on_first_use_unless_turned_off(url: str, raw: Raw) -> None:
    for option, expected in [
        ("", {"_id_", "d_1_v_1", "src_1_seq_1_v_1"}),
        ("?disableIndexCreation=true", {"_id_"}),
    ]:
        db = MongoDB(url + option)
        name = f"c{len(option)}"
        await write(db, name, "x", create({}))
        assert set(await raw[f"o_{name}"].index_information()) == expected
        await db.close()


async def test_a_refused_op_of_one_client_does_not_fail_those_of_others(db: MongoDB) -> None:
    backend = Backend(db)
    outcomes = await asyncio.gather(
        *(
            backend.db.commit([entry("dogs", empty_snapshot(f"d{n}"), create(data))])
            for n, data in enumerate([{"a": 1}, {"_v": 1}, {"b": 1}])
        )
    )
    assert [outcome[0] is True for outcome in outcomes] == [True, False, True]
    await backend.close()
