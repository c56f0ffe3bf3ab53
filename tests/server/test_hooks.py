"""The hooks: when each is called, and with what (protocol section 8)."""

from __future__ import annotations

import asyncio
from typing import Any, get_args

import pytest

from sharedb_py.backend import Backend
from sharedb_py.errors import ErrorCode, OpRejected, ShareDBError
from sharedb_py.middleware import Action, ConnectContext, Context, QueryContext, ReplyContext
from sharedb_py.submit import SubmitRequest
from tests.server.conftest import RawClient, connect

ACTIONS = get_args(Action)
DOC: dict[str, Any] = {"c": "dogs", "d": "fido"}
CREATE: dict[str, Any] = {"create": {"type": "json0", "data": {"n": 1}}}
EDIT: dict[str, Any] = {"op": [{"p": ["n"], "na": 1}]}

# What a hook finds in its context, besides agent, backend and action.
CONTENTS = {
    "connect": {"stream", "req"},
    "receive": {"data"},
    "reply": {"request", "reply"},
    "readSnapshots": {"collection", "snapshots", "snapshot_type"},
    "op": {"collection", "id", "op"},
    "query": {
        *("index", "collection", "projection", "fields", "channels", "channel"),
        *("query", "options", "db"),
    },
    **{
        action: {
            *("index", "projection", "collection", "id", "op", "options", "extra", "start"),
            *("custom", "save_milestone_snapshot", "suppress_publish", "max_retries", "retries"),
            *("snapshot", "ops", "channels", "fixup", "rejected_error"),
        }
        for action in ("submit", "apply", "commit", "afterWrite")
    },
    "receivePresence": {"presence", "collection"},
    "sendPresence": {"presence", "collection"},
}


class Calls:
    """Records the calls of every hook of a backend."""

    def __init__(self, backend: Backend) -> None:
        self.contexts: list[tuple[str, Context]] = []
        for action in ACTIONS:
            backend.use(action, self._recorder(action))

    def _recorder(self, action: str) -> Any:
        return lambda context: self.contexts.append((action, context))

    @property
    def names(self) -> list[str]:
        """The actions so far, in order."""
        return [name for name, _ in self.contexts]

    def take(self, client: RawClient) -> list[str]:
        """Return the actions since the last time, those on behalf of one client."""
        mine = [name for name, context in self.contexts if context.agent is client.agent]
        self.contexts.clear()
        return mine


async def exercise(backend: Backend) -> None:
    """Do something of every kind."""
    alice, bob = await connect(backend), await connect(backend)
    await bob.ask(a="s", **DOC)
    await bob.ask(a="ps", ch="room", seq=1)
    await alice.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    await alice.ask(a="p", ch="room", id="p1", p=1, pv=0)
    await alice.ask(a="qf", id=1, c="dogs", q={})
    assert {(await bob.next())["a"], (await bob.next())["a"]} == {"op", "p"}


async def test_every_context_names_its_action_agent_and_backend(backend: Backend) -> None:
    calls = Calls(backend)
    seen = []

    def note(context: Context) -> None:
        seen.append(context.action)

    backend.use(ACTIONS, note)
    await exercise(backend)
    assert seen == calls.names
    assert set(seen) == set(ACTIONS)
    assert all(context.backend is backend for _, context in calls.contexts)
    assert all(context.agent.client_id for _, context in calls.contexts)


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_context_holds_what_its_action_is_about(backend: Backend, action: str) -> None:
    calls = Calls(backend)
    await exercise(backend)
    contexts = [context for name, context in calls.contexts if name == action]
    assert contexts
    for name in CONTENTS[action]:
        assert hasattr(contexts[0], name), name


async def test_the_order_of_hooks_is_sharedbs(backend: Backend) -> None:
    alice, bob = await connect(backend), await connect(backend)
    await alice.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    calls = Calls(backend)

    async def order(client: RawClient, *, answers: int = 1, **message: Any) -> list[str]:
        client.post(**message)
        for _ in range(answers):
            await client.next()
        return calls.take(client)

    submit = ["receive", "submit", "apply", "commit", "afterWrite"]
    assert await order(alice, a="op", **DOC, v=1, seq=2, **EDIT) == [*submit, "reply"]
    # Ops the sender has missed are shown to it before the acknowledgement.
    missed = await order(bob, answers=2, a="op", **DOC, v=1, seq=1, **EDIT)
    assert missed == [*submit, "op", "reply"]
    read = ["receive", "readSnapshots", "reply"]
    assert await order(bob, a="f", **DOC) == read
    assert await order(bob, a="bf", c="dogs", b=["fido"]) == read
    assert await order(bob, a="nf", id=1, **DOC, v=1) == read
    assert await order(bob, a="nt", id=1, **DOC, ts=0) == read
    assert await order(bob, answers=3, a="f", **DOC, v=1) == ["receive", "op", "op", "reply"]
    query = ["receive", "query", "readSnapshots", "reply"]
    assert await order(bob, a="qs", id=1, c="dogs", q={}) == query
    presence = ["receive", "receivePresence", "reply"]
    assert await order(bob, a="p", ch="room", id="p1", p=1, pv=0) == presence
    assert await order(bob, a="hs", id=None) == ["receive", "reply"]
    assert await order(bob, a="pp") == ["receive", "reply"]


