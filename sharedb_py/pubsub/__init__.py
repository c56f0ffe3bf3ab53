"""Publish and subscribe: how committed ops reach the agents that follow them."""

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
    "presence_channel",
]
