"""Live ops on their way to one client: in order, shown as the client may see them."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, Protocol, TypeAlias

from sharedb_py.engine import Engine
from sharedb_py.messages import Message, build_op
from sharedb_py.middleware import AgentInfo
from sharedb_py.pubsub import Published, Subscription, doc_channel
from sharedb_py.reads import ResolvedName

__all__ = ["Delivery", "DocStream", "Recipient", "close_all"]

log = logging.getLogger(__name__)

MAX_WAITING: Final = 10_000
"""How many ops may wait for a hook, or for the reply to a subscription."""

Key: TypeAlias = tuple[str, str]


class Recipient(AgentInfo, Protocol):
    """The client's agent, as far as delivering is concerned."""

    backend: Engine
    closed: bool

    def send(self, message: Message) -> None:
        """Send a message."""

    def send_text(self, text: str) -> None:
        """Send a message that is encoded already."""

    def deliver(self, published: Published, name: ResolvedName) -> None:
        """Send a published op under a name."""

    def spawn(
        self, work: Coroutine[Any, Any, None], release: Callable[[], None] = lambda: None
    ) -> None:
        """Run work for this client."""

    def fell_behind(self) -> None:
        """End the connection: more waits for it than may."""


class Delivery:
    """Sends one client the published ops of others.

    Ops of one document leave in the order in which they are handed in, however
    long an ``op`` hook takes.
    """

    def __init__(self, agent: Recipient) -> None:
        self._agent = agent
        self._waiting: dict[Key, deque[tuple[Published, ResolvedName]]] = {}

    def deliver(self, published: Published, name: ResolvedName) -> None:
        """Send an op to the client under a name, unless it is the client's own."""
        op, agent = published.message, self._agent
        if agent.closed or (op.get("src") == agent.src and name.index == (op.get("i") or op["c"])):
            return
        if not agent.backend.middleware.has("op"):
            self._deliver_at_once(published, name)
            return
        key = (name.index, op["d"])
        waiting = self._waiting.get(key)
        if waiting is None:
            self._waiting[key] = deque([(published, name)])
            agent.spawn(self._deliver_in_order(key))
        elif len(waiting) < MAX_WAITING:
            waiting.append((published, name))
        else:
            agent.fell_behind()

    def _deliver_at_once(self, published: Published, name: ResolvedName) -> None:
        op, projection, agent = published.message, name.projection, self._agent
        try:
            if not agent.backend.observed("send"):
                try:
                    agent.send_text(published.encoded_op(name.index, projection))
                    return
                except ValueError:
                    pass  # a number that JSON has not: send() knows what to do
            shown = op if projection is None else projection.op(op)
            agent.send(build_op(name.index, op["d"], shown))
        except Exception as error:
            log.warning("An op was not sent to a client: %s", error)

    async def _deliver_in_order(self, key: Key) -> None:
        waiting, agent = self._waiting[key], self._agent
        while waiting:
            published, name = waiting.popleft()
            op = published.message
            try:
                shown = await agent.backend.reader.show_op(agent, name, op["d"], op)
                agent.send(build_op(name.index, op["d"], shown))
            except Exception as error:
                log.warning("An op was not sent to a client: %s", error)
        del self._waiting[key]


class DocStream:
    """A client's subscription to a document: holds ops back until the first reply is out."""

    def __init__(self, agent: Recipient, name: ResolvedName, doc_id: str) -> None:
        self._agent = agent
        self.name = name
        self.doc_id = doc_id
        self._held: list[Published] | None = []
        self._subscription: Subscription | None = None
        self._closed = False

    async def open(self) -> None:
        """Subscribe; every op published after this returns is delivered or held."""
        channel = doc_channel(self.name.collection, self.doc_id)
        subscription = await self._agent.backend.pubsub.subscribe(channel, self.receive)
        if self._closed:
            subscription.close()
        else:
            self._subscription = subscription

    def receive(self, published: Published) -> None:
        """Take an op that was published, or is told again; those of others are passed over."""
        op = published.message
        # Channel names can collide: notes + private.alice, notes.private + alice.
        if self._closed or op.get("d") != self.doc_id or op.get("c") != self.name.collection:
            return
        if self._held is None:
            self._agent.deliver(published, self.name)
        elif len(self._held) < MAX_WAITING:
            self._held.append(published)
        else:
            self._agent.fell_behind()

    def release(self) -> None:
        """Deliver what was held, and from now on at once."""
        held, self._held = self._held or [], None
        for published in held:
            self._agent.deliver(published, self.name)

    def close(self) -> None:
        """Deliver nothing more; may be called twice."""
        self._closed = True
        if self._subscription is not None:
            self._subscription.close()


def close_all(streams: Iterable[DocStream]) -> None:
    """Close streams."""
    for stream in streams:
        stream.close()
