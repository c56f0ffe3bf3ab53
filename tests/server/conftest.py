"""A client that is nothing but the messages it sends and received."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sharedb_py.agent import Agent
from sharedb_py.backend import Backend
from sharedb_py.jsonvalue import JSONObject
from sharedb_py.serving import connect_transport


class RawClient:
    """Sends messages to an agent, and keeps what comes back in a queue."""

    agent: Agent

    def __init__(self) -> None:
        self.received: asyncio.Queue[JSONObject] = asyncio.Queue()
        self.closed: tuple[int, str] | None = None

    def send(self, text: str) -> None:
        self.received.put_nowait(json.loads(text))

    def close(self, code: int, reason: str) -> None:
        self.closed = self.closed or (code, reason)

    def post(self, **message: Any) -> None:
        self.agent.receive_frame(json.dumps(message))

    async def next(self) -> JSONObject:
        return await asyncio.wait_for(self.received.get(), 60)

    async def ask(self, **message: Any) -> JSONObject:
        """Send a message and return the next one received."""
        self.post(**message)
        return await self.next()


async def connect(backend: Backend) -> RawClient:
    client = RawClient()
    client.agent = await connect_transport(backend, client)
    assert (await client.next())["a"] == "init"
    return client


@pytest.fixture
async def backend() -> AsyncIterator[Backend]:
    made = Backend()
    yield made
    await made.close()
