"""Writers whose connections to the database break at any byte: what was said is what is stored."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from urllib.parse import urlsplit

import pytest

from sharedb_mongo import MongoDB
from sharedb_py.db.base import DocCommit
from sharedb_py.errors import DatabaseError
from sharedb_py.ops import replay
from sharedb_py.snapshot import empty_snapshot
from tests.contract.writing import create, edit, entry, write
from tests.servers.mongo import MONGO

# The driver leaves a socket open where it is closed while it connects.
pytestmark = [*MONGO, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

SEED = 5
WRITERS = 4
EACH = 60
DOCS = ("a", "b", "c")


class Breaking:
    """A way to a server that breaks every connection after so many bytes, in either direction."""

    def __init__(self, port: int, chance: random.Random) -> None:
        self.breaks = 0
        self.breaking = True
        self._port = port
        self._chance = chance
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Breaking:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError):
            behind, ahead = await asyncio.open_connection("127.0.0.1", self._port)
            pumps = [
                asyncio.create_task(self._pump(reader, ahead, self._chance.randrange(500, 40_000))),
                asyncio.create_task(self._pump(behind, writer, self._chance.randrange(500, 9_000))),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for each in (ahead, writer):
                each.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int
    ) -> None:
        while data := await reader.read(65536):
            writer.write(data[:left] if self.breaking else data)
            await writer.drain()
            left -= len(data)
            if left <= 0 and self.breaking:
                self.breaks += 1
                return


async def test_no_op_that_was_confirmed_is_lost_and_none_is_doubled(url: str) -> None:
    parts = urlsplit(url)
    assert parts.port
    chance = random.Random(SEED)
    said: dict[tuple[str, int], bool | str] = {}
    sure = MongoDB(url)
    for name in DOCS:
        await write(sure, "dogs", name, create({"n": 0}))

    async def one(db: MongoDB, writer: int) -> None:
        try:
            before = await db.get_snapshots("dogs", DOCS, metadata=True)
        except DatabaseError:
            return
        names = chance.sample(DOCS, chance.randrange(1, 3))
        added = [edit({"p": ["n"], "na": 1})] * chance.randrange(1, 4)
        batch: list[DocCommit] = [
            entry("dogs", before[name], *added, src=f"w{writer}") for name in names
        ]
        for item, outcome in zip(batch, await db.commit(batch), strict=True):
            for op in item.ops:
                said[op["src"], op["seq"]] = outcome if isinstance(outcome, bool) else "who knows"

    async with Breaking(parts.port, chance) as way:
        through = url.replace(f":{parts.port}", f":{way.port}")
        dbs = [MongoDB(f"{through}?serverSelectionTimeoutMS=3000") for _ in range(WRITERS)]

        async def work(writer: int) -> None:
            for _ in range(EACH):
                await one(dbs[writer], writer)

        await asyncio.gather(*map(work, range(WRITERS)))
        way.breaking = False
        for db in dbs:
            await db.close()
    outcomes = Counter(said.values())
    assert way.breaks > 20
    assert min(outcomes[True], outcomes[False]) > 20, outcomes
    for name in DOCS:
        snapshot = await sure.get_snapshot("dogs", name)
        ops = await sure.get_ops("dogs", name, 0, None)
        assert [op["v"] for op in ops] == list(range(snapshot.version))
        assert replay(empty_snapshot(name), ops) == snapshot
        keys = [(op["src"], op["seq"]) for op in ops[1:]]
        assert len(set(keys)) == len(keys)
        assert all(said.get(key) is not False for key in keys)
        for key in keys:
            said.pop(key, None)
    assert [key for key, outcome in said.items() if outcome is True] == []
    await sure.close()
