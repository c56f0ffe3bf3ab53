"""What people ask of the kernels of all notebooks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Literal, TypeAlias

from derby_notebook.documents import Documents
from derby_notebook.files.docs import in_order
from derby_notebook.jupyter.api import JupyterAPI
from derby_notebook.kernels.relay import KernelRelay, Notebook

__all__ = ["Kernels", "Which", "chosen"]

Which: TypeAlias = Literal["all", "above", "below"]


def chosen(cells: list[tuple[str, dict[str, Any]]], which: Which, cell: str | None) -> list[str]:
    """Return the code cells that are to run: all, those above a cell, or it and those below."""
    ids = [cell_id for cell_id, _ in cells]
    if which != "all" and cell not in ids:
        raise KeyError(cell)
    start = ids.index(cell) if which == "below" and cell else 0
    end = ids.index(cell) if which == "above" and cell else len(ids)
    return [cell_id for cell_id, data in cells[start:end] if data.get("cell_type") == "code"]


class Kernels:
    """One relay for each notebook that has, or had, a kernel."""

    def __init__(self, documents: Documents, api: JupyterAPI, state: Path | None = None) -> None:
        self._documents = documents
        self._api = api
        self._state = state / "kernels" if state else None
        self._relays: dict[str, KernelRelay] = {}

    async def start(self) -> None:
        """Take up the kernels and runs of an earlier process."""
        for snapshot in await self._documents.find("kernelRelays", {}):
            if snapshot.data.get("kernel"):
                await self.relay(snapshot.id).take_up()
        waiting = await self._documents.find("cells", {"_state": {"$in": ["run", "queued"]}})
        records = [(snapshot, snapshot.data.get("_run") or {}) for snapshot in waiting]
        records.sort(key=lambda found: (found[1].get("asked") or 0, found[0].data.get("_weight")))
        for snapshot, record in records:
            relay = self.relay(str(snapshot.data.get("_notebook")))
            await relay.put([snapshot.id], record.get("user"), record.get("asked"))
        await self._end_what_nobody_runs()

    async def _end_what_nobody_runs(self) -> None:
        for snapshot in await self._documents.find("cells", {"_state": "busy"}):
            relay = self._relays.get(str(snapshot.data.get("_notebook")))
            if relay is None or not relay.runs(snapshot.id):
                await self._documents.set("cells", snapshot.id, _state="error")

    async def close(self) -> None:
        """Let all kernels go on without us."""
        await asyncio.gather(*(relay.close() for relay in self._relays.values()))

    def relay(self, notebook_id: str) -> KernelRelay:
        """Return the relay of a notebook."""
        relay = self._relays.get(notebook_id)
        if relay is None:

            async def describe() -> Notebook:
                snapshot = await self._documents.get("notebooks", notebook_id)
                metadata = (snapshot.data.get("contents") or {}).get("metadata") or {}
                kernel = (metadata.get("kernelspec") or {}).get("name")
                return Notebook(snapshot.data["name"], kernel)

            relay = KernelRelay(notebook_id, self._documents, self._api, describe, self._state)
            self._relays[notebook_id] = relay
        return relay

    async def run(self, cell_id: str, user: str | None) -> None:
        """Queue a cell; what is no code needs no running."""
        cell = await self._documents.get("cells", cell_id)
        if not cell.exists:
            return
        if cell.data.get("cell_type") != "code":
            await self._documents.set("cells", cell_id, _state="idle")
            return
        await self.relay(str(cell.data.get("_notebook"))).put([cell_id], user)

    async def run_many(
        self, notebook_id: str, user: str | None, which: Which, cell: str | None = None
    ) -> list[str]:
        """Queue the cells as they stand now; raises ``KeyError`` for a cell that is not there."""
        found = await self._documents.find("cells", {"_notebook": notebook_id})
        cells = chosen(in_order({doc.id: doc.data for doc in found}), which, cell)
        await self.relay(notebook_id).put(cells, user)
        return cells

    async def names(self) -> dict[str, str]:
        """Return the installed kernels' display names by name; the default one as ``""``."""
        return await self._api.kernel_names()

    async def act(self, kernel_id: str, action: str) -> None:
        """``interrupt`` or ``restart`` a kernel; one of ours by its notebook's relay."""
        for relay in self._relays.values():
            if relay.kernel_id == kernel_id:
                await (relay.interrupt() if action == "interrupt" else relay.restart())
                return
        await self._api.kernel_action(kernel_id, action)

    async def clear(self, notebook_id: str, cell: str | None = None) -> list[str]:
        """Take away what a cell, or every cell, shows; return which."""
        found = await self._documents.find("cells", {"_notebook": notebook_id})
        cleared = []
        for snapshot in found:
            if cell is not None and snapshot.id != cell:
                continue
            self.relay(notebook_id).cleared(snapshot.id)
            if snapshot.data.get("outputs") or snapshot.data.get("execution_count") is not None:
                fields: dict[str, Any] = {"outputs": [], "execution_count": None}
                await self._documents.set("cells", snapshot.id, **fields)
                cleared.append(snapshot.id)
        return cleared

    async def forget(self, notebook_id: str) -> None:
        """Let go of a notebook that is no more."""
        relay = self._relays.pop(notebook_id, None)
        if relay is not None:
            await relay.close()
