"""Asks Jupyter who calls, with the caller's own credentials."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import HTTPConnection

from derby_notebook.jupyter.http import http_client
from derby_notebook.people.roles import PERMISSIONS, Role, role_of

__all__ = ["Caller", "Identity", "token_of"]

KEPT = ("cookie", "authorization", "host")


def token_of(connection: HTTPConnection) -> str | None:
    """Return the token that a request bears, in any of the ways that Jupyter knows."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() in ("token", "bearer") and token:
        return token.strip()
    return connection.query_params.get("token")


@dataclass(frozen=True)
class Caller:
    """Who calls: the identity as Jupyter gives it, with the ``role``; None for a stranger."""

    user: dict[str, Any] | None
    cookies: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The user's name; empty for a stranger."""
        return str((self.user or {}).get("username", ""))

    @property
    def may_edit(self) -> bool:
        """Whether the caller may change notebooks, run cells and answer them."""
        return self.user is not None and self.user["role"] != "viewer"


class Identity:
    """``url`` is the Jupyter Server's, ``roles`` are from our own settings."""

    def __init__(self, url: str, roles: Mapping[str, Role]) -> None:
        self._roles = roles
        self._http = http_client(base_url=url, timeout=30)

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def of(self, connection: HTTPConnection) -> Caller:
        """Return who calls; raises ``httpx.HTTPError`` if Jupyter does not answer."""
        headers = {key: connection.headers[key] for key in KEPT if key in connection.headers}
        parameters = {"permissions": json.dumps(PERMISSIONS)}
        if token := connection.query_params.get("token"):
            parameters["token"] = token
        answer = await self._http.get("api/me", headers=headers, params=parameters)
        if not answer.is_success:
            return Caller(None)
        me = answer.json()
        role = role_of(me, self._roles)
        if role is None:
            return Caller(None)
        user = {**me["identity"], "role": role}
        return Caller(user, answer.headers.get_list("set-cookie"))
