"""The one socket to a notebook's kernel, which comes back by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from derby_notebook.jupyter.acknowledging import ACKNOWLEDGE, KEEPS, RESENT
from derby_notebook.jupyter.api import JupyterAPI, JupyterError
from derby_notebook.jupyter.http import tls_context
from derby_notebook.kernels.inbox import Inbox
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
    no line stands; a server with our extension keeps also what was sent and is not
    acknowledged. ``receive`` is given each frame and its message; ``lost`` is
    called when a line breaks, ``stands`` with the first that comes over another, and
    whether that can have lost nothing, ``found`` once all that was kept has been
    received, ``gone`` when Jupyter knows the kernel no more.

    What comes is put into the inbox at once, and dealt with in a task of its own.
    """

    def __init__(
        self,
        api: JupyterAPI,
        kernel_id: str,
        session: str,
        inbox: Inbox,
        *,
        receive: Callable[[bytes, KernelMessage], Awaitable[None]],
        lost: Callable[[], Awaitable[None]],
        stands: Callable[[bool], None],
        found: Callable[[], Awaitable[None]],
        gone: Callable[[], Awaitable[None]],
    ) -> None:
        self.kernel_id = kernel_id
        self.session = session
        self._api = api
        self._inbox = inbox
        self._receive = receive
        self._lost = lost
        self._stands = stands
        self._found = found
        self._gone = gone
        self._socket: ClientConnection | None = None
        self._probe = ""
        self._unanswered: set[str] = set()
        self.generation = 0
        """How often the line was made anew."""
        self._open = asyncio.Event()
        self._closing = False
        self._keeping = False
        self._base = 0
        self._again = 0
        self._acknowledged = 0
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
            await asyncio.wait({self._task}, timeout=patience)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def stands(self) -> None:
        """Return once a line stands: what is sent then goes out at once."""
        await self._open.wait()

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
        self._probe, self._unanswered = message.id, {"status", "kernel_info_reply"}
        with contextlib.suppress(WebSocketException):
            await self.send(message)

    def unprobe(self) -> None:
        """Do not have ``found`` called by an answer that is still to come."""
        self._probe = ""

    async def _connect(self) -> ClientConnection:
        url = f"{self._api.url.replace('http', 'ws', 1)}api/kernels/{self.kernel_id}/channels"
        headers = {"Authorization": f"token {self._api.token}"} if self._api.token else {}
        return await connect(
            f"{url}?session_id={self.session}&{KEEPS}=1",
            additional_headers=headers,
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            max_size=None,
            open_timeout=60,
            close_timeout=CLOSE_SECONDS,
            proxy=None,
            ssl=tls_context() if url.startswith("wss") else None,
        )

    async def acknowledge(self) -> None:
        """Tell Jupyter how much of what it sent is settled, if it keeps what is not."""
        count = self._again + self._inbox.settled - self._base
        if not self._keeping or self._socket is None or count <= self._acknowledged:
            return
        self._acknowledged = count
        message = request(ACKNOWLEDGE, ACKNOWLEDGE, {"count": count}, self.session)
        with contextlib.suppress(WebSocketException):
            await self._socket.send(encode(message))

    async def _follow(self) -> None:
        dealing = asyncio.create_task(self._deal())
        try:
            while True:
                assert self._socket is not None
                await self._read(self._socket)
                self._keeping = False
                self._open.clear()
                await self._inbox.empty()
                if self._closing or not await self._stand_again():
                    return
        finally:
            dealing.cancel()
            await asyncio.gather(dealing, return_exceptions=True)

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
        """Put into the inbox what comes, and do nothing else that could keep it waiting."""
        self._keeping, self._acknowledged = False, 0
        self._base, self._again = self._inbox.came, 0
        again, fresh = 0, True
        try:
            async for frame in socket:
                if not isinstance(frame, bytes):
                    continue
                message = self._decoded(frame)
                if fresh:
                    fresh, self._keeping = False, message is not None and message.channel == RESENT
                    self._stands(self._keeping)
                if message is not None and message.channel == RESENT:
                    again = self._again = self._known(message.content)
                elif again:
                    again -= 1
                else:
                    await self._inbox.put(frame, message)
        except WebSocketException as error:
            log.info("The line to kernel %s broke: %s", self.kernel_id, error)

    def _decoded(self, frame: bytes) -> KernelMessage | None:
        try:
            return decode(frame)
        except ValueError as error:
            log.warning("Kernel %s sent what is no message: %s", self.kernel_id, error)
            return None

    def _known(self, content: dict[str, Any]) -> int:
        """Return how many of the messages that are sent again have come before."""
        messages = content.get("messages") or []
        return messages.index(self._inbox.last) + 1 if self._inbox.last in messages else 0

    async def _deal(self) -> None:
        count = 0
        while True:
            frame, message = await self._inbox.first()
            count += 1
            if not count % 64:
                await asyncio.sleep(0)  # a flood must not keep the others waiting
            try:
                if message is not None:
                    await self._receive(frame, message)
                    if self._probe and message.parent_id == self._probe:
                        await self._probed(message)
            except Exception:
                log.exception("A message of kernel %s could not be handled", self.kernel_id)
            self._inbox.done()

    async def _probed(self, message: KernelMessage) -> None:
        # Either comes by a stream of its own, behind all that this one has had to bring.
        if message.kind == "status" and message.content.get("execution_state") == "idle":
            self._unanswered.discard("status")
        else:
            self._unanswered.discard(message.kind)
        if not self._unanswered:
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
