"""Runs a notebook's cells one after the other, whoever asked and whether they stay."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final

from websockets.exceptions import WebSocketException

from derby_notebook.documents import Documents
from derby_notebook.jupyter.api import JupyterError
from derby_notebook.kernels.journal import Journal
from derby_notebook.kernels.line import KernelLine, NoKernel
from derby_notebook.kernels.messages import KernelMessage, decode, request
from derby_notebook.kernels.next_input import set_next_inputs
from derby_notebook.kernels.payloads import pager
from derby_notebook.kernels.queue import Asked, RunQueue
from derby_notebook.kernels.reasons import INTERRUPTED, UNSEEN
from derby_notebook.kernels.record import RelayRecord
from derby_notebook.kernels.run import Run
from derby_notebook.kernels.writer import OutputWriter
from derby_notebook.outputs.area import OutputArea
from sharedb_py.errors import ShareDBError

__all__ = ["Runs"]

log = logging.getLogger(__name__)

REMEMBERED_RUNS: Final = 500
FINISH_SECONDS: Final = 2.0
IDLE_SECONDS: Final = 5.0
"""How long after the kernel's reply its return to idle may take until it is asked."""


def now() -> int:
    """Return the time in ms since the epoch."""
    return int(time.time() * 1000)


class Runs:
    """The queue, the run that goes on, and those whose outputs may still come.

    ``record`` is kept up to date with what a successor needs to take the run up.
    """

    def __init__(
        self,
        notebook_id: str,
        documents: Documents,
        record: RelayRecord,
        journal: Journal,
        writer: OutputWriter,
        line: KernelLine,
    ) -> None:
        self._id = notebook_id
        self._documents = documents
        self._record = record
        self._journal = journal
        self._writer = writer
        self._line = line
        self.before: Callable[[], Awaitable[None]] | None = None
        """What is to be done before a cell runs."""
        self._queue = RunQueue()
        self._runs: OrderedDict[str, Run] = OrderedDict()
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
        return bool(self._queue.order)

    @property
    def busy(self) -> bool:
        """Whether a run goes on."""
        return self._current is not None and not self._current[0].over

    def runs(self, cell: str) -> bool:
        """Whether a cell runs at this moment."""
        return self._queue.running is not None and self._queue.running.cell == cell

    async def put(self, cells: list[str], user: str | None, at: int | None = None) -> None:
        """Queue cells, in this order."""
        for cell in cells:
            asked = Asked(cell, user, now() if at is None else at)
            if not self._queue.put(asked):
                continue
            fields: dict[str, Any] = {"_state": "queued"}
            if self._queue.running is None or self._queue.running.cell != cell:
                fields["_run"] = {"user": user, "asked": asked.at, "started": None, "ended": None}
            await self._set(cell, **fields)
        await self._show_queue()
        self._wake.set()

    async def cancel(self, cell: str | None = None, reason: str = "cancelled") -> list[str]:
        """Let a cell that waits, or all of them, not run; return which."""
        dropped = self._queue.cancel(cell)
        await self._dropped(dropped, "cancelled", reason)
        return [asked.cell for asked in dropped]

    async def _dropped(self, dropped: list[Asked], outcome: str, reason: str) -> None:
        for asked in dropped:
            record = {
                "user": asked.user,
                "asked": asked.at,
                "started": None,
                "ended": now(),
                "outcome": outcome,
                "reason": reason,
            }
            await self._set(asked.cell, _state="idle", _run=record)
        if dropped:
            await self._show_queue()

    async def _show_queue(self) -> None:
        try:
            await self._documents.set("notebooks", self._id, _queue=self._queue.order)
        except ShareDBError as error:
            log.info("Notebook %s is gone: %s", self._id, error.message)

    async def _set(self, cell: str, **fields: Any) -> None:
        try:
            await self._documents.set("cells", cell, **fields)
        except ShareDBError as error:
            log.info("Cell %s is gone: %s", cell, error.message)

    async def _work(self) -> None:
        while not self._paused:
            asked = self._queue.next()
            if asked is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            failed = False
            try:
                failed = await self._run(asked)
            except Exception:
                log.exception("Running cell %s failed", asked.cell)
                await self._set(asked.cell, _state="error")
            await self._after(asked, failed)

    async def _after(self, asked: Asked, failed: bool) -> None:
        self._current = None
        dropped = self._queue.ended(failed=failed)
        await self._dropped(dropped, "aborted", "a cell before it failed")
        if asked.cell in self._queue.order:
            await self._set(asked.cell, _state="queued")
        await self._show_queue()

    # One run

    async def _run(self, asked: Asked) -> bool:
        """Run a cell to its end; return whether it failed."""
        snapshot = await self._documents.get("cells", asked.cell)
        if not snapshot.exists or snapshot.data.get("cell_type") != "code":
            return False
        run = self._begin(asked)
        await self._set(
            asked.cell,
            _state="busy",
            _run=run.record(),
            outputs=[],
            execution_count=None,
            _trusted=True,
        )
        await self._show_queue()
        code = snapshot.data.get("source") or ""
        if not code.strip():
            await self._set(asked.cell, _state="idle", _run=run.record(now()))
            return False
        try:
            await self._execute(run, code)
        except (JupyterError, OSError, WebSocketException, TimeoutError) as error:
            run.abort("lost", f"{error}. Check that the Jupyter Server runs, then run it again")
        return await self._finish(run, snapshot.data.get("metadata"))

    def _begin(self, asked: Asked, area: OutputArea | None = None, started: int = 0) -> Run:
        """Make a run the current one; earlier runs of its cell write no more."""
        for message_id, earlier in list(self._runs.items()):
            if earlier.asked.cell == asked.cell:
                del self._runs[message_id]
        self._writer.forget(asked.cell)
        run = Run(asked, started or now(), area)
        self._current = (run, asyncio.Event())
        return run

    async def _execute(self, run: Run, code: str) -> None:
        channel = await self._line.ready()
        if self.before is not None:
            await self.before()
        if run.over:
            return  # somebody has interrupted or restarted the kernel meanwhile
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": True,
            "stop_on_error": False,
        }
        message = request("shell", "execute_request", content, channel.session)
        self._remember(message.id, run)
        await self._note_running(run, message.id)
        await channel.send(message)
        run.generation = channel.generation  # that of now: the line may have been made anew

    def _remember(self, message_id: str, run: Run) -> None:
        self._runs[message_id] = run
        while len(self._runs) > REMEMBERED_RUNS:
            self._runs.popitem(last=False)

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
        running: dict[str, Any] | None = None
        if run is not None:
            asked = run.asked
            running = {"message": message_id, "cell": asked.cell, "user": asked.user}
            running |= {"asked": asked.at, "started": run.started, "input": run.input_header}
            running |= {"clear": run.area.clear_next, "ends": run.ends}
        self._record.running = running
        await self._record.save()

    # The run of an earlier process

    async def take_up(self) -> None:
        """Go on with the run of the record: what was read of it already, and what is to come."""
        running = self._record.running
        run = await self._restored(running) if running else None
        if run is None:
            return
        assert running is not None
        self._queue.running = run.asked
        self._remember(running["message"], run)
        self._replay(run)
        self._worker.cancel()
        self._worker = asyncio.create_task(self._take_up(run))

    async def _restored(self, running: dict[str, Any]) -> Run | None:
        cell = await self._documents.get("cells", running["cell"])
        if not cell.exists or cell.data.get("_state") not in ("busy", "queued"):
            return None
        asked = Asked(running["cell"], running.get("user"), running["asked"])
        area = OutputArea(cell.data.get("outputs") or [], bool(running.get("clear")))
        run = self._begin(asked, area, running["started"])
        run.generation = -1
        run.count = cell.data.get("execution_count")
        run.input = cell.data.get("_input")
        run.input_header = running.get("input") or {}
        run.seen = (cell.data.get("_run") or {}).get("seen", "")
        run.resume(running.get("ends") or {})
        return run

    def _replay(self, run: Run) -> None:
        """Take the messages that an earlier process read, but for those whose outcome it wrote."""
        messages = [decode(frame) for frame in self._journal.frames()]
        written = [at for at, message in enumerate(messages) if message.id == run.seen]
        for message in messages[written[-1] + 1 if written else 0 :]:
            if message.kind == "update_display_data":
                self._update_display(message)
            elif self._runs.get(message.parent_id) is run:
                run.receive(message)
                self._writer.touch(run)

    async def _take_up(self, run: Run) -> None:
        failed = False
        try:
            failed = await self._finish(run, None)
        except Exception:
            log.exception("Taking up cell %s failed", run.asked.cell)
        await self._after(run.asked, failed)
        await self._work()

    # What the kernel says

    async def received(self, frame: bytes, message: KernelMessage) -> None:
        """Take a message if a run of ours has caused it."""
        if message.kind == "update_display_data":
            self._journal.add(frame)
            self._update_display(message)
            return
        run = self._runs.get(message.parent_id)
        if run is None:
            return
        self._journal.add(frame)
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
        run = self._runs.get(message.parent_id)
        return run.asked.cell if run else None

    def show(self, cell: str | None, message: KernelMessage) -> None:
        """Show below a cell what no run of it has caused, but what it made has."""
        for run in self._runs.values() if cell else ():
            if run.asked.cell == cell and run.area.receive(message.kind, message.content):
                self._writer.touch(run)

    def _update_display(self, message: KernelMessage) -> None:
        display_id = (message.content.get("transient") or {}).get("display_id")
        if not display_id:
            return
        for run in self._runs.values():
            if run.area.update_display(display_id, message.content):
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
        self._runs = OrderedDict((key, kept) for key, kept in self._runs.items() if kept is run)

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
        self._runs.clear()

    def _abort_current(self, outcome: str, reason: str) -> None:
        if self._current is None:
            return
        run, over = self._current
        run.abort(outcome, reason)
        over.set()

    # What people do

    def cleared(self, cell: str) -> None:
        """What a cell showed is taken away; what comes later of its run is shown."""
        for run in self._runs.values():
            if run.asked.cell == cell:
                run.area.clear()
                run.count = None

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
