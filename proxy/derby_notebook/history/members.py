"""Which cells a notebook has and has had, told by the ops that created them."""

from __future__ import annotations

from typing import Any, Final

from sharedb_py.archive import Archive
from sharedb_py.errors import DatabaseError
from sharedb_py.ops import Op

__all__ = ["Members"]

MANY: Final = 500
"""How many documents are asked for at a time."""


class Members:
    """Knows the notebook of every cell, deleted ones included.

    A document that is known is not read again.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._notebook_of: dict[str, str | None] = {}

    def note(self, cell_id: str, notebook_id: Any) -> None:
        """Take in a cell that was just created."""
        if isinstance(notebook_id, str):
            self._notebook_of[cell_id] = notebook_id

    def notebook_of(self, cell_id: str) -> str | None:
        """Return the notebook of a cell, as far as it is known."""
        return self._notebook_of.get(cell_id)

    async def of(self, notebook_id: str) -> list[str]:
        """Return the ids of all cells that were ever in a notebook, in order."""
        await self._read_all()
        return sorted(cell for cell, other in self._notebook_of.items() if other == notebook_id)

    async def _read_all(self) -> None:
        waiting: list[str] = []
        async for cell_id in self._archive.db.doc_ids("cells"):
            if cell_id not in self._notebook_of:
                waiting.append(cell_id)
            if len(waiting) == MANY:
                await self._read(waiting)
                waiting = []
        await self._read(waiting)

    async def _read(self, ids: list[str]) -> None:
        if not ids:
            return
        try:
            found = await self._archive.db.get_ops_bulk("cells", dict.fromkeys(ids, (0, 1)))
        except DatabaseError:
            found = {}  # the first op of one of them was dropped
        for cell_id in ids:
            ops = found.get(cell_id)
            notebook = _created_in(ops[0]) if ops else await self._read_older(cell_id)
            self._notebook_of.setdefault(cell_id, notebook)

    async def _read_older(self, cell_id: str) -> str | None:
        """A cell whose first ops are not kept: the oldest state that there is tells."""
        archive = self._archive
        snapshot = await archive.db.get_snapshot("cells", cell_id)
        async for milestone in archive.milestones.newest_first("cells", cell_id):
            if milestone.exists:
                snapshot = milestone
        return _notebook_in(snapshot.data) if snapshot.exists else None


def _created_in(op: Op) -> str | None:
    create = op.get("create")
    return _notebook_in(create.get("data")) if isinstance(create, dict) else None


def _notebook_in(data: Any) -> str | None:
    notebook = data.get("_notebook") if isinstance(data, dict) else None
    return notebook if isinstance(notebook, str) else None
