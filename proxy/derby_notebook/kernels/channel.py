"""The one socket to a notebook's kernel, which comes back by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from derby_notebook.jupyter.api import JupyterAPI, JupyterError
from derby_notebook.jupyter.http import tls_context
from derby_notebook.kernels.messages import (
    SUBPROTOCOL,
    KernelMessage,
    decode,
    encode,
    request,
)

__all__ = ["KernelChannel"]

log = logging.getLogger(__name__)

FIRST_DELAY: Final = 0.2
LONGEST_DELAY: Final = 5.0
CLOSE_SECONDS: Final = 2.0
READ_SECONDS: Final = 10.0
"""How long it may take to hand on what had arrived when the line was closed."""


class KernelChannel:
    """Hands on a kernel's messages, in order, over any number of broken lines.

    The session stays the same: Jupyter keeps for it what the kernel sends while
    no line stands. ``receive`` is given each frame and its message; ``lost`` is
    called when a line breaks, ``found`` once another stands and all that was
    kept has been received, ``gone`` when Jupyter knows the kernel no more.
    """

    def __init__(
        self,
        api: JupyterAPI,
        kernel_id: str,
        session: str,
        *,
        receive: Callable[[bytes, KernelMessage], Awaitable[None]],
        lost: Callable[[], Awaitable[None]],
        found: Callable[[], Awaitable[None]],
        gone: Callable[[], Awaitable[None]],
    ) -> None:
        self.kernel_id = kernel_id
        self.session = session
        self._api = api
        self._receive = receive
        self._lost = lost
        self._found = found
        self._gone = gone
        self._socket: ClientConnection | None = None
        self._probe = ""
        self.generation = 0
        """How often the line was made anew."""
        self._open = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect; raises ``OSError``, ``WebSocketException`` or ``JupyterError``."""
        self._socket = await self._connect()
        self._open.set()
        self._task = asyncio.create_task(self._follow())

    def find(self) -> None:
        """Connect as soon as Jupyter answers, however long that takes."""
        self._task = asyncio.create_task(self._find())

    async def close(self) -> None:
        """Let the kernel go on without us; what had arrived is handed on first."""
        self._closing = True
        if self._socket is not None:
            await self._socket.close()
        if self._task is not None:
            patience = READ_SECONDS if self._socket is not None else 0
            _, left = await asyncio.wait({self._task}, timeout=patience)
            if left:
                self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def send(self, message: KernelMessage) -> None:
        """Send a message, once a line stands."""
        await self._open.wait()
        assert self._socket is not None
        await self._socket.send(encode(message))

    async def probe(self) -> None:
        """Have ``found`` called once all that the kernel has sent so far is received.

        While no line stands nothing is sent: the next one asks by itself.
        """
        if not self._open.is_set():
            return
        message = request("shell", "kernel_info_request", {}, self.session)
        self._probe = message.id
        with contextlib.suppress(WebSocketException):
            await self.send(message)

    async def _connect(self) -> ClientConnection:
        url = f"{self._api.url.replace('http', 'ws', 1)}api/kernels/{self.kernel_id}/channels"
        headers = {"Authorization": f"token {self._api.token}"} if self._api.token else {}
        return await connect(
            f"{url}?session_id={self.session}",
            additional_headers=headers,
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            max_size=None,
            open_timeout=60,
            close_timeout=CLOSE_SECONDS,
            proxy=None,
            ssl=tls_context() if url.startswith("wss") else None,
        )

    async def _follow(self) -> None:
        while True:
            assert self._socket is not None
            try:
                await self._read(self._socket)
            except Exception:
                log.exception("A message of kernel %s could not be handled", self.kernel_id)
                await self._socket.close()
            self._open.clear()
            if self._closing or not await self._stand_again():
                return

    async def _find(self) -> None:
        if await self._stand_again():
            await self._follow()

    async def _stand_again(self) -> bool:
        """Return once a line stands again; False if the kernel is gone."""
        await self._lost()
        if not await self._reconnect():
            await self._gone()
            return False
        self.generation += 1
        self._open.set()
        await self.probe()
        return True

    async def _read(self, socket: ClientConnection) -> None:
        count = 0
        try:
            async for frame in socket:
                count += 1
                if not count % 64:
                    await asyncio.sleep(0)  # a flood must not keep the others waiting
                if not isinstance(frame, bytes):
                    continue
                try:
                    message = decode(frame)
                except ValueError as error:
                    log.warning("Kernel %s sent what is no message: %s", self.kernel_id, error)
                    continue
                await self._receive(frame, message)
                if self._probe and message.parent_id == self._probe:
                    await self._probed(message)
        except WebSocketException as error:
            log.info("The line to kernel %s broke: %s", self.kernel_id, error)

    async def _probed(self, message: KernelMessage) -> None:
        # Both streams of messages have caught up only when the answer and its idle are here.
        if message.kind == "status" and message.content.get("execution_state") == "idle":
            self._probe = ""
            await self._found()

    async def _reconnect(self) -> bool:
        """Return once a line stands; False if the kernel is there no more."""
        delay = FIRST_DELAY
        while True:
            try:
                await self._api.kernel(self.kernel_id)
                self._socket = await self._connect()
            except JupyterError as error:
                if error.status == 404:
                    return False
            except (OSError, WebSocketException, TimeoutError) as error:
                log.info("Kernel %s cannot be reached: %s", self.kernel_id, error)
            else:
                return True
            await asyncio.sleep(delay)
            delay = min(LONGEST_DELAY, delay * 2)
