"""A backend served on a loopback port, and a recorder in front of it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.server import serve as serve_websockets

from sharedb_py.asgi import sharedb_route
from sharedb_py.backend import Backend
from sharedb_py.cli.record import Recorder, first_line

__all__ = ["recorded", "served"]


@asynccontextmanager
async def served(backend: Backend) -> AsyncIterator[str]:
    """Serve a backend; yields the URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=[sharedb_route(backend)])
    config = uvicorn.Config(app, log_level="error", ws="websockets-sansio", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/channel"
    finally:
        server.should_exit = True
        await serving
        listener.close()
        await backend.close()


@asynccontextmanager
async def recorded(url: str, path: Path) -> AsyncIterator[str]:
    """Record what passes to a server; yields the URL for clients."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(first_line())
        recorder = Recorder(url, file)
        async with serve_websockets(recorder.handle, "127.0.0.1", 0, max_size=None) as server:
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
