"""What can be decided about a live query without asking the server. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sharedb_mongo.query import COLLECTION_OPERATIONS, CURSOR_OPERATIONS, fields_of
from sharedb_py.db.base import LiveQuery
from sharedb_py.db.matching import MatchedLive, parse_cached
from sharedb_py.errors import QueryError
from sharedb_py.ops import Op

__all__ = ["live_query", "skip_poll"]

_OF_THE_LAYOUT: Final = ("_type", "_v", "_m", "_o")
_SERVERS_OWN: Final = frozenset({"$regex", "$type", "$comment"})
"""Operators that the server answers by its own rules: another regex dialect, BSON's types."""


def live_query(query: Any) -> LiveQuery | None:
    """Return the query as one matched in memory, or None: the server must be asked."""
    try:
        parsed = parse_cached(query)
    except QueryError:
        return None
    if parsed.is_window or parsed.is_operation:
        return None
    keys = set(_keys(query))
    if keys & _SERVERS_OWN or any(key.split(".")[0] in _OF_THE_LAYOUT for key in keys):
        return None
    return MatchedLive(parsed)


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item)


def skip_poll(op: Op, query: Any) -> bool:
    """Whether an op cannot change the results; when in doubt, False."""
    if op.get("create") or op.get("del") or not isinstance(query, dict):
        return False
    if "op" not in op:
        return True
    if any(key in query for key in (*COLLECTION_OPERATIONS, *CURSOR_OPERATIONS)):
        return False
    fields = fields_of(query)
    if fields is None or not isinstance(op["op"], list):
        return False
    return not any(_touches(component, fields) for component in op["op"])


def _touches(component: Any, fields: frozenset[str]) -> bool:
    path = component.get("p") if isinstance(component, dict) else None
    if not isinstance(path, list) or not path:
        return True
    return str(path[0]) in fields
