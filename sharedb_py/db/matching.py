"""Queries for adapters that can walk through a collection: matched here, in memory."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from json import dumps, loads
from typing import Any, Final

from sharedb_py.db.base import DB, NO_OPTIONS, Fields, LiveQuery, Options, PollResult, QueryResult
from sharedb_py.errors import QueryError
from sharedb_py.jsonvalue import MISSING, JSONObject
from sharedb_py.ops import Op
from sharedb_py.querylang import ParsedQuery, order_key, parse_query
from sharedb_py.querylang.values import Key, key_of, reach
from sharedb_py.snapshot import Snapshot

__all__ = ["MatchingDB", "parse_cached"]


LONG: Final = 10_000
"""From how many characters on a query is not remembered: clients could fill the memory."""


@lru_cache(maxsize=1024)
def _parse_text(text: str) -> ParsedQuery:
    return parse_query(loads(text))


def parse_cached(query: JSONObject) -> ParsedQuery:
    """Parse a query; equal ones (key order included) are parsed once."""
    try:
        text = dumps(query)
    except (TypeError, ValueError, RecursionError):
        raise QueryError("Invalid query: it is not JSON") from None
    return _parse_text(text) if len(text) < LONG else parse_query(query)


def as_document(snapshot: Snapshot) -> Any:
    """The snapshot as the query language sees it: the data's fields, and its ``_id``."""
    if isinstance(snapshot.data, dict):
        return {**snapshot.data, "_id": snapshot.id}
    return {"_id": snapshot.id, "_data": snapshot.data}


@dataclass(frozen=True)
class MatchedLive:
    """A query without window or operation: each document is decided on its own."""

    parsed: ParsedQuery

    @property
    def ordered(self) -> bool:
        """Whether the query sorts."""
        return bool(self.parsed.sort)

    def matches(self, snapshot: Snapshot) -> bool:
        """Whether the document belongs to the results."""
        return snapshot.exists and self.parsed.matches(as_document(snapshot))

    def sort_key(self, snapshot: Snapshot) -> Any:
        """A key in result order; ties are the caller's."""
        return order_key(self.parsed.sort)(as_document(snapshot))


class MatchingDB(DB):
    """A database whose queries are answered by matching candidate documents one by one."""

    @abstractmethod
    async def candidates(self, collection: str, parsed: ParsedQuery) -> Iterable[Snapshot]:
        """Return the live documents of a collection: those that match, and possibly more.

        In a stable order, that of ids.
        """

    async def query(
        self,
        collection: str,
        query: JSONObject,
        fields: Fields | None = None,
        *,
        options: Options = NO_OPTIONS,
    ) -> QueryResult:
        return await self.find(collection, query)

    async def find(self, collection: str, query: JSONObject) -> QueryResult:
        """Return what the query finds, which the caller must not change."""
        parsed = parse_cached(query)
        found = [
            snapshot
            for snapshot in await self.candidates(collection, parsed)
            if parsed.matches(as_document(snapshot))
        ]
        if parsed.distinct is not None:
            return QueryResult([], _distinct(found, parsed.distinct))
        if parsed.sort:
            key = order_key(parsed.sort)
            found.sort(key=lambda snapshot: key(as_document(snapshot)))
        end = None if parsed.limit is None else parsed.skip + parsed.limit
        found = found[parsed.skip : end]
        return QueryResult([], len(found)) if parsed.count else QueryResult(found)

    async def query_poll(
        self, collection: str, query: JSONObject, *, options: Options = NO_OPTIONS
    ) -> PollResult:
        result = await self.find(collection, query)
        return PollResult([snapshot.id for snapshot in result.snapshots], result.extra)

    async def query_poll_doc(
        self, collection: str, doc_id: str, query: JSONObject, *, options: Options = NO_OPTIONS
    ) -> bool:
        live = MatchedLive(parse_cached(query))
        return live.matches(await self.get_snapshot(collection, doc_id, options=options))

    def can_poll_doc(self, collection: str, query: JSONObject) -> bool:
        parsed = parse_cached(query)
        return not (parsed.sort or parsed.is_window or parsed.is_operation)

    def skip_poll(self, collection: str, doc_id: str, op: Op, query: JSONObject) -> bool:
        if "create" in op or "del" in op:
            return False
        if "op" not in op:
            return True
        parsed = parse_cached(query)
        if parsed.is_operation or not isinstance(op["op"], list):
            return False
        # An op on data that is no object names no field of it.
        if "_data" in parsed.fields:
            return not op["op"]
        return not any(_touches(component, parsed.fields) for component in op["op"])

    def live_query(self, collection: str, query: JSONObject) -> LiveQuery | None:
        parsed = parse_cached(query)
        return None if parsed.is_window or parsed.is_operation else MatchedLive(parsed)


def _touches(component: Any, fields: frozenset[str]) -> bool:
    path = component.get("p") if isinstance(component, dict) else None
    if not isinstance(path, list) or not path:
        return True
    first = path[0]
    return str(int(first) if isinstance(first, float) and first.is_integer() else first) in fields


def _distinct(snapshots: list[Snapshot], field: str) -> list[Any]:
    found: dict[Key, Any] = {}
    for snapshot in snapshots:
        for value in reach(as_document(snapshot), field).values:
            for item in value if isinstance(value, list) else [value]:
                if item is not MISSING:
                    found.setdefault(key_of(item), item)
    return list(found.values())
