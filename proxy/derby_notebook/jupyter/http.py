"""HTTP clients for many people's requests."""

from __future__ import annotations

import ssl
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

__all__ = ["http_client", "tls_context"]


@cache
def tls_context() -> ssl.SSLContext:
    """Return what trusts the system's certificates, or those that ``SSL_CERT_FILE`` names."""
    return ssl.create_default_context()


def http_client(**settings: Any) -> httpx.AsyncClient:
    """Return a client that keeps no cookies: one person's must never go out with another's request.

    It reads no proxy settings from the environment: Jupyter is near.
    """
    jar = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(cookies=jar, trust_env=False, verify=tls_context(), **settings)
