"""What every store of large values promises."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from sharedb_py.blobs import digest
from sharedb_py.db.base import DB
from tests.contract.conftest import SHARED

LATER = 1000.0


@pytest.mark.parametrize("size", [0, 1, 5_000_001, 20_000_000])
async def test_bytes_come_back_as_they_were(db: DB, size: int) -> None:
    data = os.urandom(size)
    name = await db.blobs().put(data)
    assert name == digest(data)
    assert await db.blobs().get(name) == data


async def test_what_is_not_kept_is_none(db: DB) -> None:
    assert await db.blobs().get(digest(b"never put")) is None
    assert await db.blobs().names(time.time() + LATER) == set()
    assert await db.blobs().drop([digest(b"never put")], time.time() + LATER) == 0


async def test_the_same_bytes_are_kept_once_whoever_puts_them(db: DB) -> None:
    data = b"x" * 1000
    names = await asyncio.gather(*(db.blobs().put(data) for _ in range(5)))
    assert set(names) == {digest(data)}
    assert await db.blobs().names(time.time() + LATER) == {digest(data)}
    assert await db.blobs().get(digest(data)) == data


async def test_what_was_put_again_lately_is_not_dropped(db: DB) -> None:
    blobs = db.blobs()
    old, kept = await blobs.put(b"old"), await blobs.put(b"kept")
    between = time.time()
    while await blobs.names(between) != {old, kept}:
        between = time.time()
    await blobs.put(b"kept")
    assert await blobs.names(between) == {old}
    assert await blobs.drop([old, kept], between) == 1
    assert await blobs.get(kept) == b"kept"
    assert await blobs.drop([old, kept], time.time() + LATER) == 1
    assert [await blobs.get(name) for name in (old, kept)] == [None, None]
    assert await blobs.put(b"old") == old
    assert await blobs.get(old) == b"old"


@pytest.mark.needs(SHARED)
async def test_another_process_has_them_too(db: DB, other_db: DB) -> None:
    name = await db.blobs().put(b"shared")
    assert await other_db.blobs().get(name) == b"shared"
    assert await other_db.blobs().drop([name], time.time() + LATER) == 1
    assert await db.blobs().get(name) is None


async def test_large_values_are_no_documents(db: DB) -> None:
    await db.blobs().put(b"x" * 100)
    assert await db.collections() == []
