"""Carries widgets between one notebook's kernel and their documents."""

from __future__ import annotations

import asyncio
import logging
import uuid
from pathlib import Path
from typing import Any, Final

from derby_notebook.documents import Documents
from derby_notebook.kernels.journal import Journal
from derby_notebook.kernels.line import KernelLine
from derby_notebook.kernels.messages import KernelMessage, decode, of_session
from derby_notebook.widgets import messages
from derby_notebook.widgets.capture import SHOWING, is_output
from derby_notebook.widgets.documents import document, document_id, reachable, shown, state_op
from derby_notebook.widgets.kernel_side import KernelSide
from derby_notebook.widgets.model import Model
from derby_notebook.widgets.saved import plain_outputs
from derby_notebook.widgets.sent import SentMessages
from derby_notebook.widgets.storing import keep_large, whole_state
from derby_notebook.widgets.views import ViewMessages
from sharedb_py.errors import ShareDBError
from sharedb_py.ops import Op
from sharedb_py.snapshot import Snapshot

__all__ = ["WidgetBridge"]

log = logging.getLogger(__name__)

PAUSE_SECONDS: Final = 0.05
"""Between two ops on a model's document, and so between two steps of an animation."""

REMEMBERED_OPS: Final = 1000

GONE: Final[list[dict[str, Any]]] = [{"p": ["_live"], "oi": False}, {"p": ["_custom"], "oi": []}]


