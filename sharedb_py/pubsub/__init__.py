"""Publish and subscribe: how committed ops reach the agents that follow them.

``open_pubsub("redis://localhost")`` opens the adapter that a URL names.
"""

from __future__ import annotations

from sharedb_py.errors import ShareDBError
from sharedb_py.pubsub.base import (
    Published,
    PubSub,
    Subscription,
    doc_channel,
    presence_channel,
)
from sharedb_py.pubsub.memory import MemoryPubSub

__all__ = [
    "MemoryPubSub",
    "PubSub",
    "Published",
    "Subscription",
    "doc_channel",
    "open_pubsub",
    "presence_channel",
]


def open_pubsub(url: str) -> PubSub:
    """Return the pub/sub a URL names: ``memory:``, or ``redis:``, ``rediss:`` or ``unix:``.

    Raises ``ShareDBError`` for another, and where the adapter's packages are missing.
    """
    scheme, colon, _ = url.partition(":")
    if scheme == "memory":
        return MemoryPubSub()
    if scheme not in ("redis", "rediss", "unix"):
        # The rest of the URL may hold a password.
        named = f"{scheme}:" if colon else url
        raise ShareDBError(f"No pub/sub adapter for {named!r}; known are memory: and redis://host")
    try:
        from sharedb_py.pubsub import redis
    except ImportError as error:
        raise ShareDBError(
            f"Redis needs one more package ({error}): pip install 'sharedb-py[redis]'"
        ) from error
    return redis.from_url(url)
