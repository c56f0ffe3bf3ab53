"""``serve --workers``: several processes, one address, and clients that come back by themselves."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect as bare_connect
from websockets.exceptions import ConnectionClosedError

from sharedb_py.client.aio import connect
from tests.running import Program
from tests.servers.mongo import MONGO, database_url, mongo_url
from tests.servers.redis import REDIS, prefix_of, redis_server, redis_url

pytestmark = [*MONGO, *REDIS]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(
        "sharedb-py",
        *("serve", "--workers", "2", "--port", "0", "--log-level", "info"),
        *("--db", database_url(mongo_url(), tmp_path)),
        *("--pubsub", f"{redis_url()}?prefix={prefix_of(tmp_path)}"),
        log=tmp_path / "log",
        ready=r"at (ws://\S+)",
    )
    yield program
    if program.process is not None and program.process.poll() is None:
        program.stop()


def children(pid: int) -> list[int]:
    """Return the ids of a process's children."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - processes have no event
            await asyncio.sleep(0.02)


async def test_a_load_balancer_learns_who_is_alive_and_who_is_ready(tmp_path: Path) -> None:
    own_redis = redis_server(tmp_path)
    own_redis.start()
    program = Program(
        *("sharedb-py", "serve", "--port", "0", "--pubsub", f"redis://127.0.0.1:{own_redis.port}"),
        *("--db", database_url(mongo_url(), tmp_path)),
        log=tmp_path / "log",
        ready=r"at ws(://[\w.:]+)",
    )
    base = f"http{program.start()[1]}"
    async with httpx.AsyncClient(base_url=base, timeout=30) as client:
        assert (await client.get("/health")).json() == {"status": "ok"}
        answer = await client.get("/ready")
        assert answer.json() == {"status": "ok", "database": True, "pubsub": True}
        own_redis.stop()
        answer = await client.get("/ready")
        assert answer.status_code == 503
        assert answer.json() == {"status": "unavailable", "database": True, "pubsub": False}
        assert (await client.get("/health")).status_code == 200
        own_redis.start()
        assert (await client.get("/ready")).status_code == 200
        assert (await client.get("/elsewhere")).status_code == 404
    program.stop()
    own_redis.stop()


async def test_clients_of_all_workers_share_documents_and_outlive_a_worker(
    program: Program,
) -> None:
    url = program.start()[1]
    workers = children(program.pid)
    assert len(workers) == 2
    clients = [connect(url) for _ in range(8)]
    for client in clients:
        await client.open()
    docs = [client.doc("dogs", "fido") for client in clients]
    await docs[0].create({"n": 0})
    await asyncio.gather(*(doc.subscribe() for doc in docs))

    async def everybody_adds_one() -> None:
        before = docs[0].data["n"]
        await asyncio.gather(*(doc.submit([{"p": ["n"], "na": 1}]) for doc in docs))
        await until(lambda: all(doc.data["n"] == before + len(docs) for doc in docs))

    await everybody_adds_one()
    os.kill(workers[0], signal.SIGKILL)
    await until(lambda: len(children(program.pid)) == 2 and workers[0] not in children(program.pid))
    await everybody_adds_one()

    before = set(children(program.pid))
    bare = [await bare_connect(url) for _ in range(4)]
    os.kill(program.pid, signal.SIGHUP)
    await until(lambda: len(children(program.pid)) == 2 and not before & set(children(program.pid)))
    for socket in bare:
        await socket.recv()  # the greeting
        with pytest.raises(ConnectionClosedError) as ended:
            await socket.recv()
        assert ended.value.rcvd is None, "Derby's clients take a close frame for a wish"
    await everybody_adds_one()
    assert docs[0].data == {"n": 24}
    assert docs[0].version == 25
    for client in clients:
        await client.close()


def test_workers_end_with_their_parent_however_it_ends(program: Program) -> None:
    program.start()
    workers = children(program.pid)
    assert program.stop() == 0
    assert not any(map(is_running, workers))
    program.start()
    workers = children(program.pid)
    program.kill()
    asyncio.run(until(lambda: not any(map(is_running, workers))))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--db", "sqlite:///x.sqlite"], "cannot share --pubsub memory:"),
        (["--pubsub", "redis://127.0.0.1:1"], "cannot share --db memory:"),
        (["--workers", "0"], "--workers"),
    ],
)
def test_what_workers_cannot_share_is_refused(
    tmp_path: Path, arguments: list[str], why: str
) -> None:
    program = Program(
        *("sharedb-py", "serve", "--port", "0", "--workers", "2", *arguments),
        log=tmp_path / "log",
        ready="Serving",
        cwd=tmp_path,
    )
    with pytest.raises(AssertionError, match="ended by itself"):
        program.start()
    assert re.search(why, program.output())


def test_a_database_that_is_away_ends_the_command(tmp_path: Path) -> None:
    program = Program(
        *("sharedb-py", "serve", "--port", "0", "--workers", "2", "--pubsub", redis_url()),
        *("--db", "mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=200"),
        log=tmp_path / "log",
        ready="Serving",
    )
    with pytest.raises(AssertionError, match="No MongoDB server answers"):
        program.start()
    assert len(program.output().splitlines()) == 1
