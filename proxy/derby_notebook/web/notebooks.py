"""The pages of a notebook and of its history."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from derby_notebook.jupyter.api import JupyterError
from derby_notebook.service import NotANotebook, NotebookService
from derby_notebook.web.assets import Assets
from derby_notebook.web.bundle import boot_data
from derby_notebook.web.encodings import compress
from derby_notebook.web.gate import Gate
from derby_notebook.web.history import History
from derby_notebook.web.identity import Caller
from derby_notebook.web.page import HEADERS, error_page, notebook_page, replay_page
from derby_notebook.web.reverse_proxy import ReverseProxy

__all__ = ["NotebookPages"]


LOOK: Final = "It may have been moved or deleted: look for it in the file list."

Show: TypeAlias = Callable[[str, dict[str, Any]], Awaitable[Response]]
"""Serves a page about a path to a user."""


def with_next(location: str, request: Request) -> str:
    """Return where to sign in, with the way back to what was asked for, if it names a way back."""
    parts = urlsplit(location)
    query = request.scope["query_string"].decode("latin-1")
    back = quote(request.scope["path"]) + (f"?{query}" if query else "")
    pairs = [(key, back if key == "next" else value) for key, value in parse_qsl(parts.query)]
    return urlunsplit(parts._replace(query=urlencode(pairs)))


class NotebookPages:
    """``GET /notebooks/PATH`` and ``GET /replay/PATH``; the rest of Jupyter's pages stay."""

    def __init__(
        self,
        service: NotebookService,
        history: History,
        gate: Gate,
        jupyter: ReverseProxy,
        assets: Assets,
        base: str,
    ) -> None:
        self._service = service
        self._history = history
        self._gate = gate
        self._jupyter = jupyter
        self._names = assets.names
        self._base = base

    def routes(self) -> list[BaseRoute]:
        """Return what is served here."""
        return [
            Route(f"{self._base}/notebooks/{{path:path}}", self.notebook),
            Route(f"{self._base}/replay/{{path:path}}", self.replay),
        ]

    async def notebook(self, request: Request) -> Response:
        """Serve the page of a notebook."""
        return await self._page(request, self._show_notebook)

    async def replay(self, request: Request) -> Response:
        """Serve the page of a notebook's history."""
        return await self._page(request, self._show_replay)

    async def _page(self, request: Request, show: Show) -> Response:
        """Serve a page about a path to somebody whom Jupyter lets read it."""
        try:
            caller = await self._gate.caller(request)
        except httpx.HTTPError as error:
            return self._problem(502, "Jupyter does not answer", str(error), "Try again soon.")
        if caller.user is None:
            return await self._sign_in(request)
        if "token" in request.query_params:
            # The token is in a cookie from here on; the rest of the address stays.
            rest = [pair for pair in request.query_params.multi_items() if pair[0] != "token"]
            query = f"?{urlencode(rest)}" if rest else ""
            target = quote(request.scope["path"]) + query
            response: Response = RedirectResponse(target, 302)
        else:
            page = await self._shown(request.path_params["path"], caller, show)
            response = await compress(page, request.headers.get("accept-encoding", ""))
        for cookie in caller.cookies:
            response.headers.append("set-cookie", cookie)
        return response

    async def _sign_in(self, request: Request) -> Response:
        """Send a stranger where Jupyter, or its hub, would send them, and back here afterwards."""
        # Jupyter knows the notebook's page; where it lets people back to is ours to say.
        notebook = f"{self._base}/notebooks/{request.path_params['path']}"
        asked = Request({**request.scope, "path": notebook, "raw_path": quote(notebook).encode()})
        answer = await self._jupyter.http(asked)
        if answer.status_code >= 300:
            location = answer.headers.get("location")
            if location is not None:
                answer.headers["location"] = with_next(location, request)
            return answer
        if answer.background is not None:
            await answer.background()
        return self._refuse()

    def _refuse(self) -> Response:
        text = "The Jupyter Server does not let you read this notebook."
        return self._problem(403, "Not for you to read", text, "Ask whoever shares it.")

    async def _shown(self, path: str, caller: Caller, show: Show) -> Response:
        """Show a path to somebody whom Jupyter lets read it."""
        reach, user = self._gate.reach(caller), dict(caller.user or {})
        try:
            if not await reach.may_at(path):
                return self._refuse()
            if caller.may_edit and not await reach.may_at(path, write=True):
                user["role"] = "viewer"
        except JupyterError as error:
            return self._problem(404, "No such notebook", f"{error.message}.", LOOK)
        except httpx.HTTPError as error:
            return self._problem(502, "Jupyter does not answer", str(error), "Try again soon.")
        return await show(path, user)

    async def _show_notebook(self, path: str, user: dict[str, Any]) -> Response:
        notebook_id = await self._open(path)
        if isinstance(notebook_id, Response):
            return notebook_id
        data = await boot_data(self._service.documents, self._base, notebook_id, path, user)
        page = notebook_page(self._base, path, self._names, data)
        return HTMLResponse(page, headers=HEADERS)

    async def _show_replay(self, path: str, user: dict[str, Any]) -> Response:
        # The history of a file that is gone from the disk is still there.
        notebook_id = await self._service.opener.live(path) or await self._open(path)
        if isinstance(notebook_id, Response):
            return notebook_id
        session = {
            "path": path,
            "notebookId": notebook_id,
            "role": user["role"],
            "docs": await self._history.current(notebook_id),
        }
        page = replay_page(self._base, path, self._names, session)
        return HTMLResponse(page, headers=HEADERS)

    async def _open(self, path: str) -> str | Response:
        """Return the id of a path's notebook, or a page that says why it cannot be opened."""
        try:
            return await self._service.open(path)
        except NotANotebook as error:
            advice = "Open it from the file list, or with another program."
            return self._problem(400, "This is not a notebook", str(error), advice)
        except JupyterError as error:
            if error.status == 404:
                text = f"There is no file {path}."
                return self._problem(404, "No such notebook", text, LOOK)
            text = f"Jupyter could not open {path}: {error.message}."
            return self._problem(502, "Cannot open the notebook", text, "Try again in a moment.")

    def _problem(self, status: int, title: str, text: str, advice: str) -> Response:
        page = error_page(self._base, self._names, title, text, advice)
        return HTMLResponse(page, status, headers=HEADERS)
