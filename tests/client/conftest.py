"""A backend in memory, and clients in its process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sharedb_py.backend import Backend
from sharedb_py.client.aio import Connection
from sharedb_py.inprocess import connect


@pytest.fixture
async def backend() -> AsyncIterator[Backend]:
    made = Backend()
    yield made
    await made.close()


@pytest.fixture
async def alice(backend: Backend) -> AsyncIterator[Connection]:
    async with connect(backend) as connection:
        yield connection


@pytest.fixture
async def bob(backend: Backend) -> AsyncIterator[Connection]:
    async with connect(backend) as connection:
        yield connection
