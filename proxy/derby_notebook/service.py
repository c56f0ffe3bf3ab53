"""The hook service: what happens when notebooks and cells change."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import logging
import time
from collections import deque
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

from derby_notebook.documents import Documents
from derby_notebook.files.moves import moved_path
from derby_notebook.files.opening import NotANotebook, Opener
from derby_notebook.files.saver import Saver
from derby_notebook.hooks import Hooks
from derby_notebook.jupyter.api import JupyterAPI, JupyterError
from derby_notebook.kernels.control import Kernels
from derby_notebook.people.editors import Editors
from sharedb_py.backend import Backend
from sharedb_py.ops import Op
from sharedb_py.pubsub import Published, Subscription

__all__ = ["NotANotebook", "NotebookService"]

log = logging.getLogger(__name__)

CELL_FILE_FIELDS: Final = frozenset(
    {"source", "metadata", "attachments", "cell_type", "id", "outputs", "execution_count"}
    | {"_weight"}
)
WATCHED_SECONDS: Final = 600.0
"""How long a file is watched after the last change of a notebook that nobody has open."""


class NotebookService:
    """Opens notebooks, runs their cells and saves their files, for everyone at once.

    ``state`` is a folder for what must survive the death of the process beside
    the documents. Hook into what happens with ``hooks``.
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
        self.hooks = Hooks()
        self.opener = Opener(self.documents, api, self.saver, self._forget)
        self.runners: dict[str, str] = {}
        """Who asked for a cell's run last, by the cell's id; kept by the access hooks."""
        self._api = api
        self._watch_seconds = watch_seconds
        self._notebook_of: dict[str, str] = {}
        self._savers: dict[str, Saver] = {}
        self._touched: dict[str, float] = {}
        self._subscriptions: list[Subscription] = []
        self._removed: deque[str] = deque(maxlen=1000)
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked: asyncio.Queue[str] = asyncio.Queue()
        self._told: asyncio.Queue[Op] = asyncio.Queue()

    async def start(self) -> None:
        """Follow the documents, and take up what a crash left behind."""
        pubsub = self.backend.pubsub
        for collection in ("cells", "notebooks", "messages", "users"):
            self._subscriptions.append(await pubsub.subscribe(collection, self._receive))
        for snapshot in await self.documents.find("cells", {}):
            self._notebook_of[snapshot.id] = snapshot.data.get("_notebook")
        await self.editors.start()
        for snapshot in await self.documents.find("notebooks", {}):
            if (snapshot.data.get("_save") or {}).get("state", "saved") != "saved":
                self._touch(snapshot.id)
        await self.kernels.start()
        self._spawn(self._run_in_turn())
        self._spawn(self._tell_hooks())

    async def close(self) -> None:
        """Stop following, end the relays and save what is unsaved."""
        for subscription in self._subscriptions:
            subscription.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.kernels.close()
        await asyncio.gather(*(saver.close() for saver in self._savers.values()))

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

    # Files

    async def open(self, path: str) -> str:
        """Return the id of the one live document of a path, made from the file if need be.

        Raises ``NotANotebook`` or ``JupyterError``.
        """
        notebook_id = await self.opener.open(path)
        self._touched[notebook_id] = time.monotonic()
        return notebook_id

    def saver(self, notebook_id: str) -> Saver:
        """Return what keeps a notebook's file."""
        saver = self._savers.get(notebook_id)
        if saver is None:

            async def moved(old: str, new: str) -> bool:
                return await self._move(notebook_id, old, new)

            saver = self._savers[notebook_id] = Saver(
                notebook_id,
                self.documents,
                self.disk,
                self._api,
                self.backend,
                watched=lambda: self._watched(notebook_id),
                moved=moved,
                watch_seconds=self._watch_seconds,
            )
        return saver

    def _watched(self, notebook_id: str) -> bool:
        last = self._touched.get(notebook_id, 0.0)
        return self.editors.has_open(notebook_id) or time.monotonic() - last < WATCHED_SECONDS

    def _touch(self, notebook_id: str) -> None:
        self._touched[notebook_id] = time.monotonic()
        self.saver(notebook_id).touch()

    async def _forget(self, notebook_id: str) -> None:
        saver = self._savers.pop(notebook_id, None)
        if saver is not None:
            await saver.close()
        await self.kernels.forget(notebook_id)

    async def _move(self, notebook_id: str, old: str, new: str) -> bool:
        if not await self.opener.move(notebook_id, old, new):
            return False
        try:
            await self.kernels.relay(notebook_id).follow_path(new)
        except JupyterError as error:
            log.warning("Jupyter was not told where a notebook is now: %s", error.message)
        return True

    async def renamed(self, old: str, new: str) -> None:
        """A file or folder was renamed: the notebooks in it follow."""
        for snapshot in await self.documents.find("notebooks", {}):
            name = snapshot.data.get("name")
            target = moved_path(name, old, new) if isinstance(name, str) else None
            if target is not None:
                await self._move(snapshot.id, str(name), target)

    async def changed_outside(self, path: str) -> None:
        """A file was written or deleted by somebody else: look at it now."""
        notebook_id = await self.opener.live(path)
        if notebook_id is not None:
            await self.saver(notebook_id).sync()

    # Following

    def _receive(self, published: Published) -> None:
        op = published.message
        self._told.put_nowait(op)
        if op["c"] == "notebooks":
            self._notebook_changed(op)
        elif op["c"] == "cells":
            self._cell_changed(op)

    def _cell_changed(self, op: Op) -> None:
        cell_id = op["d"]
        create = op.get("create")
        if isinstance(create, dict) and isinstance(create.get("data"), dict):
            self._notebook_of[cell_id] = create["data"].get("_notebook")
            if create["data"].get("_state") == "run":
                self._asked.put_nowait(cell_id)
        notebook_id = self._notebook_of.get(cell_id)
        if notebook_id is None:
            return
        if "del" in op:
            del self._notebook_of[cell_id]
            self._spawn(self._cancel(notebook_id, cell_id))
        if _changes_file(op) and op.get("src") != self.disk.src:
            if op.get("src") != self.documents.src or "op" in op:
                self._touch(notebook_id)
        if _asks_for_run(op):
            self._asked.put_nowait(cell_id)

    async def _cancel(self, notebook_id: str, cell_id: str) -> None:
        await self.kernels.relay(notebook_id).cancel(cell_id, "the cell was deleted")

    def _notebook_changed(self, op: Op) -> None:
        create = op.get("create")
        if isinstance(create, dict) and op.get("src") != self.documents.src:
            name = (create.get("data") or {}).get("name")
            if isinstance(name, str):
                self._spawn(self.opener.adopt(op["d"], name))

    async def _tell_hooks(self) -> None:
        while True:
            op = await self._told.get()
            for hook, change in self.hooks.matching(op):
                try:
                    result = hook(change)
                    if inspect.isawaitable(result):
                        await result
                except Exception:
                    log.exception("A hook on %s.%s failed", change.collection, change.doc_id)

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

    # Copies of cells

    def remember_removed(self, cell: dict[str, Any]) -> None:
        """Keep what a removed cell showed, so that it may be brought back."""
        if cell.get("outputs") or cell.get("execution_count") is not None:
            self._removed.append(_shown(cell))

    async def has_shown(self, cell: dict[str, Any]) -> bool:
        """Whether a cell of its notebook, there or removed not long ago, shows the same."""
        wanted = _shown(cell)
        if wanted in self._removed:
            return True
        found = await self.documents.find("cells", {"_notebook": cell.get("_notebook")})
        return any(_shown(other.data) == wanted for other in found)

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
        self._touch(notebook_id)

    async def _run_in_turn(self) -> None:
        """Queue the cells in the order in which their runs were asked for."""
        while True:
            cell_id = await self._asked.get()
            try:
                await self.kernels.run(cell_id, self.runners.pop(cell_id, None))
            except Exception:
                log.exception("Cell %s could not be queued", cell_id)


def _shown(cell: dict[str, Any]) -> str:
    kept = [cell.get("_notebook"), cell.get("outputs") or [], cell.get("execution_count")]
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _changes_file(op: Op) -> bool:
    components = op.get("op")
    if "op" not in op:
        return True
    return any(
        component["p"][:1] and component["p"][0] in CELL_FILE_FIELDS
        for component in (components if isinstance(components, list) else ())
    )


def _asks_for_run(op: Op) -> bool:
    components = op.get("op")
    return any(
        component.get("p") == ["_state"] and component.get("oi") == "run"
        for component in (components if isinstance(components, list) else ())
    )
