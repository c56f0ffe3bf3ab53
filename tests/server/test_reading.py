"""How far the server reads ahead of what it handles."""

from __future__ import annotations

import asyncio

import uvicorn
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect

from sharedb_py.dropping import READ_AHEAD, DroppingWebSockets
from tests.running import free_port

MANY = 3000
SIZE = 10_000


async def test_a_flood_waits_outside_and_arrives_whole() -> None:
    gate = asyncio.Event()
    taken: list[str] = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await gate.wait()
        while len(taken) < MANY:
            taken.append((await receive())["text"])
        await send({"type": "websocket.send", "text": "done"})

    port = free_port()
    config = uvicorn.Config(
        slow, port=port, ws=DroppingWebSockets, lifespan="off", log_level="warning"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done()
        await asyncio.sleep(0.01)
    async with connect(f"ws://127.0.0.1:{port}", compression=None) as client:

        async def flood() -> None:
            for number in range(MANY):
                await client.send(str(number).rjust(SIZE))

        flooding = asyncio.create_task(flood())
        [protocol] = [
            each for each in server.server_state.connections if isinstance(each, DroppingWebSockets)
        ]
        while not protocol.read_paused:  # noqa: ASYNC110 - uvicorn tells nobody that it paused
            await asyncio.sleep(0.001)
        # What had come in one piece by then is there, no more.
        assert READ_AHEAD <= protocol.queue.qsize() < READ_AHEAD + 100
        gate.set()
        await flooding
        assert await client.recv() == "done"
    assert taken == [str(number).rjust(SIZE) for number in range(MANY)]
    server.should_exit = True
    await serving
