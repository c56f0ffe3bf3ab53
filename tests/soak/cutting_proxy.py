"""A TCP proxy that breaks connections at chosen bytes, some within an op's acknowledgement."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections import Counter
from typing import Final

__all__ = ["CuttingProxy"]

CLIENT: Final = re.compile(rb"[?&]client=(\d+)")
ACKNOWLEDGEMENT: Final = b'{"src":'
"""How the reply to an op begins, and no other frame."""


class CuttingProxy:
    """Stands between clients and a server on loopback; ``cuts`` says how often it broke in.

    Where a connection breaks is decided by the seed, the client's number (the
    query parameter ``client``) and how many connections it had: after so many
    bytes from the server, then at once or within the next acknowledgement, or
    after so many bytes from the client. One that is not to be cut lives on.
    """

    def __init__(self, port: int, seed: int, lifetime: tuple[int, int]) -> None:
        self.cutting = True
        self.cuts: Counter[str] = Counter()
        self._port = port
        self._seed = seed
        self._lifetime = lifetime
        self._connections: Counter[int] = Counter()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Break all connections and listen no more."""
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._port)
            writers.append(up_writer)
            up_writer.write(request)
            found = CLIENT.search(request)
            line = _Line(self, self._chance(int(found[1])) if found else None, self._lifetime)
            pumps = [
                asyncio.ensure_future(line.pump(reader, up_writer, line.from_client)),
                asyncio.ensure_future(line.pump(up_reader, writer, line.from_server)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for each in writers:
                # What was written arrives, and then the line is dead: no goodbye.
                each.close()
            for each in writers:
                with contextlib.suppress(OSError):
                    await each.wait_closed()

    def _chance(self, client: int) -> random.Random:
        self._connections[client] += 1
        return random.Random(f"{self._seed}/{client}/{self._connections[client]}")


class _Line:
    """One connection, and where it breaks."""

    def __init__(
        self, proxy: CuttingProxy, chance: random.Random | None, lifetime: tuple[int, int]
    ) -> None:
        self._proxy = proxy
        self._never = chance is None
        chance = chance or random.Random(0)
        self._kind = chance.choice(["anywhere", "acknowledgement", "acknowledgement", "request"])
        self._left = chance.randrange(*lifetime)
        if self._kind == "request":
            self._left = max(1, self._left // 8)  # clients say less than they hear
        self._into = chance.randrange(0, 60)

    async def pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, allowed: object
    ) -> None:
        """Pass bytes on until the line breaks or ends."""
        assert callable(allowed)
        while data := await reader.read(65536):
            count = allowed(data)
            writer.write(data[:count])
            await writer.drain()
            if count < len(data):
                self._proxy.cuts[self._kind] += 1
                return

    def from_client(self, data: bytes) -> int:
        """Return how many of these bytes still arrive."""
        return self._count(data) if self._kind == "request" else len(data)

    def from_server(self, data: bytes) -> int:
        """Return how many of these bytes still arrive."""
        return len(data) if self._kind == "request" else self._count(data)

    def _count(self, data: bytes) -> int:
        if self._never or not self._proxy.cutting:
            return len(data)
        if self._left >= len(data):
            self._left -= len(data)
            return len(data)
        if self._kind != "acknowledgement":
            return self._left
        start = data.find(ACKNOWLEDGEMENT, self._left)
        self._left = 0
        return len(data) if start < 0 else min(start + self._into, len(data) - 1)
