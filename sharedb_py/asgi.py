"""The websocket endpoint, for Starlette, FastAPI or any ASGI server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Collection
from typing import Final

from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from sharedb_py.agent import TOO_SLOW, Agent
from sharedb_py.engine import Engine
from sharedb_py.serving import connect_transport

__all__ = ["OriginCheck", "ShareDBApp", "sharedb_route"]

log = logging.getLogger(__name__)

GOODBYE_SECONDS: Final = 1.0

OriginCheck = Callable[[str | None, WebSocket], bool]
"""Given the Origin header, if any, and the upgrade request: whether to accept it."""


class _SocketTransport:
    """Queues frames for one socket; whoever lets too many bytes pile up is cut off."""

    def __init__(self, websocket: WebSocket, send: Send, max_bytes: int) -> None:
        self._websocket = websocket
        self._send = send
        self._max_bytes = max_bytes
        self._frames: deque[str] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self.cut_off = asyncio.Event()

    def send(self, text: str) -> None:
        if self._closing is not None:
            return
        self._frames.append(text)
        self._bytes += len(text)
        if self._bytes > self._max_bytes:
            self._frames.clear()
            self.close(*TOO_SLOW)
            self.cut_off.set()
        self._wake.set()

    def close(self, code: int, reason: str) -> None:
        if self._closing is None:
            # A close frame has room for 123 bytes of reason.
            self._closing = (code, reason.encode()[:120].decode(errors="ignore"))
        self._wake.set()

    async def run(self) -> None:
        """Write what is queued until the connection is to end."""
        while True:
            while self._frames:
                text = self._frames.popleft()
                await self._send({"type": "websocket.send", "text": text})
                self._bytes -= len(text)
            if self._closing is not None:
                await self._websocket.close(*self._closing)
                return
            self._wake.clear()
            await self._wake.wait()


class ShareDBApp:
    """An ASGI app that connects websockets to a backend: ``app.mount("/channel", ShareDBApp(b))``.

    ``allowed_origins`` says whose pages may connect: origins such as
    ``"https://example.org"``, or a function; None: all. ``agent_class`` may narrow
    what a client may ask.
    """

    def __init__(
        self,
        backend: Engine,
        *,
        allowed_origins: Collection[str] | OriginCheck | None = None,
        agent_class: type[Agent] = Agent,
    ) -> None:
        self._backend = backend
        self._allowed_origins = allowed_origins
        self._agent_class = agent_class

    def _allows(self, websocket: WebSocket) -> bool:
        allowed = self._allowed_origins
        origin = websocket.headers.get("origin")
        if allowed is None:
            return True
        if callable(allowed):
            return allowed(origin, websocket)
        return origin is None or origin in allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await send({"type": "http.response.start", "status": 426, "headers": []})
            await send({"type": "http.response.body", "body": b"This is a websocket endpoint\n"})
            return
        websocket = WebSocket(scope, receive, send)
        if self._backend.closed or not self._allows(websocket):
            await websocket.close(1008)
            return
        await websocket.accept()
        # Accepted, messages go past Starlette: it would check again what uvicorn checks.
        await self._serve(websocket, receive, send)

    async def _serve(self, websocket: WebSocket, receive: Receive, send: Send) -> None:
        transport = _SocketTransport(websocket, send, self._backend.max_outgoing_bytes)
        writer = asyncio.create_task(transport.run())
        reader = asyncio.create_task(self._read(websocket, receive, transport))
        # The writer of a client that does not read is stuck, and cannot say that it is.
        guard = asyncio.create_task(transport.cut_off.wait())
        tasks: list[asyncio.Task[object]] = [writer, reader, guard]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        if transport.cut_off.is_set():
            with contextlib.suppress(TimeoutError, OSError, RuntimeError):
                await asyncio.wait_for(websocket.close(*TOO_SLOW), GOODBYE_SECONDS)
        for result in results:
            # A socket that breaks under a write is a disconnect, not a failure.
            if isinstance(result, Exception) and not isinstance(result, (OSError, RuntimeError)):
                log.debug("A connection ended: %r", result)

    async def _read(
        self, websocket: WebSocket, receive: Receive, transport: _SocketTransport
    ) -> None:
        try:
            agent = await connect_transport(
                self._backend, transport, websocket, agent_class=self._agent_class
            )
        except Exception as error:
            log.info("A connection was refused: %s", error)
            transport.close(1011, "Internal error")  # a hook that refused has closed it already
            await asyncio.Event().wait()  # the writer says goodbye and ends us
            return
        try:
            await self._pump(receive, agent)
        finally:
            agent.close()

    async def _pump(self, receive: Receive, agent: Agent) -> None:
        limit = self._backend.max_message_bytes
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            text, data = event.get("text"), event.get("bytes")
            frame = text if text is not None else data or b""
            if _size(frame, limit) > limit:
                agent.close(1009, "Message too big")
            else:
                agent.receive_frame(frame)
            if agent.closed:
                await asyncio.Event().wait()  # the writer says goodbye and ends us
            await agent.room()


def _size(frame: str | bytes, limit: int) -> int:
    """Return how many bytes a frame came in; characters are counted only where it matters."""
    if isinstance(frame, bytes) or frame.isascii() or len(frame) > limit:
        return len(frame)
    return len(frame.encode("utf-8", "surrogatepass"))


def sharedb_route(
    backend: Engine,
    path: str = "/channel",
    *,
    allowed_origins: Collection[str] | OriginCheck | None = None,
) -> WebSocketRoute:
    """Return a Starlette route that serves a backend's clients."""
    return WebSocketRoute(path, ShareDBApp(backend, allowed_origins=allowed_origins))
