"""A document, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from sharedb_py.client.aio.streams import Stream, answer
from sharedb_py.client.changes import Change
from sharedb_py.client.connection import ConnectionCore
from sharedb_py.client.doc import DocCore
from sharedb_py.ot import DEFAULT_TYPE

__all__ = ["Doc"]


class Doc:
    """One document; the same object for the same name on one connection.

    What writes applies at once, in the order of the calls, and returns a future
    of the server's acknowledgement: await it. A refused op is undone, with the
    ops made on top of it, and each of their futures raises ``ShareDBError``.
    """

    def __init__(self, connection: ConnectionCore, core: DocCore, closed: asyncio.Event) -> None:
        self._connection = connection
        self._core = core
        self._closed = closed

    @property
    def collection(self) -> str:
        """The collection's name, or the projection's."""
        return self._core.collection

    @property
    def id(self) -> str:
        """The document's id."""
        return self._core.id

    @property
    def exists(self) -> bool:
        """Whether there is a document, as far as is known here."""
        return self._core.exists

    @property
    def data(self) -> Any:
        """The document, with our own ops; shared and immutable. None where there is none."""
        return self._core.data

    @property
    def version(self) -> int | None:
        """The last version known of the server; None until there is one."""
        return self._core.version

    @property
    def type_uri(self) -> str | None:
        """The type's URI; None where there is no document."""
        return self._core.type_uri

    def _open(self) -> DocCore:
        if self._connection.closed is not None:
            raise self._connection.closed
        return self._core

    def fetch(self) -> asyncio.Future[None]:
        """Bring the document up to date once."""
        return answer(self._open().fetch)

    def subscribe(self) -> asyncio.Future[None]:
        """Bring the document up to date, and keep it so."""
        return answer(self._open().subscribe)

    def unsubscribe(self) -> asyncio.Future[None]:
        """Follow the document no more."""
        return answer(self._open().unsubscribe)

    def submit(self, op: Any) -> asyncio.Future[None]:
        """Apply an op here at once and send it; raises ``ShareDBError`` at once if it is unfit."""
        return answer(lambda done: self._open().submit(op, done))

    def create(self, data: Any, type_name: str = DEFAULT_TYPE.name) -> asyncio.Future[None]:
        """Create the document; raises ``ShareDBError`` at once if it is known to exist."""
        return answer(lambda done: self._open().create(data, type_name, done))

    def delete(self) -> asyncio.Future[None]:
        """Delete the document; raises ``ShareDBError`` at once if it is not known to exist."""
        return answer(self._open().delete)

    def when_idle(self) -> asyncio.Future[None]:
        """Wait until no op of our own is pending."""
        return answer(lambda done: self._core.when_idle(lambda: done(None)))

    def on_change(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call back after every change, at once; returns what ends that."""
        return self._core.listeners.add(callback)

    def changes(self) -> Stream[Change]:
        """Return the changes from now on, as an async iterator."""
        return Stream(self._core.listeners, self._closed)
