"""Connects a client: an agent that knows every action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharedb_py import actions, presence, queries
from sharedb_py.agent import HANDLERS, Agent, Transport
from sharedb_py.catching_up import keep_up
from sharedb_py.engine import Engine

__all__ = ["connect_transport"]

HANDLERS.update(actions.HANDLERS | queries.HANDLERS | presence.HANDLERS)


async def connect_transport(
    backend: Engine,
    transport: Transport,
    req: Any = None,
    *,
    remote: bool = True,
    custom: Mapping[str, Any] | None = None,
    agent_class: type[Agent] = Agent,
) -> Agent:
    """Return the agent of a new connection, greeted and admitted by the ``connect`` hooks.

    The hooks find ``custom`` in ``agent.custom``. Raises what a hook raises; the transport is
    closed then.
    """
    agent = agent_class(backend, transport, remote=remote)
    agent.custom.update(custom or {})
    await agent.open(req)
    keep_up(agent)
    return agent
