"""MongoDB's adapters for the contract suites, on each server that stands in for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from motor.motor_asyncio import AsyncIOMotorClient

from sharedb_mongo import MongoDB, MongoMilestones
from sharedb_py.db.base import DB
from sharedb_py.milestones.base import MilestoneDB
from tests.servers.mongo import database_url, ferret_url, mongo_url

__all__ = ["ferret_url", "milestones_on", "mongo_on", "mongo_url", "motor_on_mongo"]


def mongo_on(
    server: Callable[[], str], **options: str
) -> Callable[[Path], AbstractAsyncContextManager[DB]]:
    """Return how to open a database on a server, a folder standing for its name."""
    query = "&".join(f"{name}={value}" for name, value in options.items())

    @asynccontextmanager
    async def opened(folder: Path) -> AsyncIterator[DB]:
        url = database_url(server(), folder)
        db = MongoDB(f"{url}?{query}" if query else url)
        yield db
        await db.close()

    return opened


def milestones_on(
    server: Callable[[], str],
) -> Callable[[Path], AbstractAsyncContextManager[MilestoneDB]]:
    """Return how to open a milestone store on a server."""

    @asynccontextmanager
    async def opened(folder: Path) -> AsyncIterator[MilestoneDB]:
        milestones = MongoMilestones(database_url(server(), folder))
        yield milestones
        await milestones.close()

    return opened


@asynccontextmanager
async def motor_on_mongo(folder: Path) -> AsyncIterator[DB]:
    """Open a database through a Motor client, as an application hands in its own."""
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(
        database_url(mongo_url(), folder)
    )
    db = MongoDB(client)
    yield db
    await db.close()
    client.close()
