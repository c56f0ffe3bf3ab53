"""Which notebook a document belongs to, and at which path a notebook is."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from derby_notebook.documents import Documents
from sharedb_py.backend import Backend
from sharedb_py.ops import Op

__all__ = ["OF_NOTEBOOK", "Places"]

OF_NOTEBOOK: Final = frozenset({"cells", "messages", "userNotebooks", "widgets"})
"""The collections whose documents name their notebook."""
MAX_REMEMBERED: Final = 10_000


class Places:
    """Looks documents up when they are asked about, and remembers where notebooks are."""

    def __init__(self, backend: Backend, documents: Documents) -> None:
        self._backend = backend
        self._documents = documents
        self._paths: OrderedDict[str, str] = OrderedDict()

    def follow(self, op: Op) -> None:
        """Learn from an op that was committed: a notebook's file may have been renamed."""
        if op["c"] != "notebooks":
            return
        touched = [part["p"][:1] for part in op.get("op") or ()]
        if "op" not in op or ["name"] in touched or [] in touched:
            self._paths.pop(op["d"], None)

    async def data_of(self, collection: str, doc_id: str) -> dict[str, Any] | None:
        """Return what a document holds, or held before it was deleted; None for none."""
        snapshot = await self._documents.get(collection, doc_id)
        if not snapshot.exists and snapshot.version > 0:
            before = snapshot.version - 1
            snapshot = await self._backend.history.at_version(collection, doc_id, before)
        return snapshot.data if isinstance(snapshot.data, dict) else None

    async def notebook_of(self, collection: str, doc_id: str) -> str | None:
        """Return the notebook that a document belongs to, or did before it was deleted."""
        if collection == "notebooks":
            return doc_id
        found = (await self.data_of(collection, doc_id) or {}).get("_notebook")
        return found if isinstance(found, str) else None

    async def path_of(self, notebook_id: str) -> str | None:
        """Return where a notebook's file is, or was last; None for one that never was."""
        known = self._paths.get(notebook_id)
        if known is not None:
            return known
        name = (await self.data_of("notebooks", notebook_id) or {}).get("name")
        if not isinstance(name, str):
            return None
        self._paths[notebook_id] = name
        while len(self._paths) > MAX_REMEMBERED:
            self._paths.popitem(last=False)
        return name
