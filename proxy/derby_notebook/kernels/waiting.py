"""The cells of a notebook that are to run, as the documents show them."""

from __future__ import annotations

import logging
import time
from typing import Any

from derby_notebook.documents import Documents
from derby_notebook.kernels.queue import Asked, RunQueue
from sharedb_py.errors import ShareDBError

__all__ = ["WaitingCells", "now"]

log = logging.getLogger(__name__)


def now() -> int:
    """Return the time in ms since the epoch."""
    return int(time.time() * 1000)


class WaitingCells:
    """The queue of one notebook; each change of it is shown, in the cells and the notebook."""

    def __init__(self, notebook_id: str, documents: Documents) -> None:
        self._id = notebook_id
        self._documents = documents
        self._queue = RunQueue()

    @property
    def any(self) -> bool:
        """Whether something runs or waits."""
        return bool(self._queue.order)

    def runs(self, cell: str) -> bool:
        """Whether a cell runs at this moment."""
        return self._queue.running is not None and self._queue.running.cell == cell

    def next(self) -> Asked | None:
        """Take the next one as running; None while there is none."""
        return self._queue.next()

    def take_up(self, asked: Asked) -> None:
        """Take one as running that an earlier process began."""
        self._queue.running = asked

    async def put(self, cells: list[str], user: str | None, at: int | None = None) -> None:
        """Queue cells, in this order."""
        for cell in cells:
            asked = Asked(cell, user, now() if at is None else at)
            if not self._queue.put(asked):
                continue
            fields: dict[str, Any] = {"_state": "queued"}
            if not self.runs(cell):
                fields["_run"] = {"user": user, "asked": asked.at, "started": None, "ended": None}
            await self.set_cell(cell, **fields)
        await self.show()

    async def cancel(self, cell: str | None = None, reason: str = "cancelled") -> list[str]:
        """Let a cell that waits, or all of them, not run; return which."""
        dropped = self._queue.cancel(cell)
        await self._dropped(dropped, "cancelled", reason)
        return [asked.cell for asked in dropped]

    async def ended(self, asked: Asked, *, failed: bool) -> None:
        """What ran runs no more; if it failed, what its user has waiting does not run."""
        dropped = self._queue.ended(failed=failed)
        await self._dropped(dropped, "aborted", "a cell before it failed")
        if asked.cell in self._queue.order:
            await self.set_cell(asked.cell, _state="queued")
        await self.show()

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
            await self.set_cell(asked.cell, _state="idle", _run=record)
        if dropped:
            await self.show()

    async def show(self) -> None:
        """Show in the notebook which cells run and wait."""
        try:
            await self._documents.set("notebooks", self._id, _queue=self._queue.order)
        except ShareDBError as error:
            log.info("Notebook %s is gone: %s", self._id, error.message)

    async def set_cell(self, cell: str, **fields: Any) -> None:
        """Set fields of a cell, if it is still there."""
        try:
            await self._documents.set("cells", cell, **fields)
        except ShareDBError as error:
            log.info("Cell %s is gone: %s", cell, error.message)
