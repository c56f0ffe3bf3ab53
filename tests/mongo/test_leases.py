"""Leases: one owner at a time, and a new one within seconds when it dies."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sharedb_mongo import MongoDB
from sharedb_py.errors import DatabaseError
from sharedb_py.leases import LeaseRecord, Leases, LeaseStore, MemoryLeases
from tests.running import ROOT
from tests.servers.mongo import MONGO, database_url, mongo_url

TTL = 0.6


@pytest.fixture(params=["memory", pytest.param("mongo", marks=MONGO)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LeaseStore]:
    if request.param == "memory":
        yield MemoryLeases()
        return
    db = MongoDB(database_url(mongo_url(), tmp_path))
    yield db.leases()
    await db.close()


@pytest.fixture
async def three(store: LeaseStore) -> AsyncIterator[list[Leases]]:
    """Three processes, as it were; each remembers in ``lost_names`` what it lost."""
    leases = [Leases(store, lambda name: None, time_to_live=TTL, owner=n) for n in "abc"]
    yield leases
    for one in leases:
        await one.close()


async def test_a_record_is_swapped_only_for_the_one_that_was_seen(store: LeaseStore) -> None:
    first, second = LeaseRecord("a", 0), LeaseRecord("b", 1)
    assert await store.swap("x", None, first)
    assert not await store.swap("x", None, second)
    assert not await store.swap("x", second, first)
    assert await store.swap("x", first, second)
    assert await store.read(["x", "y"]) == {"x": second}
    assert not await store.swap("x", first, None)
    assert await store.swap("x", second, None)
    assert await store.read(["x"]) == {}
    assert await store.swap("x", None, None)


async def test_of_many_who_want_a_lease_one_gets_it_and_keeps_it(three: list[Leases]) -> None:
    taken = await asyncio.gather(*(leases.take("kernel") for leases in three))
    assert sorted(taken) == [False, False, True]
    owner = three[taken.index(True)]
    for _ in range(12):
        await asyncio.sleep(TTL / 4)
        assert [await leases.take("kernel") for leases in three] == taken
    assert owner.held == {"kernel"}


async def test_a_lease_that_is_released_is_free_at_once(three: list[Leases]) -> None:
    a, b, _ = three
    assert await a.take("kernel")
    assert not await b.take("kernel")
    await a.release("kernel")
    assert await b.take("kernel")
    assert not await a.take("kernel")


async def test_work_that_is_left_is_seen_by_whoever_looks(three: list[Leases]) -> None:
    a, b, c = three
    for name in ("kernel.1", "kernel.2", "kernel.3", "other.1"):
        assert await a.take(name)
    await b.take("kernel.3")
    assert await b.look("kernel.") == []
    assert [b.owner_of(f"kernel.{n}") for n in (1, 2, 4)] == ["a", "a", None]
    await a.release("kernel.1", vacant=True)
    await a.release("kernel.2")
    assert await b.look("kernel.") == ["kernel.1"]
    assert b.owner_of("kernel.1") is None
    assert b.owner_of("kernel.2") is None
    assert await b.take("kernel.1")
    assert await c.look("kernel.") == []
    assert not await c.take("kernel.1")
    assert b.holds("kernel.1")
    assert not a.holds("kernel.1")


async def test_a_release_and_a_renewal_at_once_leave_the_lease_free(three: list[Leases]) -> None:
    a, b, _ = three
    assert await a.take("kernel")
    await asyncio.gather(a._renew("kernel"), a.release("kernel"))
    assert await b.take("kernel")
    await asyncio.gather(b._renew("kernel"), b.release("kernel", vacant=True), b.take("kernel"))
    assert b.owner_of("kernel") == "b"


async def test_a_lease_whose_owner_stands_still_is_taken_over(store: LeaseStore) -> None:
    lost: list[str] = []
    frozen = Leases(store, lost.append, time_to_live=TTL)
    other = Leases(store, lost.append, time_to_live=TTL)
    assert await frozen.take("kernel")
    assert frozen._task is not None
    frozen._task.cancel()  # it renews no more, as when its process is stopped
    async with asyncio.timeout(60):
        await other.wait_for("kernel")
    assert other.held == {"kernel"}
    # It goes on, and finds out.
    await frozen._renew("kernel")
    assert lost == ["kernel"]
    assert frozen.held == frozenset()
    await frozen.close()
    await other.close()
    assert await store.read(["kernel"]) == {}


class Unreachable(MemoryLeases):
    """A store that fails when told to."""

    failing = False

    async def swap(self, *arguments: Any) -> bool:
        if self.failing:
            raise DatabaseError("away")
        return await super().swap(*arguments)

    async def read(self, names: Any) -> dict[str, LeaseRecord]:
        if self.failing:
            raise DatabaseError("away")
        return await super().read(names)


async def test_an_owner_that_cannot_renew_gives_up_before_another_may_take_over() -> None:
    store, lost = Unreachable(), asyncio.Event()
    leases = Leases(store, lambda name: lost.set(), time_to_live=TTL)
    assert await leases.take("kernel")
    began = asyncio.get_running_loop().time()
    store.failing = True
    async with asyncio.timeout(60):
        await lost.wait()
    assert leases.held == frozenset()
    store.failing = False
    other = Leases(store, lambda name: None, time_to_live=TTL)
    async with asyncio.timeout(60):
        await other.wait_for("kernel")
    assert asyncio.get_running_loop().time() - began > TTL
    await leases.close()
    await other.close()


OWNER = """
import asyncio, sys
from sharedb_mongo import MongoDB
from sharedb_py.leases import Leases

async def main():
    db = MongoDB(sys.argv[1])
    leases = Leases(db.leases(), print, time_to_live=1.5)
    await leases.wait_for("kernel")
    print("mine", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.mongo
@pytest.mark.timeout(180)
async def test_when_its_owner_is_killed_another_process_has_the_lease_within_seconds(
    tmp_path: Path,
) -> None:
    url = database_url(mongo_url(), tmp_path)
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, url], stdout=subprocess.PIPE, cwd=ROOT / "mongo"
    )
    assert owner.stdout is not None
    assert await asyncio.to_thread(owner.stdout.readline) == b"mine\n"
    db = MongoDB(url)
    leases = Leases(db.leases(), lambda name: None, time_to_live=1.5)
    assert not await leases.take("kernel")
    await asyncio.sleep(3)
    assert not await leases.take("kernel")
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(60):
        await leases.wait_for("kernel")
    assert asyncio.get_running_loop().time() - began < 10
    await leases.close()
    await db.close()
