"""Presence: who is where, told to whoever listens and never stored (protocol section 6)."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

from sharedb_py.agent import NO_REPLY, Agent, Handler
from sharedb_py.engine import Engine
from sharedb_py.errors import ErrorCode, MessageBadlyFormed, OpBadlyFormed, ShareDBError
from sharedb_py.ghosts import ghosts_of
from sharedb_py.jsonvalue import copy_json
from sharedb_py.messages import Message, error_body
from sharedb_py.middleware import PresenceContext
from sharedb_py.ops import Op
from sharedb_py.ot import PresenceTransformer, types
from sharedb_py.presence_bounds import MAX_REMEMBERED, Pace, Said, check_channel_name
from sharedb_py.pubsub import Published, Subscription, doc_channel, presence_channel
from sharedb_py.reads import ResolvedName, as_version

__all__ = ["HANDLERS", "ask_everybody"]

log = logging.getLogger(__name__)


@dataclass
class _Channel:
    """A client's subscription to a presence channel."""

    seq: float = -1
    subscription: Subscription | None = None


class _LatestVersion:
    """Follows a document's ops to know its version without asking for it."""

    def __init__(self, name: ResolvedName, doc_id: str) -> None:
        self.version = 0
        self._name = name
        self._id = doc_id
        self._subscription: Subscription | None = None

    async def open(self, agent: Agent) -> None:
        """Learn the version, from now on by itself; raises what reading the document raises."""
        channel = doc_channel(self._name.collection, self._id)
        self._subscription = await agent.backend.pubsub.subscribe(channel, self._receive)
        try:
            snapshot = await agent.backend.reader.snapshot(agent, self._name, self._id)
        except BaseException:
            self.close()
            raise
        self.version = max(self.version, snapshot.version)

    def _receive(self, published: Published) -> None:
        op = published.message
        if op.get("d") == self._id and op.get("c") == self._name.collection:
            self.version = max(self.version, op["v"] + 1)

    def close(self) -> None:
        """Follow no more."""
        if self._subscription is not None:
            self._subscription.close()


@dataclass
class _Presences:
    """What one client subscribed to, and what it said of itself."""

    agent: Agent
    src: str
    said: Said
    pace: Pace
    channels: dict[str, _Channel] = field(default_factory=dict)
    latest: dict[tuple[str, str], _LatestVersion] = field(default_factory=dict)
    """The documents in which it is present."""
    watched: set[str] = field(default_factory=set)

    def receive(self, channel: str, published: Published) -> None:
        """Pass on what another client said, or its wish to hear everybody again."""
        message = published.message
        if message.get("src") == self.agent.src:
            return
        if message.get("r"):
            self.agent.send({"a": "pr", "ch": channel})
        elif self.agent.backend.middleware.has("sendPresence"):
            self.agent.spawn(self._send_hooked(message))
        else:
            self.agent.send_published(published)

    async def _send_hooked(self, message: Message) -> None:
        # The message is everybody's: a hook may change only a copy of its own.
        context = PresenceContext(self.agent, copy_json(message), message.get("c"))
        backend = self.agent.backend
        try:
            await backend.middleware.run("sendPresence", context)
        except Exception as error:
            if backend.forward_send_presence_errors:
                about = {key: message.get(key) for key in ("ch", "id")}
                self.agent.send({"a": "p", **about, "error": error_body(error)})
            else:
                backend.error_handler(error, self.agent)
            return
        self.agent.send(context.presence)

    def leave(self, channel: str | None = None) -> None:
        """Tell the others that this client's presences, or those of one channel, are gone."""
        for said in self.said.take(channel):
            gone = {**said, "p": None, "pv": (said.get("pv") or 0) + 1}
            if self.agent.backend.middleware.has("receivePresence"):
                self.agent.backend.spawn(self._leave_hooked(gone))
            else:
                self.agent.backend.pubsub.publish([presence_channel(gone["ch"])], gone)

    async def in_time(self) -> None:
        """Wait if the client goes on faster than it may: what it sends next then waits as well.

        Its own messages wait in its own queue and, when that is full, in its socket.
        """
        wait = self.pace.wait(asyncio.get_running_loop().time())
        if wait > 0:
            await asyncio.sleep(wait)

    async def _leave_hooked(self, gone: Message) -> None:
        """Let the hooks know who leaves; that it leaves is no longer theirs to decide."""
        backend, channel = self.agent.backend, presence_channel(gone["ch"])
        context = PresenceContext(self.agent, gone, gone.get("c"))
        try:
            await backend.middleware.run("receivePresence", context)
        except Exception as error:
            log.info("A receivePresence hook refused that a client leaves: %s", error)
        backend.pubsub.publish([channel], {**context.presence, "p": None})

    async def follow(self, name: ResolvedName, doc_id: str) -> None:
        """Know a document's version from now on; raises what reading it raises."""
        key = (name.index, doc_id)
        if key in self.latest:
            return
        if len(self.latest) >= MAX_REMEMBERED:
            raise ShareDBError(f"A client may be present in {MAX_REMEMBERED} documents at a time")
        followed = _LatestVersion(name, doc_id)
        await followed.open(self.agent)
        if self.agent.closed or key in self.latest:
            followed.close()
        else:
            self.latest[key] = followed

    async def watch(self, channel: str) -> None:
        """See to it that nobody on the channel is shown for ever after their server died."""
        self.watched.add(channel)
        try:
            await ghosts_of(self.agent.backend).follow(channel)
        except BaseException:
            self.watched.discard(channel)
            raise

    def unwatch(self, channel: str) -> None:
        """Leave that to others; may be called twice."""
        if channel in self.watched:
            self.watched.discard(channel)
            ghosts_of(self.agent.backend).unfollow(channel)

    def unfollow(self, name: ResolvedName, doc_id: str) -> None:
        """Forget a document's version."""
        followed = self.latest.pop((name.index, doc_id), None)
        if followed is not None:
            followed.close()

    def close(self) -> None:
        """End all of it: the connection is gone."""
        self.leave()
        ghosts_of(self.agent.backend).leave(self.src)
        for name, channel in self.channels.items():
            if channel.subscription is not None:
                channel.subscription.close()
            self.unwatch(name)
        self.channels.clear()
        for followed in self.latest.values():
            followed.close()
        self.latest.clear()


