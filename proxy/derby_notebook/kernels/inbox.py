"""What came over the line to a kernel and is not yet in the documents, in order."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from derby_notebook.kernels.journal import Journal
from derby_notebook.kernels.messages import KernelMessage

__all__ = ["Inbox"]

MOST_BYTES: Final = 64_000_000
"""What may wait to be dealt with; whoever reads the line waits then, and Jupyter keeps the rest."""


class Inbox:
    """Takes each frame as soon as it is read, for whoever deals with it in time.

    A frame is in the journal before anything else is done with it.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._waiting: deque[tuple[bytes, KernelMessage | None]] = deque()
        self._bytes = 0
        self._marked = 0
        self._some, self._none, self._room = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._none.set()
        self._room.set()
        self.came = 0
        """How many frames have come."""
        self.settled = 0
        """Of how many the outcome is in the documents."""
        self.last = ""
        """The id of the last message that came, here or to an earlier process."""

    async def put(self, frame: bytes, message: KernelMessage | None) -> None:
        """Take a frame, and its message if it is one; waits while too much is here."""
        self._journal.add(frame)
        self.came += 1
        if message is not None:
            self.last = message.id
        self._waiting.append((frame, message))
        self._bytes += len(frame)
        self._note()
        await self._room.wait()

    async def first(self) -> tuple[bytes, KernelMessage | None]:
        """Return the first of them, once there is one; it stays until it is :meth:`done`."""
        await self._some.wait()
        return self._waiting[0]

    def done(self) -> None:
        """The first is dealt with, but for the writing."""
        frame, _ = self._waiting.popleft()
        self._bytes -= len(frame)
        self._note()

    def clear(self) -> None:
        """Drop what nobody will deal with: the kernel that said it is left."""
        self._waiting.clear()
        self._bytes = 0
        self._note()

    async def empty(self) -> None:
        """Return once all is dealt with."""
        await self._none.wait()

    def _note(self) -> None:
        for event, holds in (
            (self._some, bool(self._waiting)),
            (self._none, not self._waiting),
            (self._room, self._bytes <= MOST_BYTES),
        ):
            event.set() if holds else event.clear()

    def mark(self) -> None:
        """Note that the outcome of all that is dealt with is about to be written."""
        self._marked = self.came - len(self._waiting)
        self._journal.mark(frame for frame, _ in self._waiting)

    def settle(self) -> None:
        """The outcome of what was dealt with before the mark is written."""
        self.settled = self._marked
        self._journal.settle()
