"""Traps 1 to 8: connections and messages (protocol section 12)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.db.base import QueryResult
from sharedb_py.db.memory import MemoryDB
from sharedb_py.errors import ShareDBError
from sharedb_py.middleware import ConnectContext, ReceiveContext
from sharedb_py.ot import DEFAULT_TYPE
from sharedb_py.serving import connect_transport
from tests.server.conftest import RawClient, connect

DOC: dict[str, Any] = {"c": "dogs", "d": "fido"}
CREATE: dict[str, Any] = {"create": {"type": "json0", "data": {"n": 1}}}
JavaScript = Callable[[str], Awaitable[Any]]


async def test_trap_01_both_handshakes_of_a_connection_are_answered_with_one_id(
    alice: RawClient,
) -> None:
    hello = {"a": "hs", "id": None, "protocol": 1, "protocolMinor": 2}
    first, second = await alice.ask(**hello), await alice.ask(**hello)
    assert first == second
    assert first == {**hello, "id": alice.agent.client_id, "type": DEFAULT_TYPE.uri}


@pytest.mark.node
async def test_trap_01_the_newest_client_shakes_hands_twice(javascript: JavaScript) -> None:
    seen = await javascript("handshakes")
    assert seen["received"] == ["init", "hs", "hs"]
    assert len(set(seen["ids"])) == 1


async def test_trap_02_a_client_that_never_says_hs_can_do_everything(alice: RawClient) -> None:
    reply = await alice.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    assert reply["src"] == alice.agent.client_id
    assert (await alice.ask(a="s", **DOC))["data"]["v"] == 1


@pytest.mark.node
async def test_trap_02_an_old_client_resends_its_op_with_the_src_it_had(
    backend: Backend, javascript: JavaScript
) -> None:
    seen = await javascript("legacy")
    assert seen["before"] != seen["after"]
    ops = await backend.db.get_ops("dogs", "fido", 0, None)
    assert [(op["src"], op["seq"]) for op in ops] == [(seen["before"], 1), (seen["before"], 2)]
    assert seen["data"] == {"n": 2}


async def test_trap_03_a_client_that_comes_back_gets_the_id_it_had(backend: Backend) -> None:
    first = await connect(backend)
    client_id = (await first.ask(a="hs", id=None, protocol=1, protocolMinor=2))["id"]
    await first.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    # The old socket is half open still: both must work.
    second = await connect(backend)
    reply = await second.ask(a="hs", id=client_id, protocol=1, protocolMinor=2)
    assert reply["id"] == client_id
    again = await second.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    assert (again["src"], again["v"]) == (client_id, 0)
    assert "error" not in again
    assert (await first.ask(a="op", **DOC, v=1, seq=2, op=[]))["src"] == client_id
    assert (await second.ask(a="op", **DOC, v=2, seq=3, op=[]))["src"] == client_id


@pytest.mark.node
async def test_trap_03_id_and_seq_of_the_original_client_outlive_its_socket(
    backend: Backend, javascript: JavaScript
) -> None:
    seen = await javascript("reconnects")
    assert seen["before"] == seen["after"]
    ops = await backend.db.get_ops("dogs", "fido", 0, None)
    assert [(op["src"], op["seq"]) for op in ops] == [(seen["before"], n) for n in (1, 2, 3)]


async def test_trap_04_the_id_that_a_hook_gives_is_the_source_of_ops(backend: Backend) -> None:
    @backend.use("connect")
    def name(context: ConnectContext) -> None:
        context.agent.client_id = "alice-1"

    @backend.use("receive")
    def refuse_old_ids(context: ReceiveContext) -> None:
        if context.data["a"] == "hs" and context.data.get("id") == "stolen":
            del context.data["id"]

    client = await connect(backend)
    assert (await client.ask(a="hs", id="stolen", protocol=1, protocolMinor=2))["id"] == "alice-1"
    assert (await client.ask(a="op", **DOC, v=0, seq=1, **CREATE))["src"] == "alice-1"


async def test_trap_05_a_refused_client_is_greeted_closed_and_never_counted(
    backend: Backend,
) -> None:
    @backend.use("connect")
    def refuse(context: ConnectContext) -> None:
        assert backend.agents_count == 0
        raise ShareDBError("Not you")

    client = RawClient()
    with pytest.raises(ShareDBError):
        await connect_transport(backend, client)
    assert (await client.next())["a"] == "init"
    assert client.closed == (1008, "Not you")
    assert backend.agents_count == 0


async def test_trap_05_an_agent_closed_twice_is_counted_once(backend: Backend) -> None:
    one, _ = await connect(backend), await connect(backend)
    assert backend.agents_count == 2
    one.agent.close()
    one.agent.close()
    assert backend.agents_count == 1


async def test_trap_06_an_error_echoes_all_of_the_request_and_success_no_empty_keys(
    alice: RawClient,
) -> None:
    request = {"a": "op", **DOC, "v": 3, "seq": 1, "x": {}, "op": [], "extra": {"k": [None]}}
    reply = await alice.ask(**request)
    assert reply.pop("error")["code"] == "ERR_OP_VERSION_NEWER_THAN_CURRENT_SNAPSHOT"
    assert reply == request
    assert await alice.ask(a="u", c="", d="") == {"a": "u"}
    assert await alice.ask(a="qu", id=0, c="dogs", d=0) == {"a": "qu", "c": "dogs"}


class GatedDB(MemoryDB):
    """Answers queries only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.gate = asyncio.Event(), asyncio.Event()

    async def query(self, *arguments: Any, **named: Any) -> QueryResult:
        self.asked.set()
        await self.gate.wait()
        return await super().query(*arguments, **named)


