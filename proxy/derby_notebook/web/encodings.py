"""Content codings: which one a browser takes, and pages made small on the way out."""

from __future__ import annotations

import asyncio
import gzip
from typing import Final

from starlette.responses import Response

__all__ = ["compress", "takes"]

WORTH_IT: Final = 1400
"""Bytes that go out in one packet anyway."""
LEVEL: Final = 5
"""Pages are made for each request: a higher level takes longer than it saves."""


def takes(accept_encoding: str, coding: str) -> bool:
    """Whether a client takes a coding, by its ``Accept-Encoding`` (RFC 9110, 12.5.3)."""
    rest = False
    for item in accept_encoding.lower().split(","):
        name, _, parameters = (part.strip() for part in item.partition(";"))
        weight = parameters.replace(" ", "").removeprefix("q=")
        wanted = not parameters or weight.strip("0.") != ""
        if name == coding:
            return wanted
        if name == "*":
            rest = wanted
    return rest


async def compress(response: Response, accept_encoding: str) -> Response:
    """Compress a whole response, off the event loop, if the client takes that and it pays."""
    response.headers.add_vary_header("Accept-Encoding")
    if len(response.body) > WORTH_IT and takes(accept_encoding, "gzip"):
        response.body = await asyncio.to_thread(gzip.compress, bytes(response.body), LEVEL, mtime=0)
        response.headers["content-encoding"] = "gzip"
        response.headers["content-length"] = str(len(response.body))
    return response
