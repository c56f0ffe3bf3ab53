"""What the requests of a page have in common: their bodies, and how one is refused."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from starlette.requests import Request

from derby_notebook.service import NotebookService
from derby_notebook.web.identity import Caller

__all__ = ["Action", "Refused", "own_cell", "position_in", "read_body", "text_of"]

MAX_BODY: Final = 1 << 20

Action: TypeAlias = Callable[[NotebookService, str, Caller, dict[str, Any]], Awaitable[Any]]
"""Carries out what a caller asks of a notebook; what it returns is the answer, None: no words."""


class Refused(Exception):
    """The request cannot be carried out as it is."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def text_of(body: dict[str, Any], key: str) -> str:
    """Return a text that a request must have."""
    value = body.get(key)
    if not isinstance(value, str):
        raise Refused(400, f"{key} is missing, or no text")
    return value


def position_in(body: dict[str, Any]) -> int:
    """Return where in the code a request asks; the start, if it does not say."""
    value = body.get("cursor_pos", 0)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(400, "cursor_pos is no whole number")
    return value


async def own_cell(service: NotebookService, notebook_id: str, cell_id: str) -> str:
    """Return the id of a cell of this notebook, or refuse."""
    cell = await service.documents.get("cells", cell_id)
    if not cell.exists or cell.data.get("_notebook") != notebook_id:
        raise Refused(404, "There is no such cell in this notebook")
    return cell_id


async def read_body(request: Request) -> dict[str, Any]:
    """Return a request's JSON object; nothing at all is an empty one."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY:
            raise Refused(413, "The request is too large")
    if not data:
        return {}
    try:
        body = json.loads(bytes(data))
    except ValueError:
        raise Refused(400, "The request is no JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "The request is no JSON object")
    return body
