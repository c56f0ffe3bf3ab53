"""A notebook's kernel and its runs, put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from derby_notebook.documents import Documents
from derby_notebook.jupyter.api import JupyterAPI
from derby_notebook.kernels.formatting import LANGUAGES, NotFormatted, expression, formatted
from derby_notebook.kernels.inbox import Inbox
from derby_notebook.kernels.journal import Journal
from derby_notebook.kernels.line import KernelLine, NoKernel, Notebook
from derby_notebook.kernels.messages import KernelMessage, decode
from derby_notebook.kernels.record import RelayRecord
from derby_notebook.kernels.runs import Runs
from derby_notebook.kernels.writer import OutputWriter
from derby_notebook.widgets.bridge import WidgetBridge

__all__ = ["KernelRelay", "NoKernel", "Notebook"]


class KernelRelay:
    """What one notebook's people ask of its kernel, and what the kernel tells them.

    It hears all that comes over the line, and passes it to whom it is for.
    """

    def __init__(
        self,
        notebook_id: str,
        documents: Documents,
        api: JupyterAPI,
        describe: Callable[[], Awaitable[Notebook]],
        state: Path | None = None,
        *,
        described: Callable[[dict[str, Any]], Awaitable[None]] | None = None,
    ) -> None:
        self._described = described
        self._journal = Journal(state, notebook_id)
        self._inbox = Inbox(self._journal)
        self._record = RelayRecord(notebook_id, documents)
        self._line = KernelLine(
            *(notebook_id, documents, api, describe, self._record, self._inbox, self)
        )
        self._writer = OutputWriter(notebook_id, documents, self._inbox, self._line.acknowledge)
        self.widgets = WidgetBridge(notebook_id, documents, self._line, state)
        self._runs = Runs(notebook_id, documents, self._record, self._writer, self._line)
        self._runs.before = self.widgets.tell

    async def close(self, *, write: bool = True) -> None:
        """Stop relaying; the kernel goes on, and another process may take it up.

        What was received is written before, unless another process already does that.
        """
        self._runs.pause()
        await self._line.close()
        await self._runs.close(finish=write)
        await self.widgets.close(write=write)
        await self._writer.close(write=write)
        self._journal.close()

    async def take_up(self) -> None:
        """Go on where an earlier process was ended: its kernel, its line, its run."""
        if await self._record.load():
            earlier = [decode(frame) for frame in self._journal.frames()]
            self._inbox.last = await self._runs.take_up(earlier)
            await self.widgets.take_up()
            await self._line.take_up()

    # Runs

    async def put(self, cells: list[str], user: str | None, at: int | None = None) -> None:
        """Queue cells, in this order."""
        await self._runs.put(cells, user, at)

    async def cancel(self, cell: str | None = None, reason: str = "cancelled") -> list[str]:
        """Let a cell that waits, or all of them, not run; return which."""
        return await self._runs.cancel(cell, reason)

    @property
    def is_idle(self) -> bool:
        """Whether there is no kernel, and nothing runs or waits."""
        return self._line.kernel_id is None and not self._runs.any

    def runs(self, cell: str) -> bool:
        """Whether a cell runs at this moment."""
        return self._runs.runs(cell)

    def cleared(self, cell: str) -> None:
        """What a cell showed is taken away; what comes later of its run is shown."""
        self._runs.cleared(cell)

    async def answer(self, cell: str, input_id: str, value: str) -> bool:
        """Answer the question of the cell that runs; False if it is answered already."""
        return await self._runs.answer(cell, input_id, value)

    # The kernel

    @property
    def kernel_id(self) -> str | None:
        """The kernel's id; None while there is none."""
        return self._line.kernel_id

    async def start(self) -> None:
        """Start the notebook's session if there is none; raises ``JupyterError`` or ``OSError``."""
        await self._line.ensure()

    async def ask(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        """Return the kernel's answer to a request such as ``complete_request``.

        Raises ``NoKernel``, or ``TimeoutError`` while a cell runs that leaves no room.
        """
        return await self._line.ask(kind, content)

    async def format(self, code: str) -> dict[str, str]:
        """Return ``code`` formatted and its ``formatter``, by what is installed with the kernel.

        Raises ``NotFormatted``, what :meth:`start` does, or ``TimeoutError``.
        """
        language = await self._line.language()
        if language not in LANGUAGES:
            raise NotFormatted(f"There is no formatter for {language or 'this kernel'}")
        content = {
            "code": "",
            "silent": True,
            "store_history": False,
            "user_expressions": {"formatted": expression(code)},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        return formatted(await self._line.ask("execute_request", content))

    async def interrupt(self) -> None:
        """Stop what runs; the cells that its user has waiting do not run."""
        await self._line.interrupt()
        await self._runs.interrupted()

    async def restart(self) -> None:
        """Start the kernel anew, without its variables; what waits does not run."""
        await self._line.restart()

    async def shut_down(self) -> None:
        """End the kernel; the next run starts another."""
        await self._line.shut_down()

    async def change_kernel(self, name: str) -> dict[str, Any]:
        """Let another kind of kernel run this notebook; return its specification."""
        return await self._line.change_kernel(name)

    async def follow_path(self, path: str) -> None:
        """Tell Jupyter that the notebook's file has moved."""
        await self._line.follow_path(path)

    # What comes over the line

    @property
    def busy(self) -> bool:
        """Whether the kernel runs something of ours."""
        return self._runs.busy

    async def received(self, frame: bytes, message: KernelMessage) -> None:
        """Pass on a message: what is about widgets, or captured by one, is for no cell."""
        if not self.widgets.receive(frame, message, self._runs.cell_of(message)):
            await self._runs.received(message)
            self._runs.show(self.widgets.cell_of(message), message)
        self._writer.note()

    def stands(self, whole: bool) -> None:
        """Another line stands."""
        self._runs.stands(whole)

    async def described(self, info: dict[str, Any]) -> None:
        """The kernel said what it is."""
        if self._described is not None:
            await self._described(info)

    async def caught_up(self, generation: int) -> None:
        """All that was sent while no line stood has come."""
        await self._runs.caught_up(generation)
        await self.widgets.found(generation)

    async def restarts(self, state: str, reason: str) -> None:
        """The kernel starts anew, or is dead."""
        await self._runs.restarts(state, reason)
        await self.widgets.gone()

    async def stopped(self, outcome: str, reason: str) -> None:
        """Somebody ends the kernel."""
        await self._runs.stopped(outcome, reason)
        await self.widgets.gone()  # of a fast restart the kernel's own word may be missed

    async def lost(self, reason: str) -> None:
        """The kernel is no more."""
        await self._runs.lost(reason)
        await self.widgets.gone()
