"""Group commit: what documents have ready is written together, one batch at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, TypeAlias

from sharedb_py.db.base import DB, DocCommit

__all__ = ["Committed", "GroupCommitter"]

log = logging.getLogger(__name__)

MAX_BATCH: Final = 200

Committed: TypeAlias = Callable[[bool | Exception], None]
"""Told whether an entry was committed, or why that is not known."""


class GroupCommitter:
    """Commits the documents that wait, all in one batch, one batch at a time."""

    def __init__(self, db: DB) -> None:
        self._db = db
        self._waiting: list[tuple[DocCommit, Committed]] = []
        self._task: asyncio.Task[None] | None = None

    def put(self, entry: DocCommit, committed: Committed) -> None:
        """Have an entry committed with all that are handed in meanwhile."""
        self._waiting.append((entry, committed))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())

    async def commit(self, entry: DocCommit) -> bool:
        """Return whether the entry was committed; raises what the database raises."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def committed(outcome: bool | Exception) -> None:
            if future.done():
                return
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        self.put(entry, committed)
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            try:
                outcomes = await self._db.commit([entry for entry, _ in batch])
            except Exception:
                # One document may have failed all: each gets an outcome of its own.
                await asyncio.gather(*(self._commit_alone(*one) for one in batch))
                continue
            for (_, committed), outcome in zip(batch, outcomes, strict=True):
                _tell(committed, outcome)

    async def _commit_alone(self, entry: DocCommit, committed: Committed) -> None:
        # Had the failed batch stored it after all, this loses the race against itself, and
        # the op is found to be committed when it is decided again.
        try:
            [outcome] = await self._db.commit([entry])
        except Exception as error:
            _tell(committed, error)
        else:
            _tell(committed, outcome)

    async def close(self) -> None:
        """Wait until all that was handed in is decided."""
        if self._task is not None:
            await self._task


def _tell(committed: Committed, outcome: bool | Exception) -> None:
    try:
        committed(outcome)
    except Exception:  # the others of the batch must hear too
        log.exception("What became of a commit could not be told")
