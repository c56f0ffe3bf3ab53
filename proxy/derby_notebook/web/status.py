"""For those who watch over the process: health, readiness and counts."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable
from typing import Any, Final

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from derby_notebook.jupyter.api import JupyterAPI
from derby_notebook.service import NotebookService
from derby_notebook.web.gate import Gate
from derby_notebook.web.identity import token_of
from derby_notebook.web.metrics import Metrics

__all__ = ["StatusPages"]

log = logging.getLogger(__name__)

PATIENCE_SECONDS: Final = 5.0
"""How long the readiness check waits: whoever asks has a patience of their own."""


class StatusPages:
    """``GET /derby/health``, ``/derby/ready`` and ``/derby/metrics``."""

    def __init__(self, service: NotebookService, api: JupyterAPI, gate: Gate, base: str) -> None:
        self._service = service
        self._api = api
        self._gate = gate
        self._base = base
        self._metrics = Metrics(service)

    def routes(self) -> list[BaseRoute]:
        """Return what is served here."""
        return [
            Route(f"{self._base}/derby/health", self.health),
            Route(f"{self._base}/derby/ready", self.ready),
            Route(f"{self._base}/derby/metrics", self.metrics),
        ]

    async def health(self, request: Request) -> Response:
        """Say that the process serves."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """Say whether the database, the pub/sub and Jupyter answer, soon."""
        checks = {
            "database": _answers(self._service.documents.get("notebooks", "ready?")),
            "pubsub": _answers(self._service.backend.pubsub.check()),
            "jupyter": _answers(self._api.version()),
        }
        found = dict(zip(checks, await asyncio.gather(*checks.values()), strict=True))
        state = {"status": "ok" if all(found.values()) else "unavailable", **found}
        return JSONResponse(state, 200 if all(found.values()) else 503)

    async def metrics(self, request: Request) -> Response:
        """Serve the counts to whoever is signed in, or has the server's own token."""
        if not self._has_token(request):
            try:
                caller = await self._gate.caller(request)
            except httpx.HTTPError:
                return PlainTextResponse("The Jupyter Server does not answer\n", 502)
            if caller.user is None:
                return PlainTextResponse("Sign in first\n", 403)
        return Response(self._metrics.text(), media_type="text/plain; version=0.0.4")

    def _has_token(self, request: Request) -> bool:
        """Whether a request bears our own token: then the counts do not need Jupyter."""
        given, own = token_of(request) or "", self._api.token
        return bool(own) and hmac.compare_digest(given.encode(), own.encode())


async def _answers(question: Awaitable[Any]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await question
    except Exception as error:  # whatever a database driver raises: it does not answer
        log.warning("Not ready: %r", error)
        return False
    return True
