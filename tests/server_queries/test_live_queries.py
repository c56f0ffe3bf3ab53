"""Live queries over the wire's messages (protocol section 5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.db.base import LiveQuery
from sharedb_py.db.memory import MemoryDB
from sharedb_py.jsonvalue import JSONObject
from sharedb_py.middleware import QueryContext
from tests.server.conftest import RawClient, connect


class PolledDB(MemoryDB):
    """A database that decides nothing in memory."""

    def live_query(self, collection: str, query: JSONObject) -> LiveQuery | None:
        return None


@pytest.fixture(params=[MemoryDB, PolledDB])
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    made = Backend(request.param())
    yield made
    await made.close()


class Writer:
    """Submits ops and waits for each to be acknowledged."""

    def __init__(self, client: RawClient) -> None:
        self._client = client
        self._versions: dict[str, int] = {}

    async def write(self, doc_id: str, **body: Any) -> None:
        version = self._versions.get(doc_id, 0)
        self._versions[doc_id] = version + 1
        seq = sum(self._versions.values())
        reply = await self._client.ask(a="op", c="dogs", d=doc_id, v=version, seq=seq, **body)
        assert "error" not in reply, reply

    async def create(self, doc_id: str, **data: Any) -> None:
        await self.write(doc_id, create={"type": "json0", "data": data})


@pytest.fixture
async def writer(backend: Backend) -> Writer:
    return Writer(await connect(backend))


async def test_a_document_that_starts_to_match_comes_in_and_its_ops_follow(
    backend: Backend, writer: Writer
) -> None:
    await writer.create("fido", age=1)
    bob = await connect(backend)
    assert (await bob.ask(a="qs", id=1, c="dogs", q={"age": {"$gt": 2}}))["data"] == []
    await writer.write("fido", op=[{"p": ["age"], "na": 5}])
    came = await bob.next()
    value = {"v": 2, "data": {"age": 6}, "d": "fido"}
    assert came == {
        "a": "q",
        "id": 1,
        "diff": [{"type": "insert", "index": 0, "values": [value]}],
    }
    await writer.write("fido", op=[{"p": ["name"], "oi": "Fido"}])
    pushed = await bob.next()
    assert (pushed["a"], pushed["c"], pushed["d"], pushed["v"]) == ("op", "dogs", "fido", 2)


async def test_the_diff_that_removes_a_deleted_document_precedes_its_op(
    backend: Backend, writer: Writer
) -> None:
    await writer.create("fido", age=3)
    bob = await connect(backend)
    await bob.ask(a="qs", id=1, c="dogs", q={})
    await writer.write("fido", **{"del": True})
    first, second = await bob.next(), await bob.next()
    assert first["diff"] == [{"type": "remove", "index": 0, "howMany": 1}]
    assert second["del"] is True


async def test_a_change_of_order_is_a_move(backend: Backend, writer: Writer) -> None:
    for number, doc_id in enumerate("abc"):
        await writer.create(doc_id, age=number)
    bob = await connect(backend)
    reply = await bob.ask(a="qs", id=1, c="dogs", q={"$sort": {"age": 1}})
    assert [item["d"] for item in reply["data"]] == ["a", "b", "c"]
    await writer.write("a", op=[{"p": ["age"], "na": 9}])
    [step] = (await bob.next())["diff"]
    assert step["type"] == "move"
    assert (await bob.next())["a"] == "op"


async def test_a_projection_may_hide_what_the_query_sorts_on(
    backend: Backend, writer: Writer
) -> None:
    backend.add_projection("names", "dogs", {"name": True})
    bob = await connect(backend)
    await bob.ask(a="qs", id=1, c="names", q={"$sort": {"age": 1}})
    for age, doc_id in ((3, "a"), (1, "b"), (2, "c")):
        await writer.create(doc_id, age=age, name=doc_id)
    steps = [(await bob.next())["diff"][0] for _ in range(3)]
    assert [step["index"] for step in steps] == [0, 0, 1]
    assert steps[0]["values"][0]["data"] == {"name": "a"}


@pytest.mark.parametrize("known", [[], [["b", 1]]])
async def test_a_client_that_comes_back_learns_what_differs(
    backend: Backend, writer: Writer, known: list[Any]
) -> None:
    await writer.create("a", age=3)
    await writer.create("b", age=1)
    bob = await connect(backend)
    bob.post(a="qs", id=1, c="dogs", q={"age": {"$gt": 2}}, r=known)
    diff = (await bob.next())["diff"]
    assert [step["type"] for step in diff] == (["remove"] if known else []) + ["insert"]
    assert await bob.next() == {"a": "qs", "id": 1}


async def test_an_unsubscribed_query_says_no_more(backend: Backend, writer: Writer) -> None:
    bob = await connect(backend)
    bob.post(a="qs", id=1, c="dogs", q={})
    bob.post(a="qu", id=1, c="dogs", q={})
    assert [(await bob.next())["a"], (await bob.next())["a"]] == ["qs", "qu"]
    await writer.create("a", age=3)
    assert bob.received.empty()
    assert getattr(backend.pubsub, "streams_count") == 0  # noqa: B009


async def test_an_agent_that_closes_meanwhile_leaves_nothing_behind(backend: Backend) -> None:
    bob = await connect(backend)
    bob.post(a="qs", id=1, c="dogs", q={})
    bob.agent.close()
    carol = await connect(backend)
    await carol.ask(a="qs", id=1, c="dogs", q={})
    carol.agent.close()
    assert getattr(backend.pubsub, "streams_count") == 0  # noqa: B009


async def test_a_query_without_channels_is_refused(backend: Backend) -> None:
    @backend.use("query")
    def no_channels(context: QueryContext) -> None:
        context.channels.clear()

    reply = await (await connect(backend)).ask(a="qs", id=1, c="dogs", q={})
    assert reply["error"]["code"] == "ERR_QUERY_CHANNEL_MISSING"


async def test_a_count_comes_as_extra_and_follows(backend: Backend, writer: Writer) -> None:
    bob = await connect(backend)
    reply = await bob.ask(a="qs", id=1, c="dogs", q={"$count": True})
    assert reply["extra"] == 0
    await writer.create("a", age=3)
    assert await bob.next() == {"a": "q", "id": 1, "extra": 1}
