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

    async def start(self) -> None:
        """Clear what an earlier process left: its connections are gone."""
        for snapshot in await self._documents.find("cells", {"_editors": {"$exists": True}}):
            if snapshot.data.get("_editors"):
                await self._documents.set("cells", snapshot.id, _editors={})

    def opened(self, notebook_id: str) -> Callable[[], None]:
        """Note that a connection has a notebook open; the result notes that it has no more."""
        self._open[notebook_id] += 1

        def closed() -> None:
            self._open[notebook_id] -= 1

        return closed

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
            try:
                op = [{"p": ["_editors", user], "od": 1}]
                await self._documents.edit("cells", cell_id, op)
            except ShareDBError as error:
                log.info("Cell %s is gone: %s", cell_id, error.message)
