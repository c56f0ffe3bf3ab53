"""People who type with cursors, as raw clients of the protocol: the same for every server."""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

__all__ = ["Seen", "Typist"]

Message = dict[str, Any]


@lru_cache(maxsize=2000)
def parse(text: str) -> Message:
    """Return a message; what everybody hears is parsed once, or we would measure ourselves."""
    message: Message = json.loads(text)
    return message


@dataclass
class Seen:
    """What all people of one run saw, in seconds; they share this process and its clock."""

    acks: list[float] = field(default_factory=list)
    ops: list[float] = field(default_factory=list)
    presences: list[float] = field(default_factory=list)
    held: int = 0
    """Keys typed while the last op was on its way: a real client sends them with the next."""
    errors: list[Message] = field(default_factory=list)
    sent: dict[tuple[Any, ...], float] = field(default_factory=dict)

    def since(self, *key: Any) -> float | None:
        """Return how long ago something was sent, if in this run."""
        sent = self.sent.get(key)
        return None if sent is None else time.perf_counter() - sent


class Typist:
    """One person on one connection, who follows all cells and types into one.

    A key is an op at the start of the cell's source and a presence like the page's own; an op
    goes out when the one before it was acknowledged.
    """

    def __init__(self, socket: ClientConnection, number: int) -> None:
        self.src = ""
        self.seen = Seen()
        self._socket = socket
        self._number = number
        self._versions: dict[str, int] = {}
        self._seq = 1
        self._pv = 0
        self._busy = False
        self._replies: asyncio.Queue[Message] = asyncio.Queue()
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    async def come(cls, url: str, number: int, headers: dict[str, str]) -> Typist:
        """Connect and shake hands."""
        socket = await connect(url, additional_headers=headers, compression=None, max_size=None)
        typist = cls(socket, number)
        typist._reader = asyncio.create_task(typist._read())
        await typist._replies.get()
        hello = await typist.ask({"a": "hs", "id": None, "protocol": 1, "protocolMinor": 2})
        typist.src = hello["id"]
        return typist

    async def leave(self) -> None:
        """Disconnect."""
        await self._socket.close()
        if self._reader is not None:
            await self._reader

    async def send(self, message: Message) -> None:
        """Send a message."""
        await self._socket.send(json.dumps(message))

    async def ask(self, message: Message) -> Message:
        """Send a message that is neither op nor presence; return the reply."""
        await self.send(message)
        reply = await asyncio.wait_for(self._replies.get(), 60)
        if "error" in reply:
            raise RuntimeError(f"{message} was answered {reply}")
        return reply

    async def cells(self, notebook: str) -> list[str]:
        """Return the ids of a notebook's cells."""
        query = {"a": "qf", "id": 1, "c": "cells", "q": {"_notebook": notebook}}
        return [found["d"] for found in (await self.ask(query))["data"]]

    async def create(self, cell: str, source: str) -> None:
        """Make a cell."""
        body = {"type": "http://sharejs.org/types/JSONv0", "data": {"source": source}}
        message = {"a": "op", "c": "cells", "d": cell, "v": 0, "seq": self._seq, "x": {}}
        await self.send({**message, "create": body})
        await self.ask({"a": "f", "c": "cells", "d": cell})  # answered when the cell is there

    async def follow(self, notebook: str, cells: list[str]) -> None:
        """Follow all cells, and who is in the notebook."""
        found = await self.ask({"a": "bs", "c": "cells", "b": cells})
        self._versions = {cell: found["data"][cell]["v"] for cell in cells}
        await self.ask({"a": "ps", "ch": f"notebook.{notebook}", "seq": 1})

    async def type(self, notebook: str, cell: str, per_second: float, until: float) -> None:
        """Type at about a rate, each after a moment of their own."""
        chance = random.Random(self._number)
        while time.perf_counter() < until:
            await asyncio.sleep(chance.uniform(0.5, 1.5) / per_second)
            await self._say(notebook, cell)
            if self._busy:
                self.seen.held += 1
            else:
                await self._press(cell)

    async def _press(self, cell: str) -> None:
        self._busy = True
        self.seen.sent["op", self.src, self._seq] = time.perf_counter()
        op = [{"p": ["source", 0], "si": "x"}]
        message = {"a": "op", "c": "cells", "d": cell, "v": self._versions[cell], "x": {}}
        await self.send({**message, "seq": self._seq, "op": op})

    async def _say(self, notebook: str, cell: str) -> None:
        self._pv += 1
        self.seen.sent["p", self.src, self._pv] = time.perf_counter()
        at = self._pv % 80
        value = {
            **{"userId": f"person{self._number}", "name": f"Person {self._number}"},
            **{"color": "#2563eb", "icon": None, "since": 1700000000000, "arriving": False},
            **{"cell": cell, "anchor": at, "head": at},
        }
        said = {"a": "p", "ch": f"notebook.{notebook}", "id": f"p{self._number}"}
        await self.send({**said, "p": value, "pv": self._pv})

    async def _read(self) -> None:
        async for text in self._socket:
            self._take(parse(str(text)))

    def _take(self, message: Message) -> None:
        action, own = message.get("a"), message.get("src") == self.src
        if "error" in message and action in ("op", "p"):
            self.seen.errors.append(message)
            self._busy = False
        elif action == "op":
            self._versions[message["d"]] = message["v"] + 1
            since = self.seen.since("op", message["src"], message["seq"])
            if own:
                self._busy = False
                self._seq += 1
            if since is not None:
                (self.seen.acks if own else self.seen.ops).append(since)
        elif action == "p":
            since = self.seen.since("p", message["src"], message["pv"])
            if since is not None and not own:
                self.seen.presences.append(since)
        elif action != "pr":
            self._replies.put_nowait(message)
