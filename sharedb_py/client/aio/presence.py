"""Presence on a channel, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sharedb_py.client.aio.streams import Stream, answer
from sharedb_py.client.changes import PresenceChange
from sharedb_py.client.connection import ConnectionCore
from sharedb_py.client.presence import PresenceCore

__all__ = ["Presence"]


class Presence:
    """One presence channel; the same object for the same name on one connection."""

    def __init__(
        self, connection: ConnectionCore, core: PresenceCore, closed: asyncio.Event
    ) -> None:
        self._connection = connection
        self._core = core
        self._closed = closed

    @property
    def remote(self) -> Mapping[str, Any]:
        """What others say of themselves, by presence id."""
        return MappingProxyType(self._core.remote)

    def _open(self) -> PresenceCore:
        if self._connection.closed is not None:
            raise self._connection.closed
        return self._core

    def subscribe(self) -> asyncio.Future[None]:
        """Hear others; those who are there are asked to say it again."""
        return answer(self._open().subscribe)

    def unsubscribe(self) -> asyncio.Future[None]:
        """Hear others no more, and take back what we said."""
        return answer(self._open().unsubscribe)

    def submit(self, presence_id: str, value: Any) -> asyncio.Future[None]:
        """Say ``value`` under an id of our own; None takes it back."""
        return answer(lambda done: self._open().say(presence_id, value, done))

    def on_change(self, callback: Callable[[PresenceChange], None]) -> Callable[[], None]:
        """Call back whenever others say something; returns what ends that."""
        return self._core.listeners.add(callback)

    def changes(self) -> Stream[PresenceChange]:
        """Return what others say from now on, as an async iterator."""
        return Stream(self._core.listeners, self._closed)
