"""The application: our page and channel, and all the rest passed to Jupyter."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
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
from derby_notebook.people.access import GuardedAgent, guard
from derby_notebook.people.roles import Role, viewer_may
from derby_notebook.service import NotANotebook, NotebookService
from derby_notebook.web.actions import run_action
from derby_notebook.web.identity import Caller, Identity
from derby_notebook.web.metrics import Metrics
from derby_notebook.web.origin import same_origin
from derby_notebook.web.page import CSP, error_page, notebook_page
from derby_notebook.web.reverse_proxy import ReverseProxy
from sharedb_py.asgi import ShareDBApp
from sharedb_py.backend import Backend
from sharedb_py.errors import ShareDBError
from sharedb_py.middleware import ConnectContext

__all__ = ["NotebookApp", "create_app"]

COLORS = ("#2563c9", "#b4407a", "#1a7f4b", "#a35a00", "#6d4bc1", "#0f7c8c", "#b42318", "#5b6675")


class NotebookApp:
    """What the routes share: the backend, the service, and the way to Jupyter.

    ``state`` is a folder for what outlives the process beside the documents;
    ``roles`` are users' roles from a setting; ``trust_proxy``: another proxy
    stands before us, and what it forwards of the caller is believed.
    """

    def __init__(
        self,
        backend: Backend,
        jupyter_url: str,
        token: str,
        *,
        state: Path | None = None,
        roles: Mapping[str, Role] | None = None,
        trust_proxy: bool = False,
    ) -> None:
        self.backend = backend
        self.api = JupyterAPI(jupyter_url, token)
        parts = urlsplit(self.api.url)
        self.base = parts.path.rstrip("/")
        self.trust_proxy = trust_proxy
        self.roles = dict(roles or {})
        self.proxy = ReverseProxy(
            f"{parts.scheme}://{parts.netloc}",
            token,
            trusted=trust_proxy,
            observer=self._file_operation,
        )
        self.service = NotebookService(backend, self.api, state)
        self.identity = Identity(self.api.url, self.roles)
        self.metrics = Metrics(self.service)
        self.channel = ShareDBApp(backend, agent_class=GuardedAgent)
        self.static = Path(str(files("derby_notebook"))) / "static"
        self.names: dict[str, str] = json.loads((self.static / "manifest.json").read_text())
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
        await self.identity.close()
        await self.api.close()

    def same_origin(self, connection: HTTPConnection) -> bool:
        """Whether a request comes from a page of ours, or from no page at all."""
        return same_origin(connection.headers, trusted=self.trust_proxy)

    # All that is Jupyter's

    def _file_operation(self, method: str, path: str, body: bytes) -> None:
        """Somebody renamed, wrote or deleted a file past us, on a page of Jupyter's."""
        below = path.removeprefix(f"{self.base}/api/contents").strip("/")
        if method == "PATCH":
            new = json.loads(body).get("path")
            if isinstance(new, str):
                self.service.soon(self.service.renamed(below, new))
        elif method in ("PUT", "DELETE"):
            self.service.soon(self.service.changed_outside(below))
        elif "/checkpoints/" in below:
            self.service.soon(self.service.changed_outside(below.partition("/checkpoints/")[0]))

    async def pass_on(self, request: Request) -> Response:
        """Pass a request on to Jupyter; a viewer's only if it reads."""
        if await self._is_viewer(request) and not viewer_may(request.method, request.url.path):
            return PlainTextResponse("You may read here, not change or run anything\n", 403)
        return await self.proxy.http(request)

    async def pass_on_socket(self, websocket: WebSocket) -> None:
        """Pass a websocket on to Jupyter: all of its websockets run something."""
        if await self._is_viewer(websocket):
            await websocket.close(1008)
            return
        await self.proxy.websocket(websocket)

    async def _is_viewer(self, connection: HTTPConnection) -> bool:
        if "viewer" not in self.roles.values():
            return False  # then Jupyter's own authorizer decides, of each request
        try:
            caller = await self.identity.of(connection)
        except httpx.HTTPError:
            return False  # nor will Jupyter answer the request itself
        return caller.user is not None and not caller.may_edit

    # Pages

    async def notebook(self, request: Request) -> Response:
        """Serve the page of a notebook."""
        path = request.path_params["path"]
        try:
            caller = await self.identity.of(request)
            user, cookies = caller.user, caller.cookies
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
            "role": user["role"],
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

    async def ready(self, request: Request) -> Response:
        """Say whether the database and Jupyter answer."""
        checks = {"database": self._database_answers(), "jupyter": self._jupyter_answers()}
        found = dict(zip(checks, await asyncio.gather(*checks.values()), strict=True))
        state = {"status": "ok" if all(found.values()) else "unavailable", **found}
        return JSONResponse(state, 200 if all(found.values()) else 503)

    async def _database_answers(self) -> bool:
        try:
            await self.backend.db.get_snapshot("notebooks", "ready?")
        except ShareDBError:
            return False
        return True

    async def _jupyter_answers(self) -> bool:
        try:
            await self.api.version()
        except JupyterError:
            return False
        return True

    async def show_metrics(self, request: Request) -> Response:
        """Serve the counts to whoever is signed in, by token or cookie."""
        if (await self.identity.of(request)).user is None:
            return PlainTextResponse("Sign in first\n", 403)
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4")

    async def _editor(self, request: Request) -> Caller | Response:
        """Return who calls from a page of ours and may edit, or the refusal."""
        if (
            not self.same_origin(request)
            or request.headers.get("x-requested-with") != "derby-notebook"
        ):
            return PlainTextResponse("Cross-origin requests are refused\n", 403)
        try:
            caller = await self.identity.of(request)
        except httpx.HTTPError:
            return PlainTextResponse("The Jupyter Server does not answer\n", 502)
        if caller.user is None:
            return PlainTextResponse("Sign in first\n", 403)
        if not caller.may_edit:
            return PlainTextResponse("You may read this notebook, not change or run it\n", 403)
        return caller

    async def notebook_action(self, request: Request) -> Response:
        """Carry out what a page asks of its notebook."""
        caller = await self._editor(request)
        if isinstance(caller, Response):
            return caller
        notebook_id, action = request.path_params["notebook"], request.path_params["action"]
        return await run_action(self.service, notebook_id, action, caller, request)

    async def kernel_action(self, request: Request) -> Response:
        """Interrupt or restart a kernel for a signed-in person on a page of ours."""
        caller = await self._editor(request)
        if isinstance(caller, Response):
            return caller
        kernel, action = request.path_params["kernel"], request.path_params["action"]
        if action not in ("interrupt", "restart") or not re.fullmatch(r"[\w-]+", kernel):
            return PlainTextResponse("Not found\n", 404)
        try:
            await self.service.kernels.act(kernel, action)
        except JupyterError as error:
            return PlainTextResponse(f"{error.message}\n", error.status or 502)
        return Response(status_code=204)

    # Sockets

    async def serve_channel(self, websocket: WebSocket) -> None:
        """Connect a signed-in client to the documents."""
        user = None
        if self.same_origin(websocket):
            try:
                user = (await self.identity.of(websocket)).user
            except httpx.HTTPError:
                await websocket.close(1013)
                return
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
            Route(f"{base}/derby/ready", notebook.ready),
            Route(f"{base}/derby/metrics", notebook.show_metrics),
            Route(
                f"{base}/derby/notebooks/{{notebook}}/{{action}}",
                notebook.notebook_action,
                methods=["POST"],
            ),
            Route(
                f"{base}/derby/kernels/{{kernel}}/{{action}}",
                notebook.kernel_action,
                methods=["POST"],
            ),
            WebSocketRoute(f"{base}/channel", notebook.serve_channel),
            Route("/{path:path}", notebook.pass_on, methods=methods),
            WebSocketRoute("/{path:path}", notebook.pass_on_socket),
        ],
        lifespan=lifespan,
    )
