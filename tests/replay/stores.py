"""Databases to run the same tests on: add one here and every test of this folder runs on it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sharedb_py.db import DB, open_db
from sharedb_py.milestones import MilestoneDB, open_milestones
from tests.servers.mongo import MONGO, database_url, mongo_url

__all__ = ["STORES", "Store", "open_store"]

STORES = ["memory", "sqlite", pytest.param("mongo", marks=MONGO)]


@dataclass
class Store:
    """A database and the milestones beside it; ``url`` opens it again, from another process too."""

    url: str
    db: DB
    milestones: MilestoneDB

    @property
    def keeps_halves(self) -> bool:
        """Whether strings may hold half a surrogate pair; MongoDB's drivers store U+FFFD."""
        return not self.url.startswith("mongodb")

    @property
    def links_ops(self) -> bool:
        """Whether the adapter chains ops, so that a version can have a record too many."""
        return self.url.startswith("mongodb")


def url_of(kind: str, folder: Path, name: str) -> str:
    """Return the URL of an empty database of its own."""
    if kind == "mongo":
        return database_url(mongo_url(), folder / name)
    return "memory:" if kind == "memory" else f"sqlite:///{folder / name}.sqlite"


@asynccontextmanager
async def open_store(kind: str, folder: Path, name: str = "docs") -> AsyncIterator[Store]:
    """Open a database of one kind; one in memory is empty every time."""
    url = url_of(kind, folder, name)
    store = Store(url, open_db(url), open_milestones(url))
    try:
        yield store
    finally:
        await store.milestones.close()
        await store.db.close()


def environment(**settings: str) -> dict[str, str]:
    """The environment for a command: no colours, no pager, UTC, and what a test adds."""
    return {**os.environ, "NO_COLOR": "1", "TZ": "UTC", "COLUMNS": "100", **settings}
