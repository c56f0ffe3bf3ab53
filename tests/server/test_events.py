"""What observers of a backend are told, and its counters (protocol section 9)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.errors import ShareDBError
from sharedb_py.middleware import Context, PresenceContext
from sharedb_py.milestones.memory import MemoryMilestones
from sharedb_py.snapshot import Snapshot
from sharedb_py.submit import SubmitRequest
from tests.server.conftest import connect
from tests.server.test_submit import RacingDB

DOC = {"c": "dogs", "d": "fido"}
CREATE: dict[str, Any] = {"create": {"type": "json0", "data": {"list": []}}}


class Events:
    """Records the events of one name."""

    def __init__(self, backend: Backend, name: str) -> None:
        self.all: list[Any] = []
        backend.on(name, lambda *arguments: self.all.append(arguments))

    def names(self) -> list[Any]:
        """Return the first argument of each event since the last time."""
        found = [arguments[0] for arguments in self.all]
        self.all.clear()
        return found


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ({"a": "f", **DOC}, ["fetch"]),
        ({"a": "f", **DOC, "v": 1}, ["getOps"]),
        ({"a": "bf", "c": "dogs", "b": ["fido"]}, ["fetchBulk"]),
        ({"a": "bf", "c": "dogs", "b": {"fido": 1}}, ["getOpsBulk"]),
        ({"a": "s", **DOC}, ["fetch", "subscribe.snapshot"]),
        ({"a": "s", **DOC, "v": 1}, ["subscribe.ops"]),
        ({"a": "bs", "c": "dogs", "b": ["fido"]}, ["fetchBulk", "subscribeBulk.snapshot"]),
        ({"a": "bs", "c": "dogs", "b": {"fido": 1}}, ["subscribeBulk.ops"]),
        ({"a": "nf", "id": 1, **DOC, "v": 1}, ["fetchSnapshot"]),
        ({"a": "nt", "id": 1, **DOC, "ts": 1}, ["fetchSnapshot"]),
        ({"a": "op", **DOC, "v": 1, "seq": 2, "del": True}, ["submit.total"]),
        ({"a": "p", "ch": "room", "id": "p1", "p": 1, "pv": 0}, ["presence.broadcast"]),
    ],
)
async def test_how_long_each_request_took(
    backend: Backend, message: dict[str, Any], names: list[str]
) -> None:
    client = await connect(backend)
    await client.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    timings = Events(backend, "timing")
    reply = await client.ask(**message)
    assert "error" not in reply
    for name, milliseconds, request in timings.all:
        assert milliseconds >= 0
        assert request.agent is client.agent, name
    assert timings.names() == names


async def test_a_retried_op_is_timed_too() -> None:
    backend = Backend(RacingDB(2))
    timings = Events(backend, "timing")
    client = await connect(backend)
    await client.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    await client.ask(a="op", **DOC, v=1, seq=2, op=[{"p": ["list", 0], "li": 1}])
    assert timings.names() == ["submit.total", "submit.retry", "submit.retry", "submit.total"]
    await backend.close()


@pytest.mark.parametrize("hooked", [False, True])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (CREATE, None),
        ({"op": []}, "ERR_DOC_DOES_NOT_EXIST"),
        ({"create": {"type": "nonsense"}}, "ERR_OT_OP_BADLY_FORMED"),
    ],
)
async def test_the_end_of_every_submit_is_told_once(
    backend: Backend, hooked: bool, body: dict[str, Any], code: str | None
) -> None:
    if hooked:
        backend.use("afterWrite", lambda request: None)
    ends = Events(backend, "submitRequestEnd")
    client = await connect(backend)
    await client.ask(a="op", **DOC, v=0, seq=1, **body)
    [(error, request)] = ends.all
    assert isinstance(request, SubmitRequest)
    assert (error.code if error else None) == code


async def test_an_op_sent_again_ends_with_that_error(backend: Backend) -> None:
    client = await connect(backend)
    await client.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    ends = Events(backend, "submitRequestEnd")
    await client.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    assert [error.code for error in ends.names()] == ["ERR_OP_ALREADY_SUBMITTED"]


async def test_send_tells_of_every_message_even_of_live_ops(backend: Backend) -> None:
    sent = Events(backend, "send")
    alice, bob = await connect(backend), await connect(backend)
    await bob.ask(a="s", **DOC)
    await alice.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    live = await bob.next()
    assert (bob.agent, live) in sent.all
    bob.agent.close()
    sent.all.clear()
    bob.agent.send({"a": "pp"})
    assert sent.all == []


async def test_an_observer_that_fails_harms_nobody(backend: Backend) -> None:
    def fail(*arguments: Any) -> None:
        raise RuntimeError("oh")

    for name in ("timing", "send", "submitRequestEnd"):
        backend.on(name, fail)
    client = await connect(backend)
    assert "error" not in await client.ask(a="op", **DOC, v=0, seq=1, **CREATE)


class FullMilestones(MemoryMilestones):
    """Has no room left."""

    async def save(self, collection: str, snapshot: Snapshot) -> None:
        raise OSError("No space left on device")


async def test_a_milestone_that_cannot_be_saved_is_told_and_not_answered() -> None:
    backend = Backend(milestones=FullMilestones(interval=1))
    told: asyncio.Queue[BaseException] = asyncio.Queue()
    backend.on("error", told.put_nowait)
    client = await connect(backend)
    assert "error" not in await client.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    assert isinstance(await asyncio.wait_for(told.get(), 60), OSError)
    await backend.close()


@pytest.mark.parametrize(("wanted", "saved"), [(None, [2]), (False, []), (True, [1, 2, 3])])
async def test_milestones_are_saved_at_their_interval_or_as_a_hook_says(
    wanted: bool | None, saved: list[int]
) -> None:
    milestones = MemoryMilestones(interval=2)
    backend = Backend(milestones=milestones)

    @backend.use("submit")
    def decide(request: SubmitRequest) -> None:
        request.save_milestone_snapshot = wanted

    client = await connect(backend)
    await client.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    for version in (1, 2):
        await client.ask(
            a="op", **DOC, v=version, seq=version + 1, op=[{"p": ["list", 0], "li": 1}]
        )
    await backend.close()
    assert [v for v in (1, 2, 3) if await _has(milestones, v)] == saved


async def _has(milestones: MemoryMilestones, version: int) -> bool:
    found = await milestones.get("dogs", "fido", version)
    return found is not None and found.version == version


async def test_agents_are_counted_those_in_process_apart(backend: Backend) -> None:
    client = await connect(backend)
    async with backend.connect():
        assert (backend.agents_count, backend.remote_agents_count) == (2, 1)
        client.agent.close()
        client.agent.close()
        assert (backend.agents_count, backend.remote_agents_count) == (1, 0)
    assert (backend.agents_count, backend.remote_agents_count) == (0, 0)


# Options


async def test_publishing_can_be_suppressed_for_all_ops_but_some() -> None:
    backend = Backend(suppress_publish=True)

    @backend.use("submit")
    def this_one(request: SubmitRequest) -> None:
        if "del" in request.op:
            request.suppress_publish = False

    alice, bob = await connect(backend), await connect(backend)
    await bob.ask(a="s", **DOC)
    await alice.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    await alice.ask(a="op", **DOC, v=1, seq=2, **{"del": True})
    assert (await bob.next())["v"] == 1
    await backend.close()


def _refuse(context: PresenceContext) -> None:
    raise ShareDBError("Not for you", "ERR_PRIVATE")


async def test_a_withheld_presence_goes_to_the_error_handler() -> None:
    handled: asyncio.Queue[tuple[BaseException, Any]] = asyncio.Queue()
    backend = Backend(error_handler=lambda error, agent: handled.put_nowait((error, agent)))
    backend.use("sendPresence", _refuse)
    alice, bob = await connect(backend), await connect(backend)
    await bob.ask(a="ps", ch="room", seq=1)
    await alice.ask(a="p", ch="room", id="p1", p=1, pv=0)
    error, agent = await asyncio.wait_for(handled.get(), 60)
    assert bob.received.empty()
    assert str(error) == "Not for you"
    assert agent is bob.agent
    await backend.close()


async def test_a_withheld_presence_can_be_told_to_the_client_as_of_old() -> None:
    backend = Backend(forward_send_presence_errors=True)
    backend.use("sendPresence", _refuse)
    alice, bob = await connect(backend), await connect(backend)
    await bob.ask(a="ps", ch="room", seq=1)
    await alice.ask(a="p", ch="room", id="p1", p=1, pv=0)
    error = {"code": "ERR_PRIVATE", "message": "Not for you"}
    assert await bob.next() == {"a": "p", "ch": "room", "id": "p1", "error": error}
    await backend.close()


async def test_databases_are_told_on_whose_behalf_they_read() -> None:
    class Noting(RacingDB):
        async def get_snapshot(self, *arguments: Any, **named: Any) -> Snapshot:
            read.append(named.get("options", {}).get("agent_custom"))
            return await super().get_snapshot(*arguments, **named)

    read: list[Any] = []
    backend = Backend(Noting(0))

    @backend.use("connect")
    def name(context: Context) -> None:
        context.agent.custom["user"] = "alice"

    client = await connect(backend)
    await client.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    await client.ask(a="f", **DOC)
    await client.ask(a="nf", id=1, **DOC, v=None)
    await client.ask(a="nt", id=1, **DOC, ts=None)
    assert read == [{"user": "alice"}] * 4
    await backend.close()
