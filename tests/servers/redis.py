"""A redis-server for tests, on a loopback port, without anything on disk."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest

from sharedb_py.pubsub import PubSub
from sharedb_py.pubsub.redis import RedisPubSub
from tests.running import free_port
from tests.servers.process import ServerProcess

__all__ = ["REDIS", "redis_on", "redis_server", "redis_url"]

REDIS = (pytest.mark.redis,)


def redis_server(folder: Path, *options: str, port: int | None = None) -> ServerProcess:
    """Return a redis-server of one's own; not started yet. Skips the test where there is none."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not on the PATH")
    port = port or free_port()
    argv = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    return ServerProcess(
        [*argv, "--save", "", "--appendonly", "no", *options], port, folder / "redis.log"
    )


@cache
def _server() -> ServerProcess:
    folder = Path(tempfile.mkdtemp(prefix="sharedb-py-redis-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    server = redis_server(folder)
    server.start()
    atexit.register(server.stop)
    return server


def redis_url() -> str:
    """Return the URL of a Redis that is kept for the whole run."""
    return f"redis://127.0.0.1:{_server().port}"


def prefix_of(folder: Path) -> str:
    """Return the prefix that stands for a folder."""
    return hashlib.sha256(str(folder).encode()).hexdigest()[:12]


@asynccontextmanager
async def redis_on(folder: Path) -> AsyncIterator[PubSub]:
    """Open a pub/sub, a folder standing for its prefix."""
    pubsub = RedisPubSub(redis_url(), prefix=prefix_of(folder))
    yield pubsub
    await pubsub.close()
