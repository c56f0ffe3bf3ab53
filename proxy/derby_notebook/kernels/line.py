"""A notebook's one kernel: its session, the line to it, and what people see of its state."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from websockets.exceptions import WebSocketException

from derby_notebook.documents import Documents
from derby_notebook.jupyter.api import JupyterAPI, JupyterError
from derby_notebook.kernels.channel import KernelChannel
from derby_notebook.kernels.inbox import Inbox
from derby_notebook.kernels.messages import KernelMessage
from derby_notebook.kernels.reasons import DIED, GONE, RESTARTED, SHUT_DOWN
from derby_notebook.kernels.record import RelayRecord
from derby_notebook.kernels.requests import Requests
from sharedb_py.errors import ShareDBError

__all__ = ["KernelLine", "LineListener", "NoKernel", "Notebook"]

log = logging.getLogger(__name__)

READY_SECONDS: Final = 5.0
TAKE_UP_SECONDS: Final = 5.0
"""How long the start waits for a Jupyter Server that is slow."""
READY_TRIES: Final = 12


class NoKernel(Exception):
    """No kernel runs that could be asked."""


@dataclass(frozen=True)
class Notebook:
    """What must be known of a notebook to start a session for it."""

    path: str
    kernel: str | None


class LineListener(Protocol):
    """Who is told what becomes of the kernel."""

    @property
    def busy(self) -> bool:
        """Whether the kernel runs something of ours."""

    async def received(self, frame: bytes, message: KernelMessage) -> None:
        """A message came."""

    def stands(self, whole: bool) -> None:
        """Another line stands; ``whole``: nothing can be missing that the last one brought."""

    async def caught_up(self, generation: int) -> None:
        """All that was sent while no line stood has come, over the line of this number."""

    async def described(self, info: dict[str, Any]) -> None:
        """The kernel said what it is: the content of its ``kernel_info_reply``."""

    async def restarts(self, state: str, reason: str) -> None:
        """The kernel starts anew (``starting``, ``restarting``), or is ``dead``."""

    async def stopped(self, outcome: str, reason: str) -> None:
        """Somebody ends the kernel: what runs will not end by itself, what waits is not to run."""

    async def lost(self, reason: str) -> None:
        """The kernel is no more."""


class KernelLine:
    """Starts, finds again, asks and ends the kernel; tells the notebook how it is."""

    def __init__(
        self,
        notebook_id: str,
        documents: Documents,
        api: JupyterAPI,
        describe: Callable[[], Awaitable[Notebook]],
        record: RelayRecord,
        inbox: Inbox,
        listener: LineListener,
    ) -> None:
        self._id = notebook_id
        self._documents = documents
        self._api = api
        self._describe = describe
        self._record = record
        self._inbox = inbox
        self._listener = listener
        self._requests = Requests()
        self._channel: KernelChannel | None = None
        self._connecting = asyncio.Lock()
        self._shown: dict[str, Any] = {}
        self._restarting = False
        self._ready = asyncio.Event()
        self._ready.set()

    async def close(self) -> None:
        """Let the kernel go on without us."""
        if self._channel is not None:
            await self._channel.close()

    # The session and its channel

    @property
    def kernel_id(self) -> str | None:
        """The kernel's id; None while there is none."""
        return self._channel.kernel_id if self._channel else None

    @property
    def generation(self) -> int:
        """How often the line was made anew."""
        return self._channel.generation if self._channel else 0

    @property
    def channel(self) -> KernelChannel | None:
        """The channel to the kernel; None while there is none."""
        return self._channel

    async def take_up(self) -> None:
        """Go on with the kernel of the record: now, or once Jupyter is there to be asked."""
        channel = self._channel = self._new_channel(self._record.kernel["id"])
        try:
            async with asyncio.timeout(TAKE_UP_SECONDS):
                await self._api.kernel(channel.kernel_id)
                await channel.open()
        except (JupyterError, OSError, WebSocketException, TimeoutError) as error:
            if isinstance(error, JupyterError) and error.status == 404:
                log.info("Kernel %s is not there any more", channel.kernel_id)
                await self._lose(GONE)
            else:
                log.info("Kernel %s cannot be asked yet: %s", channel.kernel_id, error)
                channel.find()
            return
        await self._show("busy" if self._listener.busy else "idle")
        await channel.probe()

    async def ensure(self) -> KernelChannel:
        """Return the channel; a session is started if there is none.

        Raises ``JupyterError``, ``OSError``, ``WebSocketException`` or ``TimeoutError``.
        """
        async with self._connecting:
            if self._channel is not None:
                return self._channel
            notebook = await self._describe()
            await self._show("starting")
            try:
                return await self._connect(notebook)
            except BaseException:
                await self._show("none")
                raise

    async def ready(self) -> KernelChannel:
        """Return the channel once the kernel answers: one that just starts may lose a request."""
        channel = await self.ensure()
        for _ in range(READY_TRIES):
            try:
                await asyncio.wait_for(self._ready.wait(), READY_SECONDS)
            except TimeoutError:
                await channel.probe()
            else:
                return channel
        raise TimeoutError("The kernel does not answer")

    async def _connect(self, notebook: Notebook) -> KernelChannel:
        names = await self._api.kernel_names()
        wanted = notebook.kernel if notebook.kernel in names else names[""]
        session = await self._api.session(notebook.path, wanted)
        kernel = session["kernel"]
        self._record.jupyter_session = session["id"]
        self._record.kernel = {
            "id": kernel["id"],
            "name": kernel["name"],
            "display_name": names.get(kernel["name"], kernel["name"]),
        }
        channel = self._new_channel(kernel["id"])
        await channel.open()
        self._channel = channel
        self._record.running = None
        await self._record.save()
        await self._show("idle")
        await channel.probe()
        return channel

    def _new_channel(self, kernel_id: str) -> KernelChannel:
        self._inbox.clear()
        return KernelChannel(
            *(self._api, kernel_id, self._record.session, self._inbox),
            receive=self._receive,
            lost=self._line_lost,
            stands=self._listener.stands,
            found=self._line_found,
            gone=self._kernel_gone,
        )

    # What the notebook says of its kernel

    async def _show(self, status: str, **more: Any) -> None:
        kernel = {**self._record.kernel, "status": status, **more}
        if kernel == self._shown:
            return
        self._shown = kernel
        session = {"id": self._record.jupyter_session, "kernel": kernel}
        try:
            await self._documents.set("notebooks", self._id, session=session)
        except ShareDBError as error:
            log.info("Notebook %s is gone: %s", self._id, error.message)

    # What becomes of the line and of the kernel

    async def _receive(self, frame: bytes, message: KernelMessage) -> None:
        if message.kind == "status":
            await self._receive_status(message)
        self._requests.receive(message)
        if message.kind == "kernel_info_reply":
            await self._listener.described(message.content)
        await self._listener.received(frame, message)

    async def _receive_status(self, message: KernelMessage) -> None:
        state = str(message.content.get("execution_state", ""))
        if state in ("restarting", "starting", "dead"):
            await self._kernel_restarts(state)
        elif message.parent.get("msg_type") == "execute_request":
            if self._requests.asked(message.parent_id):
                return
            stranger = message.parent.get("session") != self._record.session
            await self._show(state, **({"elsewhere": True} if stranger and state == "busy" else {}))
        elif state == "idle" and self._shown.get("status") in ("starting", "restarting"):
            await self._show("idle")

    async def _line_lost(self) -> None:
        await self._show("disconnected", notice="The line to Jupyter broke; it is made again")

    async def _line_found(self) -> None:
        self._ready.set()
        if self._channel is not None:
            await self._listener.caught_up(self._channel.generation)
        await self._show("busy" if self._listener.busy else "idle")

    async def _kernel_restarts(self, state: str) -> None:
        await self._listener.restarts(state, RESTARTED if self._restarting else DIED)
        self._requests.restarted()
        self._ready.clear()
        await self._show(state)
        if state != "dead" and self._channel is not None:
            await self._channel.probe()

    async def _kernel_gone(self) -> None:
        self._channel = None
        await self._lose(GONE)

    async def _lose(self, reason: str) -> None:
        await self._listener.lost(reason)
        self._ready.set()
        self._channel = None
        self._requests.restarted()
        record = self._record
        record.kernel = {key: value for key, value in record.kernel.items() if key != "id"}
        await self._show("none", notice=reason)
        record.kernel, record.running = {}, None
        await record.save()

    # What people ask of the kernel

    def _kernel_id(self) -> str:
        if self._channel is None:
            raise NoKernel("No kernel runs yet. Run a cell to start one")
        return self._channel.kernel_id

    async def ask(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        """Return the kernel's answer to a request such as ``complete_request``.

        Raises ``NoKernel``, or ``TimeoutError`` while a cell runs that leaves no room.
        """
        if self._channel is None:
            raise NoKernel("No kernel runs yet. Run a cell to start one")
        return await self._requests.ask(self._channel, kind, content)

    async def language(self) -> str:
        """Return what the kernel runs, as it says itself; a kernel is started if there is none."""
        await self.ready()
        if not self._requests.language:
            await self.ask("kernel_info_request", {})
        return self._requests.language

    async def interrupt(self) -> None:
        """Stop what runs."""
        await self._api.kernel_action(self._kernel_id(), "interrupt")

    async def restart(self) -> None:
        """Start the kernel anew, without its variables."""
        kernel_id = self._kernel_id()
        if self._channel is not None:
            self._channel.unprobe()  # an answer of the kernel that ends says nothing of the next
        self._ready.clear()
        await self._listener.stopped("restarted", RESTARTED)
        self._restarting = True
        try:
            await self._show("restarting")
            await self._api.kernel_action(kernel_id, "restart")
        finally:
            self._restarting = False
            # Jupyter has had an answer, over a line of its own. Ours may still be without the
            # stream of outputs, and miss both the kernel's own word and what a run shows.
            await self.probe()

    async def acknowledge(self) -> None:
        """Let Jupyter forget what is settled of what it sent."""
        if self._channel is not None:
            await self._channel.acknowledge()

    async def probe(self) -> None:
        """Have the listener told once all has come that the kernel sent so far."""
        if self._channel is not None:
            await self._channel.probe()

    async def shut_down(self) -> None:
        """End the kernel; whoever needs one again starts another."""
        self._kernel_id()
        channel, self._channel = self._channel, None
        assert channel is not None
        await channel.close()
        try:
            await self._api.end_session(self._record.jupyter_session)
        finally:
            await self._lose(SHUT_DOWN)

    async def change_kernel(self, name: str) -> dict[str, Any]:
        """Let another kind of kernel run this notebook; return its specification."""
        specification = await self._api.kernel_specification(name)
        if self._channel is not None:
            await self.shut_down()
        return specification

    async def follow_path(self, path: str) -> None:
        """Tell Jupyter that the notebook's file has moved."""
        if self._record.jupyter_session and self._channel is not None:
            await self._api.move_session(self._record.jupyter_session, path)
