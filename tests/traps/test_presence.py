"""Traps 39 to 43: presence (protocol section 12)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.db.memory import MemoryDB
from sharedb_py.errors import ReadRejected, ShareDBError
from sharedb_py.middleware import PresenceContext, ReadSnapshotsContext
from sharedb_py.ops import Op
from tests.server.conftest import RawClient, connect
from tests.traps.ot_types import TEXT

JavaScript = Callable[[str], Awaitable[Any]]
ROOM: dict[str, Any] = {"ch": "room"}
DOC: dict[str, Any] = {"c": "notes", "d": "n1"}
IN_DOC: dict[str, Any] = {**DOC, "ch": "notes.n1", "id": "p1", "t": TEXT.uri}


class OpsCountingDB(MemoryDB):
    """Counts how often ops are read."""

    ops_read = 0

    async def get_ops(self, *arguments: Any, **named: Any) -> list[Op]:
        self.ops_read += 1
        return await super().get_ops(*arguments, **named)


@pytest.fixture
def db() -> OpsCountingDB:
    return OpsCountingDB()


@pytest.fixture
async def backend(db: OpsCountingDB) -> AsyncIterator[Backend]:
    made = Backend(db)
    yield made
    await made.close()


async def say(client: RawClient, value: Any, pv: int, **where: Any) -> dict[str, Any]:
    """Set a presence and return the answer."""
    return await client.ask(**{"a": "p", "id": "p1", **(where or ROOM), "p": value, "pv": pv})


async def quiet(client: RawClient) -> bool:
    """Whether nothing is on its way to the client."""
    client.post(a="pp")
    return await client.next() == {"a": "pp"}


async def test_trap_39_a_newcomer_makes_others_say_it_again(
    alice: RawClient, bob: RawClient
) -> None:
    await alice.ask(a="ps", seq=1, **ROOM)
    await say(alice, {"x": 1}, 0)
    await bob.ask(a="ps", seq=1, **ROOM)
    assert await alice.next() == {"a": "pr", **ROOM}
    assert await quiet(bob)  # it is for the others' clients to say it again


@pytest.mark.node
async def test_trap_39_the_original_client_says_again_what_is_not_null(
    javascript: JavaScript,
) -> None:
    assert await javascript("presenceAgain") == {
        "first": {"here": 1, "gone": 2},
        "second": {"here": 1},
        "afterLeaving": {},
    }


async def test_trap_40_subscribing_again_opens_no_stream_and_makes_nobody_leave(
    backend: Backend, alice: RawClient, bob: RawClient
) -> None:
    await bob.ask(a="ps", seq=1, **ROOM)
    for seq in (1, 2, 3):
        alice.post(a="ps", seq=seq, **ROOM)
    answers = [await alice.next() for _ in range(3)]
    assert [answer["seq"] for answer in answers] == [1, 2, 3]
    await say(alice, 1, 0)
    await alice.ask(a="ps", seq=4, **ROOM)
    assert backend.pubsub.streams_count == 2  # type: ignore[attr-defined]
    seen = [await bob.next()]
    while not bob.received.empty():
        seen.append(await bob.next())
    assert [message for message in seen if message["a"] == "p"] == [seen[3]]
    assert seen[3]["p"] == 1
    await alice.ask(a="pu", seq=5, **ROOM)
    assert backend.pubsub.streams_count == 1  # type: ignore[attr-defined]


async def test_trap_40_an_unsubscription_overtaken_by_a_newer_subscription_is_void(
    backend: Backend, alice: RawClient, bob: RawClient
) -> None:
    await alice.ask(a="ps", seq=3, **ROOM)
    assert await alice.ask(a="pu", seq=2, **ROOM) == {"a": "pu", "seq": 2, **ROOM}
    await say(bob, 1, 0)
    assert (await alice.next())["p"] == 1


async def test_trap_41_what_a_hook_makes_of_a_presence_is_what_leaves(
    backend: Backend, alice: RawClient, bob: RawClient
) -> None:
    seen: list[Any] = []

    @backend.use("receivePresence")
    def rename(context: PresenceContext) -> None:
        seen.append(context.presence["p"])
        context.presence["name"] = "Alice"

    await bob.ask(a="ps", seq=1, **ROOM)
    await say(alice, 1, 7)
    assert (await bob.next())["name"] == "Alice"
    alice.agent.close()
    gone = await bob.next()
    assert (gone["p"], gone["pv"], gone["name"]) == (None, 8, "Alice")
    assert "seq" not in gone
    assert seen == [1, None]


async def test_trap_41_a_hook_cannot_keep_a_client_that_left(
    backend: Backend, alice: RawClient, bob: RawClient
) -> None:
    @backend.use("receivePresence")
    def insist(context: PresenceContext) -> None:
        if context.presence["p"] is None:
            context.presence["p"] = "still here"
            raise ShareDBError("You stay")

    await bob.ask(a="ps", seq=1, **ROOM)
    await say(alice, 1, 0)
    await bob.next()
    alice.agent.close()
    assert (await bob.next())["p"] is None


async def test_trap_41_a_refused_presence_leaves_nothing_behind(
    backend: Backend, alice: RawClient, bob: RawClient
) -> None:
    @backend.use("receivePresence")
    def refuse(context: PresenceContext) -> None:
        raise ShareDBError("Silence", "ERR_SILENCE")

    await bob.ask(a="ps", seq=1, **ROOM)
    assert (await say(alice, 1, 0))["error"]["code"] == "ERR_SILENCE"
    alice.agent.close()
    assert await quiet(bob)


async def test_trap_42_an_up_to_date_presence_reads_no_ops(
    backend: Backend, db: OpsCountingDB, alice: RawClient, bob: RawClient
) -> None:
    reads: list[str] = []
    backend.use("readSnapshots", lambda context: reads.append(context.snapshot_type))
    key = {**DOC, "a": "op"}
    await bob.ask(**key, v=0, seq=1, create={"type": TEXT.name, "data": "abc"})
    assert (await say(alice, {"index": 1}, 0, **IN_DOC, v=1))["v"] == 1
    for version in range(1, 4):
        await bob.ask(**key, v=version, seq=version + 1, op={"index": 0, "value": "x"})
        said = await say(alice, {"index": 1}, version, **IN_DOC, v=version + 1)
        assert (said["p"], said["v"]) == ({"index": 1}, version + 1)
    assert db.ops_read == 0
    assert reads == ["current"]  # once, and then the version is followed


async def test_trap_42_a_stale_presence_is_carried_over_the_ops_it_had_not_seen(
    alice: RawClient, bob: RawClient
) -> None:
    key = {**DOC, "a": "op"}
    await bob.ask(**key, v=0, seq=1, create={"type": TEXT.name, "data": "abc"})
    await bob.ask(a="ps", ch="notes.n1", seq=1)
    await bob.ask(**key, v=1, seq=2, op={"index": 0, "value": "xy"})
    await bob.ask(**key, v=2, seq=3, op={"index": 0, "del": 1})
    said = await say(alice, {"index": 1}, 0, **IN_DOC, v=1)
    assert (said["p"], said["v"]) == ({"index": 2}, 3)
    assert await bob.next() == said
    await bob.ask(**key, v=3, seq=4, **{"del": True})
    said = await say(alice, {"index": 1}, 1, **IN_DOC, v=3)
    assert (said["p"], said["v"]) == (None, 4)


async def test_trap_42_a_presence_passes_a_no_op(
    backend: Backend, alice: RawClient, bob: RawClient
) -> None:
    key = {**DOC, "a": "op"}
    await bob.ask(**key, v=0, seq=1, create={"type": TEXT.name, "data": "abc"})

    @backend.use("submit")
    def empty(request: Any) -> None:
        del request.op["op"]

    await bob.ask(**key, v=1, seq=2, op={"index": 0, "value": "x"})
    said = await say(alice, {"index": 1}, 0, **IN_DOC, v=1)
    assert (said["p"], said["v"]) == ({"index": 1}, 2)


async def test_trap_42_a_presence_that_cannot_be_carried_is_an_error_of_its_sender(
    alice: RawClient, bob: RawClient
) -> None:
    key = {**DOC, "a": "op"}
    await bob.ask(**key, v=0, seq=1, create={"type": TEXT.name, "data": "abc"})
    await bob.ask(a="ps", ch="notes.n1", seq=1)
    await bob.ask(**key, v=1, seq=2, op={"index": 0, "value": "bad"})
    said = await say(alice, {"index": 1}, 0, **IN_DOC, v=1)
    assert said["error"]["code"] == "ERR_PRESENCE_TRANSFORM_FAILED"
    assert await quiet(bob)
    unknown = await say(alice, {"index": 1}, 1, **{**IN_DOC, "t": "json0"}, v=1)
    assert unknown["error"]["code"] == "ERR_TYPE_DOES_NOT_SUPPORT_PRESENCE"


async def test_trap_42_only_who_may_read_a_document_may_be_present_in_it(
    backend: Backend, alice: RawClient, bob: RawClient
) -> None:
    @backend.use("readSnapshots")
    def refuse(context: ReadSnapshotsContext) -> None:
        for snapshot in context.snapshots:
            context.reject_snapshot_read(snapshot, ReadRejected("Private", "ERR_PRIVATE"))

    await bob.ask(a="ps", ch="notes.n1", seq=1)
    for pv in (0, 1):
        refused = await say(alice, {"index": 1}, pv, **IN_DOC, v=1)
        assert refused["error"]["code"] == "ERR_PRIVATE"
    assert await quiet(bob)
    assert backend.pubsub.streams_count == 1  # type: ignore[attr-defined]


async def test_trap_42_a_presence_taken_back_follows_its_document_no_more(
    backend: Backend, alice: RawClient
) -> None:
    await say(alice, {"index": 1}, 0, **IN_DOC, v=0)
    assert backend.pubsub.streams_count == 1  # type: ignore[attr-defined]
    await say(alice, None, 1, **IN_DOC, v=0)
    assert backend.pubsub.streams_count == 0  # type: ignore[attr-defined]
    await say(alice, {"index": 1}, 2, **IN_DOC, v=0)
    alice.agent.close()
    assert backend.pubsub.streams_count == 0  # type: ignore[attr-defined]


@pytest.mark.node
async def test_trap_43_the_original_client_takes_equal_and_higher_pv(
    javascript: JavaScript,
) -> None:
    """The server passes all of them on; it is for the client to drop what came late."""
    assert await javascript("presenceOrder") == ["first", "second", "third"]


async def test_trap_43_what_is_remembered_is_the_latest(alice: RawClient, bob: RawClient) -> None:
    await bob.ask(a="ps", seq=1, **ROOM)
    for value, pv in (("new", 5), ("late", 3), ("newer", 6)):
        await say(alice, value, pv)
    alice.agent.close()
    seen = [await bob.next() for _ in range(4)]
    assert [(message["p"], message["pv"]) for message in seen] == [
        ("new", 5),
        ("late", 3),
        ("newer", 6),
        (None, 7),
    ]


async def test_trap_43_the_answer_to_pr_names_no_channel(alice: RawClient, bob: RawClient) -> None:
    await bob.ask(a="ps", seq=1, **ROOM)
    assert await alice.ask(a="pr", **ROOM) == {"a": "pr"}
    assert await bob.next() == {"a": "pr", **ROOM}


@pytest.mark.node
async def test_trap_43_the_original_client_does_not_answer_the_answer(
    javascript: JavaScript,
) -> None:
    assert await javascript("presenceRequest") == {"asked": 1, "said": 1}


async def test_presence_that_is_switched_off_is_not_answered() -> None:
    backend = Backend(presence=False)
    client = await connect(backend)
    client.post(a="ps", seq=1, **ROOM)
    client.post(a="p", id="p1", p=1, pv=0, **ROOM)
    assert await client.ask(a="pu", seq=2, **ROOM) == {"a": "pu", "seq": 2, **ROOM}
    assert await client.ask(a="pr", **ROOM) == {"a": "pr"}
    await backend.close()
