"""A MongoDB server that answers by a script: for states that the servers built here never are in.

It speaks as much of the wire protocol as the driver needs to find out that a member
has no primary, or that it is not let in; nothing is stored.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from bson import decode, encode

__all__ = ["refusing_credentials", "without_primary"]

OP_REPLY: Final = 1
OP_QUERY: Final = 2004
OP_MSG: Final = 2013

Script = Callable[[int, dict[str, Any]], dict[str, Any]]
"""Given the port and a command: the answer."""

HELLO: Final[dict[str, Any]] = {
    "ok": 1,
    "helloOk": True,
    "minWireVersion": 0,
    "maxWireVersion": 21,
    "maxBsonObjectSize": 16 * 2**20,
    "maxMessageSizeBytes": 48_000_000,
    "maxWriteBatchSize": 100_000,
}
NO_SUCH_COMMAND: Final = {"ok": 0, "code": 59, "codeName": "CommandNotFound", "errmsg": "no"}


def _is_hello(command: dict[str, Any]) -> bool:
    return next(iter(command)).lower() in ("hello", "ismaster")


def _secondary(port: int, command: dict[str, Any]) -> dict[str, Any]:
    if not _is_hello(command):
        return NO_SUCH_COMMAND
    me = f"127.0.0.1:{port}"
    member = {"setName": "rs0", "setVersion": 1, "hosts": [me], "me": me, "secondary": True}
    return {**HELLO, **member, "ismaster": False, "isWritablePrimary": False}


def _refuses(port: int, command: dict[str, Any]) -> dict[str, Any]:
    if _is_hello(command):
        return {**HELLO, "ismaster": True, "isWritablePrimary": True}
    text = "Authentication failed."
    return {"ok": 0, "code": 18, "codeName": "AuthenticationFailed", "errmsg": text}


@asynccontextmanager
async def _serving(script: Script) -> AsyncIterator[int]:
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        port = writer.get_extra_info("sockname")[1]
        try:
            while True:
                header = await reader.readexactly(16)
                length, request, _, opcode = struct.unpack("<iiii", header)
                body = await reader.readexactly(length - 16)
                answer = encode(script(port, _command(opcode, body)))
                writer.write(_reply(opcode, request, answer))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.close()


def _command(opcode: int, body: bytes) -> dict[str, Any]:
    if opcode == OP_QUERY:  # flags, the collection's name, two numbers, the document
        return decode(body[body.index(b"\0", 4) + 9 :])
    return decode(body[5:])  # flags, and one section of kind 0


def _reply(opcode: int, request: int, document: bytes) -> bytes:
    if opcode == OP_QUERY:
        body = struct.pack("<iqii", 8, 0, 0, 1) + document
        return struct.pack("<iiii", 16 + len(body), 0, request, OP_REPLY) + body
    body = struct.pack("<iB", 0, 0) + document
    return struct.pack("<iiii", 16 + len(body), 0, request, OP_MSG) + body


@asynccontextmanager
async def without_primary() -> AsyncIterator[str]:
    """Serve as a member of a replica set that has lost its primary; yields its host and port."""
    async with _serving(_secondary) as port:
        yield f"127.0.0.1:{port}"


@asynccontextmanager
async def refusing_credentials() -> AsyncIterator[str]:
    """Serve as one that knows nobody; yields its host and port."""
    async with _serving(_refuses) as port:
        yield f"127.0.0.1:{port}"
