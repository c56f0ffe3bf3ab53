"""Redis between processes: Node's channels and payloads, and nobody left behind by a break."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from sharedb_py.backend import Backend
from sharedb_py.client.aio import Connection
from sharedb_py.db.sqlite import SQLiteDB
from sharedb_py.errors import ShareDBError
from sharedb_py.inprocess import connect
from sharedb_py.pubsub import Published, open_pubsub
from sharedb_py.pubsub.redis import RedisPubSub
from tests.running import free_port
from tests.servers.process import ServerProcess
from tests.servers.redis import REDIS, redis_server

pytestmark = [*REDIS]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[ServerProcess]:
    """A Redis of the test's own."""
    server = redis_server(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def url(redis: ServerProcess) -> str:
    return f"redis://127.0.0.1:{redis.port}"


async def until(condition: Any) -> None:
    """Wait for what other tasks bring about."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)


class Server:
    """A backend as a process of a cluster has it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.backend = Backend(SQLiteDB(folder / "rooms.sqlite"), open_pubsub(url))
        self.clients: list[Connection] = []

    async def client(self) -> Connection:
        client = connect(self.backend)
        await client.open()
        self.clients.append(client)
        return client

    async def close(self) -> None:
        for client in self.clients:
            await client.close()
        await self.backend.close()


@pytest.fixture
async def servers(url: str, tmp_path: Path) -> AsyncIterator[list[Server]]:
    """Two processes on one database and one Redis."""
    servers = [Server(f"{url}?presenceTTL=2", tmp_path) for _ in range(2)]
    yield servers
    for server in servers:
        await server.close()


@pytest.fixture
async def open_queries(servers: list[Server]) -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


# As Node has it


@pytest.mark.parametrize("prefix", ["", "room one"])
async def test_channels_and_payloads_are_those_of_sharedb_redis_pubsub(
    url: str, prefix: str
) -> None:
    pubsub = open_pubsub(f"{url}?prefix={prefix}" if prefix else url)
    real = f"{prefix} " if prefix else ""
    got: list[Any] = []
    async with Redis.from_url(url) as raw, raw.pubsub() as listener:
        await listener.subscribe(f"{real}dogs", f"{real}dogs.fido")
        await pubsub.subscribe("dogs", got.append)
        op = {
            "src": "a",
            "seq": 1,
            "v": 1,
            "op": [{"p": ["é\ud800"], "oi": 1}],
            "c": "dogs",
            "d": "fido",
        }
        pubsub.publish(["dogs", "dogs.fido"], op)
        heard: list[tuple[str, Any]] = []
        while len(heard) < 2:
            message = await listener.get_message(ignore_subscribe_messages=True, timeout=5)
            if message is not None:
                heard.append((message["channel"].decode(), json.loads(message["data"])))
        assert heard == [(f"{real}dogs", op), (f"{real}dogs.fido", op)]
        await raw.publish(f"{real}dogs", json.dumps({"from": "Node"}))
        await raw.publish(f"{real}dogs", "no JSON")
        await raw.publish(f"{real}dogs", "[1]")
        await raw.publish(f"{real}dogs", json.dumps({"last": True}))
        await until(lambda: len(got) == 3)
        assert [published.message for published in got] == [op, {"from": "Node"}, {"last": True}]
        await pubsub.close()
        assert await raw.pubsub_numsub(f"{real}dogs") == [(f"{real}dogs".encode(), 1)]


async def test_the_last_to_leave_unsubscribes_at_the_broker(url: str) -> None:
    pubsub = open_pubsub(url)
    async with Redis.from_url(url) as raw:

        async def followers() -> int:
            [(_, count)] = await raw.pubsub_numsub("dogs")
            return int(count)

        first = await pubsub.subscribe("dogs", lambda _: None)
        second = await pubsub.subscribe("dogs", lambda _: None)
        first.close()
        assert await followers() == 1
        second.close()
        async with asyncio.timeout(60):
            while await followers():  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(0.01)
    await pubsub.close()


async def test_leaving_and_coming_back_at_once_loses_nothing(url: str) -> None:
    pubsub, got = open_pubsub(url), []  # type: ignore[var-annotated]
    subscription = await pubsub.subscribe("dogs", lambda _: None)
    for _ in range(50):
        subscription.close()
        subscription = await pubsub.subscribe("dogs", got.append)
        pubsub.publish(["dogs"], {"n": 1})
        await until(lambda: got)
        got.clear()
    await pubsub.close()


# Errors


async def test_a_redis_that_is_not_there_is_an_error_soon_and_none_later(tmp_path: Path) -> None:
    port = free_port()
    pubsub = RedisPubSub(f"redis://127.0.0.1:{port}", patience=0.2)
    with pytest.raises(ShareDBError, match="No Redis server answers"):
        await pubsub.check()
    with pytest.raises(ShareDBError, match="Redis does not answer"):
        await pubsub.subscribe("dogs", lambda _: None)
    server = redis_server(tmp_path, port=port)
    server.start()
    got: list[Published] = []
    pubsub.publish(["dogs"], {"too": "early"})
    async with asyncio.timeout(60):
        while not got:
            try:
                await pubsub.subscribe("dogs", got.append)
            except ShareDBError:
                continue
            pubsub.publish(["dogs"], {"n": 1})
            await until(lambda: got)
    await pubsub.check()
    await pubsub.close()
    server.stop()


async def test_a_wrong_password_is_said_to_be_wrong(tmp_path: Path) -> None:
    server = redis_server(tmp_path, "--requirepass", "right")
    server.start()
    pubsub = open_pubsub(f"redis://:wrong@127.0.0.1:{server.port}")
    with pytest.raises(ShareDBError, match="refused the user name or password"):
        await pubsub.check()
    await pubsub.close()
    right = open_pubsub(f"redis://:right@127.0.0.1:{server.port}")
    await right.check()
    await right.close()
    server.stop()


@pytest.mark.parametrize("url", ["kafka://h", "redis:/x?presenceTTL=soon", "nothing"])
def test_a_url_that_names_no_pubsub_is_refused(url: str) -> None:
    with pytest.raises(ShareDBError):
        open_pubsub(url)


# Breaks


async def test_what_is_published_while_redis_is_away_arrives_later_in_order(
    redis: ServerProcess, url: str
) -> None:
    ours, theirs = open_pubsub(url), open_pubsub(url)
    got: list[Published] = []
    gaps: list[int] = []
    theirs.watch_gaps(lambda: gaps.append(len(got)))
    await theirs.subscribe("dogs", got.append)
    ours.publish(["dogs"], {"n": 0})
    await until(lambda: len(got) == 1)
    redis.kill()
    await asyncio.sleep(0.2)
    redis.start()
    await until(lambda: gaps)
    for number in range(1, 100):
        ours.publish(["dogs"], {"n": number})
    await until(lambda: len(got) >= 100)
    assert [published.message["n"] for published in got] == list(range(100))
    assert gaps == [1]
    await ours.close()
    await theirs.close()


async def test_after_a_break_every_client_is_brought_up_to_date(
    redis: ServerProcess, servers: list[Server], open_queries: AsyncExitStack
) -> None:
    alice, bob = [await server.client() for server in servers]
    for name in ("a", "b", "c"):
        await alice.doc("dogs", name).create({"n": 0, "wanted": True})
    follows = [bob.doc("dogs", name) for name in ("a", "b")]
    await asyncio.gather(*(doc.subscribe() for doc in follows))
    query = await open_queries.enter_async_context(bob.live_query("dogs", {"wanted": True}))
    counted = await open_queries.enter_async_context(bob.live_query("dogs", {"$count": True}))
    redis.kill()
    # Nobody tells bob's server of any of these.
    for _ in range(5):
        await alice.doc("dogs", "a").submit([{"p": ["n"], "na": 1}])
    await alice.doc("dogs", "b").submit([{"p": ["n"], "na": 1}])
    await alice.doc("dogs", "b").submit([{"p": ["wanted"], "od": True}])
    await alice.doc("dogs", "d").create({"n": 0, "wanted": True})
    assert [doc.data["n"] for doc in follows] == [0, 0]
    redis.start()
    await until(lambda: [doc.data["n"] for doc in follows] == [5, 1])
    await until(lambda: sorted(doc.id for doc in query.docs) == ["a", "c", "d"])
    await until(lambda: counted.extra == 4)
    # And live again.
    await alice.doc("dogs", "a").submit([{"p": ["n"], "na": 1}])
    await until(lambda: follows[0].data["n"] == 6)


async def test_after_a_break_everybody_present_is_seen_again(
    redis: ServerProcess, servers: list[Server]
) -> None:
    alice, bob, carol = [await servers[n].client() for n in (0, 1, 1)]
    await asyncio.gather(*(client.presence("room").subscribe() for client in (alice, bob)))
    here = bob.presence("room")
    await alice.presence("room").submit("alice", {"at": 1})
    await until(lambda: here.remote == {"alice": {"at": 1}})
    redis.kill()
    await asyncio.sleep(0.1)
    redis.start()
    await carol.presence("room").subscribe()
    await until(lambda: carol.presence("room").remote == {"alice": {"at": 1}})
    await alice.presence("room").submit("alice", {"at": 2})
    await until(lambda: here.remote == carol.presence("room").remote == {"alice": {"at": 2}})


async def test_a_client_whose_server_died_is_gone_after_its_time_to_live(
    servers: list[Server], url: str
) -> None:
    alice, bob = [await server.client() for server in servers]
    await bob.presence("room").subscribe()
    here = bob.presence("room")
    await alice.presence("room").submit("alice", {"at": 1})
    ghost = {"a": "p", "ch": "room", "src": "dead", "id": "ghost", "p": {"at": 0}, "pv": 7}
    async with Redis.from_url(url) as raw:
        await raw.publish("$presence.room", json.dumps(ghost))
    await until(lambda: here.remote == {"alice": {"at": 1}, "ghost": {"at": 0}})
    await until(lambda: here.remote == {"alice": {"at": 1}})
    await asyncio.sleep(2.5)
    assert here.remote == {"alice": {"at": 1}}, "who is alive was taken for a ghost"
