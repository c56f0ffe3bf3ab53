"""What a URL says: the server and database for the driver, and options of our own. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode

from sharedb_mongo.query import Permissions
from sharedb_py.errors import DatabaseError

__all__ = ["MongoURL", "Options", "parse_url"]


@dataclass(frozen=True)
class Options:
    """How the adapter behaves; ``sharedb-mongo``'s own options.

    ``index_creation`` off makes no indexes; ``source_index`` off leaves out the
    one by ``src`` and ``seq``. ``strict_linking`` off lets a range of old ops be
    read without all ops since. ``max_time_ms`` bounds every query of a client.
    """

    permissions: Permissions = field(default_factory=Permissions)
    index_creation: bool = True
    source_index: bool = True
    strict_linking: bool = True
    max_time_ms: int | None = 60_000


@dataclass(frozen=True)
class MongoURL:
    """A URL without our own options, the database it names, and those options."""

    url: str
    database: str
    options: Options


_OURS: Final = (
    "allowAllQueries",
    "allowJSQueries",
    "allowAggregateQueries",
    "disableIndexCreation",
    "getOpsWithoutStrictLinking",
    "maxTimeMS",
)
_FORBIDDEN: Final = frozenset('/\\. "$*<>:|?\0')


def parse_url(text: str) -> MongoURL:
    """Split ``mongodb://host/NAME?allowJSQueries=true&…``; raises ``DatabaseError``."""
    base, _, query = text.partition("?")
    given = parse_qsl(query, keep_blank_values=True)
    ours = {key: value for key, value in given if key in _OURS}
    _, _, database = base.partition("://")[2].rpartition("/")
    if "/" not in base.partition("://")[2] or not database:
        raise DatabaseError("The URL names no database; write mongodb://HOST/NAME")
    database = unquote(database)
    if _FORBIDDEN.intersection(database) or len(database.encode()) > 63:
        raise DatabaseError(f"{database!r} cannot be the name of a MongoDB database")
    rest = urlencode([(key, value) for key, value in given if key not in _OURS], safe=":,/")
    return MongoURL(f"{base}?{rest}" if rest else base, database, _options(ours))


def _options(ours: dict[str, str]) -> Options:
    on = {name for name, value in ours.items() if _is_true(name, value)}
    everything = "allowAllQueries" in on
    return Options(
        Permissions(
            javascript=everything or "allowJSQueries" in on,
            aggregate=everything or "allowAggregateQueries" in on,
        ),
        index_creation="disableIndexCreation" not in on,
        strict_linking="getOpsWithoutStrictLinking" not in on,
        max_time_ms=_milliseconds(ours.get("maxTimeMS")),
    )


def _is_true(name: str, value: str) -> bool:
    if name == "maxTimeMS":
        return False
    if value.lower() not in ("true", "false", "1", "0", ""):
        raise DatabaseError(f"{name} is true or false, not {value!r}")
    return value.lower() in ("true", "1", "")


def _milliseconds(value: str | None) -> int | None:
    if value is None:
        return Options().max_time_ms
    if not value.isdigit():
        raise DatabaseError(f"maxTimeMS is a number of milliseconds, not {value!r}")
    return int(value) or None
