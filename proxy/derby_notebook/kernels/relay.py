"""Runs a notebook's cells in its kernel, one at a time, whoever asked and whether they stay."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from derby_notebook.documents import Documents
from derby_notebook.jupyter.api import JupyterAPI, JupyterError
from derby_notebook.kernels.messages import (
    SUBPROTOCOL,
    KernelMessage,
    decode,
    encode,
    request,
)
from derby_notebook.outputs.area import OutputArea, outputs_op
from sharedb_py.errors import ShareDBError

__all__ = ["KernelRelay"]

log = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 0.08


def now() -> int:
    """Return the time in ms since the epoch."""
    return int(time.time() * 1000)


class Run:
    """One run of one cell: what the kernel sent for it, and what the document has of it."""

    def __init__(self, cell_id: str, user: str | None) -> None:
        self.cell_id = cell_id
        self.user = user
        self.asked = now()
        self.started: int | None = None
        self.area = OutputArea()
        self.written: list[Any] = []
        self.count: int | None = None
        self.written_count: int | None = None
        self.failed = False
        self.idle = asyncio.Event()
        self.replied = asyncio.Event()
        self.changed = asyncio.Event()

    def record(self) -> dict[str, Any]:
        """Who asked, and when what happened."""
        return {"user": self.user, "asked": self.asked, "started": self.started, "ended": None}

    def abort(self, reason: str) -> None:
        """End it without the kernel."""
        self.failed = True
        error = {"ename": "KernelError", "evalue": reason, "traceback": [f"KernelError: {reason}"]}
        self.area.receive("error", error)
        self.idle.set()
        self.replied.set()
        self.changed.set()


class KernelRelay:
    """The queue of one notebook, and the one socket to its kernel."""

    def __init__(
        self,
        notebook_id: str,
        documents: Documents,
        api: JupyterAPI,
        kernel_name: Callable[[], Awaitable[tuple[str, str | None]]],
    ) -> None:
        self._notebook_id = notebook_id
        self._documents = documents
        self._api = api
        self._path_and_kernel = kernel_name
        self._queue: deque[Run] = deque()
        self._wake = asyncio.Event()
        self._runs: dict[str, Run] = {}
        self._socket: ClientConnection | None = None
        self._session = uuid.uuid4().hex
        self._kernel: dict[str, Any] = {}
        self._status = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._spawn(self._work())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> Callable[[], object]:
        """Run work until :meth:`close`; the result cancels it before."""
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task.cancel

    async def close(self) -> None:
        """Stop relaying; the kernel goes on."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def put(self, cell_id: str, user: str | None) -> None:
        """Queue a cell."""
        run = Run(cell_id, user)
        self._queue.append(run)
        await self._set(run, _state="queued", _run=run.record())
        self._wake.set()

    async def _set(self, run: Run, **fields: Any) -> None:
        try:
            await self._documents.set("cells", run.cell_id, **fields)
        except ShareDBError as error:
            log.info("Cell %s is gone: %s", run.cell_id, error.message)

    # One run after the other

    async def _work(self) -> None:
        while True:
            while not self._queue:
                self._wake.clear()
                await self._wake.wait()
            run = self._queue.popleft()
            try:
                await self._run(run)
            except Exception:
                log.exception("Running cell %s failed", run.cell_id)
                await self._set(run, _state="error")

    async def _run(self, run: Run) -> None:
        snapshot = await self._documents.get("cells", run.cell_id)
        if not snapshot.exists:
            return
        run.written = list(snapshot.data.get("outputs") or [])
        run.started = now()
        await self._set(run, _state="busy", _run=run.record())
        try:
            await self._connect()
            await self._execute(run, snapshot.data.get("source") or "")
        except (JupyterError, OSError, WebSocketException) as error:
            run.abort(f"{error}. Check that the Jupyter Server runs, then run the cell again")
        stop_writing = self._spawn(self._keep_writing(run))
        await run.idle.wait()
        await run.replied.wait()
        stop_writing()
        await self._write(run)
        state = "error" if run.failed else "idle"
        await self._set(run, _state=state, _run={**run.record(), "ended": now()})

    async def _execute(self, run: Run, code: str) -> None:
        assert self._socket is not None
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        message = request("shell", "execute_request", content, self._session)
        self._runs[message.id] = run
        await self._socket.send(encode(message))

    # Writing outputs: what gathered becomes one op

    async def _keep_writing(self, run: Run) -> None:
        while True:
            await run.changed.wait()
            run.changed.clear()
            await self._write(run)
            await asyncio.sleep(FLUSH_SECONDS)

    async def _write(self, run: Run) -> None:
        outputs = list(run.area.outputs)
        op = outputs_op(run.written, outputs)
        if run.count != run.written_count:
            op.append({"p": ["execution_count"], "oi": run.count})
        if not op:
            return
        run.written, run.written_count = outputs, run.count
        try:
            await self._documents.edit("cells", run.cell_id, op)
        except ShareDBError as error:
            log.info("Outputs of cell %s have nowhere to go: %s", run.cell_id, error.message)

    # The kernel

    async def _connect(self) -> None:
        if self._socket is not None and self._socket.close_code is None:
            return
        path, wanted = await self._path_and_kernel()
        await self._show_status("starting")
        names = await self._api.kernel_names()
        wanted = wanted if wanted in names else names[""]
        session = await self._api.session(path, wanted)
        kernel = session["kernel"]
        self._kernel = {
            "id": kernel["id"],
            "name": kernel["name"],
            "display_name": names.get(kernel["name"], kernel["name"]),
        }
        url = f"{self._api.url.replace('http', 'ws', 1)}api/kernels/{kernel['id']}/channels"
        self._socket = await connect(
            f"{url}?session_id={self._session}",
            additional_headers={"Authorization": f"token {self._api.token}"},
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            max_size=None,
            open_timeout=60,
        )
        self._status = ""
        await self._documents.set(
            "notebooks",
            self._notebook_id,
            session={"id": session["id"], "kernel": {**self._kernel, "status": "idle"}},
        )
        self._spawn(self._read(self._socket))

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for frame in socket:
                if isinstance(frame, bytes):
                    await self._receive(decode(frame))
        except (WebSocketException, ValueError, json.JSONDecodeError) as error:
            log.warning("The kernel's socket broke: %s", error)
        finally:
            for run in self._runs.values():
                if not run.idle.is_set():
                    run.abort("The connection to the kernel was lost; outputs may be incomplete")
            self._runs.clear()
            await self._show_status("disconnected")

    async def _receive(self, message: KernelMessage) -> None:
        if message.kind == "status":
            await self._receive_status(message)
            return
        run = self._runs.get(message.parent_id)
        if run is None:
            return
        if message.kind == "execute_input":
            run.count = message.content.get("execution_count")
            run.changed.set()
        elif message.kind == "execute_reply":
            run.failed = message.content.get("status") != "ok"
            run.replied.set()
        elif run.area.receive(message.kind, message.content):
            run.changed.set()
            if run.replied.is_set() and run.idle.is_set():
                # Output of a thread or a task, after the run: nobody else writes it.
                await self._write(run)

    async def _receive_status(self, message: KernelMessage) -> None:
        state = str(message.content.get("execution_state", ""))
        if state == "idle" and message.parent_id in self._runs:
            self._runs[message.parent_id].idle.set()
        if state in ("restarting", "dead") or (state == "starting" and self._runs):
            for run in self._runs.values():
                if not run.idle.is_set() or not run.replied.is_set():
                    run.abort("The kernel was restarted before the cell ended")
            self._runs.clear()
        await self._show_status(state)

    async def _show_status(self, status: str) -> None:
        if status == self._status:
            return
        self._status = status
        kernel = {**self._kernel, "status": status}
        try:
            await self._documents.edit(
                "notebooks", self._notebook_id, [{"p": ["session", "kernel"], "oi": kernel}]
            )
        except ShareDBError as error:
            log.info("Notebook %s is gone: %s", self._notebook_id, error.message)
