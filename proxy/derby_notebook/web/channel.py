"""``/channel``: the websocket on which a page and the documents talk."""

from __future__ import annotations

import asyncio
from typing import Final

import httpx
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from derby_notebook.people.access import GuardedAgent
from derby_notebook.people.reach import Reach
from derby_notebook.web.gate import Gate
from sharedb_py.agent import Agent
from sharedb_py.asgi import ShareDBApp
from sharedb_py.backend import Backend
from sharedb_py.middleware import ConnectContext

__all__ = ["CHECK_SECONDS", "Channel"]

CHECK_SECONDS: Final = 60.0
"""How long somebody whom Jupyter lets in no more keeps an open page at most."""
SHUT_OUT: Final = (1008, "Jupyter does not let you in any more")


class Channel:
    """Connects whoever Jupyter knows to the documents, and nobody from a foreign page."""

    def __init__(
        self, backend: Backend, gate: Gate, base: str, *, check_seconds: float = CHECK_SECONDS
    ) -> None:
        self._gate = gate
        self._base = base
        self._check_seconds = check_seconds
        self._sharedb = ShareDBApp(backend, agent_class=GuardedAgent)
        backend.use("connect", self._know)

    def routes(self) -> list[BaseRoute]:
        """Return what is served here."""
        return [WebSocketRoute(f"{self._base}/channel", self.serve)]

    async def serve(self, websocket: WebSocket) -> None:
        """Connect a signed-in client to the documents."""
        if not self._gate.same_origin(websocket):
            await websocket.close(1008)
            return
        try:
            caller = await self._gate.caller(websocket)
        except httpx.HTTPError:
            await websocket.close(1013)
            return
        if caller.user is None:
            await websocket.close(1008)
            return
        websocket.state.caller = caller
        await self._sharedb(websocket.scope, websocket.receive, websocket.send)

    def _know(self, context: ConnectContext) -> None:
        if context.req is None:
            return
        caller, agent = context.req.state.caller, context.agent
        reach = self._gate.reach(caller)
        agent.custom |= {"user": caller.user, "reach": reach}
        assert isinstance(agent, Agent)
        agent.spawn(self._keep_watch(agent, reach))

    async def _keep_watch(self, agent: Agent, reach: Reach) -> None:
        """End the connection once Jupyter lets its person in, or to what is open, no more."""
        while True:
            await asyncio.sleep(self._check_seconds)
            try:
                caller = await self._gate.again(reach.credentials)
                allowed = caller.user is not None and all(
                    [await reach.may(opened, fresh=True) for opened in reach.opened]
                )
            except httpx.HTTPError:
                continue  # Jupyter is away: editing goes on
            if not allowed:
                agent.close(*SHUT_OUT)
                return
            if caller.user is not None and caller.name == agent.custom["user"]["username"]:
                agent.custom["user"] = caller.user
