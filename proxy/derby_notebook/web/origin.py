"""Where a request comes from, as far as it may be believed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

__all__ = ["FORWARDED", "forwarded", "public_host", "same_origin", "scheme_of"]

FORWARDED = frozenset(
    b"forwarded x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto "
    b"x-forwarded-prefix x-real-ip x-scheme".split()
)
"""Headers in which proxies say who called them: only a trusted one's are believed."""

_PORTS = {"http": ":80", "https": ":443"}


def public_host(headers: Mapping[str, str], *, trusted: bool) -> str | None:
    """Return the host that the browser asked for: the first one forwarded, if that is trusted."""
    forwarded = headers.get("x-forwarded-host") if trusted else None
    return forwarded.split(",")[0].strip() if forwarded else headers.get("host")


def same_origin(headers: Mapping[str, str], *, trusted: bool = False) -> bool:
    """Whether a request comes from a page of ours, or from no page at all."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") in (None, "same-origin", "none")
    found = urlsplit(origin)
    host = public_host(headers, trusted=trusted)
    return bool(host) and found.netloc in (
        host,
        (host or "").removesuffix(_PORTS.get(found.scheme, "")),
    )


def scheme_of(connection: HTTPConnection) -> str:
    """Return by which scheme the browser came; a trusted proxy's word is in it by then."""
    return {"ws": "http", "wss": "https"}.get(connection.url.scheme, connection.url.scheme)


def forwarded(connection: HTTPConnection, *, trusted: bool) -> list[tuple[bytes, bytes]]:
    """Return what a proxy says of a caller: what the one before us said, if that is trusted."""
    host = public_host(connection.headers, trusted=trusted)
    said = {"x-forwarded-proto": scheme_of(connection), "x-forwarded-host": host or ""}
    if connection.client is not None:
        said["x-forwarded-for"] = connection.client.host
    return [(name.encode(), value.encode("latin-1")) for name, value in said.items() if value]
