"""The client over a real websocket, cut off and back again."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.applications import Starlette

from sharedb_py.asgi import sharedb_route
from sharedb_py.backend import Backend
from sharedb_py.client.aio import connect
from sharedb_py.errors import ShareDBError
from sharedb_py.middleware import ConnectContext
from tests.running import free_port


class Relay:
    """Carries bytes to the server, and can cut every line it carries."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self.refuses = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, far_writer}
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def served(backend: Backend) -> AsyncIterator[tuple[str, Relay]]:
    app = Starlette(routes=[sharedb_route(backend)])
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", ws="websockets-sansio", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    relay = Relay(listener.getsockname()[1])
    front = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{front.sockets[0].getsockname()[1]}/channel", relay
    finally:
        relay.cut()
        front.close()
        server.should_exit = True
        await serving
        listener.close()


async def eventually(condition: Callable[[], bool], kick: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await kick()


async def test_a_cut_line_comes_back_and_every_op_is_committed_once(backend: Backend) -> None:
    async with served(backend) as (url, relay), connect(url, first_delay=0.01) as alice:
        async with connect(url, first_delay=0.01) as bob:
            ours, theirs = alice.doc("cells", "c1"), bob.doc("cells", "c1")
            await ours.create({"n": 0})
            await asyncio.gather(ours.subscribe(), theirs.subscribe())
            source, acknowledged = alice.id, []
            for number in range(30):
                acknowledged.append(ours.submit([{"p": ["n"], "na": 1}]))
                acknowledged.append(theirs.submit([{"p": ["n"], "na": 1}]))
                if number % 10 == 5:
                    await asyncio.sleep(0)
                    relay.cut()
                await asyncio.sleep(0.002)
            await asyncio.wait_for(asyncio.gather(*acknowledged), 60)
            await eventually(lambda: ours.version == theirs.version, ours.fetch)
            assert ours.data == theirs.data == {"n": 60}
            assert alice.id == source


async def test_a_live_query_survives_a_cut(backend: Backend) -> None:
    async with served(backend) as (url, relay), connect(url, first_delay=0.01) as alice:
        async with alice.live_query("cells", {"n": {"$gt": 0}}) as query:
            changes = query.changes()
            await alice.doc("cells", "c1").create({"n": 1})
            assert (await asyncio.wait_for(anext(changes), 60)).ids == ["c1"]
            relay.cut()
            await alice.doc("cells", "c2").create({"n": 2})
            assert (await asyncio.wait_for(anext(changes), 60)).ids == ["c2"]
            assert [doc.data for doc in query.docs] == [{"n": 1}, {"n": 2}]


async def test_a_server_that_is_not_there_raises() -> None:
    with pytest.raises(ConnectionRefusedError):
        async with connect(f"ws://127.0.0.1:{free_port()}/channel"):
            pass


async def test_a_server_that_refuses_us_raises(backend: Backend) -> None:
    @backend.use("connect")
    def refuse(context: ConnectContext) -> None:
        raise ShareDBError("Not you")

    async with served(backend) as (url, _):
        with pytest.raises(ShareDBError, match="Not you"):
            async with asyncio.timeout(60), connect(url):
                pass
