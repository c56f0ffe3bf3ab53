"""Writes what runs show into their cells: what gathers becomes one op."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from derby_notebook.documents import Documents
from derby_notebook.kernels.journal import Journal
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

    def __init__(self, notebook_id: str, documents: Documents, journal: Journal) -> None:
        self._notebook_id = notebook_id
        self._documents = documents
        self._journal = journal
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
            await self._write(run, fields)

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
        self._journal.mark()
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
        self._journal.settle()
        return True

    async def _put_away(self, run: Run) -> None:
        """Keep a run's large values before its cell refers to them."""
        for name, data in run.area.large_values(whole=run.over).items():
            await self._documents.blobs.put(data)
            run.area.put_away([name])

    async def _write(self, run: Run, fields: dict[str, Any]) -> None:
        await self._put_away(run)
        snapshot = await self._documents.get("cells", run.asked.cell)
        if not snapshot.exists:
            return
        await self._edit(snapshot, cell_op(snapshot.data, run, fields))

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


def cell_op(cell: dict[str, Any], run: Run, fields: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the op that brings a cell's document to what its run says."""
    op = outputs_op(cell.get("outputs") or [], run.area.outputs(whole=run.over))
    wanted = {"execution_count": run.count, "_input": run.input, **fields}
    if "_run" not in fields and run.seen and isinstance(cell.get("_run"), dict) and op:
        op.append({"p": ["_run", "seen"], "oi": run.seen})
    for key, value in wanted.items():
        if not json_equal(cell.get(key), value):
            op.append(
                {"p": [key], "oi": value}
                if value is not None or key == "execution_count"
                else {"p": [key], "od": None}
            )
    return op
