"""Presence: who is where, told to whoever listens and never stored (protocol section 6)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

from sharedb_py.agent import NO_REPLY, Agent, Handler
from sharedb_py.errors import ErrorCode, MessageBadlyFormed, OpBadlyFormed, ShareDBError
from sharedb_py.messages import Message
from sharedb_py.middleware import PresenceContext
from sharedb_py.ops import Op
from sharedb_py.ot import PresenceTransformer, types
from sharedb_py.pubsub import Published, Subscription, presence_channel
from sharedb_py.reads import ResolvedName

__all__ = ["HANDLERS"]

log = logging.getLogger(__name__)

MAX_REMEMBERED: Final = 1000
"""How many presences one client may have at a time."""


@dataclass
class _Channel:
    """A client's subscription to a presence channel."""

    seq: float = -1
    subscription: Subscription | None = None


@dataclass
class _Presences:
    """What one client subscribed to, and what it said of itself."""

    agent: Agent
    channels: dict[str, _Channel] = field(default_factory=dict)
    said: dict[tuple[str, str], Message] = field(default_factory=dict)

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
            self.agent.send(message)

    async def _send_hooked(self, message: Message) -> None:
        context = PresenceContext(self.agent, dict(message), message.get("c"))
        try:
            await self.agent.backend.middleware.run("sendPresence", context)
        except Exception as error:
            log.info("A presence was withheld from a client: %s", error)
            return
        self.agent.send(context.presence)

    def leave(self, channel: str | None = None) -> None:
        """Tell the others that this client's presences, or those of one channel, are gone."""
        for key, said in list(self.said.items()):
            if channel is None or key[0] == channel:
                del self.said[key]
                gone = {**said, "p": None, "pv": (said.get("pv") or 0) + 1}
                self.agent.backend.pubsub.publish([presence_channel(key[0])], gone)

    def close(self) -> None:
        """End all of it: the connection is gone."""
        self.leave()
        for channel in self.channels.values():
            if channel.subscription is not None:
                channel.subscription.close()
        self.channels.clear()


_OF_AGENT: Final[WeakKeyDictionary[Agent, _Presences]] = WeakKeyDictionary()


def _presences_of(agent: Agent) -> _Presences:
    presences = _OF_AGENT.get(agent)
    if presences is None:
        presences = _OF_AGENT[agent] = _Presences(agent)
        agent.at_close[presences.close] = None
    return presences


async def _subscribe(agent: Agent, message: Message) -> Message:
    if not agent.backend.presence:
        return NO_REPLY
    presences, name = _presences_of(agent), message["ch"]
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
    await agent.reply(message, {"ch": name, "seq": message.get("seq")})
    # Clients up to 4.1.0 repeat a subscription to hear everybody again.
    _ask_all(agent, name)
    return NO_REPLY


async def _unsubscribe(agent: Agent, message: Message) -> Message:
    presences, name = _presences_of(agent), message["ch"]
    channel = presences.channels.get(name)
    if channel is not None and (message.get("seq") or 0) >= channel.seq:
        del presences.channels[name]
        if channel.subscription is not None:
            channel.subscription.close()
        presences.leave(name)
    return {"ch": name, "seq": message.get("seq")}


def _ask_all(agent: Agent, name: str) -> None:
    request = {"ch": name, "r": True, "src": agent.src}
    agent.backend.pubsub.publish([presence_channel(name)], request)


async def _request(agent: Agent, message: Message) -> None:
    # The reply has no channel: with one, the client would take it for a request.
    _ask_all(agent, message["ch"])


async def _update(agent: Agent, message: Message) -> Message:
    backend = agent.backend
    if not backend.presence:
        return NO_REPLY
    presences = _presences_of(agent)
    presence: Message = {"a": "p", "ch": message["ch"], "src": agent.src, "id": message["id"]}
    keys = ("p", "pv", "c", "d", "v", "t")
    presence |= {key: message[key] for key in keys if key in message}
    presence.setdefault("p", None)
    if presence.get("t"):
        await _bring_up_to_date(agent, presence)
    context = PresenceContext(agent, presence, presence.get("c"))
    await backend.middleware.run("receivePresence", context)
    _remember(presences, context.presence)
    backend.pubsub.publish([presence_channel(message["ch"])], context.presence)
    await agent.reply(message, context.presence)
    return NO_REPLY


def _remember(presences: _Presences, presence: Message) -> None:
    key = (presence["ch"], presence["id"])
    last = presences.said.get(key)
    if last is not None and (presence.get("pv") or 0) < (last.get("pv") or 0):
        return  # overtaken by what was said later
    if presence["p"] is None:
        presences.said.pop(key, None)
    elif key in presences.said or len(presences.said) < MAX_REMEMBERED:
        presences.said[key] = presence
    else:
        raise ShareDBError(f"A client may have {MAX_REMEMBERED} presences at a time")


async def _bring_up_to_date(agent: Agent, presence: Message) -> None:
    """Carry a presence in a document over the ops that its sender had not seen."""
    ot_type = types.get(presence["t"]) if isinstance(presence["t"], str) else None
    if not isinstance(ot_type, PresenceTransformer):
        raise ShareDBError(
            f"Type does not support presence: {presence['t']}",
            ErrorCode.TYPE_DOES_NOT_SUPPORT_PRESENCE,
        )
    if presence["p"] is None:
        return
    if presence.get("c") is None or presence.get("d") is None:
        raise MessageBadlyFormed("Invalid id")
    name, doc_id = agent.backend.resolve(presence["c"]), presence["d"]
    current = await agent.backend.reader.snapshot(agent, name, doc_id)
    if presence.get("v") is not None and presence["v"] < current.version:
        await _transform(agent, name, ot_type, presence)


async def _transform(
    agent: Agent, name: ResolvedName, ot_type: PresenceTransformer, presence: Message
) -> None:
    for op in await agent.backend.reader.ops(agent, name, presence["d"], int(presence["v"])):
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
