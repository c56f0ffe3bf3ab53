"""Traps 44 to 51: history and storage (protocol section 12)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.db.base import DB, DocCommit
from sharedb_py.db.memory import MemoryDB
from sharedb_py.db.sqlite import SQLiteDB
from sharedb_py.jsonvalue import copy_json
from sharedb_py.milestones.memory import MemoryMilestones
from sharedb_py.milestones.sqlite import SQLiteMilestones
from sharedb_py.ops import Op, apply_op
from sharedb_py.ot import DEFAULT_TYPE
from sharedb_py.pubsub import MemoryPubSub
from sharedb_py.snapshot import Snapshot, empty_snapshot
from tests.server.conftest import RawClient, connect

DOC: dict[str, Any] = {"c": "dogs", "d": "fido"}


class NotingDB(MemoryDB):
    """Notes the ranges of ops that are read."""

    def __init__(self) -> None:
        super().__init__()
        self.ranges: list[tuple[int | None, int | None]] = []

    async def get_ops(
        self, collection: str, doc_id: str, start: int | None, end: int | None, **named: Any
    ) -> list[Op]:
        self.ranges.append((start, end))
        return await super().get_ops(collection, doc_id, start, end, **named)


def entry(doc_id: str, before: Snapshot, **body: Any) -> DocCommit:
    """Return a commit of one op on a snapshot."""
    op: Op = {"src": "s", "seq": before.version, "v": before.version, "m": {"ts": 1}, **body}
    return DocCommit("dogs", doc_id, [op], apply_op(before, op))


def create(data: Any) -> dict[str, Any]:
    return {"create": {"type": DEFAULT_TYPE.uri, "data": data}}


async def write_history(client: RawClient, *bodies: dict[str, Any]) -> None:
    for version, body in enumerate(bodies):
        reply = await client.ask(**{"a": "op", **DOC, "v": version, "seq": version + 1, **body})
        assert "error" not in reply, reply


def add(amount: int) -> dict[str, Any]:
    return {"op": [{"p": ["n"], "na": amount}]}


async def test_trap_44_a_version_is_replayed_from_the_nearest_milestone_alone() -> None:
    db, milestones = NotingDB(), MemoryMilestones(interval=2)
    backend = Backend(db, milestones=milestones)
    client = await connect(backend)
    await write_history(client, create({"n": 0}), *(add(1) for _ in range(5)))
    milestone = await milestones.get("dogs", "fido", 5)
    assert milestone is not None
    before = copy_json(milestone.data)
    assert (await client.ask(a="nf", id=1, **DOC, v=5))["data"] == {"n": 4}
    assert db.ranges == [(4, 5)]
    assert milestone.data == before == {"n": 3}
    again = await milestones.get("dogs", "fido", 5)
    assert again is not None
    assert (again.version, again.data) == (4, {"n": 3})
    assert (await client.ask(a="nf", id=2, **DOC, v=1))["data"] == {"n": 0}
    assert db.ranges[1:] == [(0, 1)]
    await backend.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The time at which ops come in, in milliseconds."""
    now = [1000]
    monkeypatch.setattr("time.time_ns", lambda: now[0] * 1_000_000)
    return now


async def test_trap_45_a_time_stands_for_the_last_op_until_then(clock: list[int]) -> None:
    db = NotingDB()
    backend = Backend(db)
    client = await connect(backend)
    for version, body in enumerate([create({"n": 0}), add(1), add(1)]):
        clock[0] = 1000 + 100 * version
        reply = await client.ask(**{"a": "op", **DOC, "v": version, "seq": version + 1, **body})
        assert "error" not in reply

    async def at(ts: int | None) -> dict[str, Any]:
        return await client.ask(a="nt", id=1, **DOC, ts=ts)

    assert (await at(1100))["data"] == {"n": 1}
    assert (await at(1099))["data"] == {"n": 0}
    assert (await at(1101))["v"] == 2
    before = await at(999)
    assert (before["v"], before["type"]) == (0, None)
    assert "data" not in before
    assert (await at(1200))["v"] == 3
    # After the last op the current state is known without any op: they may be gone by then.
    db._ops.clear()
    db.ranges.clear()
    assert (await at(1201))["data"] == {"n": 2}
    assert (await at(None))["v"] == 3
    unknown = await client.ask(a="nt", id=1, c="dogs", d="nobody", ts=1)
    assert (unknown["v"], unknown["type"]) == (0, None)
    assert db.ranges == []
    await backend.close()


LEGACY: list[tuple[Any, Any, Any]] = [
    ([1, 2, 3], [{"p": ["1"], "ld": 2}], [1, 3]),
    ([1, 2, 3], [{"p": [0], "lm": "2"}], [2, 3, 1]),
    ({"l": ["a"]}, [{"p": ["l", "0"], "li": "b"}, {"p": ["l", "1"], "ld": "a"}], {"l": ["b"]}),
    ({"x": {}}, [{"p": ["x"], "oi": ["a"]}, {"p": ["x", "0", 1], "si": "b"}], {"x": ["ab"]}),
    ({"5": 1}, [{"p": [5], "na": 1}], {"5": 2}),
    ({"n": 1}, {"0": {"p": ["n"], "na": 5}}, {"n": 1}),
]


