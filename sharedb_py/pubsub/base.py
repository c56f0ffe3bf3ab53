"""Publishing ops to whoever follows a document, a collection or a channel (protocol 7)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeAlias

from sharedb_py.jsonvalue import JSONObject
from sharedb_py.messages import build_op, encode
from sharedb_py.projections import Projection

__all__ = ["PubSub", "Published", "Receiver", "Subscription", "doc_channel", "presence_channel"]


class Published:
    """What was published: an op or a presence message, shared by all receivers; immutable.

    An op's wire form is encoded once for each name it is sent under, a presence
    message once, however many subscribers there are.
    """

    __slots__ = ("_encoded", "_text", "message")

    def __init__(self, message: JSONObject) -> None:
        self.message = message
        self._encoded: dict[str | tuple[str, Projection], str] = {}
        self._text: str | None = None

    def encoded(self) -> str:
        """Return the JSON text of the message as it is; raises ``ValueError`` for infinity."""
        if self._text is None:
            self._text = encode(self.message)
        return self._text

    def encoded_op(self, collection: str, projection: Projection | None = None) -> str:
        """Return the JSON text of the op as subscribers of a collection name receive it."""
        key = collection if projection is None else (collection, projection)
        text = self._encoded.get(key)
        if text is None:
            op = self.message if projection is None else projection.op(self.message)
            text = self._encoded[key] = encode(build_op(collection, op["d"], op))
        return text


Receiver: TypeAlias = Callable[[Published], None]
"""Called in the order of publishing, on the event loop; must not block and must not raise."""


class Subscription(ABC):
    """One receiver on one channel."""

    @abstractmethod
    def close(self) -> None:
        """Stop receiving at once; may be called twice."""


class PubSub(ABC):
    """Carries messages between agents, in this process and, by some adapters, beyond it."""

    presence_ttl: float | None = None
    """After how many seconds without a sign of life a presence is given up; None: never,
    since within one process nobody goes unnoticed."""

    def __init__(self) -> None:
        self._watchers: dict[Callable[[], None], None] = {}

    async def check(self) -> None:  # noqa: B027 - most need no check
        """Raise ``ShareDBError``, saying what to mend, unless messages can be carried now."""

    def watch_gaps(self, watcher: Callable[[], None]) -> None:
        """Call ``watcher`` whenever messages on any channel may have been missed.

        By then later ones are received again: what was missed is in the database.
        """
        self._watchers[watcher] = None

    def tell_gap(self) -> None:
        """Call the watchers; for adapters."""
        for watcher in list(self._watchers):
            watcher()

    @abstractmethod
    async def subscribe(self, channel: str, receiver: Receiver) -> Subscription:
        """Return once every later message on the channel will reach the receiver."""

    @abstractmethod
    def publish(self, channels: Sequence[str], message: JSONObject) -> None:
        """Send a message on each channel, without waiting; failures are logged."""

    @abstractmethod
    async def close(self) -> None:
        """Drop all subscriptions; may be called twice."""


def doc_channel(collection: str, doc_id: str) -> str:
    """Return the channel of a document's ops."""
    return f"{collection}.{doc_id}"


def presence_channel(channel: str) -> str:
    """Return the channel that carries a presence channel's messages."""
    return f"$presence.{channel}"
