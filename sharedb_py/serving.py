"""Connects a client: an agent that knows every action."""

from __future__ import annotations

from typing import Any

from sharedb_py import presence, queries
from sharedb_py.agent import HANDLERS, Agent, Transport
from sharedb_py.backend import Backend

__all__ = ["connect_transport"]

HANDLERS.update(queries.HANDLERS | presence.HANDLERS)


async def connect_transport(
    backend: Backend, transport: Transport, req: Any = None, *, remote: bool = True
) -> Agent:
    """Return the agent of a new connection, greeted and admitted by the ``connect`` hooks.

    Raises what a hook raises; the transport is closed then.
    """
    agent = Agent(backend, transport, remote=remote)
    await agent.open(req)
    return agent
