"""The hook service: what happens when notebooks and cells change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

from derby_notebook.cluster.calls import Calls
from derby_notebook.cluster.owners import Owners
from derby_notebook.documents import Documents
from derby_notebook.files.keeping import NotebookFiles
from derby_notebook.files.opening import Opener
from derby_notebook.files.reading import NotANotebook
from derby_notebook.files.saver import Saver
from derby_notebook.hooks import Hooks
from derby_notebook.jupyter.api import JupyterAPI, JupyterError
from derby_notebook.kernels.asking import AskedRuns, asks_for_run
from derby_notebook.kernels.control import Kernels
from derby_notebook.outputs.collecting import collect_now_and_then
from derby_notebook.outputs.shown import ShownCells
from derby_notebook.people.editors import Editors
from derby_notebook.places import Places
from sharedb_py.backend import Backend
from sharedb_py.ops import Op
from sharedb_py.pubsub import Published, Subscription
from sharedb_py.snapshot import Snapshot

__all__ = ["NotANotebook", "NotebookService"]

log = logging.getLogger(__name__)

CELL_FILE_FIELDS: Final = frozenset(
    {"source", "metadata", "attachments", "cell_type", "id", "outputs", "execution_count"}
    | {"_weight"}
)
LOOK_SECONDS: Final = 60.0
"""How often the owners of notebooks are told which are open, and those let go that nobody needs."""


class NotebookService:
    """Opens notebooks, runs their cells and saves their files, for everyone at once.

    ``state`` is a folder for what must survive the death of the process beside
    the documents. Hook into what happens with ``hooks``. Where several processes
    share the database, each notebook's kernel and file are one process's.
    """

    def __init__(
        self,
        backend: Backend,
        api: JupyterAPI,
        state: Path | None = None,
        *,
        watch_seconds: float = 2.0,
    ) -> None:
        self.backend = backend
        self.documents = Documents(backend)
        self.disk = Documents(backend, "disk")
        self.kernels = Kernels(self.documents, api, state)
        self.editors = Editors(self.documents)
        self.shown = ShownCells(self.documents)
        self.hooks = Hooks()
        self.places = Places(backend, self.documents)
        self.owners = Owners(backend.db.leases(), self._take_up, self._lost, self.editors.clear)
        self.calls = Calls(backend.pubsub, self.owners)
        self.calls.handlers |= {"follow": self._follow_here, "opened": self._opened_elsewhere}
        self.files = NotebookFiles(
            backend,
            self.documents,
            self.disk,
            api,
            self.owners,
            self.calls,
            self.editors.has_open,
            self._forget,
            watch_seconds,
        )
        self.kernels.changed = self.files.touch
        self._asked = AskedRuns(backend.db, self.kernels.run, self._owns_cell)
        self.runners = self._asked.runners
        """Who asked for a cell's run last, by the cell's id; kept by the access hooks."""
        self._notebook_of: dict[str, str] = {}
        self._subscriptions: list[Subscription] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Follow the documents, and take up what a crash left behind."""
        pubsub = self.backend.pubsub
        for collection in ("cells", "notebooks", "messages", "users", "widgets"):
            self._subscriptions.append(await pubsub.subscribe(collection, self._receive))
        pubsub.watch_gaps(lambda: self._spawn(self._after_gap()))
        await self.calls.start()
        if await self.owners.enter():
            await self.editors.clear()
        await self._learn_widgets()
        left = await self._with_waiting_cells()
        left |= await self.kernels.left_behind()
        unsaved = {"_save.state": {"$in": ["dirty", "saving", "error"]}}
        left |= {snapshot.id for snapshot in await self.documents.find("notebooks", unsaved)}
        await asyncio.gather(*map(self.owners.acquire, left))
        self.owners.start()
        self._spawn(self._asked.work())
        self._spawn(self.hooks.work())
        self._spawn(self._look_around())
        self._spawn(collect_now_and_then(self.backend, self.documents.blobs))

    async def _with_waiting_cells(self) -> set[str]:
        """Return the notebooks in which cells are to run, or run."""
        waiting = {"_state": {"$in": ["run", "queued", "busy"]}}
        found = await self.documents.find("cells", waiting)
        return {str(snapshot.data.get("_notebook")) for snapshot in found}

    async def _learn_widgets(self) -> None:
        for snapshot in await self.documents.find("widgets", {}):
            self._notebook_of[snapshot.id] = snapshot.data.get("_notebook")

    async def close(self) -> None:
        """Stop following, end the relays and save what is unsaved."""
        for subscription in self._subscriptions:
            subscription.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.calls.close()
        await self.kernels.close()
        await self.files.close()
        await self.owners.close()

    def soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background; what it raises is logged."""
        self._spawn(work)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A hook failed", exc_info=error)

    # Which notebooks are this process's

    async def _take_up(self, notebook_id: str) -> None:
        """Go on with what an earlier owner of a notebook, if there was one, left undone."""
        cells = await self.documents.find("cells", {"_notebook": notebook_id})
        for cell in cells:
            self._notebook_of[cell.id] = notebook_id
        self._asked.taken_up(cells)
        await self.kernels.take_up(notebook_id, cells, self._asked.asked_by)
        notebook = await self.documents.get("notebooks", notebook_id)
        self.files.note(notebook_id)
        if notebook.exists:
            self.saver(notebook_id)  # it begins to watch the file
            if _is_unsaved(notebook):
                self.files.touch(notebook_id)

    async def _lost(self, notebook_id: str) -> None:
        """Leave a notebook alone that another process has taken."""
        saver, kernel = self.files.drop(notebook_id), self.kernels.forget(notebook_id)
        if saver is not None:
            await saver.abandon()
        await kernel

    async def _let_go(self, notebook_id: str) -> None:
        """Look after a notebook no more, until somebody needs it."""
        saver, kernel = self.files.drop(notebook_id), self.kernels.forget(notebook_id)
        await self.owners.release(notebook_id)
        if saver is not None:
            await saver.abandon()
        await kernel

    async def _look_around(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for notebook_id in self.editors.open:
                if notebook_id not in self.owners.owned:
                    self.calls.tell("opened", notebook_id)
            for notebook_id in self.owners.owned:
                if self.files.is_at_rest(notebook_id) and self.kernels.is_idle(notebook_id):
                    await self._let_go(notebook_id)

    async def _opened_elsewhere(
        self, notebook_id: str, arguments: dict[str, Any]
    ) -> dict[str, Any]:
        self.files.note(notebook_id)
        return {}

    async def _after_gap(self) -> None:
        """Messages may have been missed: look at what was asked for, and save what changed."""
        await self._learn_widgets()
        for notebook_id in await self._with_waiting_cells() - self.owners.owned:
            if self.owners.owner_of(notebook_id) is None:
                self._spawn(self._own(notebook_id))
        for notebook_id in self.owners.owned:
            cells = await self.documents.find("cells", {"_notebook": notebook_id})
            for cell in cells:
                if cell.data.get("_state") == "run":
                    self._asked.ask(cell.id, cell.version)
            self.files.touch(notebook_id)

    # Files

    @property
    def opener(self) -> Opener:
        """What makes the one live document of a path."""
        return self.files.opener

    async def open(self, path: str) -> str:
        """Return the id of the one live document of a path, made from the file if need be.

        Raises ``NotANotebook`` or ``JupyterError``.
        """
        return await self.files.open(path)

    def saver(self, notebook_id: str) -> Saver:
        """Return what keeps a notebook's file."""
        return self.files.saver(notebook_id)

    async def _forget(self, notebook_id: str) -> None:
        saver = self.files.drop(notebook_id)
        if saver is not None:
            await saver.close()
        await self.kernels.forget(notebook_id)
        await self.owners.release(notebook_id)

    async def _follow_here(self, notebook_id: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            await self.kernels.relay(notebook_id).follow_path(arguments["path"])
        except JupyterError as error:
            log.warning("Jupyter was not told where a notebook is now: %s", error.message)
        return {}

    # Following

    def _receive(self, published: Published) -> None:
        op = published.message
        self.hooks.tell(op)
        self.places.follow(op)
        if op["c"] == "notebooks":
            self._notebook_changed(op)
        elif op["c"] == "cells":
            self._cell_changed(op)
        elif op["c"] == "widgets":
            self._widget_changed(op)

    def _cell_changed(self, op: Op) -> None:
        cell_id = op["d"]
        create = op.get("create")
        if isinstance(create, dict) and isinstance(create.get("data"), dict):
            self._notebook_of[cell_id] = create["data"].get("_notebook")
        notebook_id = self._notebook_of.get(cell_id)
        if notebook_id is None:
            self._spawn(self._stranger_changed(cell_id, op))
            return
        if "del" in op:
            del self._notebook_of[cell_id]
            self._asked.forget(cell_id)
        if _is_anothers(op, self.documents) and isinstance(op.get("op"), list):
            self._spawn(self.editors.stay(cell_id, op["op"]))
        if notebook_id in self.owners.owned:
            self._own_cell_changed(notebook_id, cell_id, op)
        elif self.owners.owner_of(notebook_id) not in (None, self.owners.name):
            self._asked.forget(cell_id)
        elif _changes_file(op) or asks_for_run(op):
            self._spawn(self._look_after(notebook_id, cell_id, op))

    def _owns_cell(self, cell_id: str) -> bool:
        return self._notebook_of.get(cell_id) in self.owners.owned

    async def _stranger_changed(self, cell_id: str, op: Op) -> None:
        """A cell changed that was not heard of yet: learn which notebook it is in."""
        if "del" in op:
            cell = await self.backend.history.at_version("cells", cell_id, op["v"])
        else:
            cell = await self.documents.get("cells", cell_id)
        notebook_id = cell.data.get("_notebook") if cell.exists else None
        if isinstance(notebook_id, str):
            self._notebook_of.setdefault(cell_id, notebook_id)
            self._cell_changed(op)

    async def _look_after(self, notebook_id: str, cell_id: str, op: Op) -> None:
        """A cell changed whose notebook nobody looks after: one of the processes will."""
        if await self.owners.acquire(notebook_id):
            self._own_cell_changed(notebook_id, cell_id, op)

    def _own_cell_changed(self, notebook_id: str, cell_id: str, op: Op) -> None:
        if "del" in op:
            self._spawn(self._cancel(notebook_id, cell_id))
        if _changes_file(op) and op.get("src") != self.disk.src:
            if op.get("src") != self.documents.src or "op" in op:
                self.files.touch(notebook_id)
        if asks_for_run(op):
            self._asked.ask(cell_id, op["v"])

    def _widget_changed(self, op: Op) -> None:
        create = op.get("create")
        if isinstance(create, dict):
            self._notebook_of[op["d"]] = create["data"].get("_notebook")
        notebook_id = self._notebook_of.get(op["d"])
        if notebook_id is None:
            return
        if "del" in op:
            del self._notebook_of[op["d"]]
        by_person = not self.documents.is_service(op)
        if notebook_id not in self.owners.owned:
            owner = self.owners.owner_of(notebook_id)
            if by_person and owner in (None, self.owners.name):
                if owner is not None:  # what an earlier owner left is being taken up
                    self.kernels.relay(notebook_id).widgets.changed(op)
                self._spawn(self._own(notebook_id))
            return
        if by_person:
            self.kernels.relay(notebook_id).widgets.changed(op)
        if "op" not in op or any(part["p"][0] == "state" for part in op["op"] or ()):
            self.files.touch(notebook_id)

    async def _own(self, notebook_id: str) -> None:
        """Look after a notebook, if nobody does: what was written meanwhile is found there."""
        if await self.owners.acquire(notebook_id):
            self.files.touch(notebook_id)

    async def _cancel(self, notebook_id: str, cell_id: str) -> None:
        await self.kernels.relay(notebook_id).cancel(cell_id, "the cell was deleted")

    def _notebook_changed(self, op: Op) -> None:
        create = op.get("create")
        if isinstance(create, dict) and op.get("src") != self.documents.src:
            name = (create.get("data") or {}).get("name")
            if isinstance(name, str):
                self._spawn(self.opener.adopt(op["d"], name))

    # People

    def note_open(self, agent: Any, notebook_id: str) -> None:
        """Note that a connection reads a notebook; it has it open until it ends."""
        noted = agent.custom.setdefault("open", set())
        if notebook_id in noted or not hasattr(agent, "at_close"):
            return
        noted.add(notebook_id)
        agent.at_close[self.editors.opened(notebook_id)] = None

    def note_editor(self, agent: Any, cell_id: str, user: str, *, entered: bool) -> None:
        """Note that a connection put its user's name into a cell, or took it out."""
        if not entered:
            self.editors.left(agent, cell_id, user)
        elif self.editors.entered(agent, cell_id, user) and hasattr(agent, "at_close"):
            agent.at_close[lambda: self._spawn(self.editors.gone(agent))] = None

    # Running

    async def change_kernel(self, notebook_id: str, name: str) -> None:
        """Let another kind of kernel run a notebook, and say so in its metadata."""
        specification = await self.kernels.relay(notebook_id).change_kernel(name)
        snapshot = await self.documents.get("notebooks", notebook_id)
        metadata = dict(snapshot.data["contents"].get("metadata") or {})
        metadata.pop("language_info", None)
        metadata["kernelspec"] = specification
        op = [{"p": ["contents", "metadata"], "oi": metadata}]
        await self.documents.edit("notebooks", notebook_id, op)
        self.files.touch(notebook_id)


def _is_unsaved(notebook: Snapshot) -> bool:
    return bool((notebook.data.get("_save") or {}).get("state", "saved") != "saved")


def _is_anothers(op: Op, documents: Documents) -> bool:
    """Whether an op is by the notebook service in another process."""
    src = str(op.get("src"))
    return src != documents.src and src.startswith("service-")


def _changes_file(op: Op) -> bool:
    components = op.get("op")
    if "op" not in op:
        return True
    return any(
        component["p"][:1] and component["p"][0] in CELL_FILE_FIELDS
        for component in (components if isinstance(components, list) else ())
    )
