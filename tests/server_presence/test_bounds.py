"""What one client may say by presence: the others and the server's memory are safe from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from sharedb_py.backend import Backend
from sharedb_py.presence_bounds import Pace
from tests.server.conftest import connect

ROOM = {"ch": "room"}


@pytest.fixture
async def backend() -> AsyncIterator[Backend]:
    made = Backend(max_presence_bytes=1000, max_presence_rate=1000)
    yield made
    await made.close()


async def test_all_presences_of_a_client_together_are_bounded(backend: Backend) -> None:
    alice, bob = await connect(backend), await connect(backend)
    await bob.ask(a="ps", seq=1, **ROOM)
    large = await alice.ask(a="p", id="p1", p="x" * 1000, pv=0, **ROOM)
    assert "presences may take 1000 bytes together" in large["error"]["message"]
    for presence_id in ("p1", "p2"):
        await alice.ask(a="p", id=presence_id, p="x" * 200, pv=1, **ROOM)
        assert (await bob.next())["id"] == presence_id
    many = await alice.ask(a="p", id="p3", p="x" * 400, pv=0, **ROOM)
    assert "bytes together" in many["error"]["message"]
    assert bob.received.empty()
    await alice.ask(a="p", id="p1", p=None, pv=2, **ROOM)
    fits = await alice.ask(a="p", id="p3", p="x" * 400, pv=1, **ROOM)
    assert "error" not in fits
    alice.agent.close()
    said = [await bob.next() for _ in range(4)]
    assert [(each["id"], bool(each["p"])) for each in said] == [
        ("p1", False),
        ("p3", True),
        ("p2", False),
        ("p3", False),
    ]


async def test_a_presence_said_again_counts_once(backend: Backend) -> None:
    alice = await connect(backend)
    for pv in range(20):
        reply = await alice.ask(a="p", id="p1", p="x" * 500, pv=pv, **ROOM)
        assert "error" not in reply


@pytest.mark.parametrize("action", ["ps", "p", "pr"])
async def test_a_channels_name_is_bounded(backend: Backend, action: str) -> None:
    alice = await connect(backend)
    reply = await alice.ask(a=action, ch="x" * 5000, id="p1", p=1, pv=0, seq=1)
    assert "4096 characters, not 5000" in reply["error"]["message"]
    assert await alice.ask(a="ps", seq=2, **ROOM) == {"a": "ps", "seq": 2, **ROOM}


async def test_who_talks_too_fast_is_read_more_slowly_and_loses_nothing(backend: Backend) -> None:
    alice, bob, carol = [await connect(backend) for _ in range(3)]
    await bob.ask(a="ps", seq=1, **ROOM)
    clock, extra = asyncio.get_running_loop().time, 100
    started = clock()
    for pv in range(1000 + extra):
        alice.agent.receive({"a": "p", "id": "p1", "p": pv, "pv": pv, **ROOM})
    await carol.ask(a="p", id="c1", p=1, pv=0, ch="elsewhere")
    assert bob.received.qsize() < 1000 + extra, "the others do not wait"
    heard = [(await bob.next())["p"] for _ in range(1000 + extra)]
    assert heard == list(range(1000 + extra))
    assert clock() - started >= extra / 1000


async def test_requests_to_say_it_again_count_as_words(backend: Backend) -> None:
    alice, bob = await connect(backend), await connect(backend)
    await bob.ask(a="ps", seq=1, **ROOM)
    clock = asyncio.get_running_loop().time
    started = clock()
    for _ in range(1100):
        alice.agent.receive({"a": "pr", **ROOM})
    for _ in range(1100):
        assert await bob.next() == {"a": "pr", **ROOM}
    assert clock() - started >= 0.1


def test_a_pace_lets_a_burst_pass_and_then_so_many_a_second() -> None:
    pace = Pace(10, 3)
    assert [round(pace.wait(5.0), 6) for _ in range(5)] == [0, 0, 0, 0.1, 0.2]
    assert round(pace.wait(5.3), 6) == 0
    assert [round(pace.wait(9.0), 6) for _ in range(4)] == [0, 0, 0, 0.1]


async def test_a_presence_becomes_text_once_for_all_who_hear_it(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await connect(backend)
    others = [await connect(backend) for _ in range(3)]
    for other in others:
        await other.ask(a="ps", seq=1, **ROOM)
    texts: list[str] = []
    for other in others:
        monkeypatch.setattr(other.agent, "send_text", texts.append)
    await alice.ask(a="p", id="p1", p={"x": 1}, pv=0, **ROOM)
    said = [text for text in texts if '"p1"' in text]
    assert len(said) == 3
    assert len({id(text) for text in said}) == 1
