"""Traps 9 to 28: documents (protocol section 12)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.db.base import DocCommit
from sharedb_py.db.memory import MemoryDB
from sharedb_py.errors import ReadRejected, ShareDBError
from sharedb_py.jsonvalue import RESERVED_NAMES
from sharedb_py.middleware import OpContext, QueryContext, ReadSnapshotsContext
from sharedb_py.ops import apply_op
from sharedb_py.pubsub import MemoryPubSub, Subscription
from sharedb_py.snapshot import Snapshot
from sharedb_py.submit import SubmitRequest
from tests.server.conftest import RawClient, connect

DOC: dict[str, Any] = {"c": "dogs", "d": "fido"}
CREATE: dict[str, Any] = {"create": {"type": "json0", "data": {"n": 1}}}
DELETE: dict[str, Any] = {"del": True}
ADD: dict[str, Any] = {"op": [{"p": ["n"], "na": 1}]}
JavaScript = Callable[[str], Awaitable[Any]]


class Writer:
    """A client that submits ops with the next seq."""

    def __init__(self, client: RawClient) -> None:
        self.client = client
        self.seq = 0

    async def __call__(self, v: int | None, **body: Any) -> dict[str, Any]:
        """Submit an op on fido and return the answer to it; what comes before it is dropped."""
        self.seq += 1
        self.client.post(**{"a": "op", **DOC, "v": v, "seq": self.seq, **body})
        while True:
            answer = await self.client.next()
            if answer.get("seq") == self.seq and answer.get("src", self.src) == self.src:
                return answer

    @property
    def src(self) -> str:
        return self.client.agent.src


@pytest.fixture
def write(alice: RawClient) -> Writer:
    return Writer(alice)


@pytest.fixture
def rival(bob: RawClient) -> Writer:
    return Writer(bob)


def code(answer: dict[str, Any]) -> Any:
    return answer["error"]["code"] if "error" in answer else None


async def versions(backend: Backend) -> list[int]:
    return [op["v"] for op in await backend.db.get_ops("dogs", "fido", 0, None)]


async def test_trap_09_an_unknown_document_is_version_0_of_no_type(alice: RawClient) -> None:
    assert (await alice.ask(a="f", **DOC))["data"] == {"v": 0, "type": None}
    bulk = await alice.ask(a="bs", c="dogs", b=["fido", "rex"])
    assert bulk["data"] == {"fido": {"v": 0, "type": None}, "rex": {"v": 0, "type": None}}


async def test_trap_09_a_map_of_version_0_brings_the_create(write: Writer, bob: RawClient) -> None:
    await write(0, **CREATE)
    bob.post(a="bs", c="dogs", b={"fido": 0})
    assert (await bob.next())["create"]["data"] == {"n": 1}
    assert await bob.next() == {"a": "bs", "c": "dogs", "b": {"fido": 0}}


async def test_trap_10_versions_go_on_over_a_delete(
    backend: Backend, write: Writer, rival: Writer
) -> None:
    assert (await write(0, **CREATE))["v"] == 0
    assert (await write(1, **DELETE))["v"] == 1
    assert (await rival(None, **CREATE))["v"] == 2
    assert (await backend.db.get_snapshot("dogs", "fido")).version == 3


@pytest.mark.node
async def test_trap_10_a_client_that_never_fetched_creates_over_a_deleted_document(
    javascript: JavaScript,
) -> None:
    assert await javascript("createsOverDeleted") == [1, 2, 3]


class ForgetfulDB(MemoryDB):
    """Keeps no metadata, like some databases."""

    async def get_snapshot(self, *arguments: Any, **named: Any) -> Snapshot:
        return replace(await super().get_snapshot(*arguments, **named), meta=None)

    async def commit(self, batch: Sequence[DocCommit]) -> list[bool]:
        return await super().commit(
            [replace(entry, snapshot=replace(entry.snapshot, meta=None)) for entry in batch]
        )


@pytest.mark.parametrize("db", [MemoryDB, ForgetfulDB])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("version", [0, None])
@pytest.mark.parametrize("before", [False, True])
async def test_trap_11_a_create_sent_again_is_acknowledged(
    db: type[MemoryDB], known: bool, version: int | None, before: bool
) -> None:
    store = db()
    backend = Backend(store)
    alice = await connect(backend)
    first = 0
    if before:
        await alice.ask(a="op", **DOC, v=0, seq=1, **CREATE)
        await alice.ask(a="op", **DOC, v=1, seq=2, **DELETE)
        first = 2
    sent: dict[str, Any] = {"a": "op", **DOC, "seq": 3, **CREATE}
    assert (await alice.ask(**sent, v=first if version == 0 else None))["v"] == first
    await alice.ask(a="op", **DOC, v=first + 1, seq=4, **ADD)
    if not known:
        backend = Backend(store)  # another process, which has nothing in memory
    again = await connect(backend)
    reply = await again.ask(**sent, v=first if version == 0 else None, src=alice.agent.src)
    assert code(reply) is None
    assert (reply["v"], reply["src"]) == (first, alice.agent.src)
    assert (await store.get_snapshot("dogs", "fido")).version == first + 2
    other = await again.ask(a="op", **DOC, v=None, seq=9, **CREATE)
    assert code(other) == "ERR_DOC_ALREADY_CREATED"


@pytest.mark.node
async def test_trap_11_the_original_client_resends_its_create_once(
    backend: Backend, javascript: JavaScript
) -> None:
    assert await javascript("resendsCreate") == {"version": 1, "data": {"n": 1}}
    assert await versions(backend) == [0]


async def test_trap_12_deletes_pass_each_other_and_edits_but_no_edit_a_delete(
    backend: Backend, write: Writer, rival: Writer
) -> None:
    await write(0, **CREATE)
    await write(1, **ADD)
    assert (await rival(1, **DELETE))["v"] == 2
    assert (await write(2, **DELETE))["v"] == 3
    assert await versions(backend) == [0, 1, 2, 3]
    await write(4, **CREATE)
    await write(5, **ADD)
    await write(6, **DELETE)
    assert code(await rival(6, **ADD)) == "ERR_DOC_WAS_DELETED"
    # To pass an edit takes a type, and there is none any more.
    assert code(await rival(5, **ADD)) == "ERR_DOC_DOES_NOT_EXIST"


@pytest.mark.parametrize("version", [0, None])
async def test_trap_13_who_creates_second_learns_it_and_fetches_the_first(
    write: Writer, rival: Writer, version: int | None
) -> None:
    await write(0, **CREATE)
    refused = await rival(version, create={"type": "json0", "data": {"late": True}})
    assert code(refused) == "ERR_DOC_ALREADY_CREATED"
    assert (await rival.client.ask(a="f", **DOC))["data"] == {"v": 1, "data": {"n": 1}}


@pytest.mark.node
async def test_trap_13_the_original_client_recovers_from_a_lost_create(
    javascript: JavaScript,
) -> None:
    seen = await javascript("createsSecond")
    assert seen == {"code": "ERR_DOC_ALREADY_CREATED", "data": {"first": True}, "version": 1}


async def test_trap_14_missed_ops_come_before_the_acknowledgement_without_metadata(
    backend: Backend, write: Writer, bob: RawClient
) -> None:
    missed: list[Any] = []

    @backend.use("apply")
    def look(request: SubmitRequest) -> None:
        missed.extend(dict(op) for op in request.ops)

    await write(0, **CREATE)
    await write(1, **ADD)
    await write(2, **ADD)
    bob.post(a="op", **DOC, v=1, seq=1, **ADD)
    pushed = [await bob.next(), await bob.next()]
    assert [op["v"] for op in pushed] == [1, 2]
    assert all(set(op) == {"a", "c", "d", "v", "src", "seq", "op"} for op in pushed)
    assert (await bob.next())["v"] == 3
    assert [op["v"] for op in missed] == [1, 2]
    assert not any("m" in op for op in missed)


@pytest.mark.node
async def test_trap_14_the_original_client_needs_no_fetch_to_catch_up(
    javascript: JavaScript,
) -> None:
    seen = await javascript("isBehind")
    assert seen == {"data": {"n": 4}, "version": 4, "sent": ["op"]}


async def test_trap_15_an_op_that_a_hook_empties_takes_a_version(
    backend: Backend, write: Writer, bob: RawClient
) -> None:
    await write(0, **CREATE)

    @backend.use("submit")
    def empty(request: SubmitRequest) -> None:
        del request.op["op"]

    await bob.ask(a="s", **DOC)
    assert (await write(1, **ADD))["v"] == 1
    live = await bob.next()
    assert (live["a"], live["v"]) == ("op", 1)
    assert not {"op", "create", "del"} & live.keys()
    # One that was sent before it is known passes it as well.
    assert (await write(1, **ADD))["v"] == 2
    assert (await bob.next())["v"] == 2
    assert (await backend.db.get_snapshot("dogs", "fido")).data == {"n": 1}
    assert (await bob.ask(a="nf", id=1, **DOC, v=3))["data"] == {"n": 1}


@pytest.mark.node
async def test_trap_15_the_original_client_takes_no_ops(
    backend: Backend, javascript: JavaScript
) -> None:
    @backend.use("submit")
    def empty(request: SubmitRequest) -> None:
        if request.op.get("op") == [{"p": ["x"], "oi": 1}]:
            del request.op["op"]

    seen = await javascript("noOps")
    assert seen == {"version": 3, "data": {"n": 2}}


REMOVE: dict[str, Any] = {"op": [{"p": ["n"], "od": 1}]}


async def test_trap_16_what_others_did_already_is_committed_all_the_same(
    backend: Backend, write: Writer, rival: Writer
) -> None:
    await write(0, **CREATE)
    assert (await write(1, **REMOVE))["v"] == 1
    assert (await rival(1, **REMOVE))["v"] == 2
    [op] = await backend.db.get_ops("dogs", "fido", 2, None)
    assert op["op"] == []


@pytest.mark.parametrize(("minor", "refused"), [(None, False), (1, False), (2, True), (3, True)])
async def test_trap_16_or_not_if_the_backend_and_the_client_know_how(
    minor: int | None, refused: bool
) -> None:
    backend = Backend(do_not_commit_no_ops=True)
    alice, bob = await connect(backend), await connect(backend)
    write, rival = Writer(alice), Writer(bob)
    if minor is not None:
        await bob.ask(a="hs", id=None, protocol=1, protocolMinor=minor)
    await write(0, **CREATE)
    await write(1, **REMOVE)
    answer = await rival(1, **REMOVE)
    assert code(answer) == ("ERR_NO_OP" if refused else None)
    assert answer["seq"] == 1
    # At the current version nothing was transformed, and an empty op is what was asked for.
    assert code(await rival(2 if refused else 3, op=[])) is None
    await backend.close()


@pytest.mark.node
async def test_trap_16_the_original_client_takes_a_no_op_for_done(javascript: JavaScript) -> None:
    assert await javascript("sameDelete") == {"data": {}, "version": 3}


class RacingDB(MemoryDB):
    """Lets another process commit just before this one, ``races`` times."""

    def __init__(self, races: int) -> None:
        super().__init__()
        self.races = races

    async def commit(self, batch: Sequence[DocCommit]) -> list[bool]:
        [entry] = batch
        version = entry.ops[0]["v"]
        if version > 0 and self.races:
            self.races -= 1
            before = await self.get_snapshot("dogs", "fido", metadata=True)
            op = {"src": "other", "seq": self.races, "v": version, **ADD}
            rival = DocCommit("dogs", "fido", [op], apply_op(before, op))
            assert await super().commit([rival]) == [True]
        return await super().commit(batch)


async def test_trap_17_no_retries_fail_at_the_first_conflict() -> None:
    backend = Backend(RacingDB(1), max_submit_retries=0)
    write = Writer(await connect(backend))
    await write(0, **CREATE)
    assert code(await write(1, **ADD)) == "ERR_MAX_SUBMIT_RETRIES_EXCEEDED"
    await backend.close()


async def test_trap_17_no_limit_retries_for_as_long_as_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: 0)
    backend = Backend(RacingDB(300), max_submit_retries=None)
    write = Writer(await connect(backend))
    await write(0, **CREATE)
    assert (await write(1, **ADD))["v"] == 301
    await backend.close()


async def test_trap_17_channels_that_a_hook_adds_are_new_at_each_attempt() -> None:
    backend = Backend(RacingDB(2))
    seen: list[list[str]] = []

    @backend.use("apply")
    def add(request: SubmitRequest) -> None:
        request.channels.append("also")
        seen.append(list(request.channels))

    write = Writer(await connect(backend))
    await write(0, **CREATE)
    await write(1, **ADD)
    assert seen == [["dogs", "dogs.fido", "also"]] * 4
    await backend.close()


async def test_trap_18_documents_and_ops_need_not_be_objects(
    backend: Backend, write: Writer, rival: Writer
) -> None:
    await write(0, create={"type": "number-type", "data": 5})
    await rival.client.ask(a="s", **DOC)
    assert (await write(1, op=2))["v"] == 1
    assert (await rival.client.next())["op"] == 2
    assert (await write(2, op=None))["v"] == 2
    live = await rival.client.next()
    assert "op" in live
    assert live["op"] is None
    payload = (await rival.client.ask(a="f", **DOC))["data"]
    assert payload == {"v": 3, "data": 7, "type": "http://sharejs.org/types/number-type"}
    # Null is an op when it is transformed, replayed and fetched, too.
    assert (await rival(1, op=1))["v"] == 3
    assert (await rival.client.ask(a="nf", id=1, **DOC, v=4))["data"] == 8
    rival.client.post(a="f", **DOC, v=2)
    assert (await rival.client.next())["op"] is None


async def test_trap_19_x_is_for_hooks_and_never_stored(
    backend: Backend, write: Writer, bob: RawClient
) -> None:
    extras: list[Any] = []
    backend.use("submit", lambda request: extras.append(request.extra))
    await bob.ask(a="s", **DOC)
    await write(0, **CREATE)
    await write(1, **ADD, x={})
    await write(2, **ADD, x={"source": "keyboard"})
    assert extras == [None, {}, {"source": "keyboard"}]
    stored = await backend.db.get_ops("dogs", "fido", 0, None, metadata=True)
    live = [await bob.next() for _ in range(3)]
    assert not any("x" in op or "extra" in op for op in [*stored, *live])


async def test_trap_20_fields_that_a_hook_adds_to_an_op_reach_those_who_are_shown_it(
    backend: Backend, write: Writer, bob: RawClient
) -> None:
    accounts: list[Any] = []

    @backend.use("commit")
    def note(request: SubmitRequest) -> None:
        request.op["accountId"] = "acme"

    @backend.use("op")
    def check(context: OpContext) -> None:
        accounts.append(context.op.get("accountId"))

    await bob.ask(a="s", **DOC)
    await write(0, **CREATE)
    live = await bob.next()
    bob.post(a="f", **DOC, v=0)
    fetched = await bob.next()
    assert accounts == ["acme", "acme"]
    assert not any("accountId" in message for message in (live, fetched))


def amending(backend: Backend, *amounts: int) -> None:
    @backend.use("apply")
    def amend(request: SubmitRequest) -> None:
        if "del" not in request.op:
            for amount in amounts:
                request.fixup([{"p": ["n"], "na": amount}])


async def test_trap_21_fixups_accumulate_and_are_told_to_the_sender_alone(
    backend: Backend, write: Writer, bob: RawClient
) -> None:
    await write(0, **CREATE)
    await bob.ask(a="s", **DOC)
    amending(backend, 10, 100)
    ack = await write(1, **ADD)
    key = {"src": write.src, "seq": 2, "v": 1}
    assert ack["fixup"] == [
        {**key, "op": [{"p": ["n"], "na": 10}]},
        {**key, "op": [{"p": ["n"], "na": 100}]},
    ]
    live = await bob.next()
    assert live["op"] == [{"p": ["n"], "na": 111}]
    assert "fixup" not in live
    assert (await bob.ask(a="f", **DOC))["data"]["data"] == {"n": 112}


async def test_trap_21_an_op_sent_again_is_answered_with_its_fixups(
    backend: Backend, write: Writer
) -> None:
    await write(0, **CREATE)
    amending(backend, 10)
    first = await write(1, **ADD)
    write.seq -= 1
    assert await write(1, **ADD) == first
    assert (await backend.db.get_snapshot("dogs", "fido")).data == {"n": 12}


async def test_trap_21_a_create_can_be_amended_and_a_delete_cannot(
    backend: Backend, write: Writer
) -> None:
    amending(backend, 10)
    ack = await write(0, **CREATE)
    assert [fixup["op"] for fixup in ack["fixup"]] == [[{"p": ["n"], "na": 10}]]
    assert (await backend.db.get_snapshot("dogs", "fido")).data == {"n": 11}
    errors: list[Any] = []

    @backend.use("apply")
    def amend_all(request: SubmitRequest) -> None:
        try:
            request.fixup([])
        except ShareDBError as error:
            errors.append(error.code)

    await write(1, **DELETE)
    assert errors == ["ERR_CANNOT_FIXUP_DELETION"]


@pytest.mark.parametrize("held", [True, False], ids=["in memory", "read from the database"])
async def test_trap_21_a_create_sent_again_is_answered_with_its_fixups(held: bool) -> None:
    db = MemoryDB()
    first, second = Backend(db), Backend(db)
    write = Writer(await connect(first))
    amending(first, 10)
    ack = await write(None, **CREATE)
    assert ack["fixup"]
    again = await connect(first if held else second)
    resent = {"a": "op", **DOC, "v": None, "src": write.src, "seq": 1, **CREATE}
    assert await again.ask(**resent) == ack
    await second.close()
    await first.close()


async def test_trap_21_a_fixup_is_made_once_however_often_the_commit_is_tried() -> None:
    backend = Backend(RacingDB(3))
    write = Writer(await connect(backend))
    await write(0, **CREATE)
    amending(backend, 10)
    ack = await write(1, **ADD)
    assert (ack["v"], len(ack["fixup"])) == (4, 1)
    [op] = await backend.db.get_ops("dogs", "fido", 4, None, metadata=True)
    assert op["op"] == [{"p": ["n"], "na": 11}]
    assert op["m"]["fixup"] == ack["fixup"]
    assert (await backend.db.get_snapshot("dogs", "fido")).data == {"n": 1 + 3 + 11}
    await backend.close()


async def test_trap_21_a_type_that_cannot_compose_cannot_be_amended(
    backend: Backend, write: Writer
) -> None:
    amending(backend, 1)
    refused = await write(0, create={"type": "number-type", "data": 5})
    assert code(refused) == "ERR_TYPE_DOES_NOT_SUPPORT_COMPOSE"


@pytest.mark.node
async def test_trap_21_the_original_client_applies_fixups(
    backend: Backend, javascript: JavaScript
) -> None:
    @backend.use("apply")
    def amend(request: SubmitRequest) -> None:
        if "op" in request.op:
            request.fixup([{"p": ["fixed"], "na": 1}])

    seen = await javascript("fixups")
    assert seen["mine"] == seen["theirs"]
    assert seen["mine"] == {"version": 3, "data": {"n": 3, "fixed": 2}}


def private(backend: Backend, *ids: str) -> None:
    @backend.use("readSnapshots")
    def refuse(context: ReadSnapshotsContext) -> None:
        for snapshot in context.snapshots:
            if snapshot.id in ids:
                context.reject_snapshot_read(snapshot, ReadRejected("Private", "ERR_PRIVATE"))


async def test_trap_22_a_refused_subscription_delivers_nothing_later(
    backend: Backend, write: Writer, bob: RawClient
) -> None:
    private(backend, "fido")
    assert code(await bob.ask(a="s", **DOC)) == "ERR_PRIVATE"
    await write(0, **CREATE)
    assert bob.received.empty()
    assert backend.pubsub.streams_count == 0  # type: ignore[attr-defined]


async def test_trap_22_in_bulk_the_others_stay_subscribed(
    backend: Backend, write: Writer, bob: RawClient
) -> None:
    private(backend, "rex", "spot")
    data = (await bob.ask(a="bs", c="dogs", b=["rex", "fido", "spot"]))["data"]
    error = {"error": {"code": "ERR_PRIVATE", "message": "Private"}}
    assert data == {"rex": error, "fido": {"v": 0, "type": None}, "spot": error}
    await write(0, **CREATE)
    assert (await bob.next())["d"] == "fido"
    await write.client.ask(a="op", c="dogs", d="rex", v=0, seq=9, **CREATE)
    assert bob.received.empty()


@pytest.mark.node
async def test_trap_22_a_silent_rejection_drops_the_original_clients_subscription(
    backend: Backend, javascript: JavaScript
) -> None:
    @backend.use("readSnapshots")
    def refuse(context: ReadSnapshotsContext) -> None:
        for snapshot in context.snapshots:
            context.reject_snapshot_read_silent(snapshot, "You may not know")

    seen = await javascript("silentRejection")
    assert seen == {"errors": [], "version": None, "subscribed": False}


class CountingPubSub(MemoryPubSub):
    """Fails to subscribe to one channel, after a while."""

    async def subscribe(self, channel: str, receiver: Any) -> Subscription:
        if channel == "dogs.bad":
            await asyncio.sleep(0)
            raise ShareDBError("No such channel", "ERR_BROKER")
        if channel == "dogs.slow":
            await asyncio.sleep(0.01)
        return await super().subscribe(channel, receiver)


async def test_trap_23_subscribing_again_keeps_one_stream_the_new_one(
    backend: Backend, write: Writer, bob: RawClient
) -> None:
    await bob.ask(a="s", **DOC)
    await bob.ask(a="s", **DOC)
    await bob.ask(a="bs", c="dogs", b=["fido", "fido", "rex"])
    assert backend.pubsub.streams_count == 2  # type: ignore[attr-defined]
    await write(0, **CREATE)
    assert (await bob.next())["v"] == 0
    assert bob.received.empty()


async def test_trap_23_a_channel_that_fails_closes_all_streams_of_its_request() -> None:
    pubsub = CountingPubSub()
    backend = Backend(pubsub=pubsub)
    bob = await connect(backend)
    assert code(await bob.ask(a="bs", c="dogs", b=["fido", "bad", "slow"])) == "ERR_BROKER"
    await asyncio.sleep(0.03)  # for the slow one, which nobody waits for any more
    assert pubsub.streams_count == 0
    assert "error" not in await bob.ask(a="bs", c="dogs", b=["fido", "slow"])
    assert pubsub.streams_count == 2
    await backend.close()


async def test_trap_24_a_client_that_sees_a_gap_is_answered_with_all_it_lacks(
    backend: Backend, write: Writer, bob: RawClient
) -> None:
    await write(0, **CREATE)
    await bob.ask(a="s", **DOC)

    @backend.use("submit")
    def hide(request: SubmitRequest) -> None:
        request.suppress_publish = request.op["v"] < 3

    for version in (1, 2, 3):
        await write(version, **ADD)
    assert (await bob.next())["v"] == 3
    bob.post(a="f", **DOC, v=1)
    assert [(await bob.next())["v"] for _ in range(3)] == [1, 2, 3]
    assert await bob.next() == {"a": "f", **DOC}


@pytest.mark.node
async def test_trap_24_the_original_client_fetches_what_it_missed(
    backend: Backend, javascript: JavaScript
) -> None:
    @backend.use("submit")
    def hide(request: SubmitRequest) -> None:
        request.suppress_publish = request.op["v"] in (1, 2)

    assert await javascript("seesGap") == {"version": 4, "data": {"n": 4}}


async def test_trap_25_own_ops_are_kept_back_only_under_the_name_they_were_sent_to(
    backend: Backend, write: Writer
) -> None:
    backend.add_projection("names", "dogs", {"n": True})
    client = write.client
    await client.ask(a="s", **DOC)
    await client.ask(a="s", c="names", d="fido")
    for seq, (name, other) in enumerate([("dogs", "names"), ("names", "dogs")], 1):
        body = CREATE if seq == 1 else ADD
        client.post(**{"a": "op", "c": name, "d": "fido", "v": seq - 1, "seq": seq, **body})
        received = {message["c"]: message for message in (await client.next(), await client.next())}
        ack, live = received[name], received[other]
        assert not {"op", "create"} & ack.keys()
        assert {"op", "create"} & live.keys()
        assert ack["v"] == live["v"] == seq - 1
    assert client.received.empty()


async def test_trap_26_names_that_read_the_same_as_channels_are_kept_apart(
    backend: Backend, alice: RawClient, bob: RawClient
) -> None:
    await bob.ask(a="s", c="notes", d="private.alice")
    await bob.ask(a="qs", id=1, c="notes.x", q={})
    await alice.ask(a="op", c="notes.private", d="alice", v=0, seq=1, **CREATE)
    await alice.ask(a="op", c="notes", d="x", v=0, seq=2, **CREATE)
    assert bob.received.empty()
    await alice.ask(a="op", c="notes", d="private.alice", v=0, seq=3, **CREATE)
    assert (await bob.next())["c"] == "notes"
    await alice.ask(a="op", c="notes.x", d="y", v=0, seq=4, **CREATE)
    assert (await bob.next())["a"] == "q"


async def test_trap_26_collections_that_share_a_channel_are_kept_apart(
    backend: Backend, alice: RawClient, bob: RawClient
) -> None:
    @backend.use("query")
    def listen(context: QueryContext) -> None:
        context.channels = ["shared"]

    @backend.use("commit")
    def publish(request: SubmitRequest) -> None:
        request.channels.append("shared")

    await bob.ask(a="qs", id=1, c="cats", q={})
    await alice.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    assert bob.received.empty()
    await alice.ask(a="op", c="cats", d="tom", v=0, seq=2, **CREATE)
    assert (await bob.next())["diff"][0]["values"][0]["d"] == "tom"


async def test_trap_27_a_seq_past_the_safe_integers_is_refused(write: Writer) -> None:
    for seq in (2**53 - 1, 2**53):
        reply = await write.client.ask(a="op", **DOC, v=0, seq=seq, **CREATE)
        assert code(reply) == "ERR_CONNECTION_SEQ_INTEGER_OVERFLOW"
    assert code(await write.client.ask(a="op", **DOC, v=0, seq=2**53 - 2, **CREATE)) is None


@pytest.mark.node
async def test_trap_27_the_original_client_refuses_it_too(javascript: JavaScript) -> None:
    assert await javascript("hugeSeq") == "ERR_CONNECTION_SEQ_INTEGER_OVERFLOW"


class UnreadDB(MemoryDB):
    """Must not be asked anything."""

    def __getattribute__(self, name: str) -> Any:
        assert not name.startswith(("get_", "query", "commit")), f"{name} was read"
        return super().__getattribute__(name)


@pytest.mark.parametrize("name", [*sorted(RESERVED_NAMES), 1, None, True])
async def test_trap_28_names_that_harm_javascript_are_refused_before_anything_is_read(
    name: Any,
) -> None:
    backend = Backend(UnreadDB())
    client = await connect(backend)
    requests: list[dict[str, Any]] = [
        {"a": "bf", "c": "dogs", "b": [name]},
        {"a": "bs", "c": "dogs", "b": ["fido", name]},
        {"a": "bu", "c": "dogs", "b": [name]},
        {"a": "qs", "id": 1, "c": "dogs", "q": {}, "r": [[name, 1]]},
        {"a": "p", "ch": "room", "id": name, "p": 1, "pv": 0},
        {"a": "ps", "ch": name, "seq": 1},
    ]
    for action in ("f", "s", "u", "op", "nf", "nt"):
        requests.append({"a": action, "id": 1, "c": name, "d": "fido", "seq": 1, **CREATE})
        requests.append({"a": action, "id": 1, "c": "dogs", "d": name, "seq": 1, **CREATE})
    if isinstance(name, str):
        requests.append({"a": "bs", "c": "dogs", "b": {name: 1}})
    for request in requests:
        assert code(await client.ask(**request)) == "ERR_MESSAGE_BADLY_FORMED", request
    client.agent.close()
