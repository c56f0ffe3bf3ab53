"""Runs a notebook's cells one after the other, whoever asked and whether they stay."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from websockets.exceptions import WebSocketException

from derby_notebook.documents import Documents
from derby_notebook.jupyter.api import JupyterError
from derby_notebook.kernels.continuity import Continuity
from derby_notebook.kernels.earlier import recorded, restored, unwritten
from derby_notebook.kernels.line import KernelLine, NoKernel
from derby_notebook.kernels.messages import KernelMessage, execution, request
from derby_notebook.kernels.next_input import set_next_inputs
from derby_notebook.kernels.payloads import pager
from derby_notebook.kernels.queue import Asked
from derby_notebook.kernels.reasons import INTERRUPTED, UNSEEN
from derby_notebook.kernels.record import RelayRecord
from derby_notebook.kernels.remembered import RememberedRuns
from derby_notebook.kernels.run import Run
from derby_notebook.kernels.waiting import WaitingCells, now
from derby_notebook.kernels.writer import OutputWriter

__all__ = ["Runs"]

log = logging.getLogger(__name__)

FINISH_SECONDS: Final = 2.0
IDLE_SECONDS: Final = 5.0
"""How long after the kernel's reply its return to idle may take until it is asked."""


class Runs:
    """The queue, the run that goes on, and those whose outputs may still come.

    ``record`` is kept up to date with what a successor needs to take the run up.
    """

    def __init__(
        self,
        notebook_id: str,
        documents: Documents,
        record: RelayRecord,
        writer: OutputWriter,
        line: KernelLine,
    ) -> None:
        self._id = notebook_id
        self._documents = documents
        self._record = record
        self._writer = writer
        self._line = line
        self.before: Callable[[], Awaitable[None]] | None = None
        """What is to be done before a cell runs."""
        self._waiting = WaitingCells(notebook_id, documents)
        self._continuity = Continuity()
        self._runs = RememberedRuns()
        self._current: tuple[Run, asyncio.Event] | None = None
        self._paused = False
        self._wake = asyncio.Event()
        self._worker = asyncio.create_task(self._work())

    def pause(self) -> None:
        """Start no more runs."""
        self._paused = True

    async def close(self, *, finish: bool = True) -> None:
        """Run no more; what runs goes on in the kernel, what has ended is written if it may be."""
        self._paused = True
        if finish and self._current is not None and self._current[0].over:
            await asyncio.wait({self._worker}, timeout=FINISH_SECONDS)
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)
        if finish and self._current is not None and self._record.running is not None:
            await self._note_running(self._current[0], self._record.running["message"])

    # The queue

    @property
    def any(self) -> bool:
        """Whether something runs or waits."""
        return self._waiting.any

    @property
    def busy(self) -> bool:
        """Whether a run goes on."""
        return self._current is not None and not self._current[0].over

    def runs(self, cell: str) -> bool:
        """Whether a cell runs at this moment."""
        return self._waiting.runs(cell)

    async def put(self, cells: list[str], user: str | None, at: int | None = None) -> None:
        """Queue cells, in this order."""
        await self._waiting.put(cells, user, at)
        self._wake.set()

    async def cancel(self, cell: str | None = None, reason: str = "cancelled") -> list[str]:
        """Let a cell that waits, or all of them, not run; return which."""
        return await self._waiting.cancel(cell, reason)

    async def _work(self) -> None:
        while not self._paused:
            asked = self._waiting.next()
            if asked is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            failed = False
            try:
                failed = await self._run(asked)
            except Exception:
                log.exception("Running cell %s failed", asked.cell)
                await self._waiting.set_cell(asked.cell, _state="error")
            await self._after(asked, failed)

    async def _after(self, asked: Asked, failed: bool) -> None:
        self._current = None
        await self._waiting.ended(asked, failed=failed)

    # One run

    async def _run(self, asked: Asked) -> bool:
        """Run a cell to its end; return whether it failed."""
        snapshot = await self._documents.get("cells", asked.cell)
        if not snapshot.exists or snapshot.data.get("cell_type") != "code":
            return False
        run = self._begin(Run(asked, now()))
        await self._waiting.set_cell(
            asked.cell,
            _state="busy",
            _run=run.record(),
            outputs=[],
            execution_count=None,
            _trusted=True,
        )
        await self._waiting.show()
        code = snapshot.data.get("source") or ""
        if not code.strip():
            await self._waiting.set_cell(asked.cell, _state="idle", _run=run.record(now()))
            return False
        try:
            await self._execute(run, code)
        except (JupyterError, OSError, WebSocketException, TimeoutError) as error:
            run.abort("lost", f"{error}. Check that the Jupyter Server runs, then run it again")
        return await self._finish(run, snapshot.data.get("metadata"))

    def _begin(self, run: Run) -> Run:
        """Make a run the current one; earlier runs of its cell write no more."""
        self._runs.forget(run.asked.cell)
        self._writer.forget(run.asked.cell)
        self._current = (run, asyncio.Event())
        return run

    async def _execute(self, run: Run, code: str) -> None:
        channel = await self._line.ready()
        if self.before is not None:
            await self.before()
        message = execution(code, channel.session)
        self._runs.add(message.id, run)
        await self._note_running(run, message.id)
        await channel.stands()
        if run.over:
            return  # somebody has interrupted or restarted the kernel meanwhile
        run.generation = channel.generation
        await channel.send(message)

    async def _finish(self, run: Run, metadata: Any) -> bool:
        """Wait until a run is over, write its end; return whether it failed."""
        assert self._current is not None
        _, over = self._current
        await self._until(run, over)
        fields: dict[str, Any] = {
            "_state": "error" if run.failed else "idle",
            "_run": run.record(now()),
        }
        shown = pager(run.payloads, run.asked.user, now())
        if shown is not None:
            fields["_pager"] = shown
        await self._writer.finish(run, **fields)
        await self._note_running(None)
        await set_next_inputs(self._documents, self._id, run.asked.cell, run.payloads)
        tags = (metadata or {}).get("tags") if isinstance(metadata, dict) else None
        tolerated = isinstance(tags, list) and "raises-exception" in tags
        return run.failed and not (tolerated and not run.outcome)

    async def _until(self, run: Run, over: asyncio.Event) -> None:
        """Return when a run is over; ask the kernel if its end seems to have got lost.

        Outputs and the return to idle come by a stream that starts late and loses what was
        sent before, the reply by one that loses nothing.
        """
        while not run.over:
            try:
                await asyncio.wait_for(over.wait(), IDLE_SECONDS)
            except TimeoutError:
                if run.lacks_idle:
                    await self._ask_after(run, UNSEEN)

    async def _ask_after(self, run: Run, reason: str) -> None:
        """Have a run end, for ``reason`` if need be, once the kernel has no more to say of it."""
        run.unheard = reason
        await self._line.probe()

    async def _note_running(self, run: Run | None, message_id: str = "") -> None:
        self._record.running = None if run is None else recorded(run, message_id)
        await self._record.save()

    # The run of an earlier process

    async def take_up(self, earlier: list[KernelMessage]) -> str:
        """Go on with the run of the record; return the last message that is known of it.

        ``earlier`` are the messages that were read already, and may not have been written.
        """
        running = self._record.running
        run = await restored(self._documents, running) if running else None
        for known in (run.seen if run else "", *(message.id for message in earlier)):
            self._continuity.saw(known)
        last = earlier[-1].id if earlier else run.seen if run else ""
        if run is None or running is None:
            return last
        self._begin(run)
        self._waiting.take_up(run.asked)
        self._runs.add(running["message"], run)
        self._replay(run, earlier)
        self._worker.cancel()
        self._worker = asyncio.create_task(self._take_up(run))
        return last

    def _replay(self, run: Run, earlier: list[KernelMessage]) -> None:
        left = unwritten(earlier, run.seen)
        for message in earlier:
            if message.kind == "update_display_data":
                self._update_display(message)
        for message in left:
            if self._runs.by(message.parent_id) is run and run.receive(message):
                self._writer.touch(run)
        assert self._current is not None
        if run.over:
            self._current[1].set()

    async def _take_up(self, run: Run) -> None:
        failed = False
        try:
            failed = await self._finish(run, None)
        except Exception:
            log.exception("Taking up cell %s failed", run.asked.cell)
        await self._after(run.asked, failed)
        await self._work()

    # What the kernel says

    def stands(self, whole: bool) -> None:
        """Another line stands; ``whole``: nothing can be missing that the last one brought."""
        if whole:
            self._continuity.mended()
        else:
            self._continuity.broke()

    async def received(self, message: KernelMessage) -> None:
        """Take a message if a run of ours has caused it."""
        if self._continuity.lacks(message):
            self._note_gap()
        if message.kind == "update_display_data":
            self._update_display(message)
            return
        run = self._runs.by(message.parent_id)
        if run is None:
            return
        if run.receive(message):
            self._writer.touch(run)
        if run.interrupt_at_start and message.kind == "execute_input":
            await self._interrupt_again(run)
        if message.kind in ("input_request", "clear_output") and self._current is not None:
            await self._note_running(run, message.parent_id)
        if run.over and self._current is not None and self._current[0] is run:
            self._current[1].set()

    def cell_of(self, message: KernelMessage) -> str | None:
        """Return the cell whose run has caused a message."""
        run = self._runs.by(message.parent_id)
        return run.asked.cell if run else None

    def show(self, cell: str | None, message: KernelMessage) -> None:
        """Show below a cell what no run of it has caused, but what it made has."""
        for run in self._runs.of(cell):
            if run.area.receive(message.kind, message.content):
                self._writer.touch(run)

    def _note_gap(self) -> None:
        """Say it where it may have happened: in the run that went on as the line broke."""
        run = self._current[0] if self._current else None
        if run is None or run.over or run.generation is None:
            return
        if run.generation < self._line.generation:
            run.note_gap()
            self._writer.touch(run)

    def _update_display(self, message: KernelMessage) -> None:
        display_id = (message.content.get("transient") or {}).get("display_id")
        if not display_id:
            return
        for run in self._runs.update_display(display_id, message.content):
            self._writer.touch(run)
        # Cells that ran in an earlier process, or long ago, are known by their documents only.
        self._writer.touch_display(display_id, message.content)

    # What becomes of the kernel

    async def caught_up(self, generation: int) -> None:
        """All has come that was sent, also of a run that an earlier line was told of."""
        if self._current is None:
            return
        run, over = self._current
        earlier = run.generation is not None and run.generation < generation
        if earlier or run.unheard:
            run.settle(run.unheard or UNSEEN)
            over.set()

    async def restarts(self, state: str, reason: str) -> None:
        """The kernel starts anew: what ran has died with the one before."""
        run = self._current[0] if self._current else None
        if run is not None and run.generation is not None:
            if run.seen or state != "starting":
                self._abort_current("died", reason)
                await self.cancel(None, reason)
            else:
                # The first thing a new kernel says; should it have lost the run, the probe tells.
                run.generation = -1
        self._runs.keep_only(run)

    async def interrupted(self) -> None:
        """What ran is interrupted: so is what was about to, and what the kernel now forgets."""
        if self._current is None:
            return
        run, over = self._current
        if run.generation is None:
            run.abort("interrupted", INTERRUPTED)
            over.set()
        elif not run.over:
            run.interrupt_at_start = run.count is None
            await self._ask_after(run, INTERRUPTED)

    async def _interrupt_again(self, run: Run) -> None:
        # Its end is not read before this returns, so that no other run is met.
        run.interrupt_at_start = False
        try:
            await self._line.interrupt()
        except (JupyterError, OSError, NoKernel) as error:
            log.info("Cell %s is not interrupted: %s", run.asked.cell, error)

    async def stopped(self, outcome: str, reason: str) -> None:
        """End what runs, and let nothing that waits run."""
        await self.cancel(None, reason)
        self._abort_current(outcome, reason)

    async def lost(self, reason: str) -> None:
        """The kernel is no more, and what ran in it neither."""
        self._abort_current("lost", reason)
        await self.cancel(None, reason)
        self._runs.keep_only(None)

    def _abort_current(self, outcome: str, reason: str) -> None:
        if self._current is None:
            return
        run, over = self._current
        run.abort(outcome, reason)
        over.set()

    # What people do

    def cleared(self, cell: str) -> None:
        """What a cell showed is taken away; what comes later of its run is shown."""
        for run in self._runs.of(cell):
            run.area.clear()
            run.count = None
            self._writer.touch(run)  # what was just being written may come after the clearing

    async def answer(self, cell: str, input_id: str, value: str) -> bool:
        """Answer the question of the cell that runs; False if it is answered already."""
        current, channel = self._current, self._line.channel
        if current is None or channel is None:
            return False
        run = current[0]
        if run.asked.cell != cell or run.input is None or run.input["id"] != input_id:
            return False
        header = run.input_header
        run.answered(value)
        self._writer.touch(run)
        content = {"value": value, "status": "ok"}
        reply = request("stdin", "input_reply", content, channel.session)
        await channel.send(KernelMessage(reply.channel, reply.header, reply.content, header))
        return True
