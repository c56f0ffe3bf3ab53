"""What ``serve`` tells those who watch over it: ``GET /health`` and ``GET /ready``."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable
from typing import Any, Final

from starlette.types import Send

from sharedb_py.engine import Engine

__all__ = ["STATUS_PATHS", "send_status"]

log = logging.getLogger(__name__)

STATUS_PATHS: Final = ("/health", "/ready")
PATIENCE_SECONDS: Final = 5.0


async def send_status(backend: Engine, path: str, send: Send) -> None:
    """Answer that the process lives, or whether what it needs answers too: 200 or 503."""
    state: dict[str, Any] = {"status": "ok"}
    if path == "/ready":
        checks = {"database": _works(backend.db.check()), "pubsub": _works(backend.pubsub.check())}
        found = dict(zip(checks, await asyncio.gather(*checks.values()), strict=True))
        state = {"status": "ok" if all(found.values()) else "unavailable", **found}
    status = 200 if state["status"] == "ok" else 503
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(state).encode() + b"\n"})


async def _works(check: Awaitable[None]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await check
    except Exception as error:  # whatever a driver raises: it does not answer
        log.warning("Not ready: %s", error)
        return False
    return True