async def test_hooks_of_one_action_run_in_the_order_they_were_added(backend: Backend) -> None:
    called = []

    @backend.use("submit")
    async def first(request: SubmitRequest) -> None:
        await asyncio.sleep(0)
        called.append("first")

    @backend.use("submit")
    def second(request: SubmitRequest) -> None:
        called.append("second")
        raise ShareDBError("No", "ERR_NO")

    @backend.use("submit")
    def third(request: SubmitRequest) -> None:
        called.append("third")

    alice = await connect(backend)
    reply = await alice.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    assert reply["error"] == {"code": "ERR_NO", "message": "No"}
    assert called == ["first", "second"]


async def test_the_connect_hook_is_given_the_request_and_the_stream(backend: Backend) -> None:
    seen: list[ConnectContext] = []
    backend.use("connect", seen.append)
    client = await connect(backend)
    assert seen[0].stream is client
    async with backend.connect(req="cookies"):
        assert seen[1].req == "cookies"


async def test_a_rejected_op_is_undone_without_a_word(backend: Backend) -> None:
    @backend.use("submit")
    def reject(request: SubmitRequest) -> None:
        raise request.rejected_error()

    reply = await (await connect(backend)).ask(a="op", **DOC, v=0, seq=1, **CREATE)
    assert reply["error"] == {"code": "ERR_OP_SUBMIT_REJECTED", "message": "Op submit rejected"}


async def test_what_goes_wrong_in_a_hook_stays_inside(backend: Backend) -> None:
    @backend.use("submit")
    def fail(request: SubmitRequest) -> None:
        raise RuntimeError("the password is tiger")

    reply = await (await connect(backend)).ask(a="op", **DOC, v=0, seq=1, **CREATE)
    assert reply["error"]["code"] == "ERR_UNKNOWN_ERROR"
    assert "tiger" not in str(reply)


async def test_a_reply_hook_may_add_to_the_handshake(backend: Backend) -> None:
    @backend.use("reply")
    def add(context: ReplyContext) -> None:
        context.reply["user"] = "alice"

    reply = await (await connect(backend)).ask(a="hs", id=None, protocol=1, protocolMinor=2)
    assert reply["user"] == "alice"
    assert (reply["a"], reply["protocol"], reply["protocolMinor"]) == ("hs", 1, 2)


async def test_an_op_that_came_in_is_committed_though_its_sender_leaves(backend: Backend) -> None:
    """A browser sends its last op and closes: slow hooks must not lose it."""
    written = asyncio.Event()

    @backend.use(["receive", "submit"])
    async def slow(context: Context) -> None:
        await asyncio.sleep(0)

    @backend.use("afterWrite")
    async def audit(request: SubmitRequest) -> None:
        await asyncio.sleep(0)
        written.set()

    alice = await connect(backend)
    alice.post(a="op", **DOC, v=0, seq=1, **CREATE)
    alice.agent.close()
    await asyncio.wait_for(written.wait(), 60)
    assert (await backend.db.get_snapshot("dogs", "fido")).version == 1


async def test_an_op_that_waits_for_a_subscription_survives_its_sender(backend: Backend) -> None:
    alice = await connect(backend)
    alice.post(a="s", **DOC)
    alice.post(a="op", **DOC, v=0, seq=1, **CREATE)
    alice.post(a="op", **DOC, v=1, seq=2, **EDIT)
    alice.agent.close()
    await backend.close()
    snapshot = await backend.db.get_snapshot("dogs", "fido")
    assert (snapshot.version, snapshot.data) == (2, {"n": 2})


@pytest.mark.parametrize("action", ["submit", "commit", "afterWrite"])
async def test_fixups_are_made_in_apply_only(backend: Backend, action: Any) -> None:
    @backend.use(action)
    def too_early_or_late(request: SubmitRequest) -> None:
        request.fixup([])

    reply = await (await connect(backend)).ask(a="op", **DOC, v=0, seq=1, **CREATE)
    assert reply["error"]["code"] == ErrorCode.FIXUP_IS_ONLY_VALID_ON_APPLY


async def test_setting_the_old_channel_of_a_query_sets_its_channels(backend: Backend) -> None:
    @backend.use("query")
    def one_channel(context: QueryContext) -> None:
        assert context.channel == "dogs"
        context.channel = "kennel"

    @backend.use("commit")
    def also_there(request: SubmitRequest) -> None:
        if request.id == "rex":
            request.channels.append("kennel")

    alice, bob = await connect(backend), await connect(backend)
    await bob.ask(a="qs", id=1, c="dogs", q={"n": 1})
    await alice.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    await alice.ask(a="op", c="dogs", d="rex", v=0, seq=2, **CREATE)
    # The query's database says what matches; the channel says when to look.
    assert "rex" in str((await bob.next())["diff"])


async def test_apply_sees_the_old_state_and_commit_the_new_one(backend: Backend) -> None:
    seen = []

    @backend.use(["apply", "commit"])
    def look(request: SubmitRequest) -> None:
        assert request.snapshot is not None
        seen.append((request.action, request.snapshot.version, request.snapshot.data))
        if request.action == "apply" and request.snapshot.data == {"n": 2}:
            raise OpRejected("Enough")

    alice = await connect(backend)
    await alice.ask(a="op", **DOC, v=0, seq=1, **CREATE)
    await alice.ask(a="op", **DOC, v=1, seq=2, **EDIT)
    seen.clear()
    reply = await alice.ask(a="op", **DOC, v=2, seq=3, **EDIT)
    assert reply["error"]["message"] == "Enough"
    assert seen == [("apply", 2, {"n": 2})]
    await alice.ask(a="op", **DOC, v=2, seq=4, **{"del": True})
