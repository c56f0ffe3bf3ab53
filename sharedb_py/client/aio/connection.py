"""A connection, for asyncio, over whatever line a subclass brings."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from sharedb_py.client.aio.doc import Doc
from sharedb_py.client.aio.presence import Presence
from sharedb_py.client.aio.query import LiveQuery
from sharedb_py.client.aio.streams import answer
from sharedb_py.client.changes import Done
from sharedb_py.client.connection import ConnectionCore
from sharedb_py.client.query import QueryCore
from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import MISSING, JSONObject
from sharedb_py.messages import Message

__all__ = ["Connection", "QueryResults"]

Self = TypeVar("Self", bound="Connection")


@dataclass(frozen=True, slots=True)
class QueryResults:
    """A fetched query's documents, in order, and ``extra`` (None if there is nothing else)."""

    docs: list[Doc]
    extra: Any = None


class Connection(ABC):
    """A client: ``async with … as connection``. Made and used in one event loop."""

    def __init__(self) -> None:
        self._core = ConnectionCore(self._send)
        self._closed = asyncio.Event()
        self._docs: dict[tuple[str, str], Doc] = {}
        self._presences: dict[str, Presence] = {}

    # The line

    @abstractmethod
    def _send(self, message: Message) -> None:
        """Send a message, without waiting."""

    @abstractmethod
    async def open(self) -> None:
        """Connect; returns when the server has shaken hands, raises if it cannot be reached."""

    @abstractmethod
    async def close(self) -> None:
        """End the connection; whoever waits for something gets a ``ShareDBError``."""

    def _end(self, error: ShareDBError | None = None) -> None:
        self._core.close(error)
        self._closed.set()

    async def __aenter__(self: Self) -> Self:
        try:
            await self.open()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def id(self) -> str | None:
        """The source of our ops; None before the first handshake."""
        return self._core.id

    @property
    def connected(self) -> bool:
        """Whether the line stands at this moment."""
        return self._core.connected

    @property
    def closed(self) -> bool:
        """Whether the connection ended for good."""
        return self._closed.is_set()

    # What is on it

    def doc(self, collection: str, doc_id: str) -> Doc:
        """Return a document; the same object for the same name."""
        key = (collection, doc_id)
        found = self._docs.get(key)
        if found is None:
            core = self._core.doc(collection, doc_id)
            found = self._docs[key] = Doc(self._core, core, self._closed)
        return found

    async def forget(self, doc: Doc) -> None:
        """Let go of a document, once its ops are acknowledged; one still in use stays."""
        await doc.when_idle()
        if self._core.forget(doc._core):
            self._docs.pop((doc.collection, doc.id), None)

    async def query(self, collection: str, query: JSONObject) -> QueryResults:
        """Return the documents that match now; raises ``ShareDBError`` if refused."""
        cores: list[QueryCore] = []

        def ask(done: Done) -> None:
            if self._core.closed is not None:
                raise self._core.closed
            cores.append(self._core.query(collection, query, live=False, done=done))

        await answer(ask)
        [core] = cores
        docs = [self.doc(doc.collection, doc.id) for doc in core.docs]
        return QueryResults(docs, None if core.extra is MISSING else core.extra)

    def live_query(self, collection: str, query: JSONObject) -> LiveQuery:
        """Return a query to follow, inside ``async with``."""
        return LiveQuery(self._core, self.doc, collection, query, self._closed)

    def presence(self, channel: str) -> Presence:
        """Return a presence channel; the same object for the same name."""
        return self._presence(channel, None)

    def doc_presence(self, doc: Doc) -> Presence:
        """Return the presence in a document; its type must support it."""
        return self._presence(f"{doc.collection}.{doc.id}", doc)

    def _presence(self, channel: str, doc: Doc | None) -> Presence:
        found = self._presences.get(channel)
        if found is None:
            core = self._core.presence(channel, None if doc is None else doc._core)
            found = self._presences[channel] = Presence(self._core, core, self._closed)
        return found
