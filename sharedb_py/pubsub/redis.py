"""Pub/sub over Redis, between processes: ``sharedb-redis-pubsub``'s channels and payloads.

One connection follows channels, another publishes. Either is made again when it
breaks: every channel is followed again, what could not be published is published
again, and who watches for gaps is told that messages may have been missed.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis.asyncio.connection import Connection, ConnectionPool
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import JSONObject
from sharedb_py.pubsub.base import Published, PubSub, Receiver, Subscription

__all__ = ["RedisPubSub", "from_url"]

log = logging.getLogger(__name__)

PATIENCE: Final = 10.0
"""How many seconds a subscriber waits for a broker that is away."""
PRESENCE_TTL: Final = 60.0
ALIVE_EVERY: Final = 10.0
SILENT_FOR: Final = 30.0
MAX_UNSENT: Final = 100_000
MANY: Final = 500

_LOST: Final = (RedisError, OSError, EOFError, asyncio.TimeoutError)


class PubSubUnavailable(ShareDBError):
    """The broker does not answer; nothing was subscribed."""


class _Subscription(Subscription):
    def __init__(self, pubsub: RedisPubSub, channel: str, receiver: Receiver) -> None:
        self._pubsub = pubsub
        self.channel = channel
        self.receiver = receiver

    def close(self) -> None:
        self._pubsub.remove(self)


class _Channel:
    """Who follows a channel here, and whether the broker knows."""

    def __init__(self) -> None:
        self.subscriptions: dict[_Subscription, None] = {}
        self.followed: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class RedisPubSub(PubSub):
    """Carries messages between all processes that use the same Redis and ``prefix``.

    With a prefix, the real channels are named ``PREFIX NAME``, as Node does it.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "",
        patience: float = PATIENCE,
        presence_ttl: float | None = PRESENCE_TTL,
    ) -> None:
        super().__init__()
        self.presence_ttl = presence_ttl
        try:
            self._pool = ConnectionPool.from_url(
                url,
                protocol=2,
                socket_connect_timeout=5,
                retry_on_error=[],
                health_check_interval=0,
            )
        except ValueError as error:
            raise ShareDBError(f"The Redis URL cannot be used: {error}") from error
        self._prefix = f"{prefix} " if prefix else ""
        self._patience = patience
        self._channels: dict[str, _Channel] = {}
        self._unconfirmed: dict[str, int] = {}
        """How many SUBSCRIBEs of a channel the broker has yet to confirm."""
        self._commands: deque[tuple[str, str]] = deque()
        self._commanded = asyncio.Event()
        self._unsent: deque[tuple[tuple[str, ...], str]] = deque()
        self._published = asyncio.Event()
        self._sent = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    async def check(self) -> None:
        connection = self._new_connection()
        try:
            await connection.connect()
        except AuthenticationError as error:
            raise PubSubUnavailable(f"Redis refused the user name or password: {error}") from error
        except _LOST as error:
            raise PubSubUnavailable(f"No Redis server answers: {error}") from error
        finally:
            await connection.disconnect()

    def _new_connection(self) -> Connection:
        connection: Connection = self._pool.make_connection()
        return connection

    def _start(self) -> None:
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._again_and_again("following", self._follow)),
                asyncio.create_task(self._again_and_again("publishing", self._publish)),
            ]

    async def _again_and_again(self, what: str, work: Any) -> None:
        """Work on a connection, and on a new one when it breaks."""
        pause, times = 0.05, 0
        while True:
            connection = self._new_connection()
            try:
                await connection.connect()
                times += 1
                pause = 0.05
                await work(connection, times > 1)
            except _LOST as error:
                log.warning("The connection to Redis for %s is lost: %s", what, error)
            except ExceptionGroup as group:
                lost, others = group.split(_LOST)
                if others is not None:
                    log.error("The connection to Redis for %s failed", what, exc_info=others)
                log.warning("The connection to Redis for %s is lost: %s", what, lost)
            finally:
                await connection.disconnect(nowait=True)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)

    # Following

    async def subscribe(self, channel: str, receiver: Receiver) -> Subscription:
        if self._closed:
            raise PubSubUnavailable("The pub/sub is closed")
        self._start()
        found = self._channels.get(channel)
        if found is None:
            found = self._channels[channel] = _Channel()
            self._command("SUBSCRIBE", channel)
        subscription = _Subscription(self, channel, receiver)
        found.subscriptions[subscription] = None
        try:
            async with asyncio.timeout(self._patience):
                await asyncio.shield(found.followed)
        except TimeoutError:
            subscription.close()
            raise PubSubUnavailable("Redis does not answer; try again later") from None
        except BaseException:
            subscription.close()
            raise
        return subscription

    def remove(self, subscription: _Subscription) -> None:
        """Forget a subscription, and the channel with its last one."""
        found = self._channels.get(subscription.channel)
        if found is None or subscription not in found.subscriptions:
            return
        del found.subscriptions[subscription]
        if not found.subscriptions:
            del self._channels[subscription.channel]
            found.followed.cancel()
            self._command("UNSUBSCRIBE", subscription.channel)

    def _command(self, verb: str, channel: str) -> None:
        self._commands.append((verb, channel))
        self._commanded.set()

    async def _follow(self, connection: Connection, again: bool) -> None:
        self._commands = deque(("SUBSCRIBE", channel) for channel in self._channels)
        self._commanded.set()
        self._unconfirmed.clear()
        behind = set(self._channels) if again else None
        if again and not behind:
            self.tell_gap()
        heard = asyncio.get_running_loop().time()

        async def read() -> None:
            nonlocal heard
            while True:
                kind, channel, data = _parts(
                    await connection.read_response(disconnect_on_error=False)
                )
                heard = asyncio.get_running_loop().time()
                if kind == b"message":
                    self._dispatch(self._name(channel), data)
                elif kind == b"subscribe":
                    name = self._name(channel)
                    self._confirm(name)
                    if behind:
                        behind.discard(name)
                        behind.intersection_update(self._channels)
                        if not behind:
                            self.tell_gap()

        async def stay_alive() -> None:
            while asyncio.get_running_loop().time() - heard < SILENT_FOR:
                await asyncio.sleep(ALIVE_EVERY)
                await connection.send_command("PING")
            raise TimeoutError("Redis is silent")

        async with asyncio.TaskGroup() as group:
            group.create_task(read())
            group.create_task(stay_alive())
            group.create_task(self._send_commands(connection))

    async def _send_commands(self, connection: Connection) -> None:
        while True:
            await self._commanded.wait()
            self._commanded.clear()
            while self._commands:
                verb = self._commands[0][0]
                names: list[str] = []
                while self._commands and self._commands[0][0] == verb and len(names) < MANY:
                    names.append(self._commands.popleft()[1])
                if verb == "SUBSCRIBE":
                    for name in names:
                        self._unconfirmed[name] = self._unconfirmed.get(name, 0) + 1
                await connection.send_command(verb, *(self._real(name) for name in names))

    def _real(self, channel: str) -> bytes:
        return (self._prefix + channel).encode("utf-8", "surrogatepass")

    def _name(self, real: bytes) -> str:
        return real.decode("utf-8", "surrogatepass").removeprefix(self._prefix)

    def _confirm(self, name: str) -> None:
        left = self._unconfirmed.get(name, 1) - 1
        self._unconfirmed[name] = left
        if left > 0:
            return  # an unsubscribe and another subscribe are on their way
        self._unconfirmed.pop(name, None)
        channel = self._channels.get(name)
        if channel is not None and not channel.followed.done():
            channel.followed.set_result(None)

    def _dispatch(self, name: str, payload: bytes) -> None:
        channel = self._channels.get(name)
        if channel is None or not channel.followed.done():
            return
        try:
            message = json.loads(payload)
        except ValueError:
            log.warning("What came on channel %r is no JSON", name)
            return
        if not isinstance(message, dict):
            log.warning("What came on channel %r is no message", name)
            return
        published = Published(message)
        for subscription in tuple(channel.subscriptions):
            if subscription not in channel.subscriptions:
                continue  # closed by one before it
            try:
                subscription.receiver(published)
            except Exception:
                log.exception("A receiver on channel %r failed", name)

    # Publishing

    def publish(self, channels: Sequence[str], message: JSONObject) -> None:
        if self._closed:
            return
        self._start()
        if len(self._unsent) >= MAX_UNSENT:
            log.error("Redis has been away for too long: a message is not published")
            return
        text = json.dumps(message, separators=(",", ":"))
        self._unsent.append((tuple(channels), text))
        self._published.set()

    async def _publish(self, connection: Connection, again: bool) -> None:
        while True:
            await self._published.wait()
            batch = [self._unsent[index] for index in range(min(len(self._unsent), MANY))]
            if not batch:
                self._published.clear()
                continue
            # All channels of a message, then the next one. Only what was answered is done
            # with: after a break a message may be published twice, but none is lost.
            commands = [
                ("PUBLISH", self._real(channel), text)
                for channels, text in batch
                for channel in channels
            ]
            await connection.send_packed_command(connection.pack_commands(commands))
            for _ in commands:
                try:
                    answer = await connection.read_response(
                        timeout=SILENT_FOR, disconnect_on_error=False
                    )
                    if answer is None:
                        raise TimeoutError("Redis is silent")
                except ResponseError as error:
                    log.error("Redis did not publish a message: %s", error)
            for _ in batch:
                self._unsent.popleft()
            self._sent.set()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for channel in self._channels.values():
            channel.followed.cancel()
        self._channels.clear()
        try:
            async with asyncio.timeout(1):
                while self._tasks and self._unsent:
                    self._sent.clear()
                    await self._sent.wait()
        except TimeoutError:
            log.warning("%d messages were not published", len(self._unsent))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pool.disconnect()


def _parts(response: Any) -> tuple[bytes, bytes, bytes]:
    if isinstance(response, list) and len(response) == 3:
        return response[0], response[1], response[2]
    return b"", b"", b""  # the answer to a PING


def from_url(url: str) -> RedisPubSub:
    """Return the pub/sub of ``redis://HOST:PORT``.

    ``?prefix=NAME`` keeps deployments apart; ``presenceTTL=SECONDS`` says when the
    presence of clients whose server died is given up.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    prefix, ttl = options.pop("prefix", ""), options.pop("presenceTTL", str(PRESENCE_TTL))
    try:
        seconds = float(ttl)
    except ValueError:
        raise ShareDBError(f"presenceTTL is a number of seconds, not {ttl!r}") from None
    rest = urlunsplit(parts._replace(query=urlencode(options)))
    return RedisPubSub(rest, prefix=prefix, presence_ttl=seconds if seconds > 0 else None)