class WidgetBridge:
    """The two ends of one notebook's comms: the kernel's messages, and the documents' ops.

    A relay hands on the kernel's messages, in order, and says when the kernel
    is found, and when it is gone; the service hands on what clients wrote.
    """

    def __init__(
        self,
        notebook_id: str,
        documents: Documents,
        line: KernelLine,
        state: Path | None = None,
    ) -> None:
        self._id = notebook_id
        self._documents = documents
        self._line = line
        self._journal = Journal(state, f"{notebook_id}.widgets")
        self._views = ViewMessages(documents, notebook_id)
        self._kernel = KernelSide()
        self._sent = SentMessages()
        self._question = ""
        self._control = ""
        self._heard: dict[str, int] = {}
        """Up to which version of each model's document this process knows what people wrote."""
        self._inbox: asyncio.Queue[tuple[str, Op] | None] = asyncio.Queue()
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    def _start(self) -> None:
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]

    async def close(self, *, write: bool = True) -> None:
        """Stop, with all written that the kernel said, unless another process does that."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if write and self._tasks:
            await self._write_dirty()
        self._journal.close()

    # From the kernel

    def receive(self, frame: bytes, message: KernelMessage, cell: str | None) -> bool:
        """Take a message, said in a cell's run; return whether nobody else need see it."""
        if message.kind == "status":
            self._receive_status(frame, message)
            return False
        if message.kind == "comm_info_reply" and message.parent_id == self._question:
            self._found_comms(message)
            return True
        if message.content.get("comm_id") == self._control and self._control:
            if message.kind == "comm_msg":
                self._receive_states(message)
            return True
        try:
            taken = self._kernel.receive(message, cell)
        except ValueError as error:
            log.warning("A widget's message makes no sense: %s", error)
            return True
        if taken:
            self._start()
            self._journal.add(frame)
            self._wake.set()
            if any(model.waits for model in self._kernel.models.values()):
                self._inbox.put_nowait(None)
        return taken

    def _receive_status(self, frame: bytes, message: KernelMessage) -> None:
        if message.content.get("execution_state") != "idle":
            return
        was_sent = self._sent.processed(message.parent_id)
        if was_sent:
            self._journal.add(frame)
        if self._kernel.processed(message.parent_id):
            self._inbox.put_nowait(None)
        elif not was_sent:
            return
        self._wake.set()

    def cell_of(self, message: KernelMessage) -> str | None:
        """Return the cell that made the widget whose callback shows something."""
        return self._kernel.cell_of(message.parent_id) if message.kind in SHOWING else None

    # The kernel comes and goes

    async def take_up(self) -> None:
        """Know the models that an earlier process knew, and what it had still to write."""
        seen = {}
        for snapshot in await self._find({"_live": True}):
            data = snapshot.data
            state = await whole_state(self._documents, data["state"])
            model = Model(data["comm_id"], dict(state), data.get("_cell"))
            model.seen = seen[model.comm_id] = data.get("_seen", "")
            self._kernel.add(model)
            model.dirty.clear()
            model.unheard = await self._written_by_people(snapshot)
            self._heard[model.comm_id] = snapshot.version
        if not seen:
            return
        self._start()
        self._replay(seen)

    def _replay(self, seen: dict[str, str]) -> None:
        frames = [(frame, decode(frame)) for frame in self._journal.frames()]
        places = {message.id: place for place, (_, message) in enumerate(frames)}
        for place, (_, message) in enumerate(frames):
            comm_id = self._kernel.taker(message) or str(message.content.get("comm_id", ""))
            if message.kind == "status":
                for known in seen:
                    self._sent.handled(known, message.parent_id)
            elif place > places.get(seen.get(comm_id, ""), -1):
                self._kernel.receive(message, None)
        self._wake.set()

    async def _written_by_people(self, snapshot: Snapshot) -> set[str]:
        """Return the keys that people were the last to write, by the last part of the op log."""
        writers: dict[str, bool] = {}
        start = max(0, snapshot.version - REMEMBERED_OPS)
        for op in await self._documents.ops("widgets", snapshot.id, start):
            for component in op.get("op") or ():
                if component["p"][:1] == ["state"] and len(component["p"]) > 1:
                    writers[component["p"][1]] = not self._documents.is_service(op)
        return {key for key, by_people in writers.items() if by_people}

    async def found(self, line: int) -> None:
        """A line stands, and what the kernel said of earlier ones is received: see what it has."""
        self._kernel.lost()
        self._sent.lost(line)
        await self._prune()
        live = await self._find({"_live": True})
        if not live:
            return  # a kernel that has nothing of ours is asked nothing
        for snapshot in live:
            for sent in snapshot.data.get("_custom") or []:
                await self._send_custom(snapshot.data["comm_id"], sent)
        question = messages.comms_request()
        self._question = question.id
        await self._send(question)
        self._inbox.put_nowait(None)

    def _found_comms(self, message: KernelMessage) -> None:
        self._question = ""
        comms = message.content.get("comms") or {}
        if comms:
            self._start()
            self._control = uuid.uuid4().hex
            self._inbox.put_nowait(("control", {}))
        elif self._kernel.models:
            self._kernel.states({})
            self._wake.set()

    async def _ask_for_states(self) -> None:
        await self._send(messages.open_control(self._control))
        await self._send(messages.request_states(self._control))

    def _receive_states(self, message: KernelMessage) -> None:
        try:
            self._kernel.states(messages.states_of(message))
        except ValueError as error:
            log.warning("The states of widgets make no sense: %s", error)
        self._control = ""
        self._inbox.put_nowait(None)
        self._wake.set()

    async def gone(self) -> None:
        """The kernel is no more, or knows nothing any more: what is shown stays as it is."""
        async with self._writing:
            await self._write_dirty()
            self._kernel = KernelSide()
            self._sent.clear()
            self._heard.clear()
            self._control = self._question = ""
            for snapshot in await self._find({"_live": True}):
                await self._edit(snapshot.id, GONE, None)

    async def _prune(self) -> None:
        """Remove what no cell shows and no kernel has."""
        documents = await self._find({})
        states = {snapshot.data["comm_id"]: snapshot.data["state"] for snapshot in documents}
        cells = await self._documents.find("cells", {"_notebook": self._id})
        wanted = reachable(states, (m for c in cells for m in shown(c.data.get("outputs"))))
        for snapshot in documents:
            comm_id = snapshot.data["comm_id"]
            if not snapshot.data.get("_live") and comm_id not in wanted:
                await self._documents.delete("widgets", snapshot.id)

    # From the documents

    def changed(self, op: Op) -> None:
        """Take an op that a client made on a model's document.

        One that comes while an earlier process's models are being taken up waits for that.
        """
        self._inbox.put_nowait((op["d"].removeprefix(f"{self._id}-"), op))

    async def _read(self) -> None:
        while True:
            item = await self._inbox.get()
            try:
                if item is not None and item[0] == "control":
                    await self._ask_for_states()
                elif item is not None:
                    await self._take_op(*item)
                await self._tell()
            except Exception:
                log.exception("What somebody did to a widget did not reach the kernel")
            finally:
                self._inbox.task_done()

    async def tell(self) -> None:
        """Tell the kernel all that people did so far, before anything else is sent."""
        if self._kernel.models:
            await self._inbox.join()
            await self._tell(at_once=True)

    async def _take_op(self, comm_id: str, op: Op) -> None:
        if comm_id not in self._kernel.models:
            return
        self._hear(comm_id, op)
        parts = op.get("op") or ()
        customs = [part["li"] for part in parts if part["p"][0] == "_custom" and "li" in part]
        if customs:
            await self._tell(at_once=True)  # what was written before is known before
        for sent in customs:
            await self._send_custom(comm_id, sent)

    def _hear(self, comm_id: str, op: Op) -> None:
        """Know what an op of a person's wrote, unless that is known."""
        if op["v"] < self._heard.get(comm_id, 0):
            return
        self._heard[comm_id] = op["v"] + 1
        for part in op.get("op") or ():
            if part["p"][0] == "state" and len(part["p"]) == 2 and "oi" in part:
                self._kernel.write(comm_id, part["p"][1], part["oi"])
                self._wake.set()

    async def _hear_until(self, snapshot: Snapshot, comm_id: str) -> None:
        """Know what people wrote of a document as it is, so that nothing older replaces it."""
        start = self._heard.get(comm_id, 0)
        if start >= snapshot.version:
            return
        for op in await self._documents.ops("widgets", snapshot.id, start):
            if op["v"] < snapshot.version and not self._documents.is_service(op):
                self._hear(comm_id, op)
        self._heard[comm_id] = max(snapshot.version, self._heard.get(comm_id, 0))
        self._inbox.put_nowait(None)

    async def _tell(self, *, at_once: bool = False) -> None:
        """Tell the kernel what people wrote."""
        for comm_id, model in list(self._kernel.models.items()):
            message_id = uuid.uuid4().hex
            state = self._kernel.take(message_id, comm_id, at_once=at_once)
            if state is None:
                continue
            if is_output(model.state) and "outputs" in state:
                state = {**state, "outputs": plain_outputs(state["outputs"])}
            try:
                message = messages.update(comm_id, state, message_id)
            except ValueError as error:
                log.warning("Widget %s was written what is no value: %s", comm_id, error)
                self._kernel.processed(message_id)
                continue
            await self._send(message)

    async def _send_custom(self, comm_id: str, sent: dict[str, Any]) -> None:
        try:
            message = messages.custom(comm_id, sent)
        except ValueError as error:
            log.warning("Widget %s was sent what is no message: %s", comm_id, error)
            return
        if not self._sent.begin(sent["id"], comm_id):
            return
        self._kernel.caused(sent["id"], comm_id)
        line = None
        try:
            line = await self._send(message)
        finally:
            self._sent.sent(sent["id"], line)

    async def _send(self, message: KernelMessage) -> int | None:
        """Send a message; return over which line, None if there is no kernel."""
        channel = self._line.channel
        if channel is None:
            return None
        await channel.send(of_session(message, channel.session))
        return channel.generation

    # To the documents

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                async with self._writing:
                    await self._write_dirty()
            except Exception:
                log.exception("Widgets of notebook %s were not written", self._id)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _write_dirty(self) -> None:
        kernel = self._kernel
        said, kernel.said = kernel.said, []
        done = self._sent.take_handled()
        closed, kernel.closed = kernel.closed, set()
        missing, kernel.missing = kernel.missing, set()
        self._journal.mark()
        for comm_id in closed:
            await self._documents.delete("widgets", document_id(self._id, comm_id))
        for comm_id in missing:
            await self._edit(document_id(self._id, comm_id), GONE, None)
        models = {comm_id for comm_id, model in kernel.models.items() if model.dirty}
        for comm_id in [known for known in kernel.models if known in models | done.keys()]:
            try:
                await self._write_model(kernel.models[comm_id], done.get(comm_id, set()))
            except Exception:  # of one, too large for the database; the others are written
                log.exception("Widget %s was not written", comm_id)
        self._journal.settle()
        if said:
            self._views.tell(said)

    async def _write_model(self, model: Model, handled: set[str]) -> None:
        keys, model.dirty = model.dirty, set()
        doc_id = document_id(self._id, model.comm_id)
        snapshot = await self._documents.get("widgets", doc_id)
        if not snapshot.exists:
            state = await keep_large(self._documents, model.current)
            data = document(self._id, model.comm_id, state, cell=model.cell)
            if await self._documents.create("widgets", doc_id, {**data, "_seen": model.seen}):
                self._heard[model.comm_id] = snapshot.version + 1
            return
        await self._hear_until(snapshot, model.comm_id)
        current = {key: value for key, value in model.current.items() if key in keys}
        held = await keep_large(self._documents, current)
        op = state_op(snapshot.data["state"], held, keys)
        waiting = snapshot.data.get("_custom") or []
        places = [at for at, sent in enumerate(waiting) if sent.get("id") in handled]
        op += [{"p": ["_custom", at], "ld": waiting[at]} for at in reversed(places)]
        if not snapshot.data.get("_live"):
            op.append({"p": ["_live"], "oi": True})
        if op and model.seen != snapshot.data.get("_seen"):
            op.append({"p": ["_seen"], "oi": model.seen})
        if await self._edit(doc_id, op, snapshot.version) == snapshot.version:
            self._heard[model.comm_id] = snapshot.version + 1

    async def _edit(self, doc_id: str, op: list[dict[str, Any]], version: int | None) -> int | None:
        """Apply an op, if the document is still there; return at which version it came to be."""
        try:
            done = await self._documents.edit("widgets", doc_id, op, version)
        except ShareDBError as error:
            log.info("Widget %s is gone: %s", doc_id, error.message)
            return None
        return None if done is None else int(done["v"])

    async def _find(self, query: dict[str, Any]) -> list[Snapshot]:
        return await self._documents.find("widgets", {"_notebook": self._id, **query})
