"""A connection over a websocket, which comes back by itself."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from typing import Final

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from sharedb_py.client.aio.connection import Connection
from sharedb_py.errors import ShareDBError
from sharedb_py.messages import Message, UnparsableMessage, encode, parse

__all__ = ["WebSocketConnection", "connect"]

log = logging.getLogger(__name__)

MAX_QUEUED: Final = 100_000
POLICY_VIOLATION: Final = 1008


def connect(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    max_message_bytes: int = 64 * 2**20,
    first_delay: float = 0.1,
    max_delay: float = 10.0,
) -> WebSocketConnection:
    """Return a connection to a server: ``async with connect("ws://host/channel") as connection``.

    Entering raises ``OSError`` or ``WebSocketException`` if the server cannot be
    reached the first time, ``ShareDBError`` if it refuses us. Later the connection
    comes back by itself, after ``first_delay`` seconds and then twice as long each
    time up to ``max_delay``, and sends again what was not acknowledged.
    """
    return WebSocketConnection(url, headers or {}, max_message_bytes, first_delay, max_delay)


class WebSocketConnection(Connection):
    """See :func:`connect`."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        max_message_bytes: int,
        first_delay: float,
        max_delay: float,
    ) -> None:
        super().__init__()
        self._url = url
        self._headers = headers
        self._max_bytes = max_message_bytes
        self._first_delay = first_delay
        self._max_delay = max_delay
        self._delay = first_delay
        self._outgoing: asyncio.Queue[Message] | None = None
        self._socket: ClientConnection | None = None
        self._runner: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] | None = None
        self._core.on_connected = self._shook_hands

    def _send(self, message: Message) -> None:
        if self._outgoing is None:
            return
        try:
            self._outgoing.put_nowait(message)
        except asyncio.QueueFull:
            log.warning("The server does not read; connecting again")
            self._outgoing = None
            if self._socket is not None:
                self._socket.transport.abort()

    def _shook_hands(self) -> None:
        self._delay = self._first_delay
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(None)

    async def open(self) -> None:
        """Connect for the first time."""
        self._ready = asyncio.get_running_loop().create_future()
        self._runner = asyncio.create_task(self._run())
        await asyncio.wait([self._ready, self._runner], return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.done():
            self._ready.cancel()
            await self._runner
            raise self._core.closed or ShareDBError("The server ended the connection")

    async def close(self) -> None:
        """End the connection for good; may be called twice."""
        self._end()
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.wait([self._runner])

    async def _run(self) -> None:
        """Connect, again and again, until refused or closed."""
        try:
            while not self.closed:
                try:
                    await self._use_one_socket()
                except (OSError, WebSocketException, UnparsableMessage) as error:
                    if _is_refusal(error):
                        raise ShareDBError(f"The server refused the connection: {error}") from error
                    if self._core.id is None:
                        raise
                    log.info("The connection broke: %s", error)
                await asyncio.sleep(self._delay * random.uniform(0.5, 1))
                self._delay = min(self._delay * 2, self._max_delay)
        except ShareDBError as error:
            log.warning("The connection ended: %s", error)
            self._end(error)
        finally:
            self._end()

    async def _use_one_socket(self) -> None:
        async with open_websocket(
            self._url, additional_headers=self._headers, max_size=self._max_bytes
        ) as socket:
            self._socket = socket
            self._outgoing = asyncio.Queue(MAX_QUEUED)
            writer = asyncio.create_task(_write(socket, self._outgoing))
            try:
                await self._read(socket)
            finally:
                self._socket = self._outgoing = None
                self._core.disconnected()
                writer.cancel()
                await asyncio.gather(writer, return_exceptions=True)

    async def _read(self, socket: ClientConnection) -> None:
        while True:
            self._core.receive(parse(await socket.recv()))


async def _write(socket: ClientConnection, outgoing: asyncio.Queue[Message]) -> None:
    while True:
        message = await outgoing.get()
        try:
            await socket.send(encode(message))
        except ConnectionClosed:
            return  # the reader finds out as well, and says so


def _is_refusal(error: BaseException) -> bool:
    """Whether the server does not want us, so that trying again is no use."""
    if isinstance(error, ConnectionClosed):
        return error.rcvd is not None and error.rcvd.code == POLICY_VIOLATION
    return isinstance(error, InvalidStatus) and error.response.status_code in (401, 403)
