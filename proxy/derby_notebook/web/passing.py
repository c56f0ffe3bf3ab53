"""All that is Jupyter's: passed on to it, a viewer's only if it reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import httpx
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from derby_notebook.people.roles import Role, viewer_may
from derby_notebook.service import NotebookService
from derby_notebook.web.gate import Gate
from derby_notebook.web.reverse_proxy import ReverseProxy

__all__ = ["Passing", "note_file_operation"]

NOT_HERE: Final = "/api/collaboration/"
"""jupyter-collaboration writes the file from a copy of its own: two owners would lose text."""
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Passing:
    """Every address that is not ours."""

    def __init__(
        self, jupyter: ReverseProxy, gate: Gate, roles: Mapping[str, Role], base: str
    ) -> None:
        self._jupyter = jupyter
        self._gate = gate
        self._has_viewers = "viewer" in roles.values()
        self._base = base

    def routes(self) -> list[BaseRoute]:
        """Return what is served here: the last ones."""
        return [
            Route("/{path:path}", self.http, methods=METHODS),
            WebSocketRoute("/{path:path}", self.websocket),
        ]

    async def http(self, request: Request) -> Response:
        """Pass a request on to Jupyter; a viewer's only if it reads."""
        below = request.url.path.removeprefix(self._base)
        if below.startswith(NOT_HERE):
            return PlainTextResponse("Live documents are kept by derby-notebook here\n", 404)
        if not viewer_may(request.method, below):
            try:
                refused = await self._is_viewer(request)
            except httpx.HTTPError:
                return PlainTextResponse("The Jupyter Server does not answer\n", 502)
            if refused:
                return PlainTextResponse("You may read here, not change or run anything\n", 403)
        return await self._jupyter.http(request)

    async def websocket(self, websocket: WebSocket) -> None:
        """Pass a websocket on to Jupyter: all of its websockets run something."""
        if websocket.url.path.removeprefix(self._base).startswith(NOT_HERE):
            await websocket.close(1008)
            return
        try:
            refused = await self._is_viewer(websocket)
        except httpx.HTTPError:
            await websocket.close(1013)
            return
        if refused:
            await websocket.close(1008)
            return
        await self._jupyter.websocket(websocket)

    async def _is_viewer(self, connection: HTTPConnection) -> bool:
        if not self._has_viewers:
            return False  # then Jupyter's own authorizer decides, of each request
        caller = await self._gate.caller(connection)
        return caller.user is not None and not caller.may_edit


def note_file_operation(
    service: NotebookService, base: str, method: str, path: str, body: bytes
) -> None:
    """Somebody renamed, wrote, deleted or trusted a file past us, on a page of Jupyter's."""
    below = path.removeprefix(f"{base}/api/contents").strip("/")
    if method == "PATCH":
        new = json.loads(body).get("path")
        if isinstance(new, str):
            service.soon(service.files.renamed(below, new))
    elif method in ("PUT", "DELETE"):
        service.soon(service.files.changed_outside(below))
    elif "/checkpoints/" in below:
        service.soon(service.files.changed_outside(below.partition("/checkpoints/")[0]))
    elif below.endswith("/trust"):
        service.soon(service.files.changed_outside(below.removesuffix("/trust")))