@pytest.mark.parametrize(("data", "op", "after"), LEGACY)
async def test_trap_46_old_ops_with_strings_for_indexes_are_replayed(
    backend: Backend, alice: RawClient, data: Any, op: Any, after: Any
) -> None:
    first = entry("fido", empty_snapshot("fido"), **create(data))
    assert await backend.db.commit([first]) == [True]
    old: Op = {"src": "s", "seq": 1, "v": 1, "m": {"ts": 1}, "op": op}
    state = Snapshot("fido", 2, DEFAULT_TYPE.uri, after, {})
    assert await backend.db.commit([DocCommit("dogs", "fido", [old], state)]) == [True]
    assert (await alice.ask(a="nf", id=1, **DOC, v=2))["data"] == after
    assert (await alice.ask(a="nf", id=1, **DOC, v=1))["data"] == data


@pytest.fixture(params=["memory", "sqlite"])
async def db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[DB]:
    made: DB = MemoryDB() if request.param == "memory" else SQLiteDB(tmp_path / "store.sqlite")
    yield made
    await made.close()


@pytest.mark.parametrize("exists", [False, True])
async def test_trap_47_one_of_many_commits_at_one_version_wins(db: DB, exists: bool) -> None:
    before = empty_snapshot("fido")
    if exists:
        first = entry("fido", before, **create({"n": 0}))
        assert await db.commit([first]) == [True]
        before = first.snapshot
    bodies = [{"del": True}, {}, create({"n": 9})] if not exists else [{"del": True}, {}, add(1)]
    entries = [entry("fido", before, **bodies[n % 3]) for n in range(12)]
    for n, one in enumerate(entries):
        one.ops[0]["src"] = f"s{n}"
    results = await asyncio.gather(*(db.commit([one]) for one in entries))
    won = [one for one, result in zip(entries, results, strict=True) if result == [True]]
    assert len(won) == 1
    ops = await db.get_ops("dogs", "fido", before.version, None)
    assert [op["src"] for op in ops] == [won[0].ops[0]["src"]]
    assert (await db.get_snapshot("dogs", "fido")).data == won[0].snapshot.data


async def test_trap_48_metadata_is_shown_only_to_who_asks_for_it(db: DB) -> None:
    first = entry("fido", empty_snapshot("fido"), **create({"n": 0}))
    meta = {"ctime": 1, "mtime": 1, "_create": {"src": "s", "seq": 0, "v": 0}}
    state = Snapshot("fido", 1, DEFAULT_TYPE.uri, {"n": 0}, meta)
    assert await db.commit([DocCommit("dogs", "fido", first.ops, state)]) == [True]
    [op] = await db.get_ops("dogs", "fido", 0, None)
    assert "m" not in op
    [op] = await db.get_ops("dogs", "fido", 0, None, metadata=True)
    assert op["m"] == {"ts": 1}
    assert (await db.get_snapshot("dogs", "fido")).meta is None
    assert (await db.get_snapshot("dogs", "fido", metadata=True)).meta == meta
    bulk = await db.get_ops_bulk("dogs", {"fido": (0, None), "nobody": (0, None)})
    assert [len(bulk["fido"]), bulk["nobody"]] == [1, []]


async def test_trap_50_a_query_that_names_the_id_is_decided_for_that_document(db: DB) -> None:
    await db.commit([entry("fido", empty_snapshot("fido"), **create({"n": 1}))])
    await db.commit([entry("rex", empty_snapshot("rex"), **create({"n": 1}))])
    queries: list[tuple[dict[str, Any], bool]] = [
        ({"n": 1}, True),
        ({"n": 2}, False),
        ({"_id": "fido"}, True),
        ({"_id": "rex"}, False),
        ({"_id": {"$in": ["rex", "fido"]}, "n": 1}, True),
        ({"_id": {"$in": ["rex"]}}, False),
        ({"_id": {"$ne": "fido"}}, False),
    ]
    for query, matches in queries:
        assert await db.query_poll_doc("dogs", "fido", query) is matches, query


@pytest.mark.parametrize(
    ("op", "query", "skipped"),
    [
        ({"create": {}}, {"n": 1}, False),
        ({"del": True}, {"n": 1}, False),
        ({}, {"n": 1}, True),
        ({"op": [{"p": ["x"], "na": 1}]}, {"n": 1}, True),
        ({"op": [{"p": ["n", 3], "li": 1}]}, {"n": 1}, False),
        ({"op": [{"p": ["x"], "na": 1}]}, {"$or": [{"n": 1}, {"x": 2}]}, False),
        ({"op": [{"p": ["x"], "na": 1}]}, {"x.y": 1}, False),
        ({"op": [{"p": ["x"], "na": 1}]}, {"n": 1, "$sort": {"x": 1}}, False),
        ({"op": [{"p": [], "oi": {}}]}, {"n": 1}, False),
        ({"op": [{"p": ["x"], "na": 1}]}, {"$count": True, "n": 1}, False),
        ({"op": 2}, {"n": 1}, False),
    ],
)
def test_trap_50_an_op_on_other_fields_needs_no_poll(
    op: Op, query: dict[str, Any], skipped: bool
) -> None:
    assert MemoryDB().skip_poll("dogs", "fido", op, query) is skipped


async def test_trap_51_what_is_closed_can_be_closed_again(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    closable: list[Any] = [
        *(MemoryDB(), SQLiteDB(path), MemoryPubSub(), MemoryMilestones(), SQLiteMilestones(path)),
        *(Backend(), Backend(SQLiteDB(path), milestones=SQLiteMilestones(path))),
    ]
    for one in closable:
        await one.close()
        await one.close()
