"""What is known of a notebook's file: its hash, and which versions of the documents it holds.

The op log has every version of every cell, so the file as it was last known can
be had again, to see what somebody else did to it since.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from derby_notebook.documents import Documents
from derby_notebook.files.docs import in_order, to_notebook
from sharedb_py.backend import Backend
from sharedb_py.snapshot import Snapshot

__all__ = ["KnownFile", "Versions"]


@dataclass(frozen=True)
class Versions:
    """Versions of a notebook's document and of its cells'."""

    notebook: int
    cells: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, notebook: Snapshot, cells: list[Snapshot]) -> Versions:
        """Return those that were just read."""
        return cls(notebook.version, {cell.id: cell.version for cell in cells})

    def changed_to(self, other: Versions) -> dict[str, int | None]:
        """Return what differs in another, None for a cell that it has not."""
        gone: dict[str, int | None] = {cell: None for cell in self.cells if cell not in other.cells}
        new = {c: v for c, v in other.cells.items() if self.cells.get(c) != v}
        return gone | new

    def changed_by(self, changes: dict[str, int | None], notebook: int) -> Versions:
        """Return these with changes made to them."""
        merged = {**self.cells, **changes}
        return Versions(notebook, {c: v for c, v in merged.items() if v is not None})


class KnownFile:
    """Reads and writes the record of one notebook's file, ``notebookFiles/<id>``."""

    def __init__(self, notebook_id: str, documents: Documents, backend: Backend) -> None:
        self._id = notebook_id
        self._documents = documents
        self._backend = backend

    async def record(self) -> tuple[str | None, Versions, Versions | None]:
        """Return the file's hash, what it holds, and what a save that did not end was to write."""
        snapshot = await self._documents.get("notebookFiles", self._id)
        if not snapshot.exists:
            return None, Versions(0), None
        data = snapshot.data
        versions = Versions(data["notebook"], dict(data["cells"]))
        intent = data.get("intent")
        if intent is None:
            return data["hash"], versions, None
        return data["hash"], versions, versions.changed_by(intent["cells"], intent["notebook"])

    async def note(self, file_hash: str | None, versions: Versions) -> None:
        """Note that the file has this hash, and holds these versions."""
        snapshot = await self._documents.get("notebookFiles", self._id)
        if not snapshot.exists:
            fields = {"hash": file_hash, "notebook": versions.notebook, "cells": versions.cells}
            await self._documents.create("notebookFiles", self._id, {**fields, "intent": None})
            return
        known = Versions(snapshot.data["notebook"], dict(snapshot.data["cells"]))
        op: list[dict[str, Any]] = [
            {"p": ["cells", cell], **({"od": None} if version is None else {"oi": version})}
            for cell, version in known.changed_to(versions).items()
        ]
        op += [
            {"p": ["hash"], "oi": file_hash},
            {"p": ["notebook"], "oi": versions.notebook},
            {"p": ["intent"], "oi": None},
        ]
        await self._documents.edit("notebookFiles", self._id, op)

    async def intend(self, versions: Versions) -> None:
        """Note, before a save, what it will write."""
        _, known, _ = await self.record()
        intent = {"cells": known.changed_to(versions), "notebook": versions.notebook}
        await self._documents.set("notebookFiles", self._id, intent=intent)

    async def contents(
        self, versions: Versions
    ) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
        """Return what a file of these versions held: its metadata, and its cells with their ids."""
        history = self._backend.history
        notebook = await history.at_version("notebooks", self._id, versions.notebook)
        docs = {}
        for cell_id, version in versions.cells.items():
            snapshot = await history.at_version("cells", cell_id, version)
            if snapshot.exists:
                docs[cell_id] = snapshot.data
        contents = (notebook.data or {}).get("contents") or {}
        cells = to_notebook(contents, docs)["cells"]
        ids = [cell_id for cell_id, _ in in_order(docs)]
        return contents.get("metadata") or {}, list(zip(ids, cells, strict=True))
