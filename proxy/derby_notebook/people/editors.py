"""Who has which cell open, and who has which notebook open: gone when their connection is."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

from derby_notebook.documents import Documents
from sharedb_py.errors import ShareDBError

__all__ = ["Editors"]

log = logging.getLogger(__name__)


class Editors:
    """Counts connections; a user's name leaves a cell with the last of theirs that put it there."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._cells: dict[Any, set[tuple[str, str]]] = {}
        self._open: Counter[str] = Counter()

    async def clear(self) -> None:
        """Clear what an ended process left; others that hear of it put theirs back."""
        somebody = {"_editors": {"$exists": True, "$ne": {}}}
        for snapshot in await self._documents.find("cells", somebody):
            here = dict.fromkeys(self._in(snapshot.id), 1)
            if snapshot.data.get("_editors", here) != here:
                await self._documents.set("cells", snapshot.id, _editors=here)

    async def stay(self, cell_id: str, op: list[dict[str, Any]]) -> None:
        """Put back whom another process took out of a cell, not knowing that they are here."""
        paths = [component["p"] for component in op]
        for user in self._in(cell_id):
            if ["_editors"] in paths or ["_editors", user] in paths:
                await self._edit(cell_id, [{"p": ["_editors", user], "oi": 1}])

    def _in(self, cell_id: str) -> set[str]:
        entries = set().union(*self._cells.values())
        return {user for cell, user in entries if cell == cell_id}

    def opened(self, notebook_id: str) -> Callable[[], None]:
        """Note that a connection has a notebook open; the result notes that it has no more."""
        self._open[notebook_id] += 1

        def closed() -> None:
            self._open[notebook_id] -= 1

        return closed

    @property
    def open(self) -> list[str]:
        """The notebooks that somebody has open in this process."""
        return [notebook_id for notebook_id, count in self._open.items() if count > 0]

    def has_open(self, notebook_id: str) -> bool:
        """Whether anybody has a notebook open."""
        return self._open[notebook_id] > 0

    def entered(self, agent: Any, cell_id: str, user: str) -> bool:
        """Note that a connection put its user into a cell; True the first time it does anywhere."""
        first = agent not in self._cells
        self._cells.setdefault(agent, set()).add((cell_id, user))
        return first

    def left(self, agent: Any, cell_id: str, user: str) -> None:
        """Note that it took its user out again."""
        self._cells.get(agent, set()).discard((cell_id, user))

    async def gone(self, agent: Any) -> None:
        """A connection ended: take its user out of the cells where no other one of theirs is."""
        for cell_id, user in self._cells.pop(agent, set()):
            if any((cell_id, user) in entries for entries in self._cells.values()):
                continue
            await self._edit(cell_id, [{"p": ["_editors", user], "od": 1}])

    async def _edit(self, cell_id: str, op: list[dict[str, Any]]) -> None:
        try:
            await self._documents.edit("cells", cell_id, op)
        except ShareDBError as error:
            log.info("Cell %s is gone: %s", cell_id, error.message)
