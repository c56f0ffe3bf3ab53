"""Who may call what: a page of ours, signed in at Jupyter, with a role that allows it."""

from __future__ import annotations

import httpx
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response

from derby_notebook.jupyter.asking import Asking, Credentials
from derby_notebook.people.reach import Reach
from derby_notebook.places import Places
from derby_notebook.web.identity import Caller, Identity
from derby_notebook.web.origin import same_origin

__all__ = ["Gate"]


class Gate:
    """``trusted``: another proxy stands before us, and what it says of the caller is believed."""

    def __init__(
        self, identity: Identity, asking: Asking, places: Places, *, trusted: bool
    ) -> None:
        self._identity = identity
        self._asking = asking
        self._places = places
        self._trusted = trusted

    def same_origin(self, connection: HTTPConnection) -> bool:
        """Whether a request comes from a page of ours, or from no page at all."""
        return same_origin(connection.headers, trusted=self._trusted)

    async def caller(self, connection: HTTPConnection) -> Caller:
        """Return who calls; raises ``httpx.HTTPError`` if Jupyter does not answer."""
        return await self._identity.of(connection)

    async def again(self, credentials: Credentials) -> Caller:
        """Return who has these credentials now; raises as ``caller`` does."""
        return await self._identity.again(credentials)

    def reach(self, caller: Caller) -> Reach:
        """Return what Jupyter lets a caller do with which notebook."""
        return Reach(caller.credentials, self._asking, self._places)

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
        return await self._signed_in(request)

    async def reader_of(self, request: Request, notebook_id: str) -> Caller | Response:
        """Return a reader whom Jupyter lets read the notebook's file, or the refusal."""
        return await self._within_reach(await self.reader(request), notebook_id, write=False)

    async def editor_of(self, request: Request, notebook_id: str) -> Caller | Response:
        """Return an editor whom Jupyter lets write the notebook's file, or the refusal."""
        return await self._within_reach(await self.editor(request), notebook_id, write=True)

    async def refusal(self, request: Request, notebook_id: str) -> Response | None:
        """Return why a picture or a file is not sent; None for somebody who may read it.

        Such requests are made by elements of a page, so they bear no header of ours.
        """
        if not self.same_origin(request):
            return PlainTextResponse("Cross-origin requests are refused\n", 403)
        caller = await self._signed_in(request)
        found = await self._within_reach(caller, notebook_id, write=False)
        return found if isinstance(found, Response) else None

    async def _signed_in(self, request: Request) -> Caller | Response:
        try:
            caller = await self.caller(request)
        except httpx.HTTPError:
            return PlainTextResponse("The Jupyter Server does not answer\n", 502)
        return caller if caller.user is not None else PlainTextResponse("Sign in first\n", 403)

    async def _within_reach(
        self, caller: Caller | Response, notebook_id: str, *, write: bool
    ) -> Caller | Response:
        if isinstance(caller, Response):
            return caller
        try:
            allowed = await self.reach(caller).may(notebook_id, write=write)
        except httpx.HTTPError:
            return PlainTextResponse("The Jupyter Server does not answer\n", 502)
        if allowed:
            return caller
        verb = "write" if write else "read"
        return PlainTextResponse(f"Jupyter does not let you {verb} this notebook\n", 403)
