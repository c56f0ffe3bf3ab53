"""Presence over the wire's messages (protocol section 6)."""

from __future__ import annotations

from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.errors import ShareDBError
from sharedb_py.middleware import PresenceContext
from tests.server.conftest import backend as backend
from tests.server.conftest import connect

ROOM = {"ch": "room"}


async def test_those_who_listen_hear_and_the_sender_is_acknowledged(backend: Backend) -> None:
    alice, bob = await connect(backend), await connect(backend)
    assert await bob.ask(a="ps", seq=1, **ROOM) == {"a": "ps", "seq": 1, **ROOM}
    said = await alice.ask(a="p", id="p1", p={"x": 1}, pv=0, **ROOM)
    assert said == {"a": "p", "src": alice.agent.src, "id": "p1", "p": {"x": 1}, "pv": 0, **ROOM}
    assert await bob.next() == said
    assert alice.received.empty()


async def test_a_newcomer_makes_everybody_say_it_again(backend: Backend) -> None:
    alice, bob = await connect(backend), await connect(backend)
    await alice.ask(a="ps", seq=1, **ROOM)
    await bob.ask(a="ps", seq=1, **ROOM)
    assert await alice.next() == {"a": "pr", **ROOM}
    assert await bob.ask(a="pr", **ROOM) == {"a": "pr"}
    assert await alice.next() == {"a": "pr", **ROOM}


@pytest.mark.parametrize("listens", [True, False])
async def test_who_disconnects_is_gone_for_the_others(backend: Backend, listens: bool) -> None:
    alice, bob = await connect(backend), await connect(backend)
    await bob.ask(a="ps", seq=1, **ROOM)
    if listens:
        await alice.ask(a="ps", seq=1, **ROOM)
        await bob.next()
    await alice.ask(a="p", id="p1", p={"x": 1}, pv=4, **ROOM)
    await bob.next()
    alice.agent.close()
    gone = await bob.next()
    assert (gone["id"], gone["p"], gone["pv"]) == ("p1", None, 5)
    bob.agent.close()
    assert getattr(backend.pubsub, "streams_count") == 0  # noqa: B009


async def test_who_unsubscribes_hears_no_more(backend: Backend) -> None:
    alice, bob = await connect(backend), await connect(backend)
    await bob.ask(a="ps", seq=1, **ROOM)
    assert await bob.ask(a="pu", seq=2, **ROOM) == {"a": "pu", "seq": 2, **ROOM}
    await alice.ask(a="p", id="p1", p=1, pv=0, **ROOM)
    assert bob.received.empty()


async def test_hooks_change_and_refuse_what_is_said(backend: Backend) -> None:
    @backend.use("receivePresence")
    def check(context: PresenceContext) -> None:
        if context.presence["p"] == "rude":
            raise ShareDBError("Mind your manners", "ERR_RUDE")
        context.presence["p"] = "polite"

    alice, bob = await connect(backend), await connect(backend)
    await bob.ask(a="ps", seq=1, **ROOM)
    refused = await alice.ask(a="p", id="p1", p="rude", pv=0, **ROOM)
    assert refused["error"]["code"] == "ERR_RUDE"
    await alice.ask(a="p", id="p1", p="hello", pv=1, **ROOM)
    assert (await bob.next())["p"] == "polite"
    alice.agent.close()
    assert (await bob.next())["p"] is None


async def test_a_type_without_presence_is_refused(backend: Backend) -> None:
    alice = await connect(backend)
    doc: dict[str, Any] = {"c": "dogs", "d": "fido", "v": 1, "t": "json0", "ch": "dogs.fido"}
    reply = await alice.ask(a="p", id="p1", p={"x": 1}, pv=0, **doc)
    assert reply["error"]["code"] == "ERR_TYPE_DOES_NOT_SUPPORT_PRESENCE"


async def test_one_client_has_a_bounded_number_of_presences(backend: Backend) -> None:
    alice = await connect(backend)
    replies = [await alice.ask(a="p", id=f"p{n}", p=1, pv=0, **ROOM) for n in range(1001)]
    assert "error" in replies[-1]
    assert not any("error" in reply for reply in replies[:-1])
