"""What a server keeps in memory may be outdated: another one commits to the same database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.db.base import DocCommit
from sharedb_py.db.memory import MemoryDB
from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import JSONObject
from sharedb_py.pubsub import MemoryPubSub
from tests.server.conftest import RawClient, connect

DOC = {"c": "dogs", "d": "fido"}


class Unclosed(MemoryDB):
    """A database that outlives the servers on it."""

    async def close(self) -> None:
        pass


@pytest.fixture
async def servers() -> AsyncIterator[tuple[Backend, Backend]]:
    db = Unclosed()
    here, there = Backend(db), Backend(db)
    yield here, there
    await here.close()
    await there.close()


async def clients_that_know(servers: tuple[Backend, Backend]) -> tuple[RawClient, RawClient]:
    """Return a client of each server, both of which hold the document at version 2."""
    here, there = await connect(servers[0]), await connect(servers[1])
    await here.ask(a="op", **DOC, v=0, seq=1, create={"type": "json0", "data": {"n": 1}})
    await there.ask(a="op", **DOC, v=1, seq=1, op=[{"p": ["n"], "na": 1}])
    await here.ask(a="op", **DOC, v=2, seq=2, op=[{"p": ["n"], "na": 1}])
    return here, there


async def test_a_version_that_only_the_database_knows_is_no_error(
    servers: tuple[Backend, Backend],
) -> None:
    _, there = await clients_that_know(servers)
    reply = await there.ask(a="op", **DOC, v=3, seq=2, op=[{"p": ["n"], "na": 1}])
    assert "error" not in reply
    assert reply["v"] == 3


async def test_a_document_deleted_elsewhere_can_be_created_here(
    servers: tuple[Backend, Backend],
) -> None:
    here, there = await clients_that_know(servers)
    await here.ask(a="op", **DOC, v=3, seq=3, **{"del": True})
    reply = await there.ask(a="op", **DOC, v=None, seq=2, create={"type": "json0", "data": {}})
    assert "error" not in reply
    assert reply["v"] == 4


async def test_an_op_that_fits_only_what_was_written_elsewhere_is_committed(
    servers: tuple[Backend, Backend],
) -> None:
    here, there = await clients_that_know(servers)
    await here.ask(a="op", **DOC, v=3, seq=3, op=[{"p": ["list"], "oi": []}])
    there.post(a="op", **DOC, v=None, seq=2, op=[{"p": ["list", 0], "li": 1}])
    reply = await there.next()
    assert "error" not in reply
    assert reply["v"] == 4


async def test_what_does_not_fit_anywhere_is_still_refused(
    servers: tuple[Backend, Backend],
) -> None:
    _, there = await clients_that_know(servers)
    for seq in (2, 3):
        reply = await there.ask(a="op", **DOC, v=9, seq=seq, op=[{"p": ["n"], "na": 1}])
        assert reply["error"]["code"] == "ERR_OP_VERSION_NEWER_THAN_CURRENT_SNAPSHOT"


class FailingDB(MemoryDB):
    """Cannot store one document, nor any batch that holds it."""

    async def commit(self, batch: Sequence[DocCommit]) -> list[bool]:
        await asyncio.sleep(0)
        if any(entry.doc_id == "bad" for entry in batch):
            raise ShareDBError("The disk has a hole there")
        return await super().commit(batch)


async def test_a_document_that_cannot_be_stored_fails_alone() -> None:
    backend = Backend(FailingDB())
    clients = [await connect(backend) for _ in range(4)]
    create: dict[str, Any] = {"type": "json0", "data": {}}
    for client, doc_id in zip(clients, ["a", "b", "bad", "c"], strict=True):
        client.post(a="op", c="dogs", d=doc_id, v=0, seq=1, create=create)
    replies = [await client.next() for client in clients]
    assert ["error" in reply for reply in replies] == [False, False, True, False]
    await backend.close()


class BrokenPubSub(MemoryPubSub):
    """Has lost its broker."""

    def publish(self, channels: Sequence[str], message: JSONObject) -> None:
        raise OSError("broker gone")


async def test_a_publication_that_fails_does_not_fail_the_op() -> None:
    backend = Backend(pubsub=BrokenPubSub())
    client = await connect(backend)
    reply = await client.ask(a="op", **DOC, v=0, seq=1, create={"type": "json0", "data": {}})
    assert "error" not in reply
    await backend.close()
