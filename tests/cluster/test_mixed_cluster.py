"""Two Node servers and two of ours on one database and one Redis, with breaks in between."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sharedb_mongo import MongoDB
from sharedb_py.ops import replay
from sharedb_py.snapshot import empty_snapshot
from tests.running import Program, free_port
from tests.servers.mongo import database_url, mongo_url
from tests.servers.process import ServerProcess
from tests.servers.redis import REDIS, redis_server

HERE = Path(__file__).parent
OPS = int(os.environ.get("SHAREDB_TEST_CLUSTER_OPS", "10000"))
CLIENTS = 12
TTL = 4

pytestmark = [pytest.mark.mongo, *REDIS, pytest.mark.node, pytest.mark.timeout(900)]


class Clients:
    """A Node process with JavaScript clients."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.acked = 0

    @classmethod
    async def start(cls, ops: int, urls: list[str]) -> Clients:
        process = await asyncio.create_subprocess_exec(
            *("node", "clients.js", str(ops), *urls),
            cwd=HERE,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**26,
        )
        return cls(process)

    async def ask(self, command: str) -> Any:
        """Give a command; returns what was said before it was done."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{command}\n".encode())
        answer: Any = None
        while True:
            line = await self.process.stdout.readline()
            assert line, f"the clients ended at {command}"
            said = json.loads(line)
            assert "error" not in said, said
            if "acked" in said:
                self.acked = said["acked"]
            elif said.get("done") == command:
                return answer
            else:
                answer = said

    async def states(self) -> list[dict[str, Any]]:
        states: list[dict[str, Any]] = (await self.ask("state"))["states"]
        return states

    async def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        await self.process.wait()


class Cluster:
    """The servers, their database and their Redis."""

    def __init__(self, folder: Path) -> None:
        self.database = database_url(mongo_url(), folder)
        self.redis = redis_server(folder)
        self.redis.start()
        redis = f"redis://127.0.0.1:{self.redis.port}"
        self.ours = []
        for number in range(2):
            port = free_port()
            self.ours.append(
                Program(
                    "sharedb-py",
                    *("serve", "--db", self.database, "--port", str(port)),
                    *("--pubsub", f"{redis}?presenceTTL={TTL}"),
                    log=folder / f"ours{number}.log",
                    ready=r"at (ws://\S+)",
                )
            )
        self.urls = [program.start()[1] for program in self.ours]
        self.nodes = []
        for number in range(2):
            port = free_port()
            argv = ["node", str(HERE / "server.js"), str(port), self.database, redis]
            node = ServerProcess(argv, port, folder / f"node{number}.log")
            node.start()
            self.nodes.append(node)
            self.urls.append(f"ws://127.0.0.1:{port}/")

    def stop(self) -> None:
        for program in self.ours:
            program.stop()
        for node in self.nodes:
            node.stop()
        self.redis.stop()


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    cluster = Cluster(tmp_path)
    yield cluster
    await asyncio.to_thread(cluster.stop)


async def test_nothing_is_lost_or_doubled_and_all_agree_in_the_end(
    cluster: Cluster, record_property: Any
) -> None:
    clients = await Clients.start(OPS, cluster.urls)
    await clients.ask("open")
    began = time.monotonic()
    writing = asyncio.create_task(clients.ask("write"))
    total = CLIENTS * -(-OPS // CLIENTS)

    async def at(share: float) -> None:
        while clients.acked < total * share and not writing.done():  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    await at(0.25)
    cluster.ours[0].kill()
    await asyncio.sleep(1)
    await asyncio.to_thread(cluster.ours[0].start)
    await at(0.6)
    cluster.redis.kill()
    await asyncio.sleep(0.5)
    cluster.redis.start()
    await writing
    took = time.monotonic() - began
    record_property("ops per second", round(total / took))
    await clients.ask("touch")
    expected = await stored(cluster.database)
    states = await clients.states()
    deadline = time.monotonic() + 120
    while not all(agrees(state, expected) for state in states) and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        expected = await stored(cluster.database)
        states = await clients.states()
    for number, state in enumerate(states):
        assert state["failed"] == [], number
        assert state["acked"] == total // CLIENTS
        for name, (version, data) in expected["docs"].items():
            assert state["docs"][name] == [version, data], (number, name)
        if is_ours(state):
            assert state["query"] == expected["query"], number
            assert state["sorted"] == expected["sorted"], number
        others = [f"p{n}" for n in range(CLIENTS) if n != number]
        assert state["presence"] == sorted(others), number
    assert expected["doubled"] == []
    # Every op that was acknowledged is in the sums; the last touch of each document adds one.
    for name in (f"c{n}" for n in range(CLIENTS)):
        made = sum(data["by"][name] for _, data in expected["docs"].values())
        assert made == total // CLIENTS, name
    await clients.end()


def is_ours(state: dict[str, Any]) -> bool:
    """Whether the client is connected to one of our servers.

    Node's live queries go astray when polls of one document overlap, with or
    without us: a document enters the results twice, or stays when it should go.
    """
    return bool(state["server"] < 2)


def agrees(state: dict[str, Any], expected: dict[str, Any]) -> bool:
    queries = all(state[name] == expected[name] for name in ("query", "sorted"))
    return (
        state["docs"] == {name: list(doc) for name, doc in expected["docs"].items()}
        and (queries or not is_ours(state))
        and len(state["presence"]) == CLIENTS - 1
        and not state["pending"]
    )


async def stored(database: str) -> dict[str, Any]:
    """Return what the database holds, having replayed every log."""
    db = MongoDB(database)
    docs, doubled = {}, []
    for collection in await db.collections():
        ids = [doc_id async for doc_id in db.doc_ids(collection)]
        for doc_id, snapshot in (await db.get_snapshots(collection, ids)).items():
            ops = await db.get_ops(collection, doc_id, 0, snapshot.version)
            assert replay(empty_snapshot(doc_id), ops) == snapshot
            sent = Counter((op["src"], op["seq"]) for op in ops)
            doubled += [key for key, times in sent.items() if times > 1]
            docs[f"{collection}.{doc_id}"] = (snapshot.version, snapshot.data)
    query = await db.query("cold0", {"n": {"$mod": [2, 1]}})
    top = await db.query("cold1", {"$sort": {"n": -1, "_id": 1}, "$limit": 3})
    await db.close()
    return {
        "docs": docs,
        "doubled": doubled,
        "query": sorted(found.id for found in query.snapshots),
        "sorted": [found.id for found in top.snapshots],
    }


async def test_who_dies_with_its_server_is_shown_nowhere_after_its_time_to_live(
    cluster: Cluster,
) -> None:
    clients = await Clients.start(0, cluster.urls)
    await clients.ask("open")
    ghost = await Clients.start(0, [cluster.urls[1]])
    await ghost.ask("presence")
    everybody = sorted(f"p{n}" for n in range(CLIENTS))

    async def seen(expected: list[str]) -> None:
        async with asyncio.timeout(60):
            while True:
                states = await clients.states()
                wanted = [
                    [one for one in expected if one != f"p{number}"]
                    for number in range(len(states))
                ]
                if [state["presence"] for state in states] == wanted:
                    return
                await asyncio.sleep(0.2)

    await seen(["ghost", *everybody])
    cluster.ours[1].kill()
    ghost.process.kill()
    await ghost.process.wait()
    await asyncio.to_thread(cluster.ours[1].start)
    await seen(everybody)
    await asyncio.sleep(TTL)
    await seen(everybody)
    await clients.end()
