"""Which process looks after which notebook: runs its cells, and keeps its file.

A lease in the database says so. When a process is killed its leases stand still,
and the others take them over within seconds; one that stops leaves them to whoever
looks next. Each process has a lease for itself too, so that its death is noticed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from sharedb_py.errors import ShareDBError
from sharedb_py.leases import TIME_TO_LIVE, Leases, LeaseStore

__all__ = ["Owners"]

log = logging.getLogger(__name__)

PREFIX: Final = "notebook."
PROCESS: Final = "notebook-process."
LOOK_SECONDS: Final = TIME_TO_LIVE / 6


class Owners:
    """The notebooks of this process, and what is known of the others'.

    ``take_up`` begins to look after a notebook, whose work an earlier owner may
    have left in the middle; ``lost`` ends it where another process has begun.
    ``died`` is called, in one of the processes that are left, when one has ended.
    """

    def __init__(
        self,
        store: LeaseStore,
        take_up: Callable[[str], Awaitable[None]],
        lost: Callable[[str], Awaitable[None]],
        died: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._leases = Leases(store, self._lose)
        self._take_up = take_up
        self._lost = lost
        self._died = died
        self._ready: set[str] = set()
        self._taking: dict[str, asyncio.Task[bool]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def name(self) -> str:
        """This process's name among the owners."""
        return self._leases.owner

    @property
    def owned(self) -> frozenset[str]:
        """The notebooks that this process looks after."""
        return frozenset(self._ready)

    async def enter(self) -> bool:
        """Join the processes; return whether this one is the first, as far as is known."""
        first = not await self._store.read_all(PROCESS)
        await self._leases.take(PROCESS + self.name)
        return first

    def start(self) -> None:
        """Take over, from now on, what others leave."""
        self._spawn(self._watch())

    async def close(self) -> None:
        """Leave every notebook to another process."""
        for task in [*self._tasks, *self._taking.values()]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._taking.values(), return_exceptions=True)
        self._ready.clear()
        held = self._leases.held
        await asyncio.gather(*(self._leases.release(name, vacant=True) for name in held))
        await self._leases.close()

    def surely_owns(self, notebook_id: str) -> bool:
        """Whether a notebook is this process's, and cannot be anybody else's by now."""
        return notebook_id in self._ready and self._leases.holds(PREFIX + notebook_id)

    def owner_of(self, notebook_id: str) -> str | None:
        """Return which process had a notebook when that was last looked at."""
        return self._leases.owner_of(PREFIX + notebook_id)

    async def acquire(self, notebook_id: str) -> bool:
        """Look after a notebook if nobody else does; return whether this process does.

        Returns once what an earlier owner left is taken up. Raises ``DatabaseError``.
        """
        if notebook_id in self._ready:
            return True
        task = self._taking.get(notebook_id)
        if task is None:
            task = self._taking[notebook_id] = asyncio.create_task(self._take(notebook_id))
            task.add_done_callback(lambda _: self._taking.pop(notebook_id, None))
        return await asyncio.shield(task)

    async def _take(self, notebook_id: str) -> bool:
        if not await self._leases.take(PREFIX + notebook_id):
            return False
        if notebook_id in self._ready:
            return True
        try:
            await self._take_up(notebook_id)
        except BaseException:
            await self._leases.release(PREFIX + notebook_id, vacant=True)
            raise
        if PREFIX + notebook_id not in self._leases.held:
            await self._lost(notebook_id)
            return False
        self._ready.add(notebook_id)
        return True

    async def release(self, notebook_id: str) -> None:
        """Look after a notebook no more: there is nothing to do for it."""
        self._ready.discard(notebook_id)
        await self._leases.release(PREFIX + notebook_id)

    def _lose(self, name: str) -> None:
        notebook_id = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and notebook_id in self._ready:
            self._ready.discard(notebook_id)
            self._spawn(self._lost(notebook_id))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._leases.take(PROCESS + self.name)  # should it have been lost
                free = await self._leases.look(PREFIX)
                ended = await self._leases.look(PROCESS)
            except ShareDBError as error:
                log.warning("Nobody knows who looks after which notebook: %s", error)
                continue
            for name in free:
                self._spawn(self.acquire(name.removeprefix(PREFIX)))
            for name in ended:
                self._spawn(self._after_death(name))

    async def _after_death(self, name: str) -> None:
        by_itself = self._leases.owner_of(name) is None
        if await self._leases.take(name):
            if not by_itself:
                log.warning("Process %s has died", name.removeprefix(PROCESS))
            await self._died()
            await self._leases.release(name)

    def _spawn(self, work: Coroutine[Any, Any, Any] | Awaitable[Any]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A notebook could not be looked after", exc_info=error)
