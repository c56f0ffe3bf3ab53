"""Decides when a notebook's file is saved and looked at, and tells people how it is."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from derby_notebook.files.known import Versions
from derby_notebook.files.state import PROBLEMS
from derby_notebook.files.syncing import FileSync, Moved, Problem, Replicas
from derby_notebook.jupyter.api import JupyterError
from sharedb_py.errors import ShareDBError

__all__ = ["Saver"]

log = logging.getLogger(__name__)

QUIET_SECONDS: Final = 0.8
LONGEST_SECONDS: Final = 8.0
RETRY_SECONDS: Final = 5.0


class Saver:
    """Saves a moment after the documents stop changing; looks now and then who else wrote."""

    def __init__(
        self,
        of: Replicas,
        *,
        owned: Callable[[], bool] = lambda: True,
        watched: Callable[[], bool] = lambda: True,
        moved: Moved | None = None,
        watch_seconds: float = 2.0,
    ) -> None:
        self._id = of.notebook_id
        self._documents = of.documents
        self._file = FileSync(of, show=self._show, moved=moved)
        self._owned = owned
        self._watched = watched
        self._watch_seconds = watch_seconds
        self._changed = asyncio.Event()
        self._last = 0.0
        self._shown: dict[str, Any] = {}
        self._busy = asyncio.Lock()
        self._tasks = [asyncio.create_task(self._work()), asyncio.create_task(self._watch())]

    def touch(self) -> None:
        """Say that the documents changed."""
        self._last = time.monotonic()
        self._changed.set()

    @property
    def at_rest(self) -> bool:
        """Whether the file holds everything, as far as is known."""
        return not self._changed.is_set() and self._shown.get("state", "saved") == "saved"

    async def abandon(self) -> None:
        """Stop, and write nothing more: another process does."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Save what is unsaved, once, and stop."""
        await self.abandon()
        if self._changed.is_set() or self._shown.get("state") in ("dirty", "saving"):
            await self._guarded(self._file.sync)

    # What people ask for

    async def sync(self, *, anew: bool = False) -> dict[str, Any]:
        """Save now, and say how that went; ``anew``: over whatever is there, or nothing is."""
        self._changed.clear()
        await self._guarded(lambda: self._file.sync(anew=anew))
        return self._shown

    async def opened(self, file_hash: str | None, versions: Versions) -> None:
        """Note the file that the documents were just made from."""
        await self._file.opened(file_hash, versions)

    async def checkpoints(self) -> list[dict[str, Any]]:
        """Return Jupyter's checkpoints of the file: ``id`` and ``last_modified``."""
        return await self._file.checkpoints()

    async def checkpoint(self) -> dict[str, Any]:
        """Save, and keep the file as it is then; raises ``Problem`` or ``JupyterError``."""
        async with self._busy:
            return await self._file.checkpoint()

    async def restore(self, checkpoint_id: str) -> None:
        """Bring the notebook back to a checkpoint; raises ``Problem`` or ``JupyterError``."""
        async with self._busy:
            await self._file.restore(checkpoint_id)

    async def trust(self) -> None:
        """Trust what the notebook shows now; raises ``Problem`` or ``JupyterError``."""
        async with self._busy:
            await self._file.trust()

    async def notice_trust(self) -> None:
        """Trust what Jupyter trusts by now."""
        await self._guarded(self._file.notice_trust)

    # When

    async def _work(self) -> None:
        while True:
            await self._changed.wait()
            await self._show("dirty")
            await self._settle()
            self._changed.clear()
            if not await self._guarded(self._file.sync):
                await asyncio.sleep(RETRY_SECONDS)
                self._changed.set()

    async def _settle(self) -> None:
        """Wait for a pause, but not without end."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while (rest := min(deadline, self._last + QUIET_SECONDS) - time.monotonic()) > 0:  # noqa: ASYNC110 - the end moves
            await asyncio.sleep(rest)

    async def _watch(self) -> None:
        """Look now and then whether somebody else changed the file."""
        while True:
            await asyncio.sleep(self._watch_seconds)
            if self._watched():
                await self._guarded(self._file.look)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Run a save; False if it should be tried again."""
        if not self._owned():
            return False
        try:
            async with self._busy:
                await work()
        except Problem as problem:
            await self._show("error", str(problem), problem.reason)
        except JupyterError as error:
            text = f"{error.message}. It is tried again every few seconds"
            await self._show("error", text, "refused" if error.status else "unreachable")
            return False
        except ShareDBError as error:
            log.warning("Notebook %s was not saved: %s", self._id, error.message)
        except Exception:
            log.exception("Notebook %s was not saved", self._id)
            await self._show("error", "Something unexpected happened; see the server's log", "bug")
        return True

    async def _show(self, state: str, error: str | None = None, reason: str | None = None) -> None:
        shown: dict[str, Any] = {"state": state}
        if state == "dirty" and self._shown.get("reason") in PROBLEMS:
            return  # what is wrong with the file still is
        if error is not None:
            shown |= {"error": error, "reason": reason}
        if shown == {key: value for key, value in self._shown.items() if key != "at"}:
            return
        self._shown = {**shown, "at": int(time.time() * 1000)}
        try:
            await self._documents.set("notebooks", self._id, _save=self._shown)
        except ShareDBError:
            log.info("Notebook %s is gone", self._id)
