"""Presence that outlived its client: a process that is killed says goodbye for nobody.

Where several processes share a pub/sub, each tells the others now and then whose
connections it holds. Clients of servers that do not (those on Node) are asked to
say again where they are. Who gives no sign of life for the time to live is said
to have left; a client that was only slow comes back with its next word.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from typing import Final
from weakref import WeakKeyDictionary

from sharedb_py.engine import Engine
from sharedb_py.errors import ShareDBError
from sharedb_py.messages import Message
from sharedb_py.pubsub import Published, Subscription, presence_channel

__all__ = ["Ghosts", "ghosts_of"]

log = logging.getLogger(__name__)

Key = tuple[str, str, str]

ALIVE: Final = "$alive"
"""The channel on which servers tell whose connections they hold; Node listens to none such."""

_OF_BACKEND: Final[WeakKeyDictionary[Engine, Ghosts]] = WeakKeyDictionary()


class Ghosts:
    """Remembers who was present, and when that was last said, on the channels in use here."""

    def __init__(self, backend: Engine) -> None:
        self._backend = backend
        self._ttl = backend.pubsub.presence_ttl
        self._name = secrets.token_hex(16)
        self._channels: dict[str, tuple[int, Subscription | None]] = {}
        self._seen: dict[Key, tuple[float, Message]] = {}
        self._asked: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None
        self._clients: Counter[str] = Counter()
        self._alive: Subscription | None = None

    def enter(self, src: str) -> None:
        """Tell the others from now on that a client is here."""
        self._clients[src] += 1
        self._start()

    def leave(self, src: str) -> None:
        """Tell it no more."""
        self._clients[src] -= 1
        if self._clients[src] <= 0:
            del self._clients[src]
        self._stop_if_idle()

    def _start(self) -> None:
        if self._ttl is not None and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._watch(self._ttl))

    def _stop_if_idle(self) -> None:
        if not self._channels and not self._clients and self._task is not None:
            self._task.cancel()
            self._task = None
            if self._alive is not None:
                self._alive.close()
                self._alive = None

    async def follow(self, channel: str) -> None:
        """Watch over a channel for one more client."""
        if self._ttl is None:
            return
        count, subscription = self._channels.get(channel, (0, None))
        self._channels[channel] = (count + 1, subscription)
        if count == 0:
            try:
                opened = await self._backend.pubsub.subscribe(
                    presence_channel(channel), lambda published: self._receive(channel, published)
                )
            except BaseException:
                self.unfollow(channel)
                raise
            count, _ = self._channels.get(channel, (0, None))
            if count == 0:
                opened.close()
            else:
                self._channels[channel] = (count, opened)
        self._start()

    def unfollow(self, channel: str) -> None:
        """Watch over it for one client less."""
        count, subscription = self._channels.get(channel, (0, None))
        if count > 1:
            self._channels[channel] = (count - 1, subscription)
            return
        self._channels.pop(channel, None)
        self._asked.pop(channel, None)
        if subscription is not None:
            subscription.close()
        for key in [key for key in self._seen if key[0] == channel]:
            del self._seen[key]
        self._stop_if_idle()

    def _receive(self, channel: str, published: Published) -> None:
        message, now = published.message, asyncio.get_running_loop().time()
        if message.get("r"):
            self._asked[channel] = now
            return
        key = (channel, str(message.get("src")), str(message.get("id")))
        if message.get("p") is None:
            self._seen.pop(key, None)
        else:
            self._seen[key] = (now, message)

    def _hear_alive(self, published: Published) -> None:
        alive, now = published.message.get("alive"), asyncio.get_running_loop().time()
        if isinstance(alive, list):
            here = {src for src in alive if isinstance(src, str)}
            for key, (_, message) in list(self._seen.items()):
                if key[1] in here:
                    self._seen[key] = (now, message)

    async def _watch(self, ttl: float) -> None:
        while True:
            if self._alive is None:
                try:
                    self._alive = await self._backend.pubsub.subscribe(ALIVE, self._hear_alive)
                except ShareDBError as error:
                    log.warning("Nobody's signs of life are heard for now: %s", error)
            await asyncio.sleep(ttl / 4)
            now = asyncio.get_running_loop().time()
            if self._clients:
                self._backend.pubsub.publish([ALIVE], {"alive": list(self._clients)})
            for channel in list(self._channels):
                present = any(key[0] == channel for key in self._seen)
                if present and now - self._asked.get(channel, 0) > ttl / 4:
                    request = {"ch": channel, "r": True, "src": self._name}
                    self._backend.pubsub.publish([presence_channel(channel)], request)
            for key, (seen, message) in list(self._seen.items()):
                if now - seen > ttl:
                    gone = {**message, "p": None, "pv": (message.get("pv") or 0) + 1}
                    self._backend.pubsub.publish([presence_channel(key[0])], gone)
                    self._seen.pop(key, None)


def ghosts_of(backend: Engine) -> Ghosts:
    """Return the watch over a backend's channels."""
    ghosts = _OF_BACKEND.get(backend)
    if ghosts is None:
        ghosts = _OF_BACKEND[backend] = Ghosts(backend)
    return ghosts
