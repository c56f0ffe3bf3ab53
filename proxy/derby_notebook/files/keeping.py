"""The files of all notebooks: opened, kept by their savers, followed where they go."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from derby_notebook.cluster.calls import Calls
from derby_notebook.cluster.owners import Owners
from derby_notebook.cluster.peers import NoAnswer, PeerFailed
from derby_notebook.documents import Documents
from derby_notebook.files.moves import moved_path, renamed_path
from derby_notebook.files.opening import Opener
from derby_notebook.files.saver import Saver
from derby_notebook.files.syncing import Replicas
from derby_notebook.jupyter.api import JupyterAPI
from sharedb_py.backend import Backend

__all__ = ["NotebookFiles"]

log = logging.getLogger(__name__)

WATCHED_SECONDS: Final = 600.0
"""How long a file is watched after the last change of a notebook that nobody has open."""
SYNC_PATIENCE: Final = 1.0


class NotebookFiles:
    """One saver for each notebook of this process; what is another's is asked of that one.

    ``is_open`` says whether somebody has a notebook open here, ``forget`` lets go
    of one that is no more.
    """

    def __init__(
        self,
        backend: Backend,
        documents: Documents,
        disk: Documents,
        api: JupyterAPI,
        owners: Owners,
        calls: Calls,
        is_open: Callable[[str], bool],
        forget: Callable[[str], Awaitable[None]],
        watch_seconds: float,
    ) -> None:
        self._backend = backend
        self._documents = documents
        self._disk = disk
        self._api = api
        self._owners = owners
        self._calls = calls
        self._is_open = is_open
        self._watch_seconds = watch_seconds
        self._savers: dict[str, Saver] = {}
        self._touched: dict[str, float] = {}
        self.opener = Opener(documents, api, owners.acquire, self.saver, self.sync, forget)
        calls.handlers["sync"] = self._sync_here

    async def close(self) -> None:
        """Save what is unsaved."""
        await asyncio.gather(*(saver.close() for saver in self._savers.values()))

    async def open(self, path: str) -> str:
        """Return the id of the one live document of a path, made from the file if need be.

        Raises ``NotANotebook`` or ``JupyterError``.
        """
        notebook_id = await self.opener.open(path)
        self.note(notebook_id)
        return notebook_id

    # Savers

    def saver(self, notebook_id: str) -> Saver:
        """Return what keeps a notebook's file."""
        saver = self._savers.get(notebook_id)
        if saver is None:

            async def moved(old: str, new: str) -> bool:
                return await self._move(notebook_id, old, new)

            saver = self._savers[notebook_id] = Saver(
                Replicas(notebook_id, self._documents, self._disk, self._api, self._backend),
                owned=lambda: self._owners.surely_owns(notebook_id),
                watched=lambda: self.is_watched(notebook_id),
                moved=moved,
                watch_seconds=self._watch_seconds,
            )
        return saver

    def drop(self, notebook_id: str) -> Saver | None:
        """Forget a notebook's saver, which the caller is to close."""
        self._touched.pop(notebook_id, None)
        return self._savers.pop(notebook_id, None)

    def note(self, notebook_id: str) -> None:
        """Note that somebody is interested in a notebook: its file is watched for a while."""
        self._touched[notebook_id] = time.monotonic()

    def touch(self, notebook_id: str) -> None:
        """Say that a notebook's documents changed."""
        self.note(notebook_id)
        self.saver(notebook_id).touch()

    def is_watched(self, notebook_id: str) -> bool:
        """Whether somebody has a notebook open, or had lately."""
        last = self._touched.get(notebook_id)
        lately = last is not None and time.monotonic() - last < WATCHED_SECONDS
        return lately or self._is_open(notebook_id)

    def is_at_rest(self, notebook_id: str) -> bool:
        """Whether there is nothing to save or to watch."""
        saver = self._savers.get(notebook_id)
        return (saver is None or saver.at_rest) and not self.is_watched(notebook_id)

    async def sync(self, notebook_id: str) -> None:
        """Let a file and its documents be made the same, by whichever process owns them.

        Should that one have died, its successor will do it: nobody waits for that.
        """
        try:
            await self._calls.call("sync", notebook_id, patience=SYNC_PATIENCE)
        except (NoAnswer, PeerFailed) as error:
            log.warning("Notebook %s was not compared with its file: %s", notebook_id, error)

    async def _sync_here(self, notebook_id: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.note(notebook_id)
        await self.saver(notebook_id).sync()
        await self.saver(notebook_id).notice_trust()
        return {}

    async def changed_outside(self, path: str) -> None:
        """A file was written, deleted or trusted by somebody else: look at it now."""
        notebook_id = await self.opener.live(path)
        if notebook_id is not None:
            await self.sync(notebook_id)

    # Names

    async def rename(self, notebook_id: str, name: str) -> str:
        """Give a notebook's file another name in its folder, and return its path then.

        Raises ``ValueError`` for a name that no file can have.
        """
        old = str((await self._documents.get("notebooks", notebook_id)).data["name"])
        new = renamed_path(old, name)
        if new != old:
            await self.saver(notebook_id).sync()
            await self._api.move(old, new)
            await self._move(notebook_id, old, new)
        return new

    async def renamed(self, old: str, new: str) -> None:
        """A file or folder was renamed: the notebooks in it follow."""
        for snapshot in await self._documents.find("notebooks", {}):
            name = snapshot.data.get("name")
            target = moved_path(name, old, new) if isinstance(name, str) else None
            if target is not None:
                await self._move(snapshot.id, str(name), target)

    async def _move(self, notebook_id: str, old: str, new: str) -> bool:
        if not await self.opener.move(notebook_id, old, new):
            return False
        try:
            await self._calls.call("follow", notebook_id, {"path": new})
        except (NoAnswer, PeerFailed) as error:
            log.warning("Jupyter was not told where a notebook is now: %s", error)
        return True
