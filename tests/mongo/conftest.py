"""A database on whichever MongoDB server there is, and one of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from sharedb_mongo import MongoDB
from tests.servers.mongo import database_url, mongo_url


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The URL of an empty database."""
    return database_url(mongo_url(), tmp_path)


@pytest.fixture
async def db(url: str) -> AsyncIterator[MongoDB]:
    db = MongoDB(url)
    yield db
    await db.close()


@pytest.fixture
async def raw(url: str) -> AsyncIterator[AsyncDatabase[dict[str, Any]]]:
    """The same database, as the driver sees it."""
    async with AsyncMongoClient[dict[str, Any]](url) as client:
        yield client.get_default_database()
