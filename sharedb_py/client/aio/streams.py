"""From callbacks to awaitables: futures for answers, iterators for changes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from sharedb_py.client.changes import Done, Listeners
from sharedb_py.errors import ShareDBError

__all__ = ["Stream", "answer"]

T = TypeVar("T")

MAX_WAITING: Final = 10_000


def answer(ask: Callable[[Done], object]) -> asyncio.Future[None]:
    """Ask now, and return a future of the answer; raises at once what ``ask`` raises."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def done(error: ShareDBError | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    ask(done)
    return future


class Stream(Generic[T]):
    """Changes from now on, in order; ends with the connection, or by :meth:`close`.

    A reader that falls more than 10 000 changes behind gets a ``ShareDBError``
    instead of the rest.
    """

    def __init__(self, listeners: Listeners[T], closed: asyncio.Event) -> None:
        self._waiting: deque[T] = deque()
        self._wake = asyncio.Event()
        self._closed = closed
        self._ended = False
        self._overrun = False
        self._remove = listeners.add(self._put)

    def _put(self, change: T) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self._overrun = True
            self.close()
            return
        self._waiting.append(change)
        self._wake.set()

    def close(self) -> None:
        """End the stream; what waits is still delivered."""
        self._remove()
        self._ended = True
        self._wake.set()

    def __aiter__(self) -> Stream[T]:
        return self

    async def __anext__(self) -> T:
        while not self._waiting:
            if self._overrun:
                raise ShareDBError("The reader of changes fell too far behind")
            if self._ended or self._closed.is_set():
                self._remove()
                raise StopAsyncIteration
            self._wake.clear()
            await self._change_or_end()
        return self._waiting.popleft()

    async def _change_or_end(self) -> None:
        tasks = [asyncio.ensure_future(event.wait()) for event in (self._wake, self._closed)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
