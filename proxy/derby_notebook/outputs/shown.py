"""What cells showed: a copy of one may have its outputs, made by nobody but the service."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from typing import Any, Final

from derby_notebook.documents import Documents

__all__ = ["ShownCells"]

REMEMBERED: Final = 1000
"""Of how many removed cells what they showed is known, in all notebooks."""


class ShownCells:
    """Tells whether the outputs that somebody brings are those of a cell of the notebook."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._removed: deque[str] = deque(maxlen=REMEMBERED)

    def remember(self, removed: dict[str, Any]) -> None:
        """Keep what a removed cell showed, so that it may be brought back."""
        if removed.get("outputs") or removed.get("execution_count") is not None:
            self._removed.append(_digest(removed))

    async def has(self, cell: dict[str, Any]) -> bool:
        """Whether a cell of its notebook, there or removed not long ago, shows the same."""
        # A copy may be trusted less than what it was made of, never more.
        wanted = {_digest(cell)}
        if not cell.get("_trusted"):
            wanted.add(_digest({**cell, "_trusted": True}))
        if not wanted.isdisjoint(self._removed):
            return True
        found = await self._documents.find("cells", {"_notebook": cell.get("_notebook")})
        return any(_digest(other.data) in wanted for other in found)


def _digest(cell: dict[str, Any]) -> str:
    kept = [cell.get("_notebook"), cell.get("outputs") or [], cell.get("execution_count")]
    kept.append(bool(cell.get("outputs") and cell.get("_trusted")))
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