_OF_AGENT: Final[WeakKeyDictionary[Agent, _Presences]] = WeakKeyDictionary()


def _presences_of(agent: Agent) -> _Presences:
    presences = _OF_AGENT.get(agent)
    if presences is None:
        backend = agent.backend
        said = Said(backend.max_presence_bytes)
        pace = Pace(backend.max_presence_rate, MAX_REMEMBERED)
        presences = _OF_AGENT[agent] = _Presences(agent, agent.src, said, pace)
        agent.at_close[presences.close] = None
        ghosts_of(agent.backend).enter(presences.src)
    return presences


async def _subscribe(agent: Agent, message: Message) -> Message:
    if not agent.backend.presence:
        return NO_REPLY
    presences, name = _presences_of(agent), message["ch"]
    check_channel_name(name)
    await presences.in_time()
    await agent.admit_to_channel(name)
    if len(presences.channels) >= MAX_REMEMBERED and name not in presences.channels:
        raise ShareDBError(f"A client may listen to {MAX_REMEMBERED} channels at a time")
    channel = presences.channels.setdefault(name, _Channel())
    channel.seq = max(channel.seq, message.get("seq") or 0)
    if channel.subscription is None:
        channel.subscription = await agent.backend.pubsub.subscribe(
            presence_channel(name), lambda published: presences.receive(name, published)
        )
        if agent.closed:
            channel.subscription.close()
        else:
            await presences.watch(name)
    # Clients up to 4.1.0 repeat a subscription to hear everybody again. Asked before the reply,
    # nobody says twice what it says because the client, told that it is subscribed, goes on.
    _ask_all(agent, name)
    await agent.reply(message, {"ch": name, "seq": message.get("seq")})
    return NO_REPLY


async def _unsubscribe(agent: Agent, message: Message) -> Message:
    presences, name = _presences_of(agent), message["ch"]
    channel = presences.channels.get(name)
    if channel is not None and (message.get("seq") or 0) >= channel.seq:
        del presences.channels[name]
        if channel.subscription is not None:
            channel.subscription.close()
        presences.unwatch(name)
        presences.leave(name)
    return {"ch": name, "seq": message.get("seq")}


def _ask_all(agent: Agent, name: str) -> None:
    request = {"ch": name, "r": True, "src": agent.src}
    agent.backend.pubsub.publish([presence_channel(name)], request)


