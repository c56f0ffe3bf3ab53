"""Runs a notebook's cells in its kernel, whoever asked and whether they stay."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from websockets.exceptions import WebSocketException

from derby_notebook.documents import Documents
from derby_notebook.jupyter.api import JupyterAPI, JupyterError
from derby_notebook.kernels.channel import KernelChannel
from derby_notebook.kernels.journal import Journal
from derby_notebook.kernels.messages import KernelMessage, decode, request
from derby_notebook.kernels.payloads import next_weight, pager, text_ops
from derby_notebook.kernels.queue import Asked, RunQueue
from derby_notebook.kernels.run import Run
from derby_notebook.kernels.writer import OutputWriter
from derby_notebook.outputs.area import OutputArea
from sharedb_py.errors import ShareDBError

__all__ = ["KernelRelay", "NoKernel", "Notebook"]

log = logging.getLogger(__name__)

REMEMBERED_RUNS: Final = 500
ANSWER_SECONDS: Final = 20.0
READY_SECONDS: Final = 5.0
READY_TRIES: Final = 12
RESTARTED: Final = "The kernel was restarted before the cell ended"
DIED: Final = "The kernel died while it ran this cell. It is started again, without its variables"
GONE: Final = "Jupyter ended or was restarted, and the kernel with it. Run the cells again"
UNSEEN: Final = "The connection to the kernel was lost, and the end of the output with it"
SHUT_DOWN: Final = "The kernel was shut down before the cell ended"


class NoKernel(Exception):
    """No kernel runs that could be asked."""


@dataclass(frozen=True)
class Notebook:
    """What a relay must know of its notebook to start a session for it."""

    path: str
    kernel: str | None


def now() -> int:
    """Return the time in ms since the epoch."""
    return int(time.time() * 1000)


class KernelRelay:
    """The queue of one notebook, and the one line to its kernel."""

    def __init__(
        self,
        notebook_id: str,
        documents: Documents,
        api: JupyterAPI,
        describe: Callable[[], Awaitable[Notebook]],
        state: Path | None = None,
    ) -> None:
        self._id = notebook_id
        self._documents = documents
        self._api = api
        self._describe = describe
        self._journal = Journal(state, notebook_id)
        self._writer = OutputWriter(notebook_id, documents, self._journal)
        self._queue = RunQueue()
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._current: tuple[Run, asyncio.Event] | None = None
        self._channel: KernelChannel | None = None
        self._connecting = asyncio.Lock()
        self._ws_session = uuid.uuid4().hex
        self._session = ""
        self._kernel: dict[str, Any] = {}
        self._shown: dict[str, Any] = {}
        self._restarting = False
        self._ready = asyncio.Event()
        self._ready.set()
        self._features: set[str] = set()
        self._subshell: str | None = None
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._wake = asyncio.Event()
        self._worker = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Stop relaying; the kernel goes on, and another process may take it up."""
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)
        if self._channel is not None:
            await self._channel.close()
        await self._writer.close()
        self._journal.close()

    # The queue

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

    def runs(self, cell: str) -> bool:
        """Whether a cell runs at this moment."""
        return self._queue.running is not None and self._queue.running.cell == cell

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
        await self._set_notebook(_queue=self._queue.order)

    async def _set(self, cell: str, **fields: Any) -> None:
        try:
            await self._documents.set("cells", cell, **fields)
        except ShareDBError as error:
            log.info("Cell %s is gone: %s", cell, error.message)

    async def _set_notebook(self, **fields: Any) -> None:
        try:
            await self._documents.set("notebooks", self._id, **fields)
        except ShareDBError as error:
            log.info("Notebook %s is gone: %s", self._id, error.message)

    async def _work(self) -> None:
        while True:
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
        )
        await self._show_queue()
        code = snapshot.data.get("source") or ""
        if not code.strip():
            await self._set(asked.cell, _state="idle", _run=run.record(now()))
            return False
        try:
            await self._ensure_channel()
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
        channel = self._channel
        assert channel is not None
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": True,
            "stop_on_error": False,
        }
        await self._wait_until_ready(channel)
        message = request("shell", "execute_request", content, self._ws_session)
        self._remember(message.id, run)
        run.generation = channel.generation
        await self._save_state(run, message.id)
        await channel.send(message)

    async def _wait_until_ready(self, channel: KernelChannel) -> None:
        """A kernel that is just starting may lose what it is sent."""
        for _ in range(READY_TRIES):
            try:
                await asyncio.wait_for(self._ready.wait(), READY_SECONDS)
            except TimeoutError:
                await channel.probe()
            else:
                return
        raise TimeoutError("The kernel does not answer")

    def _remember(self, message_id: str, run: Run) -> None:
        self._runs[message_id] = run
        while len(self._runs) > REMEMBERED_RUNS:
            self._runs.popitem(last=False)

    async def _finish(self, run: Run, metadata: Any) -> bool:
        """Wait until a run is over, write its end; return whether it failed."""
        assert self._current is not None
        _, over = self._current
        if not run.over:
            await over.wait()
        fields: dict[str, Any] = {
            "_state": "error" if run.failed else "idle",
            "_run": run.record(now()),
        }
        shown = pager(run.payloads, run.asked.user, now())
        if shown is not None:
            fields["_pager"] = shown
        await self._writer.finish(run, **fields)
        await self._save_state(None)
        await self._next_inputs(run)
        tags = (metadata or {}).get("tags") if isinstance(metadata, dict) else None
        tolerated = isinstance(tags, list) and "raises-exception" in tags
        return run.failed and not (tolerated and not run.outcome)

    async def _next_inputs(self, run: Run) -> None:
        """Put the text that ``%load`` and its like ask for into the cell, or into one below."""
        for payload in run.payloads:
            if payload.get("source") != "set_next_input":
                continue
            text = str(payload.get("text", ""))
            cells = await self._documents.find("cells", {"_notebook": self._id})
            by_id = {cell.id: cell for cell in cells}
            cell = by_id.get(run.asked.cell)
            if cell is None:
                return
            if payload.get("replace"):
                op = text_ops(cell.data.get("source") or "", text)
                await self._documents.edit("cells", cell.id, op, cell.version)
                continue
            weights = {other.id: other.data.get("_weight") or 0 for other in cells}
            new_id = uuid.uuid4().hex
            fresh: dict[str, Any] = {
                "id": new_id[:12],
                "cell_type": "code",
                "source": text,
                "metadata": {},
                "outputs": [],
                "execution_count": None,
                "_notebook": self._id,
                "_weight": next_weight(weights, cell.id),
                "_state": "idle",
            }
            await self._documents.create("cells", new_id, fresh)

    # What lasts over the death of this process

    async def _save_state(self, run: Run | None, message_id: str = "") -> None:
        running: dict[str, Any] | None = None
        if run is not None:
            asked = run.asked
            running = {"message": message_id, "cell": asked.cell, "user": asked.user}
            running |= {"asked": asked.at, "started": run.started, "input": run.input_header}
            running["clear"] = run.area.clear_next
        state = {
            "session": self._ws_session,
            "kernel": self._kernel,
            "jupyter_session": self._session,
            "running": running,
        }
        if not await self._documents.create("kernelRelays", self._id, state):
            await self._documents.set("kernelRelays", self._id, **state)

    async def take_up(self) -> None:
        """Go on where an earlier process was ended: its kernel, its line, its run."""
        snapshot = await self._documents.get("kernelRelays", self._id)
        if not snapshot.exists or not snapshot.data.get("kernel"):
            return
        state = snapshot.data
        self._ws_session, self._kernel = state["session"], state["kernel"]
        self._session = state.get("jupyter_session", "")
        running = state.get("running")
        run = await self._restored(running) if running else None
        if run is not None:
            self._queue.running = run.asked
            self._remember(running["message"], run)
            self._replay(run)
            self._worker.cancel()
            self._worker = asyncio.create_task(self._take_up_run(run))
        self._channel = self._new_channel(self._kernel["id"])
        try:
            await self._api.kernel(self._kernel["id"])
            await self._channel.open()
        except (JupyterError, OSError, WebSocketException, TimeoutError) as error:
            log.info("Kernel %s is not there any more: %s", self._kernel["id"], error)
            await self._lose_kernel(GONE)
            return
        await self._show("busy" if run else "idle")
        await self._channel.probe()

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

    async def _take_up_run(self, run: Run) -> None:
        failed = False
        try:
            failed = await self._finish(run, None)
        except Exception:
            log.exception("Taking up cell %s failed", run.asked.cell)
        await self._after(run.asked, failed)
        await self._work()

    # The kernel

    def _new_channel(self, kernel_id: str) -> KernelChannel:
        return KernelChannel(
            self._api,
            kernel_id,
            self._ws_session,
            receive=self._receive,
            lost=self._line_lost,
            found=self._line_found,
            gone=self._kernel_gone,
        )

    async def start(self) -> None:
        """Start the notebook's session if there is none; raises ``JupyterError`` or ``OSError``."""
        await self._ensure_channel()

    async def _ensure_channel(self) -> KernelChannel:
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

    async def _connect(self, notebook: Notebook) -> KernelChannel:
        names = await self._api.kernel_names()
        wanted = notebook.kernel if notebook.kernel in names else names[""]
        session = await self._api.session(notebook.path, wanted)
        kernel = session["kernel"]
        self._session = session["id"]
        self._kernel = {
            "id": kernel["id"],
            "name": kernel["name"],
            "display_name": names.get(kernel["name"], kernel["name"]),
        }
        channel = self._new_channel(kernel["id"])
        await channel.open()
        self._channel = channel
        await self._save_state(None)
        await self._show("idle")
        await channel.probe()
        return channel

    async def _show(self, status: str, **more: Any) -> None:
        """Say on the notebook how its kernel is."""
        kernel = {**self._kernel, "status": status, **more}
        if kernel == self._shown:
            return
        self._shown = kernel
        await self._set_notebook(session={"id": self._session, "kernel": kernel})

    async def _line_lost(self) -> None:
        await self._show("disconnected", notice="The line to Jupyter broke; it is made again")

    async def _line_found(self) -> None:
        """All that was sent while no line stood is received: a run that is not over never will."""
        self._ready.set()
        current, channel = self._current, self._channel
        sent = current[0].generation if current else None
        if channel is not None and sent is not None and sent < channel.generation:
            self._abort_current("lost", UNSEEN)
        busy = self._current is not None and not self._current[0].over
        await self._show("busy" if busy else "idle")

    async def _kernel_gone(self) -> None:
        self._channel = None
        await self._lose_kernel(GONE)

    async def _lose_kernel(self, reason: str) -> None:
        self._abort_current("lost", reason)
        await self.cancel(None, reason)
        self._ready.set()
        self._channel, self._subshell = None, None
        self._runs.clear()
        self._kernel = {key: value for key, value in self._kernel.items() if key != "id"}
        await self._show("none", notice=reason)
        self._kernel = {}
        await self._save_state(None)

    def _abort_current(self, outcome: str, reason: str) -> None:
        if self._current is None:
            return
        run, over = self._current
        run.abort(outcome, reason)
        over.set()

    async def _receive(self, frame: bytes, message: KernelMessage) -> None:
        if message.kind == "status":
            await self._receive_status(message)
        answer = self._answers.get(message.parent_id)
        if answer is not None and message.kind.endswith("_reply") and not answer.done():
            answer.set_result(message.content)
        if message.kind == "kernel_info_reply":
            self._features = set(message.content.get("supported_features") or [])
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
        if message.kind in ("input_request", "clear_output") and self._current is not None:
            await self._save_state(run, message.parent_id)
        if run.over and self._current is not None and self._current[0] is run:
            self._current[1].set()

    def _update_display(self, message: KernelMessage) -> None:
        display_id = (message.content.get("transient") or {}).get("display_id")
        if not display_id:
            return
        for run in self._runs.values():
            if run.area.update_display(display_id, message.content):
                self._writer.touch(run)
        # Cells that ran in an earlier process, or long ago, are known by their documents only.
        self._writer.touch_display(display_id, message.content)

    async def _receive_status(self, message: KernelMessage) -> None:
        state = str(message.content.get("execution_state", ""))
        if state in ("restarting", "starting", "dead"):
            await self._kernel_restarts(state)
        elif message.parent.get("msg_type") == "execute_request":
            stranger = message.parent.get("session") != self._ws_session
            await self._show(state, **({"elsewhere": True} if stranger and state == "busy" else {}))
        elif state == "idle" and self._shown.get("status") in ("starting", "restarting"):
            await self._show("idle")

    async def _kernel_restarts(self, state: str) -> None:
        current = self._current
        run = current[0] if current else None
        if run is not None and run.generation is not None:
            if run.seen or state != "starting":
                reason = RESTARTED if self._restarting else DIED
                self._abort_current("died", reason)
                await self.cancel(None, reason)
            else:
                # The first thing a new kernel says; should it have lost the run, the probe tells.
                run.generation = -1
        self._runs = OrderedDict((key, kept) for key, kept in self._runs.items() if kept is run)
        self._subshell = None
        self._ready.clear()
        await self._show(state)
        if state != "dead" and self._channel is not None:
            await self._channel.probe()

    # What people ask of the kernel

    @property
    def kernel_id(self) -> str | None:
        """The kernel's id; None while there is none."""
        return self._channel.kernel_id if self._channel else None

    def cleared(self, cell: str) -> None:
        """What a cell showed is taken away; what comes later of its run is shown."""
        for run in self._runs.values():
            if run.asked.cell == cell:
                run.area.clear()
                run.count = None

    def _kernel_id(self) -> str:
        if self._channel is None:
            raise NoKernel("No kernel runs yet. Run a cell to start one")
        return self._channel.kernel_id

    async def interrupt(self) -> None:
        """Stop what runs; the cells that its user has waiting do not run."""
        await self._api.kernel_action(self._kernel_id(), "interrupt")

    async def restart(self) -> None:
        """Start the kernel anew, without its variables; what waits does not run."""
        kernel_id = self._kernel_id()
        await self.cancel(None, RESTARTED)
        self._restarting = True
        try:
            await self._show("restarting")
            self._abort_current("restarted", RESTARTED)
            await self._api.kernel_action(kernel_id, "restart")
        finally:
            self._restarting = False

    async def shut_down(self) -> None:
        """End the kernel; the next run starts another."""
        self._kernel_id()
        channel, self._channel = self._channel, None
        assert channel is not None
        await channel.close()
        try:
            await self._api.end_session(self._session)
        finally:
            await self._lose_kernel(SHUT_DOWN)

    async def change_kernel(self, name: str) -> dict[str, Any]:
        """Let another kind of kernel run this notebook; return its specification."""
        specification = await self._api.kernel_specification(name)
        if self._channel is not None:
            await self.shut_down()
        return specification

    async def follow_path(self, path: str) -> None:
        """Tell Jupyter that the notebook's file has moved."""
        if self._session and self._channel is not None:
            await self._api.move_session(self._session, path)

    async def answer(self, cell: str, input_id: str, value: str) -> bool:
        """Answer the question of the cell that runs; False if it is answered already."""
        current, channel = self._current, self._channel
        if current is None or channel is None:
            return False
        run = current[0]
        if run.asked.cell != cell or run.input is None or run.input["id"] != input_id:
            return False
        header = run.input_header
        run.answered(value)
        self._writer.touch(run)
        reply = request("stdin", "input_reply", {"value": value, "status": "ok"}, self._ws_session)
        await channel.send(KernelMessage(reply.channel, reply.header, reply.content, header))
        return True

    async def ask(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        """Return the kernel's answer to a request such as ``complete_request``.

        Raises ``NoKernel``, or ``TimeoutError`` while a cell runs that leaves no room.
        """
        if self._channel is None:
            raise NoKernel("No kernel runs yet. Run a cell to start one")
        message = request("shell", kind, content, self._ws_session)
        if "kernel subshells" in self._features:
            message.header["subshell_id"] = await self._own_subshell()
        return await self._answer_to(message)

    async def _own_subshell(self) -> str | None:
        """Return the id of a subshell that answers while a cell runs."""
        if self._subshell is None:
            message = request("control", "create_subshell_request", {}, self._ws_session)
            self._subshell = (await self._answer_to(message)).get("subshell_id")
        return self._subshell

    async def _answer_to(self, message: KernelMessage) -> dict[str, Any]:
        assert self._channel is not None
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[message.id] = answer
        try:
            await self._channel.send(message)
            return await asyncio.wait_for(answer, ANSWER_SECONDS)
        finally:
            del self._answers[message.id]
