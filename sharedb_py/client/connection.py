"""A client's connection: its documents, queries and presences over one line. No I/O.

``send`` is given the messages to send; whoever owns the line calls :meth:`receive`
with each that comes, and :meth:`disconnected` when it breaks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from sharedb_py.client.changes import Done
from sharedb_py.client.doc import DocCore, error_of, own_copy
from sharedb_py.client.presence import PresenceCore
from sharedb_py.client.query import QueryCore
from sharedb_py.errors import ErrorCode, ShareDBError
from sharedb_py.jsonvalue import JSONObject
from sharedb_py.messages import PROTOCOL, Message

__all__ = ["ConnectionCore"]

log = logging.getLogger(__name__)

DOC_ACTIONS: Final = frozenset({"op", "f", "s", "u"})
QUERY_ACTIONS: Final = frozenset({"qf", "qs", "qu", "q"})
PRESENCE_ACTIONS: Final = frozenset({"p", "ps", "pu", "pr"})


class ConnectionCore:
    """Everything a client knows, and what it waits for; survives a broken line."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self.id: str | None = None
        self.connected = False
        self.closed: ShareDBError | None = None
        self.on_connected: Callable[[], None] = lambda: None
        self._send = send
        self._seq = 0
        self._query_ids = 0
        self._docs: dict[tuple[str, str], DocCore] = {}
        self._queries: dict[int, QueryCore] = {}
        self._presences: dict[str, PresenceCore] = {}

    # What documents need

    @property
    def src(self) -> str | None:
        """The source of our ops."""
        return self.id

    def next_seq(self) -> int:
        """Return a number no op and no request of this connection had."""
        self._seq += 1
        return self._seq

    def send(self, message: Message) -> None:
        """Send a message to the server."""
        self._send(message)

    # What the application asks for

    def doc(self, collection: str, doc_id: str) -> DocCore:
        """Return the document; the same object for the same name."""
        key = (collection, doc_id)
        found = self._docs.get(key)
        if found is None:
            found = self._docs[key] = DocCore(self, collection, doc_id)
        return found

    def forget(self, doc: DocCore) -> bool:
        """Let go of a document that nothing needs any more; False if something does."""
        shown = any(doc in query.docs for query in self._queries.values())
        if not doc.unused or shown:
            return False
        self._docs.pop((doc.collection, doc.id), None)
        return True

    def query(self, collection: str, query: JSONObject, *, live: bool, done: Done) -> QueryCore:
        """Ask for a query's results; ``done`` is called when they are there."""
        self._query_ids += 1
        asked: JSONObject = own_copy({"q": query})["q"]
        core = QueryCore(
            self._send, self.doc, self._query_ids, collection, asked, live=live, done=done
        )
        self._queries[core.id] = core
        if self.connected:
            core.connected()
        return core

    def drop_query(self, query: QueryCore) -> None:
        """End a live query."""
        if self._queries.pop(query.id, None) is not None and self.connected:
            self._send({"a": "qu", "id": query.id, "c": query.collection, "q": query.query})
        query.finish(ShareDBError("The query was ended"))

    def presence(self, channel: str, doc: DocCore | None = None) -> PresenceCore:
        """Return the presence channel; the same object for the same name."""
        found = self._presences.get(channel)
        if found is None:
            found = self._presences[channel] = PresenceCore(self, channel, doc)
        return found

    # The line

    def receive(self, message: Message) -> None:
        """Take a message from the server; raises ``ShareDBError`` if the line must be given up."""
        action = message.get("a")
        if action == "init":
            self._greeted(message)
        elif action == "hs":
            self._shook_hands(message)
        elif action in DOC_ACTIONS:
            self._receive_for_doc(message)
        elif action in QUERY_ACTIONS:
            self._receive_for_query(message)
        elif action in PRESENCE_ACTIONS:
            presence = self._presences.get(message.get("ch", ""))
            if presence is not None:
                presence.receive(message)
        else:
            log.debug("A message of an unknown kind was ignored: %r", action)

    def _greeted(self, message: Message) -> None:
        if message.get("protocol") != PROTOCOL[0]:
            raise ShareDBError(
                "The server speaks another protocol", ErrorCode.PROTOCOL_VERSION_NOT_SUPPORTED
            )
        hello = {"a": "hs", "id": self.id, "protocol": PROTOCOL[0], "protocolMinor": PROTOCOL[1]}
        self._send(hello)

    def _shook_hands(self, message: Message) -> None:
        error = error_of(message)
        if error is not None:
            raise error
        self.id = message["id"]
        self.connected = True
        for query in list(self._queries.values()):
            query.connected()
        for doc in list(self._docs.values()):
            doc.connected()
        for presence in list(self._presences.values()):
            presence.connected()
        self.on_connected()

    def _receive_for_doc(self, message: Message) -> None:
        doc = self._docs.get((message.get("c", ""), message.get("d", "")))
        if doc is not None:
            doc.receive(message)

    def _receive_for_query(self, message: Message) -> None:
        query = self._queries.get(message.get("id", 0))
        if query is None or message["a"] == "qu":
            return
        query.receive(message)
        if not query.live or (message["a"] == "qs" and "error" in message):
            del self._queries[query.id]

    def disconnected(self) -> None:
        """Note that the line broke; everything is asked for again on the next one."""
        self.connected = False
        for doc in list(self._docs.values()):
            doc.disconnected()

    def close(self, error: ShareDBError | None = None) -> None:
        """Fail all that waits: there will be no other line. May be called twice."""
        if self.closed is not None:
            return
        self.closed = error or ShareDBError("The connection is closed")
        self.disconnected()
        for query in list(self._queries.values()):
            query.finish(self.closed)
        for doc in list(self._docs.values()):
            doc.close(self.closed)
        for presence in list(self._presences.values()):
            presence.close(self.closed)
