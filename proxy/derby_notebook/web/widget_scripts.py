"""``GET /nbextensions/MODULE/…``: the JavaScript that widget packages install for notebooks.

A Jupyter Server of today serves it no more, so what is installed here is served
from here; for what is not, Jupyter is asked, which may be an older one elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from jupyter_core.paths import jupyter_path
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from derby_notebook.web.reverse_proxy import ReverseProxy

__all__ = ["WidgetScripts", "find_script"]


def find_script(folders: Sequence[str], path: str) -> Path | None:
    """Return the file of a path below one of the folders, the first that has it; never another."""
    for folder in folders:
        root = Path(folder).resolve()
        found = (root / path).resolve()
        if found.is_relative_to(root) and found.is_file():
            return found
    return None


class WidgetScripts:
    """The folders ``nbextensions`` of this environment, this user and this machine."""

    def __init__(
        self,
        jupyter: ReverseProxy,
        base: str,
        folders: Callable[[], list[str]] = lambda: jupyter_path("nbextensions"),
    ) -> None:
        self._jupyter = jupyter
        self._base = base
        self._folders = folders

    def routes(self) -> list[BaseRoute]:
        """Return what is served here."""
        return [Route(f"{self._base}/nbextensions/{{path:path}}", self.serve)]

    async def serve(self, request: Request) -> Response:
        """Serve a file that a package installed, or ask Jupyter for it."""
        found = find_script(self._folders(), request.path_params["path"])
        if found is None:
            return await self._jupyter.http(request)
        headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        # Frames in a sandbox, which have no origin, load fonts and chunks from here.
        return FileResponse(found, headers=headers | {"Access-Control-Allow-Origin": "*"})
