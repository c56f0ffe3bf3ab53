"""The histories of all notebooks: the timelines that are in use, kept up with the documents."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from derby_notebook.history.line import NotebookLine
from derby_notebook.history.members import Members
from derby_notebook.history.states import States
from derby_notebook.hooks import Change, Hooks
from sharedb_py.archive import Archive
from sharedb_py.backend import Backend

__all__ = ["Library"]

MOST_LINES: Final = 32


class Library:
    """Hands out timelines; hooks tell it what happens in the meantime."""

    def __init__(self, backend: Backend, hooks: Hooks) -> None:
        self.archive = Archive(backend.db, backend.milestones)
        self.states = States(self.archive)
        self.members = Members(self.archive)
        self._lines: OrderedDict[str, NotebookLine] = OrderedDict()
        hooks.on("create", "cells.*")(self._created)
        for collection in ("cells", "notebooks"):
            hooks.on("create", f"{collection}.*")(self._changed)
            hooks.on("delete", f"{collection}.*")(self._changed)
            hooks.on("change", f"{collection}.**")(self._changed)

    def _created(self, change: Change) -> None:
        data = change.op["create"].get("data")
        if isinstance(data, dict):
            self.members.note(change.doc_id, data.get("_notebook"))

    def _changed(self, change: Change) -> None:
        if change.collection == "notebooks":
            notebook: str | None = change.doc_id
        else:
            notebook = self.members.notebook_of(change.doc_id)
        if notebook is None:
            return
        line = self._lines.get(notebook)
        if line is not None:
            line.touch((change.collection, change.doc_id))

    async def line(self, notebook_id: str) -> NotebookLine:
        """Return a notebook's timeline with all that has happened.

        Raises ``ShareDBError`` where the log is damaged.
        """
        line = self._lines.get(notebook_id)
        if line is None:
            line = self._lines[notebook_id] = NotebookLine(notebook_id, self.archive, self.members)
        self._lines.move_to_end(notebook_id)
        while len(self._lines) > MOST_LINES:
            self._lines.popitem(last=False)
        await line.refresh()
        return line
