"""Traps 29 to 38: queries (protocol section 12)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.db.base import LiveQuery, PollResult, PollTimes, QueryResult
from sharedb_py.db.memory import MemoryDB
from sharedb_py.errors import ReadRejected
from sharedb_py.middleware import ConnectContext, QueryContext, ReadSnapshotsContext
from sharedb_py.submit import SubmitRequest
from tests.server.conftest import RawClient, connect

JavaScript = Callable[[str], Awaitable[Any]]


class PolledDB(MemoryDB):
    """Decides nothing in memory, and counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.polls = 0

    def live_query(self, *arguments: Any) -> LiveQuery | None:
        return None

    def can_poll_doc(self, *arguments: Any) -> bool:
        return False

    async def query_poll(self, *arguments: Any, **named: Any) -> PollResult:
        self.polls += 1
        return await super().query_poll(*arguments, **named)


class PolledDocDB(PolledDB):
    """Is asked about one document at a time where that decides."""

    def can_poll_doc(self, *arguments: Any) -> bool:
        return MemoryDB.can_poll_doc(self, *arguments)


@pytest.fixture(params=[MemoryDB, PolledDB, PolledDocDB])
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    made = Backend(request.param())
    yield made
    await made.close()


class Writer:
    """Submits ops on dogs, each at the version its document has."""

    def __init__(self, client: RawClient) -> None:
        self._client = client
        self._versions: dict[str, int] = {}
        self._seq = 0

    async def __call__(self, doc_id: str, /, **body: Any) -> None:
        version = self._versions.get(doc_id, 0)
        self._versions[doc_id] = version + 1
        self._seq += 1
        key = {"c": "dogs", "d": doc_id, "v": version, "seq": self._seq}
        reply = await self._client.ask(**{"a": "op", **key, **body})
        assert "error" not in reply, reply

    async def create(self, doc_id: str, **data: Any) -> None:
        await self(doc_id, create={"type": "json0", "data": data})

    async def add(self, doc_id: str, field: str, amount: int) -> None:
        await self(doc_id, op=[{"p": [field], "na": amount}])


@pytest.fixture
async def write(backend: Backend) -> Writer:
    return Writer(await connect(backend))


async def ids(client: RawClient, message: dict[str, Any]) -> list[str]:
    """Return the ids that a ``q`` message inserts."""
    assert message["a"] == "q", message
    return [value["d"] for step in message["diff"] for value in step.get("values", ())]


async def quiet(client: RawClient) -> bool:
    """Whether nothing is on its way to the client."""
    client.post(a="pp")
    return await client.next() == {"a": "pp"}


async def test_trap_29_a_deleted_document_leaves_the_results_before_it_is_deleted(
    write: Writer, bob: RawClient
) -> None:
    await write.create("fido", age=3)
    await bob.ask(a="qs", id=1, c="dogs", q={"age": 3})
    await write("fido", **{"del": True})
    removal, delete = await bob.next(), await bob.next()
    assert removal["diff"] == [{"type": "remove", "index": 0, "howMany": 1}]
    assert (delete["a"], delete["del"]) == ("op", True)


async def test_trap_30_whoever_comes_back_learns_what_came_and_what_went(
    write: Writer, bob: RawClient
) -> None:
    await write.create("fido", age=3)
    await write.create("rex", age=3)
    await write.add("fido", "age", 5)
    bob.post(a="qs", id=1, c="dogs", q={"age": 3}, r=[["fido", 1], ["gone", None]])
    # As seen of the reference: the ops, then the diff, then the reply.
    op, diff, reply = await bob.next(), await bob.next(), await bob.next()
    assert (op["a"], op["d"], op["v"]) == ("op", "fido", 1)
    assert diff["diff"] == [
        {"type": "remove", "index": 0, "howMany": 2},
        {"type": "insert", "index": 0, "values": [{"d": "rex", "v": 1, "data": {"age": 3}}]},
    ]
    assert reply == {"a": "qs", "id": 1, "data": {"gone": {"v": 0, "type": None}}}


@pytest.mark.node
async def test_trap_30_the_original_client_has_the_right_results_after_a_cut(
    javascript: JavaScript,
) -> None:
    seen = await javascript("queryAfterCut")
    assert seen == {"before": ["fido", "rex"], "after": ["rex", "spot"]}


