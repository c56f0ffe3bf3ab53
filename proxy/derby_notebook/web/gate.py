"""Who may call what: a page of ours, signed in at Jupyter, with a role that allows it."""

from __future__ import annotations

import httpx
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response

from derby_notebook.web.identity import Caller, Identity
from derby_notebook.web.origin import same_origin

__all__ = ["Gate"]


class Gate:
    """``trusted``: another proxy stands before us, and what it says of the caller is believed."""

    def __init__(self, identity: Identity, *, trusted: bool) -> None:
        self._identity = identity
        self._trusted = trusted

    def same_origin(self, connection: HTTPConnection) -> bool:
        """Whether a request comes from a page of ours, or from no page at all."""
        return same_origin(connection.headers, trusted=self._trusted)

    async def caller(self, connection: HTTPConnection) -> Caller:
        """Return who calls; raises ``httpx.HTTPError`` if Jupyter does not answer."""
        return await self._identity.of(connection)

    async def editor(self, request: Request) -> Caller | Response:
        """Return who calls from a page of ours and may edit, or the refusal."""
        caller = await self.reader(request)
        if isinstance(caller, Caller) and not caller.may_edit:
            return PlainTextResponse("You may read this notebook, not change or run it\n", 403)
        return caller

    async def reader(self, request: Request) -> Caller | Response:
        """Return who calls from a page of ours and may look, or the refusal."""
        if (
            not self.same_origin(request)
            or request.headers.get("x-requested-with") != "derby-notebook"
        ):
            return PlainTextResponse("Cross-origin requests are refused\n", 403)
        try:
            caller = await self.caller(request)
        except httpx.HTTPError:
            return PlainTextResponse("The Jupyter Server does not answer\n", 502)
        if caller.user is None:
            return PlainTextResponse("Sign in first\n", 403)
        return caller

    async def refusal(self, request: Request) -> Response | None:
        """Return why a picture or a file is not sent; None for somebody who may read.

        Such requests are made by elements of a page, so they bear no header of ours.
        """
        if not self.same_origin(request):
            return PlainTextResponse("Cross-origin requests are refused\n", 403)
        try:
            caller = await self.caller(request)
        except httpx.HTTPError:
            return PlainTextResponse("The Jupyter Server does not answer\n", 502)
        return PlainTextResponse("Sign in first\n", 403) if caller.user is None else None
