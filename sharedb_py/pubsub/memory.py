"""Pub/sub within one process."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sharedb_py.jsonvalue import JSONObject
from sharedb_py.pubsub.base import Published, PubSub, Receiver, Subscription

__all__ = ["MemoryPubSub"]

log = logging.getLogger(__name__)


class _MemorySubscription(Subscription):
    def __init__(self, pubsub: MemoryPubSub, channel: str, receiver: Receiver) -> None:
        self._pubsub = pubsub
        self.channel = channel
        self.receiver = receiver

    def close(self) -> None:
        self._pubsub.remove(self)


class MemoryPubSub(PubSub):
    """Calls receivers directly, in the order in which they subscribed."""

    def __init__(self) -> None:
        super().__init__()
        # A dict for its order: the receivers of a channel, first come first.
        self._channels: dict[str, dict[_MemorySubscription, None]] = {}

    @property
    def streams_count(self) -> int:
        """How many subscriptions are open."""
        return sum(len(subscriptions) for subscriptions in self._channels.values())

    async def subscribe(self, channel: str, receiver: Receiver) -> Subscription:
        subscription = _MemorySubscription(self, channel, receiver)
        self._channels.setdefault(channel, {})[subscription] = None
        return subscription

    def remove(self, subscription: _MemorySubscription) -> None:
        """Forget a subscription, and the channel with its last one."""
        subscriptions = self._channels.get(subscription.channel, {})
        subscriptions.pop(subscription, None)
        if not subscriptions:
            self._channels.pop(subscription.channel, None)

    def publish(self, channels: Sequence[str], message: JSONObject) -> None:
        published = Published(message)
        for channel in channels:
            for subscription in tuple(self._channels.get(channel, ())):
                try:
                    subscription.receiver(published)
                except Exception:
                    log.exception("A receiver on channel %r failed", channel)

    async def close(self) -> None:
        self._channels.clear()
