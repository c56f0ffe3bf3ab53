"""The application: our page and channel, and all the rest passed to Jupyter."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from derby_notebook.jupyter.api import JupyterAPI, JupyterError
from derby_notebook.jupyter.http import http_client
from derby_notebook.people.access import guard
from derby_notebook.service import NotANotebook, NotebookService
from derby_notebook.web.page import CSP, error_page, notebook_page
from derby_notebook.web.reverse_proxy import ReverseProxy
from sharedb_py.asgi import ShareDBApp
from sharedb_py.backend import Backend
from sharedb_py.middleware import ConnectContext

__all__ = ["NotebookApp", "create_app"]

COLORS = ("#2563c9", "#b4407a", "#1a7f4b", "#a35a00", "#6d4bc1", "#0f7c8c", "#b42318", "#5b6675")


def same_origin(connection: HTTPConnection) -> bool:
    """Whether a request comes from a page of ours, or from no page at all."""
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == connection.headers.get("host")


class NotebookApp:
    """What the routes share: the backend, the service, and the way to Jupyter."""

    def __init__(self, backend: Backend, jupyter_url: str, token: str) -> None:
        self.backend = backend
        self.api = JupyterAPI(jupyter_url, token)
        parts = urlsplit(self.api.url)
        self.base = parts.path.rstrip("/")
        self.proxy = ReverseProxy(f"{parts.scheme}://{parts.netloc}", token)
        self.service = NotebookService(backend, self.api)
        self.channel = ShareDBApp(backend)
        self.static = Path(str(files("derby_notebook"))) / "static"
        self.names: dict[str, str] = json.loads((self.static / "manifest.json").read_text())
        self._http = http_client(base_url=self.api.url, timeout=30)
        guard(backend, self.service)
        backend.use("connect", self._know_user)

    async def _know_user(self, context: ConnectContext) -> None:
        if context.req is not None:
            context.agent.custom["user"] = context.req.state.user

    async def close(self) -> None:
        """Save, and let go of everything."""
        await self.service.close()
        await self.backend.close()
        await self.proxy.close()
        await self._http.aclose()
        await self.api.close()

    async def identify(self, connection: HTTPConnection) -> tuple[dict[str, Any] | None, list[str]]:
        """Ask Jupyter who calls: the identity, or None, and the cookies it wants set."""
        kept = ("cookie", "authorization", "host")
        headers = {key: connection.headers[key] for key in kept if key in connection.headers}
        token = connection.query_params.get("token")
        answer = await self._http.get(
            "api/me", headers=headers, params={"token": token} if token else None
        )
        if not answer.is_success:
            return None, []
        return answer.json()["identity"], answer.headers.get_list("set-cookie")

    # Pages

    async def notebook(self, request: Request) -> Response:
        """Serve the page of a notebook."""
        path = request.path_params["path"]
        try:
            user, cookies = await self.identify(request)
        except httpx.HTTPError as error:
            return self._problem(502, "Jupyter does not answer", str(error), "Try again soon.")
        if user is None:
            after = urlencode({"next": request.url.path})
            return RedirectResponse(f"{self.base}/login?{after}", 302)
        if "token" in request.query_params:
            response: Response = RedirectResponse(f"{self.base}/notebooks/{quote(path)}", 302)
        else:
            response = await self._open(path, user)
        for cookie in cookies:
            response.headers.append("set-cookie", cookie)
        return response

    async def _open(self, path: str, user: dict[str, Any]) -> Response:
        try:
            notebook_id = await self.service.open(path)
        except NotANotebook as error:
            advice = "Open it from the file list, or with another program."
            return self._problem(400, "This is not a notebook", str(error), advice)
        except JupyterError as error:
            if error.status == 404:
                text = f"There is no file {path}."
                advice = "It may have been moved or deleted: look for it in the file list."
                return self._problem(404, "No such notebook", text, advice)
            text = f"Jupyter could not open {path}: {error.message}."
            return self._problem(502, "Cannot open the notebook", text, "Try again in a moment.")
        bundle = await self._bundle(notebook_id, path, user)
        page = notebook_page(self.base, path, self.names, bundle)
        headers = {"Content-Security-Policy": CSP, "Cache-Control": "no-store"}
        return HTMLResponse(page, headers=headers)

    def _problem(self, status: int, title: str, text: str, advice: str) -> Response:
        page = error_page(self.base, self.names, title, text, advice)
        headers = {"Content-Security-Policy": CSP, "Cache-Control": "no-store"}
        return HTMLResponse(page, status, headers=headers)

    async def _bundle(self, notebook_id: str, path: str, user: dict[str, Any]) -> dict[str, Any]:
        """Return what Derby boots from: the documents with their versions, and who looks."""
        documents = self.service.documents
        query = {"_notebook": notebook_id}
        notebook = await documents.get("notebooks", notebook_id)
        cells = await documents.find("cells", query)
        name = user.get("display_name") or user.get("name") or user["username"]
        color = COLORS[sum(user["username"].encode()) % len(COLORS)]
        session = {
            "userId": user["username"],
            "user": {"name": name, "color": color, "icon": user.get("avatar_url")},
            "notebookId": notebook_id,
            "path": path,
            "base": self.base,
            "role": "editor",
        }
        results = [[{**cell.data, "id": cell.id}, cell.version] for cell in cells]
        return {
            "queries": [[[[1]], "cells", query, results]],
            "collections": {
                "_session": session,
                "notebooks": {notebook_id: {"v": notebook.version, "data": notebook.data}},
            },
            "contexts": {"root": {"subscribedDocs": {"notebooks": {notebook_id: 1}}}},
            "refs": [],
            "refLists": [],
            "fns": [],
            "filters": [],
            "nodeEnv": "production",
            "channel": f"{self.base}/channel",
        }

    async def static_file(self, request: Request) -> Response:
        """Serve a built file; its name holds its hash, so it never changes."""
        name = request.path_params["name"]
        path = self.static / name
        if not re.fullmatch(r"[\w.-]+", name) or not path.is_file():
            return PlainTextResponse("Not found\n", 404)
        return FileResponse(path, headers={"Cache-Control": "public, max-age=31536000, immutable"})

    async def health(self, request: Request) -> Response:
        """Say that the process serves."""
        return JSONResponse({"status": "ok"})

    async def kernel_action(self, request: Request) -> Response:
        """Interrupt or restart a kernel for a signed-in person on a page of ours."""
        if not same_origin(request) or request.headers.get("x-requested-with") != "derby-notebook":
            return PlainTextResponse("Cross-origin requests are refused\n", 403)
        if (await self.identify(request))[0] is None:
            return PlainTextResponse("Sign in first\n", 403)
        kernel, action = request.path_params["kernel"], request.path_params["action"]
        if action not in ("interrupt", "restart") or not re.fullmatch(r"[\w-]+", kernel):
            return PlainTextResponse("Not found\n", 404)
        try:
            await self.api.kernel_action(kernel, action)
        except JupyterError as error:
            return PlainTextResponse(f"{error.message}\n", error.status or 502)
        return Response(status_code=204)

    # Sockets

    async def serve_channel(self, websocket: WebSocket) -> None:
        """Connect a signed-in client to the documents."""
        user = None
        if same_origin(websocket):
            user, _ = await self.identify(websocket)
        if user is None:
            await websocket.close(1008)
            return
        websocket.state.user = user
        await self.channel(websocket.scope, websocket.receive, websocket.send)


def create_app(notebook: NotebookApp) -> Starlette:
    """Return the ASGI application."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await notebook.service.start()
        try:
            yield
        finally:
            await notebook.close()

    base = notebook.base
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return Starlette(
        routes=[
            Route(f"{base}/notebooks/{{path:path}}", notebook.notebook),
            Route(f"{base}/derby/static/{{name}}", notebook.static_file),
            Route(f"{base}/derby/health", notebook.health),
            Route(
                f"{base}/derby/kernels/{{kernel}}/{{action}}",
                notebook.kernel_action,
                methods=["POST"],
            ),
            WebSocketRoute(f"{base}/channel", notebook.serve_channel),
            Route("/{path:path}", notebook.proxy.http, methods=methods),
            WebSocketRoute("/{path:path}", notebook.proxy.websocket),
        ],
        lifespan=lifespan,
    )
