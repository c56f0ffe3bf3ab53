"""Each test that asks for a store runs on every kind of database; no Jupyter Server is needed."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from derby_notebook.documents import Documents
from derby_notebook.history.library import Library
from derby_notebook.history.restorer import Restorer
from derby_notebook.hooks import Hooks
from sharedb_py.backend import Backend
from sharedb_py.pubsub import Published
from sharedb_py.submit import SubmitRequest
from tests.proxy.history.seeding import START
from tests.replay.stores import STORES, Store, open_store


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(request.param, tmp_path) as opened:
        yield opened


class Shelf:
    """A backend with the histories of its notebooks, as the application puts them together."""

    def __init__(self, store: Store) -> None:
        self.backend = Backend(store.db, milestones=store.milestones)
        self.hooks = Hooks()
        self.library = Library(self.backend, self.hooks)
        self.restorer = Restorer(self.backend, self.library)

    def documents(self, user: str) -> Documents:
        """Return a user's hand on the documents, its ops noted with the name."""
        return Documents(self.backend, user)


@pytest.fixture
async def shelf(store: Store) -> Shelf:
    shelf = Shelf(store)

    def receive(published: Published) -> None:
        for hook, change in shelf.hooks.matching(published.message):
            hook(change)

    def note(request: SubmitRequest) -> None:
        # A second from op to op: what happens in one millisecond has no order of its own.
        request.op["m"] |= {
            "user": request.agent.custom["user"]["username"],
            "ts": START + 1000 * next(ticks),
        }

    ticks = itertools.count()
    shelf.backend.use("apply", note)
    for collection in ("cells", "notebooks"):
        await shelf.backend.pubsub.subscribe(collection, receive)
    return shelf
