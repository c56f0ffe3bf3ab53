"""Makes the one live document of a path, however many people open it at once."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from derby_notebook.documents import Documents
from derby_notebook.files.docs import cells_to_docs
from derby_notebook.files.known import Versions
from derby_notebook.files.reading import FileNotebook, NotANotebook, read_notebook
from derby_notebook.files.saver import Saver
from derby_notebook.jupyter.api import JupyterAPI, JupyterError
from derby_notebook.widgets.storing import create_saved

__all__ = ["NotANotebook", "Opener", "path_key"]


def path_key(path: str) -> str:
    """Return the id of the document that says which notebook is live at a path."""
    return hashlib.sha256(path.encode()).hexdigest()


class Opener:
    """Turns files into documents."""

    def __init__(
        self,
        documents: Documents,
        api: JupyterAPI,
        own: Callable[[str], Awaitable[bool]],
        saver: Callable[[str], Saver],
        sync: Callable[[str], Awaitable[None]],
        forget: Callable[[str], Awaitable[None]],
    ) -> None:
        self._documents = documents
        self._api = api
        self._own = own
        self._saver = saver
        self._sync = sync
        self._forget = forget
        self._opening: dict[str, asyncio.Lock] = {}

    async def open(self, path: str) -> str:
        """Return the id of the one live document of a path, made from the file if need be.

        What changed in the file since it was last known is merged first. Raises
        ``NotANotebook`` or ``JupyterError``.
        """
        async with self._opening.setdefault(path, asyncio.Lock()):
            notebook_id = await self.live(path)
            if notebook_id is None:
                return await self._create(path)
            await self._sync(notebook_id)
            return await self.live(path) or notebook_id

    async def live(self, path: str) -> str | None:
        """Return the id of a path's live document, if there is one."""
        mapping = await self._documents.get("notebookPaths", path_key(path))
        return str(mapping.data["notebook"]) if mapping.exists else None

    async def adopt(self, notebook_id: str, path: str) -> None:
        """A client created a notebook document: fill it, if it is the first for its path."""
        if not await self._own(notebook_id):
            return  # another process does
        try:
            found = await self._read(path)
        except (NotANotebook, JupyterError) as error:
            await self._documents.set("notebooks", notebook_id, _error=str(error))
            return
        key = {"notebook": notebook_id, "path": path}
        if not await self._documents.create("notebookPaths", path_key(path), key):
            await self._documents.delete("notebooks", notebook_id)
            return
        await self._documents.set("notebooks", notebook_id, **_notebook_doc(path, found))
        await self._fill(notebook_id, found)

    async def move(self, notebook_id: str, old: str, new: str) -> bool:
        """Let a live document follow its file; False if another one is live at the new path."""
        key = {"notebook": notebook_id, "path": new}
        if not await self._documents.create("notebookPaths", path_key(new), key):
            return False
        await self._documents.delete("notebookPaths", path_key(old))
        snapshot = await self._documents.get("notebooks", notebook_id)
        contents = {**snapshot.data["contents"], "path": new}
        await self._documents.set("notebooks", notebook_id, name=new, contents=contents)
        return True

    async def _create(self, path: str) -> str:
        notebook_id = uuid.uuid4().hex
        found = await self._read(path)
        await self._own(notebook_id)
        await self._documents.create("notebooks", notebook_id, _notebook_doc(path, found))
        await self._fill(notebook_id, found)
        key = {"notebook": notebook_id, "path": path}
        if await self._documents.create("notebookPaths", path_key(path), key):
            return notebook_id
        # Another process was faster: its document is the one.
        await self._discard(notebook_id)
        winner = await self.live(path)
        assert winner is not None
        return winner

    async def _fill(self, notebook_id: str, found: FileNotebook) -> None:
        for data in found.blobs.values():
            await self._documents.blobs.put(data)
        docs = cells_to_docs({**found.content, "cells": found.cells}, notebook_id)
        await create_saved(self._documents, notebook_id, found.widgets)
        await asyncio.gather(
            *(self._documents.create("cells", cell_id, doc) for cell_id, doc in docs.items())
        )
        snapshot = await self._documents.get("notebooks", notebook_id)
        versions = Versions(snapshot.version, dict.fromkeys(docs, 1))
        await self._saver(notebook_id).opened(found.model.get("hash"), versions)

    async def _discard(self, notebook_id: str) -> None:
        await self._forget(notebook_id)
        for cell in await self._documents.find("cells", {"_notebook": notebook_id}):
            await self._documents.delete("cells", cell.id)
        for widget in await self._documents.find("widgets", {"_notebook": notebook_id}):
            await self._documents.delete("widgets", widget.id)
        await self._documents.delete("notebookFiles", notebook_id)
        await self._documents.delete("notebooks", notebook_id)

    async def _read(self, path: str) -> FileNotebook:
        model = await self._api.contents(path, content=0)
        if model["type"] == "directory" or not path.endswith(".ipynb"):
            raise NotANotebook(f"{path} is not a notebook: its name does not end in .ipynb")
        return await read_notebook(self._api, path)


def _notebook_doc(path: str, found: FileNotebook) -> dict[str, Any]:
    contents = {
        key: found.model.get(key) for key in ("path", "last_modified", "writable", "hash")
    } | {
        "format": "json",
        "nbformat": found.content["nbformat"],
        "nbformat_minor": found.content["nbformat_minor"],
        "metadata": found.content["metadata"],
    }
    return {
        "name": path,
        "contents": contents,
        "session": {"kernel": {"status": "none"}},
        "_save": {"state": "saved", "at": 0},
        **({"_older_format": True} if found.older else {}),
    }
