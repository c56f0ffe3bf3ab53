"""Brings cells and notebooks back, as ops by the person who asks for it; and takes that back."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from derby_notebook.documents import Documents
from derby_notebook.history.library import Library
from derby_notebook.history.line import NotebookLine
from derby_notebook.history.restoring import Plan, Step, plan_cell, plan_notebook, undoing
from sharedb_py.backend import Backend
from sharedb_py.errors import ShareDBError
from sharedb_py.ops import Op
from sharedb_py.replay.timeline import DocKey
from sharedb_py.snapshot import Snapshot

__all__ = ["Restored", "Restorer", "TooLate"]

REMEMBERED: Final = 200


class TooLate(Exception):
    """What a restoration did is not known any more."""


@dataclass(frozen=True)
class Restored:
    """How many documents changed, what was left as it is, and what to name to undo it."""

    documents: int
    notes: list[str]
    token: str


@dataclass(frozen=True)
class _Undo:
    notebook: str
    user: str
    steps: list[Step]


class Restorer:
    """Nothing is rewritten: old states come back by new ops, and others' ops stay."""

    def __init__(self, backend: Backend, library: Library) -> None:
        self._backend = backend
        self._library = library
        self._undos: OrderedDict[str, _Undo] = OrderedDict()

    async def restore(
        self, line: NotebookLine, position: int, user: str, cell: str | None = None
    ) -> Restored:
        """Bring a cell, or the whole notebook, back to what it was at a position.

        Raises ``ShareDBError`` where there is nothing to bring back.
        """
        if cell is None:
            plan, now = await self._plan_notebook(line, position)
        else:
            plan, now = await self._plan_cell(line, position, cell)
        committed, refused = await self._submit(plan.steps, user)
        undo = [undoing(step.key, op, now[step.key]) for step, op in committed]
        token = self._remember(
            _Undo(line.notebook_key[1], user, [step for step in reversed(undo) if step])
        )
        return Restored(len(committed), plan.notes + refused, token)

    async def undo(self, notebook_id: str, user: str, token: str) -> Restored:
        """Take back what a restoration did, and nothing else; raises ``TooLate``."""
        undo = self._undos.get(token)
        if undo is None or (undo.notebook, undo.user) != (notebook_id, user):
            raise TooLate
        del self._undos[token]
        committed, refused = await self._submit(undo.steps, user)
        return Restored(len(committed), refused, "")

    def _remember(self, undo: _Undo) -> str:
        token = secrets.token_urlsafe(12)
        self._undos[token] = undo
        while len(self._undos) > REMEMBERED:
            self._undos.popitem(last=False)
        return token

    async def _plan_cell(
        self, line: NotebookLine, position: int, cell: str
    ) -> tuple[Plan, dict[DocKey, Snapshot]]:
        key: DocKey = ("cells", cell)
        versions = line.timeline.versions_at(position)
        if not versions.get(key):
            raise ShareDBError("There was no such cell at this moment")
        then = (await self._library.states.at({key: versions[key]}))[key]
        if not then.exists:
            raise ShareDBError("There was no such cell at this moment")
        now = await self._backend.db.get_snapshot(*key)
        return plan_cell(key, now, then), {key: now}

    async def _plan_notebook(
        self, line: NotebookLine, position: int
    ) -> tuple[Plan, dict[DocKey, Snapshot]]:
        db, notebook = self._backend.db, line.notebook_key
        versions = {k: v for k, v in line.timeline.versions_at(position).items() if v}
        if notebook not in versions:
            raise ShareDBError("There was no notebook at this moment")
        then = await self._library.states.at(versions)
        # A cell that was made this moment may not be on the line yet.
        found = await db.query("cells", {"_notebook": notebook[1]})
        ids = {key[1] for key in line.timeline.keys if key[0] == "cells"}
        ids |= {snapshot.id for snapshot in found.snapshots}
        now: dict[DocKey, Snapshot] = {
            ("cells", cell): snapshot
            for cell, snapshot in (await db.get_snapshots("cells", sorted(ids))).items()
        }
        here = await db.get_snapshot(*notebook)
        cells = {
            key: (snapshot, then.get(key, Snapshot(key[1], 0))) for key, snapshot in now.items()
        }
        plan = plan_notebook((here, then[notebook]), cells)
        return plan, {**now, notebook: here}

    async def _submit(
        self, steps: list[Step], user: str
    ) -> tuple[list[tuple[Step, Op]], list[str]]:
        """Commit steps at once; return those that went through, and what did not, in words."""
        documents = Documents(self._backend, "history", user)

        async def one(step: Step) -> Op:
            payload = {"v": step.version, **step.payload}
            return await documents.submit(*step.key, payload)

        outcomes: list[Any] = await asyncio.gather(
            *(one(step) for step in steps), return_exceptions=True
        )
        committed, refused = [], []
        for step, outcome in zip(steps, outcomes, strict=True):
            if isinstance(outcome, ShareDBError):
                refused.append(f"A cell was changed meanwhile: {outcome.message}")
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                committed.append((step, outcome))
        return committed, refused
