"""Work that one process of many must own, such as the relay of a kernel.

A lease is a record ``(owner, beat)`` in the database. Its owner adds to the beat
every third of the time to live; who wants it watches the record, and takes it
over when it has stood still for the time to live. No clock is compared with
another's: each process measures with its own how long it saw nothing move.

A record without an owner stands for work that is to go on, and waits for
somebody: whoever looks may take it at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from sharedb_py.errors import ShareDBError

__all__ = ["LeaseRecord", "LeaseStore", "Leases", "MemoryLeases"]

log = logging.getLogger(__name__)

TIME_TO_LIVE: Final = 6.0


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """Who owns a lease, and how often that was said."""

    owner: str
    beat: int


class LeaseStore(ABC):
    """Keeps lease records; methods raise ``DatabaseError`` when the store fails."""

    @abstractmethod
    async def read(self, names: Iterable[str]) -> dict[str, LeaseRecord]:
        """Return the records there are."""

    @abstractmethod
    async def read_all(self, prefix: str) -> dict[str, LeaseRecord]:
        """Return all records whose names begin so."""

    @abstractmethod
    async def swap(self, name: str, before: LeaseRecord | None, after: LeaseRecord | None) -> bool:
        """Put ``after`` in the place of ``before`` (None: no record), and return True.

        Returns False, changing nothing, if the record is another by now.
        """


class MemoryLeases(LeaseStore):
    """Lease records of this process alone."""

    def __init__(self) -> None:
        self._records: dict[str, LeaseRecord] = {}

    async def read(self, names: Iterable[str]) -> dict[str, LeaseRecord]:
        return {name: self._records[name] for name in names if name in self._records}

    async def read_all(self, prefix: str) -> dict[str, LeaseRecord]:
        return {name: found for name, found in self._records.items() if name.startswith(prefix)}

    async def swap(self, name: str, before: LeaseRecord | None, after: LeaseRecord | None) -> bool:
        if self._records.get(name) != before:
            return False
        if after is None:
            self._records.pop(name, None)
        else:
            self._records[name] = after
        return True


@dataclass(slots=True)
class _Held:
    record: LeaseRecord
    confirmed: float
    """When the store was asked that last said so."""
    swapping: asyncio.Lock = field(default_factory=asyncio.Lock)


class Leases:
    """The leases that one process holds and waits for.

    ``lost`` is called with the name of a lease that is no longer ours: when
    another took it, and already when the store has not confirmed it for so long
    that another may. The work it stood for must stop then.
    """

    def __init__(
        self,
        store: LeaseStore,
        lost: Callable[[str], None],
        *,
        time_to_live: float = TIME_TO_LIVE,
        owner: str | None = None,
    ) -> None:
        self.owner = owner or secrets.token_hex(8)
        self._store = store
        self._lost = lost
        self._ttl = time_to_live
        self._held: dict[str, _Held] = {}
        self._leaving: dict[str, _Held] = {}
        self._watched: dict[str, tuple[LeaseRecord | None, float]] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def held(self) -> frozenset[str]:
        """The names of the leases that are ours."""
        return frozenset(self._held)

    def holds(self, name: str) -> bool:
        """Whether a lease is ours, and was confirmed so lately that nobody else can have it."""
        held = self._held.get(name)
        return held is not None and _now() - held.confirmed < self._ttl

    def owner_of(self, name: str) -> str | None:
        """Return who had a lease when it was last looked at; None if nobody did."""
        if name in self._held:
            return self.owner
        record, _ = self._watched.get(name, (None, 0.0))
        return record.owner or None if record is not None else None

    async def take(self, name: str) -> bool:
        """Take a lease that nobody has, or that its owner let go by; returns whether it is ours.

        Call again to go on watching another's: it is ours once it stood still for
        the time to live.
        """
        if name in self._leaving:
            async with self._leaving[name].swapping:
                pass
        if name in self._held:
            return True
        found = (await self._store.read([name])).get(name)
        now = _now()
        if not self._is_free(name, found, now):
            return False
        record = LeaseRecord(self.owner, 0 if found is None else found.beat + 1)
        if not await self._store.swap(name, found, record):
            return False
        self._watched.pop(name, None)
        self._held[name] = _Held(record, now)
        if self._task is None:
            self._task = asyncio.create_task(self._renew_all())
        return True

    async def look(self, prefix: str) -> list[str]:
        """Return the names, beginning so, of the leases of others that may be taken now.

        Watches all of them: look every now and then. Raises ``DatabaseError``.
        """
        records, now = await self._store.read_all(prefix), _now()
        for name in [name for name in self._watched if name.startswith(prefix)]:
            if name not in records:
                del self._watched[name]
        others = {name: found for name, found in records.items() if name not in self._held}
        return [name for name, found in others.items() if self._is_free(name, found, now)]

    def _is_free(self, name: str, found: LeaseRecord | None, now: float) -> bool:
        """Note what a record is, and whether it has an owner no more."""
        if found is None:
            self._watched.pop(name, None)
            return True
        seen, since = self._watched.get(name, (None, now))
        if found != seen:
            self._watched[name] = (found, now)
            return not found.owner
        return not found.owner or now - since >= self._ttl

    async def wait_for(self, name: str) -> None:
        """Return once the lease is ours."""
        while not await self._try(name):  # noqa: ASYNC110 - another process has no event
            await asyncio.sleep(self._ttl / 6)

    async def _try(self, name: str) -> bool:
        try:
            return await self.take(name)
        except ShareDBError as error:
            log.warning("The lease %r cannot be asked for: %s", name, error)
            return False

    async def release(self, name: str, *, vacant: bool = False) -> None:
        """Let another have a lease at once; nothing happens if it is not ours.

        ``vacant``: there is work left, for whoever looks next.
        """
        self._watched.pop(name, None)
        held = self._held.pop(name, None)
        if held is None:
            return
        self._leaving[name] = held
        async with held.swapping:  # a renewal that is on its way ends first
            after = LeaseRecord("", held.record.beat + 1) if vacant else None
            with contextlib.suppress(ShareDBError):
                await self._store.swap(name, held.record, after)
            self._leaving.pop(name, None)

    async def _renew_all(self) -> None:
        while True:
            await asyncio.sleep(self._ttl / 3)
            await asyncio.gather(*(self._renew(name) for name in list(self._held)))

    async def _renew(self, name: str) -> None:
        held = self._held.get(name)
        if held is None:
            return
        async with held.swapping:
            before, asked = held.record, _now()
            after = LeaseRecord(self.owner, before.beat + 1)
            try:
                async with asyncio.timeout(self._ttl / 3):
                    renewed = await self._store.swap(name, before, after)
            except (ShareDBError, TimeoutError) as error:
                await self._after_failure(name, held, after, error)
                return
            if renewed:
                held.record, held.confirmed = after, asked
            else:
                self._give_up(name, held, "another process took it")

    async def _after_failure(
        self, name: str, held: _Held, after: LeaseRecord, error: Exception
    ) -> None:
        """Learn whether a renewal arrived whose answer did not; in time, or give up."""
        found: LeaseRecord | None = None
        with contextlib.suppress(ShareDBError, TimeoutError):
            async with asyncio.timeout(self._ttl / 6):
                found = (await self._store.read([name])).get(name)
        if found == after:
            held.record, held.confirmed = after, _now() - self._ttl / 2
        elif found is not None and found != held.record:
            self._give_up(name, held, "another process took it")
        elif _now() - held.confirmed > self._ttl * 2 / 3:
            self._give_up(name, held, f"it could not be renewed: {error}")

    def _give_up(self, name: str, held: _Held, why: str) -> None:
        if self._held.get(name) is held:  # else it was released meanwhile
            log.warning("The lease %r is lost: %s", name, why)
            del self._held[name]
            self._lost(name)

    async def close(self) -> None:
        """Release everything; may be called twice."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await asyncio.gather(*(self.release(name) for name in list(self._held)))


def _now() -> float:
    return asyncio.get_running_loop().time()
