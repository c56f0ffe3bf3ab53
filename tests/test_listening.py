"""The socket a server listens on."""

from __future__ import annotations

import asyncio
import socket

import pytest

from sharedb_py.errors import ShareDBError
from sharedb_py.listening import listen


async def test_small_messages_of_accepted_connections_do_not_wait_for_each_other() -> None:
    accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def on_connection(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection: socket.socket = writer.get_extra_info("socket")
        accepted.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = listen("127.0.0.1", 0)
    async with await asyncio.start_server(on_connection, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        assert await accepted != 0
        writer.close()
        await writer.wait_closed()


def test_an_address_in_use_is_named_in_the_error() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(ShareDBError, match=f"127.0.0.1:{port}.*in use.*--port"):
            listen("127.0.0.1", port)
