"""``GET /derby/static/NAME``: scripts and styles, served as small as the browser takes them."""

from __future__ import annotations

import json
import mimetypes
import re
from importlib.resources import files
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from derby_notebook.web.encodings import takes

__all__ = ["Assets"]

CODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
"""Best first, with the endings of the files that the build made of each text."""
_HASHED: Final = re.compile(r"-[A-Z0-9]{8}\.\w")
FOR_EVER: Final = "public, max-age=31536000, immutable"


class Assets:
    """A folder of built files; ``names`` says which are which, as the build wrote it."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(str(files("derby_notebook"))) / "static"
        self.names: dict[str, str] = json.loads((self.folder / "manifest.json").read_text())

    def routes(self, base: str) -> list[BaseRoute]:
        """Return what is served here."""
        return [Route(f"{base}/derby/static/{{name}}", self.serve)]

    async def serve(self, request: Request) -> Response:
        """Serve a file; one whose name holds its hash never changes."""
        name = request.path_params["name"]
        path = self.folder / name
        if not re.fullmatch(r"[\w.-]+", name) or not path.is_file():
            return PlainTextResponse("Not found\n", 404)
        headers = {
            "Cache-Control": FOR_EVER if _HASHED.search(name) else "no-cache",
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
            "Access-Control-Allow-Origin": "*",  # frames in a sandbox, which have no origin
        }
        accepted = request.headers.get("accept-encoding", "")
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        for coding, ending in CODINGS:
            small = path.with_name(name + ending)
            if takes(accepted, coding) and small.is_file():
                headers["Content-Encoding"] = coding
                return FileResponse(small, headers=headers, media_type=media_type)
        return FileResponse(path, headers=headers, media_type=media_type)
