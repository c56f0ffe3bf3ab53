"""The way to the server: a client of our own or the application's, and what its errors mean."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError
from pymongo import AsyncMongoClient
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    DocumentTooLarge,
    InvalidURI,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from sharedb_mongo.url import parse_url
from sharedb_py.errors import DatabaseError, QueryError

__all__ = ["Connection", "translated"]

ALREADY_CLOSED: Final = 5101
SELECTION_MS: Final = 10_000

CODEC: Final[CodecOptions[dict[str, Any]]] = CodecOptions(
    document_class=dict,
    tz_aware=True,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="replace",
)

_WRONG_CREDENTIALS: Final = 18
_NOT_ALLOWED: Final = 13
_NOT_WRITABLE: Final = frozenset({10107, 13435, 11602, 189})


def describe(error: Exception) -> str:
    """Return, in one line, what went wrong and where to look."""
    text = str(error)
    for noise in (", full error:", ", Timeout:", " (configured timeouts:"):
        text = text.split(noise)[0]
    if isinstance(error, ServerSelectionTimeoutError):
        if "primary" in text.lower() or "No replica set members" in text:
            return f"MongoDB has no primary that takes writes: {text}"
        return f"No MongoDB server answers: {text}"
    if isinstance(error, OperationFailure):
        if error.code == _WRONG_CREDENTIALS:
            return f"MongoDB refused the user name or password: {text}"
        if error.code == _NOT_ALLOWED:
            return f"The MongoDB user may not do this: {text}"
        if error.code in _NOT_WRITABLE:
            return f"MongoDB has no primary that takes writes: {text}"
    if isinstance(error, NotPrimaryError):
        return f"MongoDB has no primary that takes writes: {text}"
    if isinstance(error, AutoReconnect):
        return f"The connection to MongoDB was lost: {text}"
    if isinstance(error, (BSONError, DocumentTooLarge, OverflowError, RecursionError)):
        return f"MongoDB cannot store this: {text}"
    return f"MongoDB: {text}"


def to_database_error(error: Exception) -> DatabaseError:
    """Return a driver's error as ours, the server's code kept."""
    code = error.code if isinstance(error, OperationFailure) else None
    return DatabaseError(describe(error), code)


@contextmanager
def translated(*, query: bool = False) -> Iterator[None]:
    """Raise what the driver raises as ``DatabaseError``, or ``QueryError`` where a query is bad."""
    try:
        yield
    except (OperationFailure, TypeError, ValueError) as error:
        if query and not isinstance(error, BulkWriteError):
            code = error.code if isinstance(error, OperationFailure) else None
            if code not in (_WRONG_CREDENTIALS, _NOT_ALLOWED, *_NOT_WRITABLE):
                raise QueryError(str(error).split(", full error:")[0], code) from error
        if isinstance(error, PyMongoError):
            raise to_database_error(error) from error
        raise
    except (PyMongoError, BSONError, OverflowError, RecursionError) as error:
        raise to_database_error(error) from error


class Connection:
    """A database and the client it is reached with.

    ``source`` is a URL, or a client or database of the application's own, of
    PyMongo's asyncio API or of Motor; only a client made from a URL is closed.
    """

    def __init__(self, source: Any, database: str | None = None) -> None:
        self._owned: AsyncMongoClient[dict[str, Any]] | None = None
        self._closed = False
        if isinstance(source, str):
            source = self._open(source)
        if hasattr(type(source), "get_default_database"):  # a database would take any name
            source = self._database_of(source, database)
        self._database = source.with_options(codec_options=CODEC)

    def _open(self, text: str) -> Any:
        parsed = parse_url(text)
        try:
            self._owned = AsyncMongoClient(parsed.url, **_defaults(parsed.url))
        except (InvalidURI, ConfigurationError, ValueError) as error:
            raise DatabaseError(f"The MongoDB URL cannot be used: {error}") from None
        return self._owned[parsed.database]

    def _database_of(self, client: Any, name: str | None) -> Any:
        try:
            return client[name] if name is not None else client.get_default_database()
        except PyMongoError as error:
            raise DatabaseError(f"Name the database: {error}") from error

    def collection(self, name: str) -> Any:
        """Return a collection; raises ``DatabaseError`` (5101) once closed."""
        if self._closed:
            raise DatabaseError("Already closed", ALREADY_CLOSED)
        return self._database[name]

    async def collection_names(self) -> list[str]:
        """Return the names of all the database's collections."""
        if self._closed:
            raise DatabaseError("Already closed", ALREADY_CLOSED)
        names: list[str] = await self._database.list_collection_names()
        return names

    async def command(self, command: dict[str, Any]) -> dict[str, Any]:
        """Run a database command and return its answer."""
        if self._closed:
            raise DatabaseError("Already closed", ALREADY_CLOSED)
        answer: dict[str, Any] = await self._database.command(command)
        return answer

    async def check(self) -> None:
        """Raise ``DatabaseError``, saying what to mend, unless the database takes writes."""
        with translated():
            # Asked of a primary, and refused like a write without credentials.
            await self.collection_names()

    async def close(self) -> None:
        """Close a client of our own; may be called twice."""
        if self._closed:
            return
        self._closed = True
        if self._owned is not None:
            closing = self._owned.close()
            if inspect.isawaitable(closing):
                await closing


def _defaults(url: str) -> dict[str, Any]:
    """An op is acknowledged when most members have it, unless the URL says otherwise."""
    wanted: dict[str, Any] = {
        "w": "majority",
        "serverSelectionTimeoutMS": SELECTION_MS,
        "appname": "sharedb-py",
    }
    lower = url.partition("?")[2].lower()
    given = {part.partition("=")[0] for part in lower.split("&")}
    return {key: value for key, value in wanted.items() if key.lower() not in given}
