"""Asks Jupyter about its callers, with their own credentials, and remembers what it said."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final, Generic, TypeAlias, TypeVar

import httpx

from derby_notebook.jupyter.api import contents_address
from derby_notebook.jupyter.http import http_client

__all__ = ["Asking", "Credentials", "Known"]

log = logging.getLogger(__name__)

PERMISSIONS: Final = {"contents": ["read", "write"], "kernels": ["execute"]}
"""What Jupyter is asked about a caller."""
PATIENCE_SECONDS: Final = 10.0
FRESH_SECONDS: Final = 60.0
"""How long an answer about a file counts without asking again."""
STALE_SECONDS: Final = 600.0
"""How old it may be for somebody who writes on, while it is asked for anew."""
MAX_REMEMBERED: Final = 10_000

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True)
class Credentials:
    """What a caller shows: the headers that say who it is, and a token in the address."""

    headers: tuple[tuple[str, str], ...] = ()
    token: str | None = None

    def parameters(self) -> dict[str, str]:
        """Return the query parameters that go with every request."""
        return {"token": self.token} if self.token else {}


Question: TypeAlias = tuple[Credentials, str, bool]
"""May somebody with these credentials read the file at a path, or (True) write it?"""


class Known(Generic[AnswerT]):
    """The last answers by question, the oldest forgotten first."""

    def __init__(self, limit: int = MAX_REMEMBERED) -> None:
        self._limit = limit
        self._answers: OrderedDict[Hashable, tuple[float, AnswerT]] = OrderedDict()

    def put(self, question: Hashable, answer: AnswerT) -> None:
        """Remember an answer."""
        self._answers[question] = (time.monotonic(), answer)
        self._answers.move_to_end(question)
        while len(self._answers) > self._limit:
            self._answers.popitem(last=False)

    def get(self, question: Hashable, seconds: float = float("inf")) -> AnswerT | None:
        """Return the last answer, if it is no older than some seconds."""
        found = self._answers.get(question)
        return found[1] if found and time.monotonic() - found[0] <= seconds else None


@dataclass(frozen=True)
class Me:
    """The answer of ``/api/me``: None for a stranger; and the cookies to pass on."""

    answer: dict[str, Any] | None
    cookies: tuple[str, ...] = ()


class Asking:
    """``url`` is the Jupyter Server's.

    While Jupyter is away, what it said last holds: who was signed in goes on
    editing. Somebody it has said nothing about gets ``httpx.HTTPError``.
    """

    def __init__(self, url: str) -> None:
        self._http = http_client(base_url=url, timeout=PATIENCE_SECONDS)
        self._callers: Known[Me] = Known()
        self._files: Known[bool] = Known()
        self._renewing: dict[Question, asyncio.Task[None]] = {}

    async def close(self) -> None:
        """Close its connections."""
        renewing = list(self._renewing.values())
        for task in renewing:
            task.cancel()
        await asyncio.gather(*renewing, return_exceptions=True)
        await self._http.aclose()

    async def me(self, credentials: Credentials) -> Me:
        """Return who calls, as Jupyter says now."""
        parameters = {"permissions": json.dumps(PERMISSIONS), **credentials.parameters()}
        try:
            answer = await self._http.get("api/me", headers=credentials.headers, params=parameters)
            if answer.is_server_error:
                answer.raise_for_status()
        except httpx.HTTPError:
            known = self._callers.get(credentials)
            if known is None:
                raise
            log.info("The Jupyter Server is away; a caller it knew before goes on")
            return Me(known.answer)
        cookies = tuple(answer.headers.get_list("set-cookie"))
        found = Me(answer.json(), cookies) if answer.is_success else Me(None)
        self._callers.put(credentials, found)
        return found

    async def may(
        self, credentials: Credentials, path: str, *, write: bool, fresh: bool = False
    ) -> bool:
        """Whether Jupyter lets a caller read a file, or write it.

        An answer counts for a minute, unless ``fresh`` asks anew. Whoever writes
        need not wait then: the next answer is asked for beside. A file that is not
        there is no refusal, its notebook may outlive it.
        """
        question = credentials, path, write
        limit = STALE_SECONDS if write else FRESH_SECONDS
        known = None if fresh else self._files.get(question, limit)
        if known is None:
            return await self._ask(question)
        old = self._files.get(question, FRESH_SECONDS) is None
        if old and question not in self._renewing:
            self._renewing[question] = asyncio.create_task(self._renew(question))
        return known

    async def _ask(self, question: Question) -> bool:
        credentials, path, write = question
        try:
            allowed = await (self._may_write if write else self._may_read)(credentials, path)
        except httpx.HTTPError:
            known = self._files.get(question)
            if known is None and write:
                known = self._files.get((credentials, path, False))
            if known is None:
                raise
            allowed = known  # and again for a minute: nobody waits long for each document
        self._files.put(question, allowed)
        return allowed

    async def _renew(self, question: Question) -> None:
        try:
            await self._ask(question)
        finally:
            del self._renewing[question]

    async def _may_read(self, credentials: Credentials, path: str) -> bool:
        answer = await self._http.get(
            contents_address(path),
            headers=credentials.headers,
            params={"content": "0", **credentials.parameters()},
        )
        if answer.is_server_error:
            answer.raise_for_status()
        return answer.status_code not in (401, 403)

    async def _may_write(self, credentials: Credentials, path: str) -> bool:
        """Ask for a renaming without saying to what: refused for that, or for who asks."""
        headers, token = _with_xsrf(credentials.headers)
        answer = await self._http.patch(
            contents_address(path),
            headers=[*headers, ("X-XSRFToken", token)],
            params=credentials.parameters(),
        )
        if answer.is_server_error:
            answer.raise_for_status()
        return answer.status_code not in (401, 403) or _is_about_xsrf(answer)


def _is_about_xsrf(answer: httpx.Response) -> bool:
    """Whether a refusal says nothing of the file: a hub's tokens may be signed otherwise."""
    try:
        message = answer.json()["message"]
    except (ValueError, KeyError, TypeError):
        return False
    return str(message).startswith(("'_xsrf' argument", "XSRF cookie"))


def _with_xsrf(headers: tuple[tuple[str, str], ...]) -> tuple[list[tuple[str, str]], str]:
    """Return headers whose cookies have an XSRF token, and that token."""
    cookies = next((value for name, value in headers if name == "cookie"), "")
    try:
        given = SimpleCookie(cookies).get("_xsrf")
    except CookieError:
        given = None
    if given is not None:
        return list(headers), given.value
    others = [(name, value) for name, value in headers if name != "cookie"]
    return [*others, ("cookie", f"{cookies}; _xsrf=asked".lstrip("; "))], "asked"