async def test_trap_31_a_change_of_order_moves_and_neither_removes_nor_inserts(
    write: Writer, bob: RawClient
) -> None:
    for age, doc_id in enumerate(["a", "b", "c", "d"]):
        await write.create(doc_id, age=age)
    reply = await bob.ask(a="qs", id=1, c="dogs", q={"$sort": {"age": 1}})
    results = [item["d"] for item in reply["data"]]
    await write.add("a", "age", 10)
    steps = (await bob.next())["diff"]
    assert {step["type"] for step in steps} == {"move"}
    for step in steps:
        moved = results[step["from"] : step["from"] + step["howMany"]]
        del results[step["from"] : step["from"] + step["howMany"]]
        results[step["to"] : step["to"]] = moved
    assert results == ["b", "c", "d", "a"]
    assert (await bob.next())["a"] == "op"


@pytest.mark.node
async def test_trap_31_the_original_client_sees_a_move(javascript: JavaScript) -> None:
    assert await javascript("queryMoves") == {"events": ["move"], "ids": ["b", "c", "a"]}


async def test_trap_32_the_first_change_is_told_at_once_and_later_ones_together() -> None:
    db = PolledDB()
    db.poll_times = PollTimes(debounce=400)
    backend = Backend(db)
    write, bob = Writer(await connect(backend)), await connect(backend)
    await bob.ask(a="qs", id=1, c="dogs", q={})
    start = asyncio.get_running_loop().time()
    await write.create("a")
    assert await ids(bob, await bob.next()) == ["a"]
    assert asyncio.get_running_loop().time() - start < 0.4
    for doc_id in ("b", "c", "d"):
        await write.create(doc_id)
    assert await ids(bob, await bob.next()) == ["b", "c", "d"]
    assert asyncio.get_running_loop().time() - start >= 0.4
    assert db.polls == 2
    await backend.close()


async def test_trap_32_changes_that_nobody_published_are_found_in_time() -> None:
    db = PolledDB()
    db.poll_times = PollTimes(interval=20)
    backend = Backend(db, suppress_publish=True)
    write, bob = Writer(await connect(backend)), await connect(backend)
    await bob.ask(a="qs", id=1, c="dogs", q={})
    await write.create("a")
    assert await ids(bob, await bob.next()) == ["a"]
    bob.post(a="qu", id=1)
    await write.create("b")
    assert (await bob.next())["a"] == "qu"
    polls = db.polls
    await asyncio.sleep(0.1)
    assert db.polls == polls
    await backend.close()


async def test_trap_32_a_client_cannot_say_how_often_to_poll(
    backend: Backend, bob: RawClient
) -> None:
    seen: list[dict[str, Any]] = []
    backend.use("query", lambda context: seen.append(dict(context.options)))
    given = {"pollInterval": 1, "pollDebounce": 1, "skipPoll": True, "metadata": True}
    await bob.ask(a="qs", id=1, c="dogs", q={}, o=given)
    assert not {*given} & seen[0].keys()


async def test_trap_33_a_document_published_on_several_channels_comes_in_once() -> None:
    backend = Backend()

    @backend.use("query")
    def several(context: QueryContext) -> None:
        context.channels = ["dogs", "kennel", "yard"]
        context.options["pollDebounce"] = 0

    @backend.use("commit")
    def everywhere(request: SubmitRequest) -> None:
        request.channels += ["kennel", "yard"]

    write, bob = Writer(await connect(backend)), await connect(backend)
    await bob.ask(a="qs", id=1, c="dogs", q={})
    await write.create("fido", age=1)
    message = await bob.next()
    assert await ids(bob, message) == ["fido"]
    assert len(message["diff"]) == 1
    later = []
    while (message := await _next_of(bob))["a"] != "pp":
        later.append(message)
    assert not any(message["a"] == "q" for message in later)
    await backend.close()


async def _next_of(client: RawClient) -> dict[str, Any]:
    if client.received.empty():
        client.post(a="pp")
    return await client.next()


