"""Backends, clients that are nothing but messages, and the original client in a Node process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import uvicorn

from sharedb_py.asgi import ShareDBApp
from sharedb_py.backend import Backend
from sharedb_py.ot import types
from tests.running import free_port
from tests.server.conftest import RawClient, connect
from tests.server.conftest import backend as backend
from tests.traps.ot_types import NUMBER, TEXT

INTEROP = Path(__file__).parents[1] / "interop"

Post: TypeAlias = Callable[..., Awaitable[Any]]


@pytest.fixture(autouse=True, scope="session")
def _types() -> None:
    for ot_type in (NUMBER, TEXT):
        types.register(ot_type)


@pytest.fixture
async def alice(backend: Backend) -> RawClient:
    return await connect(backend)


@pytest.fixture
async def bob(backend: Backend) -> RawClient:
    return await connect(backend)


@pytest.fixture
async def url(backend: Backend) -> AsyncIterator[str]:
    """A real websocket to the backend."""
    port = free_port()
    config = uvicorn.Config(
        ShareDBApp(backend),
        *("127.0.0.1", port),
        ws="websockets-sansio",
        lifespan="off",
        log_level="warning",
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done()
        await asyncio.sleep(0.01)
    yield f"ws://127.0.0.1:{port}/"
    server.should_exit = True
    await serving


@pytest.fixture
def javascript(url: str) -> Callable[[str], Awaitable[Any]]:
    """Run one scene of ``scenes.js`` against the backend; returns what it observed."""

    async def run(scene: str) -> Any:
        process = await asyncio.create_subprocess_exec(
            *("node", str(Path(__file__).parent / "scenes.js"), scene, url),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=INTEROP,
        )
        try:
            output, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, (output + errors).decode()
        return json.loads(output.decode().splitlines()[-1])

    return run
