"""What a page fetches of a notebook: large values of its outputs, and the whole as a file."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from derby_notebook.files.whole import file_text, read_documents
from derby_notebook.service import NotebookService
from derby_notebook.web.gate import Gate

__all__ = ["Downloads", "as_served"]

PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
TEXTS: Final = frozenset({"text/plain", "text/html", "image/svg+xml", "application/json"})
"""What is sent as what it is; anything else is sent as plain text, scripts above all."""

HEADERS: Final = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""The name is a hash, so what it names never changes; opened by itself, it does nothing."""


def as_served(data: bytes, mime: str) -> tuple[bytes, str]:
    """Return a value as it is sent, and as what. Pure.

    Pictures are kept as the base64 that files hold; what is none is sent as the text it is.
    """
    if mime in PICTURES:
        try:
            return base64.b64decode(b"".join(data.split()), validate=True), mime
        except binascii.Error:
            mime = "text/plain"
    return data, f"{mime if mime in TEXTS else 'text/plain'}; charset=utf-8"


class Downloads:
    """``GET /derby/notebooks/ID/blobs/HASH?type=MIME`` and ``…/download``, for readers."""

    def __init__(self, service: NotebookService, gate: Gate, base: str) -> None:
        self._service = service
        self._gate = gate
        self._below = f"{base}/derby/notebooks/{{notebook}}"

    def routes(self) -> list[BaseRoute]:
        """Return what is served here."""
        return [
            Route(f"{self._below}/blobs/{{name}}", self.blob),
            Route(f"{self._below}/download", self.download),
        ]

    async def blob(self, request: Request) -> Response:
        """Send a large value of an output."""
        refusal = await self._gate.refusal(request, request.path_params["notebook"])
        if refusal is not None:
            return refusal
        name = request.path_params["name"]
        data = None
        if re.fullmatch("[0-9a-f]{64}", name) and await self._path(request) is not None:
            data = await self._service.documents.blobs.get(name)
        if data is None:
            return PlainTextResponse("There is no such output\n", 404)
        if request.headers.get("if-none-match") == f'"{name}"':
            return Response(status_code=304, headers=HEADERS)
        body, mime = as_served(data, request.query_params.get("type", ""))
        return Response(body, headers={**HEADERS, "ETag": f'"{name}"', "Content-Type": mime})

    async def download(self, request: Request) -> Response:
        """Send the notebook as it is at this moment, whether or not it is saved."""
        refusal = await self._gate.refusal(request, request.path_params["notebook"])
        if refusal is not None:
            return refusal
        path = await self._path(request)
        if path is None:
            return PlainTextResponse("There is no such notebook\n", 404)
        documents = self._service.documents
        _, _, content = await read_documents(documents, request.path_params["notebook"])
        text = await file_text(documents, content)
        name = quote(path.rpartition("/")[2])
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "X-Content-Type-Options": "nosniff",
        }
        data = text.encode("utf-8", "surrogatepass")
        return Response(data, media_type="application/x-ipynb+json", headers=headers)

    async def _path(self, request: Request) -> str | None:
        """Return the path of the notebook that is asked about; None if there is no such one."""
        notebook = await self._service.documents.get("notebooks", request.path_params["notebook"])
        return notebook.data.get("name") if notebook.exists else None
