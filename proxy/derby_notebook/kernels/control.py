"""What people ask of the kernels of all notebooks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias

from derby_notebook.documents import Documents
from derby_notebook.files.docs import in_order
from derby_notebook.jupyter.api import JupyterAPI
from derby_notebook.kernels.relay import KernelRelay, Notebook
from sharedb_py.snapshot import Snapshot

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


def language_op(
    metadata: dict[str, Any], kernel: dict[str, Any], language: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the op that says in a notebook's metadata what it is written in. Pure.

    The kernel that somebody chose for it stays, if it is not the one that runs.
    """
    op: list[dict[str, Any]] = []
    path = ["contents", "metadata"]
    if language and metadata.get("language_info") != language:
        op.append({"p": [*path, "language_info"], "oi": language})
    if not metadata.get("kernelspec") and kernel.get("name"):
        spec = {key: kernel[key] for key in ("name", "display_name") if key in kernel}
        op.append(
            {"p": [*path, "kernelspec"], "oi": {**spec, "language": language.get("name", "")}}
        )
    return op


def _run_of(cell: Snapshot) -> dict[str, Any]:
    return cell.data.get("_run") or {}


class Kernels:
    """One relay for each notebook that has, or had, a kernel."""

    def __init__(self, documents: Documents, api: JupyterAPI, state: Path | None = None) -> None:
        self._documents = documents
        self._api = api
        self._state = state / "kernels" if state else None
        self._relays: dict[str, KernelRelay] = {}
        self.changed: Callable[[str], None] = lambda notebook_id: None
        """Told of a notebook whose metadata changed, and with it what its file is to hold."""

    async def left_behind(self) -> set[str]:
        """Return the notebooks with a kernel that an earlier process may have left."""
        found = await self._documents.find("kernelRelays", {"kernel.id": {"$exists": True}})
        return {snapshot.id for snapshot in found}

    async def take_up(
        self,
        notebook_id: str,
        cells: list[Snapshot],
        asked_by: Callable[[Snapshot], Awaitable[str | None]],
    ) -> None:
        """Take up the kernel and the runs of an earlier process, cells being as they are now.

        ``asked_by`` tells who wants a run that no process has taken notice of yet.
        """
        state = await self._documents.get("kernelRelays", notebook_id)
        if state.exists and state.data.get("kernel"):
            await self.relay(notebook_id).take_up()
        queued = [cell for cell in cells if cell.data.get("_state") == "queued"]
        queued.sort(key=lambda cell: (_run_of(cell).get("asked") or 0, cell.data.get("_weight")))
        for cell in queued:
            record = _run_of(cell)
            await self.relay(notebook_id).put([cell.id], record.get("user"), record.get("asked"))
        for cell in sorted(cells, key=lambda cell: cell.data.get("_weight") or 0):
            if cell.data.get("_state") == "run":
                await self.run(cell.id, await asked_by(cell))
        for cell in cells:
            if cell.data.get("_state") == "busy":
                relay = self._relays.get(notebook_id)
                if relay is None or not relay.runs(cell.id):
                    await self._documents.set("cells", cell.id, _state="error")

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

            async def described(info: dict[str, Any]) -> None:
                await self._note_language(notebook_id, info)

            relay = KernelRelay(
                *(notebook_id, self._documents, self._api, describe, self._state),
                described=described,
            )
            self._relays[notebook_id] = relay
        return relay

    async def _note_language(self, notebook_id: str, info: dict[str, Any]) -> None:
        """Note in the notebook's metadata what ran it, as Jupyter's own page does."""
        snapshot = await self._documents.get("notebooks", notebook_id)
        contents = snapshot.data.get("contents") if snapshot.exists else None
        if not isinstance(contents, dict):
            return
        kernel = (snapshot.data.get("session") or {}).get("kernel") or {}
        language = info.get("language_info") or {}
        op = language_op(contents.get("metadata") or {}, kernel, language)
        if op:
            await self._documents.edit("notebooks", notebook_id, op)
            self.changed(notebook_id)

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

    async def notebook_of(self, kernel_id: str) -> str | None:
        """Return which notebook a kernel is of; None for one that somebody else started."""
        found = await self._documents.find("kernelRelays", {"kernel.id": kernel_id})
        return found[0].id if found else None

    def is_idle(self, notebook_id: str) -> bool:
        """Whether a notebook has neither a kernel nor anything that is to run."""
        relay = self._relays.get(notebook_id)
        return relay is None or relay.is_idle

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

    def forget(self, notebook_id: str) -> Awaitable[None]:
        """Let go of a notebook at once, writing nothing; what is returned ends with its relay."""
        relay = self._relays.pop(notebook_id, None)
        return _nothing() if relay is None else relay.close(write=False)


async def _nothing() -> None:
    pass
