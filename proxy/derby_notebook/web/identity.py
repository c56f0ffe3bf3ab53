"""Who calls: Jupyter says it, asked with the caller's own credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import HTTPConnection

from derby_notebook.jupyter.asking import Asking, Credentials
from derby_notebook.people.roles import Role, role_of
from derby_notebook.web.origin import public_host, scheme_of

__all__ = ["Caller", "Identity", "token_of"]

KEPT = ("cookie", "authorization")


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
    cookies: tuple[str, ...] = ()
    credentials: Credentials = field(default_factory=Credentials)

    @property
    def name(self) -> str:
        """The user's name; empty for a stranger."""
        return str((self.user or {}).get("username", ""))

    @property
    def may_edit(self) -> bool:
        """Whether the caller may change notebooks, run cells and answer them."""
        return self.user is not None and self.user["role"] != "viewer"


class Identity:
    """``roles`` are from our own settings; ``trusted``: a proxy before us is believed."""

    def __init__(self, asking: Asking, roles: Mapping[str, Role], *, trusted: bool = False) -> None:
        self._asking = asking
        self._roles = roles
        self._trusted = trusted

    async def of(self, connection: HTTPConnection) -> Caller:
        """Return who calls; raises ``httpx.HTTPError`` if Jupyter does not answer."""
        return await self.again(self._credentials(connection))

    async def again(self, credentials: Credentials) -> Caller:
        """Return who has these credentials, as Jupyter says now."""
        me = await self._asking.me(credentials)
        role = role_of(me.answer, self._roles) if me.answer is not None else None
        if me.answer is None or role is None:
            return Caller(None, credentials=credentials)
        return Caller({**me.answer["identity"], "role": role}, me.cookies, credentials)

    def _credentials(self, connection: HTTPConnection) -> Credentials:
        headers = [(key, connection.headers[key]) for key in KEPT if key in connection.headers]
        # The names of Jupyter's cookies are made of the host that the browser asked for.
        if host := public_host(connection.headers, trusted=self._trusted):
            headers.append(("host", host))
        # A cookie that comes over TLS is to go back over TLS only.
        headers.append(("x-forwarded-proto", scheme_of(connection)))
        return Credentials(tuple(headers), connection.query_params.get("token"))
