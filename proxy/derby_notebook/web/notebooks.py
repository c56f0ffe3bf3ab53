"""The page of a notebook."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

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
from derby_notebook.web.page import HEADERS, error_page, notebook_page
from derby_notebook.web.reverse_proxy import ReverseProxy

__all__ = ["NotebookPages"]


class NotebookPages:
    """``GET /notebooks/PATH``; the rest of Jupyter's pages stay."""

    def __init__(
        self,
        service: NotebookService,
        gate: Gate,
        jupyter: ReverseProxy,
        assets: Assets,
        base: str,
    ) -> None:
        self._service = service
        self._gate = gate
        self._jupyter = jupyter
        self._names = assets.names
        self._base = base

    def routes(self) -> list[BaseRoute]:
        """Return what is served here."""
        return [Route(f"{self._base}/notebooks/{{path:path}}", self.notebook)]

    async def notebook(self, request: Request) -> Response:
        """Serve the page of a notebook."""
        path = request.path_params["path"]
        try:
            caller = await self._gate.caller(request)
        except httpx.HTTPError as error:
            return self._problem(502, "Jupyter does not answer", str(error), "Try again soon.")
        if caller.user is None:
            return await self._sign_in(request)
        if "token" in request.query_params:
            response: Response = RedirectResponse(f"{self._base}/notebooks/{quote(path)}", 302)
        else:
            page = await self._open(path, caller.user)
            response = await compress(page, request.headers.get("accept-encoding", ""))
        for cookie in caller.cookies:
            response.headers.append("set-cookie", cookie)
        return response

    async def _sign_in(self, request: Request) -> Response:
        """Send a stranger where Jupyter, or its hub, would send them."""
        answer = await self._jupyter.http(request)
        if answer.status_code >= 300:
            return answer
        if answer.background is not None:
            await answer.background()
        text = "The Jupyter Server does not let you read this notebook."
        return self._problem(403, "Not for you to read", text, "Ask whoever shares it.")

    async def _open(self, path: str, user: dict[str, Any]) -> Response:
        try:
            notebook_id = await self._service.open(path)
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
        data = await boot_data(self._service.documents, self._base, notebook_id, path, user)
        page = notebook_page(self._base, path, self._names, data)
        return HTMLResponse(page, headers=HEADERS)

    def _problem(self, status: int, title: str, text: str, advice: str) -> Response:
        page = error_page(self._base, self._names, title, text, advice)
        return HTMLResponse(page, status, headers=HEADERS)
