"""Writes a notebook's file a moment after its documents stop changing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from derby_notebook.documents import Documents
from derby_notebook.files.docs import parse_notebook, to_notebook
from derby_notebook.jupyter.api import JupyterAPI, JupyterError
from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import json_equal

__all__ = ["Saver"]

log = logging.getLogger(__name__)

QUIET_SECONDS: Final = 0.8
LONGEST_SECONDS: Final = 8.0
RETRY_SECONDS: Final = 5.0


class Saver:
    """Keeps one notebook's file up to date; never over a change made outside."""

    def __init__(self, notebook_id: str, documents: Documents, api: JupyterAPI) -> None:
        self._id = notebook_id
        self._documents = documents
        self._api = api
        self._changed = asyncio.Event()
        self._last = 0.0
        self._state = "saved"
        self._task = asyncio.create_task(self._work())

    def touch(self) -> None:
        """Say that the documents changed."""
        self._last = time.monotonic()
        self._changed.set()

    async def close(self) -> None:
        """Save what is unsaved, once, and stop."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._changed.is_set() or self._state in ("dirty", "saving"):
            await self._guarded(self._save)

    async def _work(self) -> None:
        while True:
            await self._changed.wait()
            await self._show("dirty")
            await self._settle()
            self._changed.clear()
            if not await self._guarded(self._save):
                await asyncio.sleep(RETRY_SECONDS)
                self._changed.set()

    async def _settle(self) -> None:
        """Wait for a pause, but not without end."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while (rest := min(deadline, self._last + QUIET_SECONDS) - time.monotonic()) > 0:  # noqa: ASYNC110 - the end moves
            await asyncio.sleep(rest)

    async def _guarded(self, save: Callable[[], Awaitable[None]]) -> bool:
        """Run a save; False if it should be tried again."""
        try:
            await save()
        except JupyterError as error:
            await self._show("error", f"{error.message}. It is tried again every few seconds")
            return False
        except ShareDBError as error:
            log.warning("Notebook %s was not saved: %s", self._id, error.message)
        except Exception:
            log.exception("Notebook %s was not saved", self._id)
            await self._show("error", "Something unexpected happened; see the server's log")
        return True

    async def _show(self, state: str, error: str | None = None) -> None:
        if state == self._state and error is None:
            return
        self._state = state
        shown = {"state": state, "at": int(time.time() * 1000)}
        try:
            await self._documents.set(
                "notebooks", self._id, _save=shown | ({"error": error} if error else {})
            )
        except ShareDBError:
            log.info("Notebook %s is gone", self._id)

    async def _save(self) -> None:
        snapshot = await self._documents.get("notebooks", self._id)
        if not snapshot.exists:
            return
        contents, path = snapshot.data["contents"], snapshot.data["name"]
        docs = await self._documents.find("cells", {"_notebook": self._id})
        notebook = to_notebook(contents, {doc.id: doc.data for doc in docs})
        try:
            found = await self._api.contents(path, content=0, hash=1)
        except JupyterError as error:
            if error.status != 404:
                raise
            found = {}
        if found and found.get("hash") != contents.get("hash"):
            if not await self._is_ours(path, notebook):
                text = "The file was changed outside. Your cells are kept here; reload to see it"
                await self._show("conflict", text)
                return
        elif found and await self._is_ours(path, notebook):
            await self._show("saved")
            return
        else:
            await self._show("saving")
            await self._api.save(path, notebook)
            found = await self._api.contents(path, content=0, hash=1)
        kept = {key: found.get(key) for key in ("hash", "last_modified", "writable")}
        await self._documents.set("notebooks", self._id, contents={**contents, **kept})
        await self._show("saved")

    async def _is_ours(self, path: str, notebook: dict[str, Any]) -> bool:
        """Whether the file holds what we would write: nothing to do, nothing lost."""
        model = await self._api.contents(path, type="file", format="text")
        try:
            return json_equal(parse_notebook(model["content"]), notebook)
        except ValueError:
            return False
