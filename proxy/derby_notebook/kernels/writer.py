"""Writes what runs show into their cells: what gathers becomes one op."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from derby_notebook.documents import Documents
from derby_notebook.kernels.inbox import Inbox
from derby_notebook.kernels.run import Run
from derby_notebook.outputs.ops import display_op, outputs_op
from derby_notebook.outputs.references import Blobs
from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import json_equal
from sharedb_py.snapshot import Snapshot

__all__ = ["OutputWriter"]

log = logging.getLogger(__name__)

PAUSE_SECONDS: Final = 0.1
RETRY_SECONDS: Final = 1.0
FLOOD_PAUSE_SECONDS: Final = 0.5


class OutputWriter:
    """The first change is written at once, later ones in steps; a flood in longer ones."""

    def __init__(
        self,
        notebook_id: str,
        documents: Documents,
        inbox: Inbox,
        settled: Callable[[], Awaitable[None]],
    ) -> None:
        self._notebook_id = notebook_id
        self._documents = documents
        self._inbox = inbox
        self._settled = settled
        self._ending: Run | None = None
        """A run that is over, and not yet written as such."""
        self._changed: dict[str, Run] = {}
        self._forgotten: set[str] = set()
        self._displays: dict[str, dict[str, Any]] = {}
        self._busy = asyncio.Lock()
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._work())

    async def close(self, *, write: bool) -> None:
        """Write what there is, if it is to be written, and no more."""
        if write:
            async with self._busy:
                await self._write_changed()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def touch(self, run: Run) -> None:
        """Note that a run has something to write."""
        self._changed[run.asked.cell] = run
        if run.over and not run.written:
            self._ending = run
        self._wake.set()

    def note(self) -> None:
        """Note that something came, even if there is nothing of it to write."""
        self._wake.set()

    def touch_display(self, display_id: str, content: dict[str, Any]) -> None:
        """Note that a display is to show something else, in whichever cells it is shown."""
        self._displays[display_id] = content
        self._wake.set()

    def forget(self, cell: str) -> None:
        """Write nothing more of a cell's earlier run."""
        self._changed.pop(cell, None)
        self._forgotten.add(cell)

    async def finish(self, run: Run, **fields: Any) -> None:
        """Write all of a run that is over, and more fields of its cell, in one op."""
        async with self._busy:
            self._changed.pop(run.asked.cell, None)
            try:
                await self._write(run, fields)
            finally:
                run.written, self._ending = True, None
        self._wake.set()

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            flooded = any(run.area.flooded for run in self._changed.values())
            async with self._busy:
                if not await self._write_changed():
                    self._wake.set()
                    await asyncio.sleep(RETRY_SECONDS)
            await asyncio.sleep(FLOOD_PAUSE_SECONDS if flooded else PAUSE_SECONDS)

    async def _write_changed(self) -> bool:
        """Write what gathered; False, and it is still to be written, if the database is away."""
        changed, self._changed = self._changed, {}
        displays, self._displays = self._displays, {}
        self._forgotten.clear()
        self._inbox.mark()
        try:
            for run in changed.values():
                await self._write(run, {})
            if displays:
                await self._write_displays(displays)
        except ShareDBError as error:
            log.warning("Outputs could not be written, it is tried again: %s", error.message)
            left = {cell: run for cell, run in changed.items() if cell not in self._forgotten}
            self._changed = {**left, **self._changed}
            self._displays = {**displays, **self._displays}
            return False
        if self._ending is None:
            self._inbox.settle()
            await self._settled()
        return True

    async def _write(self, run: Run, fields: dict[str, Any]) -> None:
        # What comes while this waits is of the next writing: the large values that a cell refers
        # to are kept before it does, should this process end right after.
        said, values = Said.by(run), run.area.large_values(whole=run.over)
        for name, data in values.items():
            await self._documents.blobs.put(data)
            run.area.put_away([name])
        snapshot = await self._documents.get("cells", run.asked.cell)
        if not snapshot.exists:
            return
        await self._edit(snapshot, cell_op(snapshot.data, said, fields))

    async def _write_displays(self, displays: dict[str, dict[str, Any]]) -> None:
        query = {"_notebook": self._notebook_id, "outputs._display": {"$in": list(displays)}}
        for snapshot in await self._documents.find("cells", query):
            blobs: Blobs = {}
            op = display_op(snapshot.data.get("outputs") or [], displays, blobs)
            for data in blobs.values():
                await self._documents.blobs.put(data)
            await self._edit(snapshot, op)

    async def _edit(self, snapshot: Snapshot, op: list[dict[str, Any]]) -> None:
        try:
            await self._documents.edit("cells", snapshot.id, op, snapshot.version)
        except ShareDBError as error:
            log.info("Outputs of cell %s have nowhere to go: %s", snapshot.id, error.message)


@dataclass(frozen=True)
class Said:
    """What a run says of its cell at one moment."""

    outputs: list[dict[str, Any]]
    count: int | None
    input: dict[str, Any] | None
    seen: str

    @classmethod
    def by(cls, run: Run) -> Said:
        """Return what a run says now."""
        return cls(run.area.outputs(whole=run.over), run.count, run.input, run.seen)


def cell_op(cell: dict[str, Any], said: Said, fields: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the op that brings a cell's document to what its run says. Pure."""
    op = outputs_op(cell.get("outputs") or [], said.outputs)
    wanted = {"execution_count": said.count, "_input": said.input, **fields}
    if "_run" not in fields and said.seen and isinstance(cell.get("_run"), dict) and op:
        op.append({"p": ["_run", "seen"], "oi": said.seen})
    for key, value in wanted.items():
        if not json_equal(cell.get(key), value):
            op.append(
                {"p": [key], "oi": value}
                if value is not None or key == "execution_count"
                else {"p": [key], "od": None}
            )
    return op