def ask_everybody(backend: Engine, agents: Iterable[Agent]) -> None:
    """Ask for all presences on the channels that agents listen to, and say theirs again."""
    src = secrets.token_hex(16)
    listened = [_OF_AGENT[agent] for agent in agents if agent in _OF_AGENT]
    for name in {name for presences in listened for name in presences.channels}:
        backend.pubsub.publish([presence_channel(name)], {"ch": name, "r": True, "src": src})


async def _request(agent: Agent, message: Message) -> None:
    # The reply has no channel: with one, the client would take it for a request.
    check_channel_name(message["ch"])
    await _presences_of(agent).in_time()
    _ask_all(agent, message["ch"])


async def _update(agent: Agent, message: Message) -> Message:
    backend = agent.backend
    if not backend.presence:
        return NO_REPLY
    presences = _presences_of(agent)
    check_channel_name(message["ch"])
    await presences.in_time()
    presence: Message = {"a": "p", "ch": message["ch"], "src": agent.src, "id": message["id"]}
    keys = ("p", "pv", "c", "d", "v", "t")
    presence |= {key: message[key] for key in keys if key in message}
    presence.setdefault("p", None)
    context = PresenceContext(agent, presence, presence.get("c"))
    with backend.timing("presence.broadcast", context):
        ot_type = _type_of(presence)
        if ot_type is not None:
            await _follow_doc(agent, presences, presence)
        await backend.middleware.run("receivePresence", context)
        presence = context.presence
        presences.said.remember(presence)
        if ot_type is not None:
            await _bring_up_to_date(agent, presences, ot_type, presence)
        backend.pubsub.publish([presence_channel(message["ch"])], presence)
    await agent.reply(message, presence)
    return NO_REPLY


def _type_of(presence: Message) -> PresenceTransformer | None:
    """Return the type of the document that a presence is in; None: it is in none."""
    name = presence.get("t")
    if not name:
        return None
    ot_type = types.get(name) if isinstance(name, str) else None
    if not isinstance(ot_type, PresenceTransformer):
        raise ShareDBError(
            f"Type does not support presence: {name}", ErrorCode.TYPE_DOES_NOT_SUPPORT_PRESENCE
        )
    if presence["p"] is not None and (presence.get("c") is None or presence.get("d") is None):
        raise MessageBadlyFormed("Invalid id")
    return ot_type


async def _follow_doc(agent: Agent, presences: _Presences, presence: Message) -> None:
    if presence.get("c") is None or presence.get("d") is None:
        return
    name = agent.backend.resolve(presence["c"])
    if presence["p"] is None:
        presences.unfollow(name, presence["d"])
    else:
        await presences.follow(name, presence["d"])


async def _bring_up_to_date(
    agent: Agent, presences: _Presences, ot_type: PresenceTransformer, presence: Message
) -> None:
    """Carry a presence in a document over the ops that its sender had not seen."""
    if presence["p"] is None or presence.get("v") is None:
        return
    name = agent.backend.resolve(presence["c"])
    followed = presences.latest.get((name.index, presence["d"]))
    if followed is None or presence["v"] < followed.version:
        await _transform(agent, name, ot_type, presence)


async def _transform(
    agent: Agent, name: ResolvedName, ot_type: PresenceTransformer, presence: Message
) -> None:
    version = as_version(presence["v"])
    for op in await agent.backend.reader.ops(agent, name, presence["d"], version):
        presence["p"] = _after_op(ot_type, presence, op)
        presence["v"] = op["v"] + 1


def _after_op(ot_type: PresenceTransformer, presence: Message, op: Op) -> Any:
    if "create" in op or "del" in op or presence["p"] is None:
        return None
    if "op" not in op:
        return presence["p"]
    try:
        is_own = op.get("src") == presence["src"]
        return ot_type.transform_presence(presence["p"], op["op"], is_own)
    except OpBadlyFormed:
        raise
    except Exception as error:
        raise ShareDBError(str(error), ErrorCode.PRESENCE_TRANSFORM_FAILED) from error


HANDLERS: Final[dict[str, Handler]] = {
    "ps": _subscribe,
    "pu": _unsubscribe,
    "pr": _request,
    "p": _update,
}
"""What answers the presence actions."""
