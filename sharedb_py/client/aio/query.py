"""A live query, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any

from sharedb_py.client.aio.doc import Doc
from sharedb_py.client.aio.streams import Stream, answer
from sharedb_py.client.changes import Done, QueryChange
from sharedb_py.client.connection import ConnectionCore
from sharedb_py.client.query import QueryCore
from sharedb_py.jsonvalue import MISSING, JSONObject

__all__ = ["LiveQuery"]


class LiveQuery:
    """Results that follow the documents: ``async with connection.live_query(…) as query``.

    Entering raises ``ShareDBError`` if the server refuses the query. The
    documents in ``docs`` are kept up to date as well.
    """

    def __init__(
        self,
        connection: ConnectionCore,
        find_doc: Callable[[str, str], Doc],
        collection: str,
        query: JSONObject,
        closed: asyncio.Event,
    ) -> None:
        self._connection = connection
        self._find_doc = find_doc
        self._collection = collection
        self._query = query
        self._closed = closed
        self._core: QueryCore | None = None

    def _entered(self) -> QueryCore:
        if self._core is None:
            raise RuntimeError("A live query is open only inside `async with`")
        return self._core

    @property
    def docs(self) -> list[Doc]:
        """The results, in order."""
        core = self._entered()
        return [self._find_doc(doc.collection, doc.id) for doc in core.docs]

    @property
    def extra(self) -> Any:
        """What the query gives besides documents, such as a count; None if nothing."""
        extra = self._entered().extra
        return None if extra is MISSING else extra

    def on_change(self, callback: Callable[[QueryChange], None]) -> Callable[[], None]:
        """Call back after every change of the results; returns what ends that."""
        return self._entered().listeners.add(callback)

    def changes(self) -> Stream[QueryChange]:
        """Return the changes of the results from now on, as an async iterator."""
        return Stream(self._entered().listeners, self._closed)

    def _ask(self, done: Done) -> None:
        if self._connection.closed is not None:
            raise self._connection.closed
        self._core = self._connection.query(self._collection, self._query, live=True, done=done)

    async def __aenter__(self) -> LiveQuery:
        try:
            await answer(self._ask)
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Follow the query no more; may be called twice."""
        if self._core is not None:
            self._connection.drop_query(self._core)
