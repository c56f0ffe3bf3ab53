"""The order in which a notebook's cells run. Pure.

The kernel gets one cell at a time, so the queue is ours: a cell that fails
stops what its own user has waiting, and nobody else's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Asked", "RunQueue"]


@dataclass(frozen=True)
class Asked:
    """A wish to run a cell: whose, and when, in ms since the epoch."""

    cell: str
    user: str | None
    at: int


class RunQueue:
    """Who waits, and what runs."""

    def __init__(self) -> None:
        self.running: Asked | None = None
        self._waiting: deque[Asked] = deque()

    @property
    def order(self) -> list[str]:
        """The cells in the order they run, the one that runs first."""
        running = [self.running.cell] if self.running else []
        return [*running, *(asked.cell for asked in self._waiting)]

    def put(self, asked: Asked) -> bool:
        """Queue a cell; False if it waits already. One that runs may wait to run again."""
        if any(waiting.cell == asked.cell for waiting in self._waiting):
            return False
        self._waiting.append(asked)
        return True

    def next(self) -> Asked | None:
        """Return what runs now, which is nobody's turn if something runs already."""
        if self.running is None and self._waiting:
            self.running = self._waiting.popleft()
            return self.running
        return None

    def ended(self, *, failed: bool) -> list[Asked]:
        """Note that what ran has ended; return those of its user's that now do not run."""
        ran, self.running = self.running, None
        if ran is None or not failed:
            return []
        return self._drop(lambda asked: asked.user == ran.user)

    def cancel(self, cell: str | None = None) -> list[Asked]:
        """Take a cell, or all that wait, out of the queue; return what was taken out."""
        return self._drop(lambda asked: cell is None or asked.cell == cell)

    def _drop(self, choose: Callable[[Asked], bool]) -> list[Asked]:
        dropped = [asked for asked in self._waiting if choose(asked)]
        self._waiting = deque(asked for asked in self._waiting if not choose(asked))
        return dropped
