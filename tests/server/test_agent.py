"""Subscriptions, order of delivery, and what cannot be read (protocol sections 1 and 2)."""

from __future__ import annotations

import asyncio

import pytest

from sharedb_py import delivery
from sharedb_py.agent import TOO_SLOW
from sharedb_py.backend import Backend
from sharedb_py.middleware import OpContext, ReceiveContext
from tests.server.conftest import connect

DOC = {"c": "dogs", "d": "fido"}


@pytest.mark.parametrize(
    ("frame", "code"), [("{", 1011), ("null", 1000), ("3", 1011), ("[]", 1011), ("NaN", 1011)]
)
async def test_a_frame_that_is_no_message_ends_the_connection(
    backend: Backend, frame: str, code: int
) -> None:
    client = await connect(backend)
    client.agent.receive_frame(frame)
    assert client.closed is not None
    assert client.closed[0] == code
    assert backend.agents_count == 0


async def test_live_ops_keep_their_order_whatever_a_hook_does(backend: Backend) -> None:
    gate = asyncio.Event()

    @backend.use("op")
    async def slow_at_first(context: OpContext) -> None:
        if context.op["v"] == 0:
            await gate.wait()

    alice, bob = await connect(backend), await connect(backend)
    await bob.ask(a="s", **DOC)
    await alice.ask(a="op", **DOC, v=0, seq=1, create={"type": "json0", "data": 1})
    await alice.ask(a="op", **DOC, v=1, seq=2, op=[{"p": [], "na": 1}])
    assert bob.received.empty()
    gate.set()
    assert [(await bob.next())["v"], (await bob.next())["v"]] == [0, 1]


async def test_who_lets_a_hook_hold_up_too_many_ops_is_cut_off(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MAX_WAITING", 3)

    @backend.use("op")
    async def stuck(context: OpContext) -> None:
        await asyncio.Event().wait()

    alice, bob, carol = await connect(backend), await connect(backend), await connect(backend)
    await bob.ask(a="s", **DOC)
    for v in range(5):
        assert bob.closed is None
        body = {"op": [{"p": [], "na": 1}]} if v else {"create": {"type": "json0", "data": 1}}
        await alice.ask(a="op", **DOC, v=v, seq=v + 1, **body)
    assert bob.closed == TOO_SLOW
    assert (await carol.ask(a="f", **DOC))["data"]["data"] == 5


async def test_messages_about_one_document_keep_their_order_whatever_a_hook_does(
    backend: Backend,
) -> None:
    gate = asyncio.Event()

    @backend.use("receive")
    async def slow_to_subscribe(context: ReceiveContext) -> None:
        if context.data["a"] == "s":
            await gate.wait()

    alice, bob = await connect(backend), await connect(backend)
    bob.post(a="s", **DOC)
    bob.post(a="u", **DOC)
    assert (await bob.ask(a="f", c="dogs", d="rex"))["d"] == "rex"  # others need not wait
    gate.set()
    assert [(await bob.next())["a"], (await bob.next())["a"]] == ["s", "u"]
    await alice.ask(a="op", **DOC, v=0, seq=1, create={"type": "json0", "data": 1})
    assert bob.received.empty()


async def test_subscribing_twice_delivers_each_op_once(backend: Backend) -> None:
    alice, bob = await connect(backend), await connect(backend)
    await bob.ask(a="s", **DOC)
    await bob.ask(a="bs", c="dogs", b=["fido", "fido"])
    await alice.ask(a="op", **DOC, v=0, seq=1, create={"type": "json0", "data": 1})
    assert (await bob.next())["v"] == 0
    assert bob.received.empty()
    await bob.ask(a="u", **DOC)
    await alice.ask(a="op", **DOC, v=1, seq=2, **{"del": True})
    assert bob.received.empty()


async def test_a_projection_hides_and_refuses_what_it_does_not_name(backend: Backend) -> None:
    backend.add_projection("names", "dogs", {"name": True})
    alice, bob = await connect(backend), await connect(backend)
    await bob.ask(a="s", c="names", d="fido")
    value = {"name": "Fido", "age": 3}
    await alice.ask(a="op", **DOC, v=0, seq=1, create={"type": "json0", "data": value})
    assert (await bob.next())["create"]["data"] == {"name": "Fido"}
    reply = await bob.ask(a="op", c="names", d="fido", v=1, seq=1, op=[{"p": ["age"], "na": 1}])
    assert reply["error"]["code"] == "ERR_OP_NOT_ALLOWED_IN_PROJECTION"
    assert (await bob.ask(a="nf", id=1, c="names", d="fido", v=1))["data"] == {"name": "Fido"}


async def test_closing_the_agent_leaves_no_stream_behind(backend: Backend) -> None:
    client = await connect(backend)
    client.post(a="s", **DOC)
    client.agent.close()
    await asyncio.sleep(0)
    assert getattr(backend.pubsub, "streams_count") == 0  # noqa: B009
