"""A client that does not read costs a bounded amount of memory (design, promise 4)."""

from __future__ import annotations

import asyncio
from typing import Any

from sharedb_py.agent import Agent
from sharedb_py.asgi import ShareDBApp
from sharedb_py.backend import Backend


async def test_a_client_that_does_not_read_is_cut_off() -> None:
    backend = Backend(max_outgoing_bytes=1000)
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    stuck, sent = asyncio.Event(), []

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "websocket.send":
            await stuck.wait()

    incoming.put_nowait({"type": "websocket.connect"})
    scope = {"type": "websocket", "path": "/channel", "headers": []}
    serving = asyncio.create_task(ShareDBApp(backend)(scope, incoming.get, send))
    for _ in range(100):
        incoming.put_nowait({"type": "websocket.receive", "text": '{"a":"pp"}'})
    while not incoming.empty() or backend.agents_count:
        await asyncio.sleep(0)
        if len(sent) > 1 and incoming.empty():
            stuck.set()
    await asyncio.wait_for(serving, 60)
    assert sent[-1]["code"] == 1013
    assert len(sent) < 10
    await backend.close()


async def test_a_client_that_cannot_be_served_is_not_kept_waiting() -> None:
    class Broken(Agent):
        async def open(self, req: Any) -> None:
            raise RuntimeError("no")

    backend = Backend()
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    incoming.put_nowait({"type": "websocket.connect"})
    scope = {"type": "websocket", "path": "/channel", "headers": []}
    app = ShareDBApp(backend, agent_class=Broken)
    await asyncio.wait_for(app(scope, incoming.get, send), 60)
    assert sent[-1] == {"type": "websocket.close", "code": 1011, "reason": "Internal error"}
    await backend.close()