@pytest.mark.parametrize("channels", [[], None])
async def test_trap_33_a_query_needs_a_channel(
    backend: Backend, bob: RawClient, channels: Any
) -> None:
    @backend.use("query")
    def none(context: QueryContext) -> None:
        context.channels = channels

    error = (await bob.ask(a="qs", id=1, c="dogs", q={}))["error"]
    assert error == {
        "code": "ERR_QUERY_CHANNEL_MISSING",
        "message": "Required minimum one query channel.",
    }
    assert (await bob.ask(a="qf", id=1, c="dogs", q={}))["data"] == []


async def test_trap_33_the_old_way_to_name_a_channel_works(
    backend: Backend, write: Writer, bob: RawClient
) -> None:
    @backend.use("query")
    def old(context: QueryContext) -> None:
        context.channel = "kennel"

    @backend.use("commit")
    def kennel(request: SubmitRequest) -> None:
        request.channels = ["kennel"] if request.id == "rex" else []

    await bob.ask(a="qs", id=1, c="dogs", q={"age": 1})
    await write.create("spot", age=2)
    assert await quiet(bob)
    await write.create("rex", age=1)
    assert await ids(bob, await bob.next()) == ["rex"]


class CountedDB(PolledDB):
    """Gives the number of old dogs besides the results, in an object."""

    async def query_poll(self, *arguments: Any, **named: Any) -> PollResult:
        found = await super().query_poll(*arguments, **named)
        old = await self.query_old()
        return PollResult(found.ids, {"old": [old]})

    async def query(self, *arguments: Any, **named: Any) -> QueryResult:
        found = await super().query(*arguments, **named)
        return QueryResult(found.snapshots, {"old": [await self.query_old()]})

    async def query_old(self) -> int:
        return len((await MemoryDB.query(self, "dogs", {"age": {"$gt": 9}})).snapshots)


async def test_trap_34_extra_is_told_only_when_it_differs() -> None:
    backend = Backend(CountedDB())
    write, bob = Writer(await connect(backend)), await connect(backend)
    reply = await bob.ask(a="qs", id=1, c="dogs", q={"age": 1})
    assert reply["extra"] == {"old": [0]}
    await write.create("young", age=2)
    assert await quiet(bob)
    await write.create("old", age=12)
    assert await bob.next() == {"a": "q", "id": 1, "extra": {"old": [1]}}
    assert await quiet(bob)
    await backend.close()


@pytest.fixture
def summary(backend: Backend) -> None:
    backend.add_projection("summary", "dogs", {"name": True})


@pytest.mark.usefixtures("summary")
async def test_trap_35_a_projected_query_follows_fields_it_hides(
    write: Writer, bob: RawClient
) -> None:
    await write.create("fido", name="Fido", age=1)
    assert (await bob.ask(a="qs", id=1, c="summary", q={"age": 2}))["data"] == []
    await write.add("fido", "age", 1)
    [step] = (await bob.next())["diff"]
    assert step["values"] == [{"d": "fido", "v": 2, "data": {"name": "Fido"}}]
    await write.add("fido", "age", 1)
    assert [step["type"] for step in (await bob.next())["diff"]] == ["remove"]
    hidden = await bob.next()
    assert (hidden["a"], hidden["c"], hidden["v"], hidden["op"]) == ("op", "summary", 2, [])


@pytest.mark.usefixtures("summary")
async def test_trap_35_ops_and_creates_are_cut_down_for_those_who_see_a_part(
    write: Writer, bob: RawClient, alice: RawClient
) -> None:
    key = {"c": "summary", "d": "fido"}
    await bob.ask(a="s", **key)
    await alice.ask(a="s", c="dogs", d="fido")
    await write.create("fido", name="Fido", age=1)
    await write("fido", op=[{"p": ["age"], "na": 1}])
    before, after = {"name": "Fido", "age": 2}, {"name": "Rex", "age": 9}
    await write("fido", op=[{"p": [], "od": before, "oi": after}])
    await write("fido", op=[{"p": ["name", 0], "si": "!"}, {"p": ["age"], "na": 1}])
    shown = [await bob.next() for _ in range(4)]
    assert [message["v"] for message in shown] == [0, 1, 2, 3]
    assert shown[0]["create"]["data"] == {"name": "Fido"}
    assert [message["op"] for message in shown[1:]] == [
        [],
        [{"p": [], "od": {"name": "Fido"}, "oi": {"name": "Rex"}}],
        [{"p": ["name", 0], "si": "!"}],
    ]
    # On the same process others see all of it: nothing is cut in place.
    whole = [await alice.next() for _ in range(4)]
    assert whole[0]["create"]["data"] == {"name": "Fido", "age": 1}
    assert whole[2]["op"] == [{"p": [], "od": before, "oi": after}]


