"""``/channel``: the websocket on which a page and the documents talk."""

from __future__ import annotations

import httpx
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from derby_notebook.people.access import GuardedAgent
from derby_notebook.web.gate import Gate
from sharedb_py.asgi import ShareDBApp
from sharedb_py.backend import Backend
from sharedb_py.middleware import ConnectContext

__all__ = ["Channel"]


class Channel:
    """Connects whoever Jupyter knows to the documents, and nobody from a foreign page."""

    def __init__(self, backend: Backend, gate: Gate, base: str) -> None:
        self._gate = gate
        self._base = base
        self._sharedb = ShareDBApp(backend, agent_class=GuardedAgent)
        backend.use("connect", _know_user)

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
        websocket.state.user = caller.user
        await self._sharedb(websocket.scope, websocket.receive, websocket.send)


def _know_user(context: ConnectContext) -> None:
    if context.req is not None:
        context.agent.custom["user"] = context.req.state.user
