"""Splits a query into filter, cursor parts and operation (protocol section 10.6)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from sharedb_py.errors import QueryError
from sharedb_py.querylang.filters import Predicate, compile_filter, fields_of
from sharedb_py.querylang.ordering import Sort

__all__ = ["ParsedQuery", "parse_query"]

_FILTER_OPERATORS: Final = {"$and", "$or", "$nor", "$comment"}
_NO_JAVASCRIPT: Final = {
    "$where": (4103, "$where queries disabled"),
    "$mapReduce": (4104, "$mapReduce queries disabled"),
    "$function": (4103, "$function queries disabled"),
    "$accumulator": (4103, "$accumulator queries disabled"),
    "$aggregate": (4105, "$aggregate queries disabled"),
    "$query": (4106, "$query property deprecated in queries"),
}
MAX_DEPTH: Final = 32


@dataclass(frozen=True)
class ParsedQuery:
    """A query that is known to be well formed."""

    filter: dict[str, Any]
    sort: Sort = ()
    skip: int = 0
    limit: int | None = None
    count: bool = False
    distinct: str | None = None

    @cached_property
    def matches(self) -> Predicate:
        """The filter as a predicate over documents (with ``_id``)."""
        return compile_filter(self.filter)

    @cached_property
    def fields(self) -> frozenset[str]:
        """The top-level fields that results and their order depend on."""
        sorted_by = {path.split(".")[0] for path, _ in self.sort}
        distinct = {self.distinct.split(".")[0]} if self.distinct else set()
        return fields_of(self.filter) | sorted_by | distinct

    @property
    def is_operation(self) -> bool:
        """Whether the answer is a value (``extra``) instead of documents."""
        return self.count or self.distinct is not None

    @property
    def is_window(self) -> bool:
        """Whether only a part of the matching documents is shown."""
        return self.skip > 0 or self.limit is not None


def parse_query(query: Any) -> ParsedQuery:
    """Parse a query; raises ``QueryError`` naming what is malformed or not permitted."""
    if not isinstance(query, dict):
        raise QueryError("Invalid query: it must be an object")
    _refuse_javascript(query)
    query_filter = {
        key: value
        for key, value in query.items()
        if not key.startswith("$") or key in _FILTER_OPERATORS
    }
    known = {"$sort", "$orderby", "$skip", "$limit", "$count", "$distinct"}
    for key in query.keys() - query_filter.keys() - known:
        raise QueryError(f"Malformed query operator: {key} is not known here", 4107)
    if "$count" in query and "$distinct" in query:
        raise QueryError("Cursor methods can't run after collection method $distinct", 4110)
    parsed = ParsedQuery(
        filter=query_filter,
        sort=_parse_sort("$sort", query["$sort"])
        if "$sort" in query
        else _parse_sort("$orderby", query.get("$orderby")),
        skip=_parse_count("$skip", query.get("$skip")) or 0,
        limit=_parse_count("$limit", query.get("$limit")) or None,
        count="$count" in query,
        distinct=_parse_distinct(query["$distinct"]) if "$distinct" in query else None,
    )
    _ = parsed.matches  # a malformed filter is refused now, not at the first document
    return parsed


def _refuse_javascript(value: Any, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise QueryError(f"Invalid query: nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _NO_JAVASCRIPT:
                code, message = _NO_JAVASCRIPT[key]
                raise QueryError(message, code)
            _refuse_javascript(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _refuse_javascript(item, depth + 1)


def _parse_sort(name: str, sort: Any) -> Sort:
    if sort is None:
        return ()
    pairs = list(sort.items()) if isinstance(sort, dict) else sort
    if not isinstance(pairs, list):
        raise QueryError(f"Malformed query operator: {name} takes an object", 4107)
    parsed: list[tuple[str, int]] = []
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not isinstance(pair[0], str):
            raise QueryError(f"Malformed query operator: {name} takes fields", 4107)
        direction = {"asc": 1, "desc": -1}.get(pair[1], pair[1]) if pair[1].__hash__ else None
        if direction not in (1, -1) or isinstance(direction, bool):
            raise QueryError(f"Malformed query operator: {name} directions are 1 and -1", 4107)
        parsed.append((pair[0], int(direction)))
    return parsed


def _parse_count(operator: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise QueryError(f"Malformed query operator: {operator} takes a whole number", 4107)
    if value < 0:
        raise QueryError(f"Malformed query operator: {operator} takes no negative number", 4107)
    return int(value)


def _parse_distinct(value: Any) -> str:
    field = value.get("field") if isinstance(value, dict) else None
    if not isinstance(field, str):
        raise QueryError("Malformed query operator: $distinct takes {field: name}", 4107)
    return field
