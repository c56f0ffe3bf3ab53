"""The hook service: what happens when notebooks and cells change."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import uuid
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from derby_notebook.documents import Documents
from derby_notebook.files.docs import cells_to_docs, parse_notebook
from derby_notebook.files.saver import Saver
from derby_notebook.jupyter.api import JupyterAPI, JupyterError
from derby_notebook.kernels.control import Kernels
from sharedb_py.backend import Backend
from sharedb_py.ops import Op
from sharedb_py.pubsub import Published, Subscription

__all__ = ["NotANotebook", "NotebookService"]

log = logging.getLogger(__name__)

_OWN_FIELDS = {"_state", "_run", "_editors"}


class NotANotebook(Exception):
    """The path holds something that cannot be opened as a notebook."""


class NotebookService:
    """Opens notebooks, runs their cells and saves their files, for everyone at once."""

    def __init__(self, backend: Backend, api: JupyterAPI, state: Path | None = None) -> None:
        self.documents = Documents(backend)
        self.kernels = Kernels(self.documents, api, state)
        self.runners: dict[str, str] = {}
        """Who asked for a cell's run last, by the cell's id; kept by the access hooks."""
        self.backend = backend
        self._api = api
        self._notebook_of: dict[str, str] = {}
        self._savers: dict[str, Saver] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._subscriptions: list[Subscription] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked: asyncio.Queue[str] = asyncio.Queue()

    async def start(self) -> None:
        """Follow the documents, and take up what a crash left behind."""
        pubsub = self.backend.pubsub
        for collection in ("cells", "notebooks"):
            self._subscriptions.append(await pubsub.subscribe(collection, self._receive))
        for snapshot in await self.documents.find("notebooks", {}):
            if (snapshot.data.get("_save") or {}).get("state") in ("dirty", "saving", "error"):
                self._touch(snapshot.id)
        for snapshot in await self.documents.find("cells", {}):
            self._notebook_of[snapshot.id] = snapshot.data.get("_notebook")
        await self.kernels.start()
        self._spawn(self._run_in_turn())

    async def close(self) -> None:
        """Stop following, end the relays and save what is unsaved."""
        for subscription in self._subscriptions:
            subscription.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.kernels.close()
        await asyncio.gather(*(saver.close() for saver in self._savers.values()))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A hook failed", exc_info=error)

    # Opening

    async def open(self, path: str) -> str:
        """Return the id of the one live document of a path, made from the file if need be.

        Raises ``NotANotebook`` or ``JupyterError``.
        """
        async with self._opening.setdefault(path, asyncio.Lock()):
            mapping = await self.documents.get("notebookPaths", _path_key(path))
            if mapping.exists:
                notebook_id = str(mapping.data["notebook"])
                await self._refresh(path, notebook_id)
                return notebook_id
            return await self._create(path)

    async def _create(self, path: str) -> str:
        notebook_id = uuid.uuid4().hex
        contents, notebook = await self._read(path)
        for cell_id, doc in cells_to_docs(notebook, notebook_id).items():
            await self.documents.create("cells", cell_id, doc)
        await self.documents.create("notebooks", notebook_id, _notebook_doc(path, contents))
        if await self.documents.create(
            "notebookPaths", _path_key(path), {"notebook": notebook_id, "path": path}
        ):
            return notebook_id
        # Another process was faster: its document is the one.
        await self._discard(notebook_id)
        winner = await self.documents.get("notebookPaths", _path_key(path))
        return str(winner.data["notebook"])

    async def _discard(self, notebook_id: str) -> None:
        for cell in await self.documents.find("cells", {"_notebook": notebook_id}):
            await self.documents.delete("cells", cell.id)
        await self.documents.delete("notebooks", notebook_id)

    async def _read(self, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
        model = await self._api.contents(path, content=0, hash=1)
        if model["type"] == "directory" or not path.endswith(".ipynb"):
            raise NotANotebook(f"{path} is not a notebook: its name does not end in .ipynb")
        text = await self._api.contents(path, type="file", format="text", hash=1)
        try:
            notebook = parse_notebook(text["content"])
        except ValueError as error:
            raise NotANotebook(f"{path} cannot be read as a notebook: {error}") from error
        keys = ("path", "last_modified", "writable", "hash")
        contents = {key: text.get(key) for key in keys} | {
            "format": "json",
            "nbformat": notebook["nbformat"],
            "nbformat_minor": notebook["nbformat_minor"],
            "metadata": notebook["metadata"],
        }
        return contents, notebook

    async def _refresh(self, path: str, notebook_id: str) -> None:
        """Take over a file that changed while its documents were at rest."""
        snapshot = await self.documents.get("notebooks", notebook_id)
        known = snapshot.data["contents"]
        state = (snapshot.data.get("_save") or {}).get("state", "saved")
        try:
            model = await self._api.contents(path, content=0, hash=1)
            if model.get("hash") == known.get("hash"):
                self._touch(notebook_id)
                return
            if state not in ("saved", "conflict"):
                return
            contents, notebook = await self._read(path)
        except JupyterError as error:
            if error.status not in (0, 404):
                raise
            return  # editing goes on without the file; the saver says what is wrong
        if state == "conflict":
            await self._keep_copy(path, notebook_id)
        for cell in await self.documents.find("cells", {"_notebook": notebook_id}):
            await self.documents.delete("cells", cell.id)
        for cell_id, doc in cells_to_docs(notebook, notebook_id).items():
            await self.documents.create("cells", cell_id, doc)
        await self.documents.set(
            "notebooks", notebook_id, contents=contents, _save={"state": "saved", "at": 0}
        )

    async def _keep_copy(self, path: str, notebook_id: str) -> None:
        """Both sides changed: write ours beside the file before the file's is shown."""
        from derby_notebook.files.docs import to_notebook

        snapshot = await self.documents.get("notebooks", notebook_id)
        docs = await self.documents.find("cells", {"_notebook": notebook_id})
        notebook = to_notebook(snapshot.data["contents"], {doc.id: doc.data for doc in docs})
        copy = f"{path.removesuffix('.ipynb')}-conflict-{uuid.uuid4().hex[:6]}.ipynb"
        await self._api.save(copy, notebook)

    # Following

    def _receive(self, published: Published) -> None:
        op = published.message
        if op["c"] == "notebooks":
            self._notebook_changed(op)
            return
        cell_id = op["d"]
        create = op.get("create")
        if isinstance(create, dict) and isinstance(create.get("data"), dict):
            self._notebook_of[cell_id] = create["data"].get("_notebook")
        notebook_id = self._notebook_of.get(cell_id)
        if notebook_id is None:
            return
        if "del" in op:
            del self._notebook_of[cell_id]
        if _changes_file(op):
            if op.get("src") != self.documents.src or "op" in op:
                self._touch(notebook_id)
        if _asks_for_run(op):
            self._asked.put_nowait(cell_id)

    def _notebook_changed(self, op: Op) -> None:
        create = op.get("create")
        if isinstance(create, dict) and op.get("src") != self.documents.src:
            name = (create.get("data") or {}).get("name")
            if isinstance(name, str):
                self._spawn(self._adopt(op["d"], name))

    async def _adopt(self, notebook_id: str, path: str) -> None:
        """A client created a notebook document: fill it, if it is the first for its path."""
        key = {"notebook": notebook_id, "path": path}
        try:
            contents, notebook = await self._read(path)
        except (NotANotebook, JupyterError) as error:
            await self.documents.set("notebooks", notebook_id, _error=str(error))
            return
        if not await self.documents.create("notebookPaths", _path_key(path), key):
            await self.documents.delete("notebooks", notebook_id)
            return
        for cell_id, doc in cells_to_docs(notebook, notebook_id).items():
            await self.documents.create("cells", cell_id, doc)
        await self.documents.set("notebooks", notebook_id, **_notebook_doc(path, contents))

    def _touch(self, notebook_id: str) -> None:
        saver = self._savers.get(notebook_id)
        if saver is None:
            saver = self._savers[notebook_id] = Saver(notebook_id, self.documents, self._api)
        saver.touch()

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


def _path_key(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()


def _notebook_doc(path: str, contents: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": path,
        "contents": contents,
        "session": {"kernel": {"status": "none"}},
        "_save": {"state": "saved", "at": 0},
    }


def _first_segments(op: Op) -> set[Any]:
    components = op.get("op")
    return {
        component["p"][0]
        for component in (components if isinstance(components, list) else ())
        if component.get("p")
    }


def _changes_file(op: Op) -> bool:
    return "op" not in op or bool(_first_segments(op) - _OWN_FIELDS)


def _asks_for_run(op: Op) -> bool:
    components = op.get("op")
    return any(
        component.get("p") == ["_state"] and component.get("oi") == "run"
        for component in (components if isinstance(components, list) else ())
    )
