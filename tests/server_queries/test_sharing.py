"""Equal queries of different clients are decided once, and each client is told as if alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.db.base import NO_OPTIONS, LiveQuery, Options, PollResult, QueryResult
from sharedb_py.db.memory import MemoryDB
from sharedb_py.errors import ReadRejected
from sharedb_py.jsonvalue import JSONObject
from sharedb_py.middleware import QueryContext, ReadSnapshotsContext
from sharedb_py.queries import shared_queries
from tests.server.conftest import RawClient, connect

OLD = {"age": {"$gt": 2}}


class CountingDB(MemoryDB):
    """Counts polls; decides nothing in memory unless ``in_memory``."""

    def __init__(self, in_memory: bool = False) -> None:
        super().__init__()
        self.in_memory = in_memory
        self.polls = 0

    def live_query(self, collection: str, query: JSONObject) -> LiveQuery | None:
        return super().live_query(collection, query) if self.in_memory else None

    def can_poll_doc(self, collection: str, query: JSONObject) -> bool:
        return False

    async def query_poll(
        self, collection: str, query: JSONObject, *, options: Options = NO_OPTIONS
    ) -> PollResult:
        self.polls += 1
        return await super().query_poll(collection, query, options=options)


SEQ = count(1)


async def write(client: RawClient, doc_id: str, version: int, **body: Any) -> None:
    reply = await client.ask(a="op", c="dogs", d=doc_id, v=version, seq=next(SEQ), **body)
    assert "error" not in reply, reply


async def create(client: RawClient, doc_id: str, **data: Any) -> None:
    await write(client, doc_id, 0, create={"type": "json0", "data": data})


async def followers(backend: Backend, many: int, name: str = "dogs") -> list[RawClient]:
    clients = [await connect(backend) for _ in range(many)]
    for number, client in enumerate(clients):
        assert "error" not in await client.ask(a="qs", id=number, c=name, q=OLD)
    return clients


def inserted(message: JSONObject) -> list[str]:
    return [item["d"] for step in message["diff"] for item in step["values"]]


@pytest.mark.parametrize("in_memory", [True, False])
async def test_many_followers_cost_one_decision(in_memory: bool) -> None:
    db = CountingDB(in_memory)
    backend = Backend(db)
    clients = await followers(backend, 20)
    assert len(shared_queries(backend)) == 1
    await create(await connect(backend), "fido", age=3)
    came = [await client.next() for client in clients]
    assert [(message["id"], inserted(message)) for message in came] == [
        (number, ["fido"]) for number in range(20)
    ]
    assert db.polls == (0 if in_memory else 1)
    await backend.close()
    assert len(shared_queries(backend)) == 0


async def test_each_follower_sees_the_fields_of_its_own_name() -> None:
    backend = Backend()
    backend.add_projection("names", "dogs", ["name"])
    [plain], [cut] = await followers(backend, 1), await followers(backend, 1, "names")
    assert len(shared_queries(backend)) == 1
    await create(await connect(backend), "fido", age=3, name="Fido")
    data = [(await client.next())["diff"][0]["values"][0]["data"] for client in (plain, cut)]
    assert data == [{"age": 3, "name": "Fido"}, {"name": "Fido"}]
    await backend.close()


async def test_a_hook_may_hide_a_document_from_one_of_them() -> None:
    backend = Backend()
    clients = await followers(backend, 2)
    hidden_from = clients[0].agent

    @backend.use("readSnapshots")
    async def hide(context: ReadSnapshotsContext) -> None:
        await asyncio.sleep(0)
        for snapshot in list(context.snapshots):
            if context.agent is hidden_from and snapshot.data.get("secret"):
                context.reject_snapshot_read(snapshot, ReadRejected("Not yours"))

    writer = await connect(backend)
    await create(writer, "spy", age=3, secret=True)
    await create(writer, "fido", age=4)
    assert inserted(await clients[0].next()) == ["fido"]
    assert [inserted(await clients[1].next()) for _ in range(2)] == [["spy"], ["fido"]]
    await backend.close()


async def test_other_channels_or_times_are_another_query() -> None:
    backend = Backend()
    [one] = await followers(backend, 1)
    option: dict[str, Sequence[str] | float] = {"pollDebounce": 5.0}

    @backend.use("query")
    def slower(context: QueryContext) -> None:
        context.options.update(option)

    [two] = await followers(backend, 1)
    assert len(shared_queries(backend)) == 2
    two.agent.close()
    assert len(shared_queries(backend)) == 1
    one.agent.close()
    assert len(shared_queries(backend)) == 0
    await backend.close()


async def test_a_hook_tells_the_database_more_and_the_client_cannot() -> None:
    told: list[Any] = []

    class Listening(MemoryDB):
        async def query(self, *arguments: Any, **named: Any) -> QueryResult:
            told.append(named["options"])
            return await super().query(*arguments, **named)

    backend = Backend(Listening())

    @backend.use("query")
    def add(context: QueryContext) -> None:
        context.options |= {"readFrom": "secondary", "pollInterval": 0}

    client = await connect(backend)
    options = {"ignoreMissingOps": True, "metadata": True, "readFrom": "mine"}
    await client.ask(a="qf", id=1, c="dogs", q={}, o=options)
    await client.ask(a="qs", id=2, c="dogs", q={}, o=options)
    assert told == [{"readFrom": "secondary", "agent_custom": {}}] * 2
    await backend.close()


async def test_queries_that_tell_the_database_different_things_share_nothing() -> None:
    backend = Backend()

    @backend.use("query")
    def add(context: QueryContext) -> None:
        context.options["tenant"] = context.agent.custom["tenant"]

    for tenant in ("one", "one", "other"):
        client = await connect(backend)
        client.agent.custom["tenant"] = tenant
        await client.ask(a="qs", id=1, c="dogs", q={})
    assert len(shared_queries(backend)) == 2
    await backend.close()


async def test_a_hook_may_narrow_the_fields_that_a_client_sees() -> None:
    backend = Backend()
    backend.add_projection("names", "dogs", ["name", "age"])

    @backend.use("query")
    def only_names(context: QueryContext) -> None:
        if context.agent.custom.get("guest"):
            context.fields = frozenset({"name", "secret"})

    guest, member = await connect(backend), await connect(backend)
    guest.agent.custom["guest"] = True
    for client in (guest, member):
        for query_id, collection in enumerate(("dogs", "names")):
            await client.ask(a="qs", id=query_id, c=collection, q={})
    writer = await connect(backend)
    await create(writer, "fido", name="Fido", age=3, secret="bone")
    await write(writer, "fido", 1, op=[{"p": ["age"], "na": 1}])

    async def seen(client: RawClient) -> list[Any]:
        return [await client.next() for _ in range(4)]

    def inserts(messages: list[Any]) -> list[Any]:
        return [m["diff"][0]["values"][0]["data"] for m in messages if m["a"] == "q"]

    narrow, wide = await seen(guest), await seen(member)
    assert inserts(narrow) == [{"name": "Fido", "secret": "bone"}, {"name": "Fido"}]
    assert [m["op"] for m in narrow if m["a"] == "op"] == [[], []]
    assert inserts(wide) == [
        {"name": "Fido", "age": 3, "secret": "bone"},
        {"name": "Fido", "age": 3},
    ]
    assert [m["op"] for m in wide if m["a"] == "op"] == [[{"p": ["age"], "na": 1}]] * 2
    await backend.close()


async def test_skip_poll_of_a_hook_leaves_the_database_alone() -> None:
    db = CountingDB()
    backend = Backend(db)

    @backend.use("query")
    def skip(context: QueryContext) -> None:
        context.options["skipPoll"] = lambda _collection, _id, op, _query: "create" not in op

    [client] = await followers(backend, 1)
    writer = await connect(backend)
    await create(writer, "fido", age=3)
    assert inserted(await client.next()) == ["fido"]
    await write(writer, "fido", 1, op=[{"p": ["age"], "na": -3}])
    assert (await client.next())["a"] == "op"  # still among the results: nobody asked
    assert db.polls == 1
    await backend.close()


def applied(ids: list[str], message: JSONObject) -> list[str]:
    """Return ids after a diff, as a client applies it."""
    ids = list(ids)
    for step in message.get("diff", []):
        start, end = step.get("index", 0), step.get("index", 0) + step.get("howMany", 0)
        if step["type"] == "insert":
            ids[start:start] = [value["d"] for value in step["values"]]
        elif step["type"] == "remove":
            del ids[start:end]
        else:
            moved = ids[step["from"] : step["from"] + step["howMany"]]
            del ids[step["from"] : step["from"] + step["howMany"]]
            ids[step["to"] : step["to"]] = moved
    return ids


@pytest.mark.parametrize("in_memory", [True, False])
async def test_whoever_joins_between_ops_ends_with_the_same_results(in_memory: bool) -> None:
    backend = Backend(CountingDB(in_memory))
    writer = await connect(backend)
    seen: dict[RawClient, list[str]] = {}
    for number in range(30):
        write_one = asyncio.create_task(create(writer, f"dog{number}", age=number))
        client = await connect(backend)
        reply = await client.ask(a="qs", id=1, c="dogs", q=OLD)
        assert "error" not in reply, reply["error"]
        seen[client] = [item["d"] for item in reply["data"]]
        await write_one
    expected = {f"dog{number}" for number in range(3, 30)}
    for client in seen:
        while len(seen[client]) < len(expected):
            seen[client] = applied(seen[client], await client.next())
    assert all(set(ids) == expected for ids in seen.values())
    await backend.close()


async def test_queries_tell_how_long_the_database_took() -> None:
    backend = Backend(CountingDB())
    told: list[str] = []
    backend.on("timing", lambda name, _milliseconds, _request: told.append(name))
    [client] = await followers(backend, 1)
    await create(await connect(backend), "fido", age=3)
    await client.next()
    await client.ask(a="qs", id=9, c="dogs", q=OLD, r=[["fido", 1]])
    await client.ask(a="qf", id=8, c="dogs", q=OLD)
    assert {
        *("querySubscribe.initial", "queryEmitter.poll", "queryEmitter.pollGetSnapshotBulk"),
        *("querySubscribe.reconnect", "queryFetch"),
    } <= set(told)
    await backend.close()
