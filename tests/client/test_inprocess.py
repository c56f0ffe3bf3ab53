"""The client for asyncio, against a backend in its own process."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.client.aio import Change, Connection, PresenceChange, QueryChange, Stream
from sharedb_py.errors import ShareDBError
from sharedb_py.inprocess import connect
from sharedb_py.middleware import ConnectContext


async def next_of(stream: Stream[Any]) -> Any:
    return await asyncio.wait_for(anext(stream), 60)


async def test_a_subscriber_sees_what_another_client_writes(
    alice: Connection, bob: Connection
) -> None:
    ours, theirs = alice.doc("cells", "c1"), bob.doc("cells", "c1")
    assert ours is alice.doc("cells", "c1")
    await theirs.subscribe()
    assert (theirs.exists, theirs.data, theirs.version) == (False, None, 0)
    changes = theirs.changes()
    await ours.create({"a": 1})
    assert await next_of(changes) == Change("create", {"a": 1}, False, alice.id)
    await ours.submit([{"p": ["a"], "na": 2}])
    assert await next_of(changes) == Change("op", [{"p": ["a"], "na": 2}], False, alice.id)
    assert (theirs.data, theirs.version, ours.version) == ({"a": 3}, 2, 2)
    await ours.delete()
    assert (await next_of(changes)).kind == "delete"
    assert not theirs.exists


async def test_concurrent_edits_converge(alice: Connection, bob: Connection) -> None:
    ours, theirs = alice.doc("cells", "c1"), bob.doc("cells", "c1")
    await ours.create({"s": "abc"})
    await asyncio.gather(ours.subscribe(), theirs.subscribe())
    acknowledged = [
        ours.submit([{"p": ["s", 0], "si": "x"}]),
        ours.submit([{"p": ["s", 1], "si": "y"}]),
        theirs.submit([{"p": ["s", 3], "si": "z"}]),
        theirs.submit([{"p": ["s", 0], "sd": "a"}]),
        ours.submit([{"p": ["s", 2], "si": "w"}]),
    ]
    assert ours.data == {"s": "xywabc"}
    assert theirs.data == {"s": "bcz"}
    await asyncio.gather(*acknowledged)
    await asyncio.gather(ours.fetch(), theirs.fetch())
    assert ours.data == theirs.data == {"s": "xywbcz"}
    assert ours.version == theirs.version


async def test_a_refused_op_is_undone_and_raises(
    backend: Backend, alice: Connection, bob: Connection
) -> None:
    doc = alice.doc("cells", "c1")
    await doc.create({"n": 1})

    @backend.use("submit")
    def refuse(context: Any) -> None:
        if context.op.get("op") == [{"p": ["n"], "na": 5}]:
            raise ShareDBError("No fives", "ERR_FIVE")

    refused = doc.submit([{"p": ["n"], "na": 5}])
    assert doc.data == {"n": 6}
    with pytest.raises(ShareDBError, match="No fives") as raised:
        await refused
    assert raised.value.code == "ERR_FIVE"
    assert doc.data == {"n": 1}
    await doc.submit([{"p": ["n"], "na": 1}])
    await bob.doc("cells", "c1").fetch()
    assert bob.doc("cells", "c1").data == {"n": 2}


async def test_an_unfit_op_raises_at_once_and_changes_nothing(alice: Connection) -> None:
    doc = alice.doc("cells", "c1")
    with pytest.raises(ShareDBError):
        await doc.submit([{"p": ["n"], "na": 5}])
    await doc.create({"n": 1})
    for op in ([{"p": ["n"], "na": "x"}], "nothing", [{"p": ["n"], "na": float("nan")}]):
        with pytest.raises(ShareDBError):
            await doc.submit(op)
    with pytest.raises(ShareDBError):
        await doc.create({})
    assert (doc.data, doc.version) == ({"n": 1}, 1)


async def test_the_second_of_two_creates_raises_and_sees_the_first(
    alice: Connection, bob: Connection
) -> None:
    first, second = alice.doc("cells", "c1").create("a"), bob.doc("cells", "c1").create("b")
    await first
    with pytest.raises(ShareDBError) as raised:
        await second
    assert raised.value.code == "ERR_DOC_ALREADY_CREATED"
    await bob.doc("cells", "c1").fetch()
    assert bob.doc("cells", "c1").data == "a"


async def test_the_values_given_and_got_are_not_shared(alice: Connection, bob: Connection) -> None:
    value: dict[str, list[int]] = {"list": []}
    await alice.doc("cells", "c1").create(value)
    value["list"].append(1)
    await bob.doc("cells", "c1").fetch()
    bob.doc("cells", "c1").data["list"].append(2)
    await alice.doc("cells", "c1").fetch()
    assert alice.doc("cells", "c1").data == {"list": []}


async def test_queries_are_fetched_and_followed(alice: Connection, bob: Connection) -> None:
    for number in (1, 2):
        await alice.doc("cells", f"c{number}").create({"n": number})
    found = await bob.query("cells", {"n": {"$gt": 0}, "$sort": {"n": 1}})
    assert [doc.data for doc in found.docs] == [{"n": 1}, {"n": 2}]
    async with bob.live_query("cells", {"n": {"$gt": 1}, "$sort": {"n": 1}}) as query:
        changes = query.changes()
        assert [doc.id for doc in query.docs] == ["c2"]
        await alice.doc("cells", "c3").create({"n": 3})
        assert await next_of(changes) == QueryChange("insert", 1, ["c3"])
        await alice.doc("cells", "c2").submit([{"p": ["n"], "na": 7}])
        assert await next_of(changes) == QueryChange("move", 0, ["c3"])
        await alice.doc("cells", "c3").delete()
        assert await next_of(changes) == QueryChange("remove", 0, ["c3"])
        assert [doc.data for doc in query.docs] == [{"n": 9}]
    with pytest.raises(ShareDBError):
        async with bob.live_query("cells", {"n": {"$no": 1}}):
            pass


async def test_presence_reaches_those_who_listen(backend: Backend, alice: Connection) -> None:
    room = alice.presence("room")
    async with connect(backend) as carol:
        await carol.presence("room").submit("carol", {"x": 1})
        changes = room.changes()
        await room.subscribe()
        await carol.presence("room").subscribe()
        await carol.presence("room").submit("carol", {"x": 2})
        assert await next_of(changes) == PresenceChange("carol", {"x": 2})
        assert room.remote == {"carol": {"x": 2}}
    assert await next_of(changes) == PresenceChange("carol", None)
    assert room.remote == {}


async def test_hooks_see_what_the_connection_was_given(backend: Backend) -> None:
    seen: list[Any] = []
    backend.use("connect", lambda context: seen.append(context.agent.custom))
    async with connect(backend, custom={"user": "disk"}):
        assert seen == [{"user": "disk"}]
        assert (backend.agents_count, backend.remote_agents_count) == (1, 0)
    assert backend.agents_count == 0


async def test_a_refused_connection_raises(backend: Backend) -> None:
    @backend.use("connect")
    def refuse(context: ConnectContext) -> None:
        raise ShareDBError("Not you")

    with pytest.raises(ShareDBError, match="Not you"):
        async with connect(backend):
            pass


async def test_the_end_of_the_connection_ends_what_waits(backend: Backend) -> None:
    async with connect(backend) as connection:
        doc = connection.doc("cells", "c1")
        changes, acknowledged = doc.changes(), doc.create(1)
    with pytest.raises(ShareDBError, match="closed"):
        await acknowledged
    assert [change.kind async for change in changes] == ["create"]
    with pytest.raises(ShareDBError, match="closed"):
        await doc.fetch()


async def test_when_idle_waits_for_every_op(alice: Connection) -> None:
    doc = alice.doc("cells", "c1")
    made = doc.create([])
    edits = [doc.submit([{"p": [0], "li": number}]) for number in range(5)]
    await doc.when_idle()
    assert made.done()
    assert all(edit.done() for edit in edits)
    assert doc.data == [4, 3, 2, 1, 0]
    assert doc.version == 2  # the edits were composed behind the create in flight
    await alice.forget(doc)
    assert alice.doc("cells", "c1") is not doc
