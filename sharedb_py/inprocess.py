"""A client in the server's own process: no socket, and JSON text only where it is there already."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

from sharedb_py.agent import Agent
from sharedb_py.client.aio.connection import Connection
from sharedb_py.engine import Engine
from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import copy_json
from sharedb_py.messages import Message, parse
from sharedb_py.serving import connect_transport

__all__ = ["InProcessConnection", "connect"]


def connect(
    backend: Engine, *, custom: Mapping[str, Any] | None = None, req: Any = None
) -> InProcessConnection:
    """Return a connection to a backend of this process: ``async with connect(backend) as c``.

    ``custom`` is added to what hooks see as ``agent.custom`` before the
    ``connect`` hooks run, ``req`` is what they see as the request. The
    connection counts as an agent, but not as a remote one.
    """
    return InProcessConnection(backend, custom or {}, req)


class InProcessConnection(Connection):
    """See :func:`connect`. It does not come back when the server ends it."""

    def __init__(self, backend: Engine, custom: Mapping[str, Any], req: Any) -> None:
        super().__init__()
        self._backend = backend
        self._custom = custom
        self._req = req
        self._agent: Agent | None = None
        self._waiting: deque[Message] = deque()
        self._scheduled: asyncio.Handle | None = None
        self._unsent: list[Message] = []
        self._ready: asyncio.Future[None] | None = None
        self._core.on_connected = self._shook_hands

    async def open(self) -> None:
        """Connect; raises what a ``connect`` hook raises."""
        self._ready = asyncio.get_running_loop().create_future()
        transport = _Transport(self)
        self._agent = await connect_transport(
            self._backend,
            transport,
            self._req,
            remote=False,
            custom=self._custom,
            agent_class=_LocalAgent,
        )
        for message in self._unsent:
            self._agent.receive(message)
        self._unsent.clear()
        await self._ready

    async def close(self) -> None:
        """End the connection; may be called twice."""
        self._end()
        if self._agent is not None:
            self._agent.close()

    def _shook_hands(self) -> None:
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(None)

    def _send(self, message: Message) -> None:
        if self._agent is None:
            self._unsent.append(message)  # the handshake, at most
        else:
            # The server may change what it is sent; our own state must not change with it.
            self._agent.receive(copy_json(message))

    def arrived(self, message: Message) -> None:
        """Take a message from the server; it is handled once the server has finished its step."""
        self._waiting.append(message)
        if self._scheduled is None:
            self._scheduled = asyncio.get_running_loop().call_soon(self._receive_waiting)

    def _receive_waiting(self) -> None:
        self._scheduled = None
        try:
            while self._waiting and not self.closed:
                self._core.receive(self._waiting.popleft())
        except ShareDBError as error:
            self.ended(error.message)

    def ended(self, reason: str) -> None:
        """Note that the server ended the connection."""
        error = ShareDBError(f"The server ended the connection: {reason}" if reason else "Closed")
        self._end(error)
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(error)
            self._ready.exception()  # whoever opens us learns it; nobody has to


class _Transport:
    """What the agent sends through: frames made for many clients, or messages as they are."""

    def __init__(self, connection: InProcessConnection) -> None:
        self._connection = connection

    def pass_on(self, message: Message) -> None:
        # Hooks of either side may change what they hold; copying is cheaper than JSON text.
        self._connection.arrived(copy_json(message))

    def send(self, text: str) -> None:
        self._connection.arrived(parse(text))

    def close(self, code: int, reason: str) -> None:
        self._connection.ended(reason)


class _LocalAgent(Agent):
    """An agent whose messages need not become text."""

    def send(self, message: Message) -> None:
        if self.backend.observed("send"):
            self.backend.emit("send", self, message)
        if not self.closed and isinstance(self._transport, _Transport):
            self._transport.pass_on(message)
