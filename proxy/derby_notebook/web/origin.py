"""Where a request comes from, as far as it may be believed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

__all__ = ["FORWARDED", "public_host", "same_origin"]

FORWARDED = frozenset(
    b"forwarded x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto "
    b"x-forwarded-prefix x-real-ip x-scheme".split()
)
"""Headers that only a trusted proxy before us may set."""


def public_host(headers: Mapping[str, str], *, trusted: bool) -> str | None:
    """Return the host that the browser asked for: the first one forwarded, if that is trusted."""
    forwarded = headers.get("x-forwarded-host") if trusted else None
    return forwarded.split(",")[0].strip() if forwarded else headers.get("host")


def same_origin(headers: Mapping[str, str], *, trusted: bool = False) -> bool:
    """Whether a request comes from a page of ours, or from no page at all."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") in (None, "same-origin", "none")
    return urlsplit(origin).netloc == public_host(headers, trusted=trusted)