async def test_trap_36_one_document_refused_refuses_a_query_but_not_a_bulk_fetch(
    backend: Backend, write: Writer, bob: RawClient
) -> None:
    for doc_id in ("fido", "rex", "spot"):
        await write.create(doc_id, age=1)

    @backend.use("readSnapshots")
    def refuse(context: ReadSnapshotsContext) -> None:
        for snapshot in context.snapshots:
            if snapshot.id == "rex":
                context.reject_snapshot_read(snapshot, ReadRejected("Private", "ERR_PRIVATE"))

    for action in ("qf", "qs"):
        error = (await bob.ask(a=action, id=1, c="dogs", q={}))["error"]
        assert error == {"code": "ERR_SNAPSHOT_READS_REJECTED", "message": ""}
    alone = (await bob.ask(a="qf", id=2, c="dogs", q={"_id": "rex"}))["error"]
    assert alone == {"code": "ERR_PRIVATE", "message": "Private"}
    data = (await bob.ask(a="bf", c="dogs", b=["fido", "rex"]))["data"]
    assert data["fido"]["v"] == 1
    assert data["rex"] == {"error": {"code": "ERR_PRIVATE", "message": "Private"}}
    assert backend.pubsub.streams_count == 0  # type: ignore[attr-defined]


NAMES: list[Any] = ["constructor", "__proto__", "unknown", {"name": "other"}, ["other"], 1]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("action", ["qf", "qs"])
async def test_trap_37_only_a_database_that_was_given_can_be_named(action: str, name: Any) -> None:
    backend = Backend(extra_dbs={"other": MemoryDB()})
    bob = await connect(backend)
    error = (await bob.ask(a=action, id=1, c="dogs", q={}, o={"db": name}))["error"]
    assert error == {"code": "ERR_DATABASE_ADAPTER_NOT_FOUND", "message": "DB not found"}
    reply = await bob.ask(a=action, id=2, c="dogs", q={}, o={"db": "other"})
    assert reply["data"] == []
    await backend.close()


@pytest.mark.parametrize("name", NAMES)
async def test_trap_37_not_even_by_a_hook(name: Any) -> None:
    backend = Backend(extra_dbs={"other": MemoryDB()})

    @backend.use("query")
    def choose(context: QueryContext) -> None:
        context.options["db"] = name

    error = (await (await connect(backend)).ask(a="qf", id=1, c="dogs", q={}))["error"]
    assert error["code"] == "ERR_DATABASE_ADAPTER_NOT_FOUND"
    await backend.close()


class NotingDB(PolledDB):
    """Notes on whose behalf it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, Any]] = []
        self.busy = False

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if not name.startswith(("get_snapshot", "get_ops", "query")):
            return value

        async def noting(*arguments: Any, **named: Any) -> Any:
            if self.busy:  # what it asks itself
                return await value(*arguments, **named)
            self.asked.append((name, named.get("options", {}).get("agent_custom")))
            self.busy = True
            try:
                return await value(*arguments, **named)
            finally:
                self.busy = False

        return noting


async def test_trap_38_databases_learn_what_the_application_knows_of_the_client() -> None:
    db = NotingDB()
    backend = Backend(db)

    @backend.use("connect")
    def name(context: ConnectContext) -> None:
        context.agent.custom["user"] = "alice"

    alice = await connect(backend)
    write = Writer(alice)
    await write.create("fido", age=1)
    await alice.ask(a="f", c="dogs", d="fido")
    alice.post(a="f", c="dogs", d="fido", v=0)
    assert [(await alice.next())["a"], (await alice.next())["a"]] == ["op", "f"]
    await alice.ask(a="bs", c="dogs", b=["fido"])
    await alice.ask(a="qf", id=1, c="dogs", q={})
    asked = {name for name, _ in db.asked}
    assert asked >= {"get_snapshot", "get_snapshots", "get_ops", "query"}
    assert all(custom == {"user": "alice"} for _, custom in db.asked), db.asked
    await backend.close()
