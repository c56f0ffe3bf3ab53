"""One live notebook as the tests read and drive it, past the browser."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from derby_notebook.files.docs import in_order
from derby_notebook.service import NotebookService
from sharedb_py.inprocess import connect

__all__ = ["Live", "eventually"]

STEP = 0.02


async def eventually(holds: Callable[[], Awaitable[Any]], what: str = "", steps: int = 4000) -> Any:
    """Return the first truthy answer; raises after many questions."""
    for _ in range(steps):
        found = await holds()
        if found:
            return found
        await asyncio.sleep(STEP)
    raise AssertionError(f"it never came true: {what or holds}")


class Live:
    """A notebook that is open."""

    def __init__(self, service: NotebookService, notebook_id: str) -> None:
        self.service = service
        self.id = notebook_id

    @classmethod
    async def open(cls, service: NotebookService, root: Path, path: Path) -> Live:
        return cls(service, await service.open(str(path.relative_to(root))))

    async def notebook(self) -> dict[str, Any]:
        return dict((await self.service.documents.get("notebooks", self.id)).data)

    async def cells(self) -> list[tuple[str, dict[str, Any]]]:
        found = await self.service.documents.find("cells", {"_notebook": self.id})
        return in_order({doc.id: doc.data for doc in found})

    async def ids(self) -> list[str]:
        return [cell_id for cell_id, _ in await self.cells()]

    async def cell(self, at: int) -> dict[str, Any]:
        return (await self.cells())[at][1]

    async def run(self, at: int, user: str = "ann") -> None:
        """Ask for a run as a client does: by the cell's state."""
        cell_id = (await self.ids())[at]
        async with connect(self.service.backend, custom={"user": {"username": user}}) as client:
            doc = client.doc("cells", cell_id)
            await doc.fetch()
            await doc.submit([{"p": ["_state"], "od": doc.data["_state"], "oi": "run"}])

    async def type(self, at: int, text: str, position: int = 0, user: str = "ann") -> None:
        cell_id = (await self.ids())[at]
        async with connect(self.service.backend, custom={"user": {"username": user}}) as client:
            doc = client.doc("cells", cell_id)
            await doc.fetch()
            await doc.submit([{"p": ["source", position], "si": text}])

    async def state(self, at: int, *wanted: str) -> dict[str, Any]:
        """Wait until a cell is in a state; return the cell."""

        async def reached() -> dict[str, Any] | None:
            cell = await self.cell(at)
            return cell if cell["_state"] in wanted else None

        found: dict[str, Any] = await eventually(reached, f"cell {at} is {wanted}")
        return found

    async def done(self, at: int, user: str = "ann") -> dict[str, Any]:
        """Run a cell to its end."""
        await self.run(at, user)
        return await self.ended(at)

    async def ended(self, at: int) -> dict[str, Any]:
        """Wait until a cell's run has ended; return the cell."""

        async def over() -> dict[str, Any] | None:
            cell = await self.cell(at)
            ran = cell["_state"] in ("idle", "error") and (cell.get("_run") or {}).get("ended")
            return cell if ran else None

        found: dict[str, Any] = await eventually(over, f"cell {at} has ended")
        return found

    async def shows(self, at: int, text: str) -> dict[str, Any]:
        """Wait until a cell's output has a text; return the cell."""

        async def shown() -> dict[str, Any] | None:
            cell = await self.cell(at)
            return cell if text in said(cell) else None

        found: dict[str, Any] = await eventually(shown, f"cell {at} shows {text!r}")
        return found

    async def kernel(self, *wanted: str) -> dict[str, Any]:
        """Wait until the notebook says that its kernel is so; return what it says."""

        async def reached() -> dict[str, Any] | None:
            kernel = (await self.notebook())["session"]["kernel"]
            return kernel if kernel["status"] in wanted else None

        found: dict[str, Any] = await eventually(reached, f"the kernel is {wanted}")
        return found

    async def saved(self, *states: str) -> dict[str, Any]:
        """Wait until the notebook says how its file is; return what it says."""

        async def reached() -> dict[str, Any] | None:
            save = (await self.notebook())["_save"]
            return save if save["state"] in (states or ("saved",)) else None

        found: dict[str, Any] = await eventually(reached, f"the file is {states}")
        return found


def said(cell: dict[str, Any]) -> str:
    """Return all text that a cell's outputs show."""
    parts = []
    for output in cell["outputs"]:
        parts.append(output.get("text") or output.get("data", {}).get("text/plain") or "")
        parts += output.get("traceback") or []
    return "".join(parts)