async def test_trap_07_nothing_is_left_of_a_query_whose_client_went_away() -> None:
    db = GatedDB()
    backend = Backend(db)
    client = await connect(backend)
    client.post(a="qs", id=1, c="dogs", q={})
    await asyncio.wait_for(db.asked.wait(), 60)
    client.agent.close()
    db.gate.set()
    other = await connect(backend)
    assert await other.ask(a="pp") == {"a": "pp"}
    assert client.received.empty()
    assert backend.pubsub.streams_count == 0  # type: ignore[attr-defined]
    await backend.close()


class ExtraDB(MemoryDB):
    """Gives null besides the results."""

    async def query(self, *arguments: Any, **named: Any) -> QueryResult:
        return QueryResult([], None)


async def test_trap_08_an_empty_r_counts_as_known_results(
    backend: Backend, alice: RawClient
) -> None:
    await alice.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    alice.post(a="qs", id=1, c="dogs", q={}, r=[])
    assert [step["type"] for step in (await alice.next())["diff"]] == ["insert"]
    assert await alice.next() == {"a": "qs", "id": 1}
    assert len((await alice.ask(a="qs", id=2, c="dogs", q={}, r=None))["data"]) == 1


@pytest.mark.parametrize(("ot_type", "data", "op"), [("number-type", 5, None), ("json0", {}, [])])
async def test_trap_08_an_op_of_null_or_nothing_is_an_op(
    alice: RawClient, bob: RawClient, ot_type: str, data: Any, op: Any
) -> None:
    await bob.ask(a="s", **DOC)
    await alice.ask(a="op", **DOC, v=0, seq=1, create={"type": ot_type, "data": data})
    assert (await alice.ask(a="op", **DOC, v=1, seq=2, op=op))["v"] == 1
    assert (await bob.next())["create"]["data"] == data
    live = await bob.next()
    assert "op" in live
    assert live["op"] == op


async def test_trap_08_data_of_null_is_there_and_data_of_nothing_is_not(alice: RawClient) -> None:
    await alice.ask(a="op", **DOC, v=0, seq=1, create={"type": "json0", "data": None})
    assert (await alice.ask(a="f", **DOC))["data"] == {"v": 1, "data": None}
    await alice.ask(a="op", **DOC, v=1, seq=2, **{"del": True})
    assert (await alice.ask(a="f", **DOC))["data"] == {"v": 2, "type": None}


async def test_trap_08_extra_of_null_is_told() -> None:
    backend = Backend(ExtraDB())
    reply = await (await connect(backend)).ask(a="qf", id=1, c="dogs", q={})
    assert reply == {"a": "qf", "id": 1, "data": [], "extra": None}
    await backend.close()


async def test_trap_08_presence_of_null_takes_it_back_and_version_0_is_a_version(
    alice: RawClient, bob: RawClient
) -> None:
    await bob.ask(a="ps", ch="room", seq=0)
    said = await alice.ask(a="p", ch="room", id="p1", p=None, pv=0)
    assert (said["p"], said["pv"]) == (None, 0)
    assert await bob.next() == said
    await alice.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    alice.post(a="f", **DOC, v=0)
    assert (await alice.next())["create"]["data"] == {"n": 1}
    assert await alice.next() == {"a": "f", **DOC}
    assert (await alice.ask(a="nf", id=1, **DOC, v=0))["type"] is None
