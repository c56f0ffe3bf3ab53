"""Runs that people ask for by a cell's state: who, and each once, on any number of processes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from sharedb_py.db.base import DB
from sharedb_py.ops import Op
from sharedb_py.snapshot import Snapshot

__all__ = ["AskedRuns", "asks_for_run"]

log = logging.getLogger(__name__)

LOOKED_BACK: Final = 50
"""How many versions back the op is looked for that asked for a run."""


def asks_for_run(op: Op) -> bool:
    """Whether a cell's op sets its state to ``run``, or makes it so. Pure."""
    create = op.get("create")
    if isinstance(create, dict) and isinstance(create.get("data"), dict):
        return bool(create["data"].get("_state") == "run")
    components = op.get("op")
    return any(
        component.get("p") == ["_state"] and component.get("oi") == "run"
        for component in (components if isinstance(components, list) else ())
    )


class AskedRuns:
    """Hands cells to ``run``, with who asked, in the order in which they were asked for.

    ``is_ours`` says whether a cell's notebook is this process's.
    """

    def __init__(
        self,
        db: DB,
        run: Callable[[str, str | None], Awaitable[None]],
        is_ours: Callable[[str], bool],
    ) -> None:
        self.runners: dict[str, str] = {}
        """Who asked for a cell's run last in this process, by the cell's id."""
        self._db = db
        self._run = run
        self._is_ours = is_ours
        self._asked: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
        self._seen: dict[str, int] = {}

    def taken_up(self, cells: Iterable[Snapshot]) -> None:
        """Note the cells of a notebook that becomes ours: earlier ops are dealt with by that."""
        for cell in cells:
            self._seen[cell.id] = cell.version

    def ask(self, cell_id: str, version: int) -> None:
        """Note an op of this version that asks for a run."""
        self._asked.put_nowait((cell_id, version))

    def forget(self, cell_id: str) -> None:
        """Note that a cell is gone, or that its runs are another process's."""
        self._seen.pop(cell_id, None)
        self.runners.pop(cell_id, None)

    async def work(self) -> None:
        """Go on handing over, without end."""
        while True:
            cell_id, version = await self._asked.get()
            user = self.runners.pop(cell_id, None)
            if not self._is_ours(cell_id) or version < self._seen.get(cell_id, 0):
                continue
            try:
                if user is None:
                    user = await self._asker(cell_id, version + 1)
                await self._run(cell_id, user)
            except Exception:
                log.exception("Cell %s could not be queued", cell_id)

    async def asked_by(self, cell: Snapshot) -> str | None:
        """Return who asked for the run of a cell that is to run, in whichever process."""
        return await self._asker(cell.id, cell.version)

    async def _asker(self, cell_id: str, before: int) -> str | None:
        start = max(0, before - LOOKED_BACK)
        ops = await self._db.get_ops("cells", cell_id, start, before, metadata=True)
        asked = [op for op in ops if asks_for_run(op)]
        return (asked[-1].get("m") or {}).get("user") if asked else None
