"""The query language: what may be asked, and what is asked of the server (protocol 10.6). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sharedb_mongo.guarding import with_guard
from sharedb_mongo.values import to_bson
from sharedb_py.errors import QueryError
from sharedb_py.jsonvalue import depth_exceeds, is_number

__all__ = [
    "COLLECTION_OPERATIONS",
    "CURSOR_OPERATIONS",
    "MongoQuery",
    "Permissions",
    "can_poll_doc",
    "fields_of",
    "for_document",
    "parse",
]

COLLECTION_OPERATIONS: Final = ("$distinct", "$aggregate", "$mapReduce")
CURSOR_OPERATIONS: Final = ("$count", "$explain", "$map")
CURSOR_TRANSFORMS: Final = frozenset(
    {
        "$batchSize",
        "$comment",
        "$hint",
        "$limit",
        "$max",
        "$maxScan",
        "$maxTimeMS",
        "$min",
        "$noCursorTimeout",
        "$orderby",
        "$readConcern",
        "$readPref",
        "$returnKey",
        "$showDiskLoc",
        "$showRecordId",
        "$skip",
        "$snapshot",
        "$sort",
    }
)
_FILTER_OPERATORS: Final = frozenset(
    {"$and", "$or", "$nor", "$expr", "$jsonSchema", "$sampleRate", "$text", "$where"}
)
MAX_DEPTH: Final = 64

_JAVASCRIPT: Final = {
    "$where": 4103,
    "$function": 4103,
    "$accumulator": 4103,
    "$mapReduce": 4104,
}
_WRITING_STAGES: Final = frozenset({"$out", "$merge"})
_NO_SINGLE_DOC: Final = ("$sort", "$orderby", "$limit", "$skip", "$max", "$min", "$returnKey")


@dataclass(frozen=True)
class Permissions:
    """What clients may ask for beyond plain filters."""

    javascript: bool = False
    """Code that runs on the database server: ``$where``, ``$function``, ``$mapReduce`` …"""
    aggregate: bool = False
    """Aggregation pipelines, which can read every collection of the database."""


@dataclass(frozen=True)
class MongoQuery:
    """A query that is permitted, taken apart; its filter never matches deleted documents."""

    filter: dict[str, Any]
    transforms: dict[str, Any] = field(default_factory=dict)
    collection_operation: str | None = None
    cursor_operation: str | None = None
    operand: Any = None


def parse(query: Any, permissions: Permissions) -> MongoQuery:
    """Take a query apart; raises ``QueryError`` with ``sharedb-mongo``'s codes."""
    if not isinstance(query, dict):
        raise QueryError("Invalid query: it must be an object", 5104)
    if depth_exceeds(query, MAX_DEPTH):
        raise QueryError(f"Invalid query: nested more than {MAX_DEPTH} deep", 5104)
    if "$query" in query:
        raise QueryError("$query property deprecated in queries", 4106)
    _check_combination(query)
    _check_permissions(query, permissions)
    parsed = _split(query)
    return replace(parsed, filter=with_guard(to_bson(parsed.filter)))


def _check_combination(query: Mapping[str, Any]) -> None:
    operations = [key for key in query if key in COLLECTION_OPERATIONS]
    if len(operations) > 1:
        first, second = operations[:2]
        raise QueryError(f"Only one collection operation allowed. Found {first} and {second}", 4108)
    of_cursor = [key for key in query if key in CURSOR_OPERATIONS]
    if len(of_cursor) > 1:
        first, second = of_cursor[:2]
        raise QueryError(f"Only one cursor operation allowed. Found {first} and {second}", 4109)
    if operations and (of_cursor or CURSOR_TRANSFORMS.intersection(query)):
        raise QueryError(f"Cursor methods can't run after collection method {operations[0]}", 4110)


def _check_permissions(query: Mapping[str, Any], permissions: Permissions) -> None:
    # At any depth: a pipeline, an $expr or a branch of $or can hold code too.
    keys = set(_keys(query))
    if not permissions.javascript:
        for key, code in _JAVASCRIPT.items():
            if key in keys:
                raise QueryError(f"{key} queries disabled", code)
    if "$aggregate" in query and not permissions.aggregate:
        raise QueryError("$aggregate queries disabled", 4105)
    if writing := _WRITING_STAGES.intersection(keys):
        raise QueryError(f"Malformed query operator: {min(writing)} writes", 4107)
    if "$map" in query:
        raise QueryError("Malformed query operator: $map", 4107)


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item)


def _split(query: Mapping[str, Any]) -> MongoQuery:
    parts: dict[str, Any] = {}
    transforms: dict[str, Any] = {}
    collection_operation = cursor_operation = operand = None
    for key, value in query.items():
        if key in COLLECTION_OPERATIONS:
            collection_operation, operand = key, _check_operand(key, value)
        elif key in CURSOR_OPERATIONS:
            cursor_operation, operand = key, value
        elif key in CURSOR_TRANSFORMS:
            _check_transform(key, value)
            transforms[key] = value
        elif key.startswith("$") and key not in _FILTER_OPERATORS:
            raise _malformed(key)
        else:
            parts[key] = value
    return MongoQuery(parts, transforms, collection_operation, cursor_operation, operand)


def _malformed(operator: str) -> QueryError:
    return QueryError(f"Malformed query operator: {operator}", 4107)


def _check_operand(operator: str, value: Any) -> Any:
    well_formed = {
        "$distinct": isinstance(value, dict) and isinstance(value.get("field"), str),
        "$aggregate": isinstance(value, list) and all(isinstance(stage, dict) for stage in value),
        "$mapReduce": isinstance(value, dict)
        and all(isinstance(value.get(part), str) for part in ("map", "reduce")),
    }
    if not well_formed[operator]:
        raise _malformed(operator)
    return value


def _check_transform(key: str, value: Any) -> None:
    if key in ("$skip", "$limit", "$batchSize", "$maxTimeMS"):
        if not is_number(value) or value != value // 1 or abs(value) >= 2**31:
            raise _malformed(key)
        if value < 0 and key != "$limit":
            raise _malformed(key)
    elif key in ("$sort", "$orderby"):
        if sort_of({key: value}) is None:
            raise _malformed(key)
    elif key in ("$readPref", "$min", "$max"):
        if not isinstance(value, dict):
            raise _malformed(key)
    elif key == "$returnKey" and value:
        raise QueryError("$returnKey leaves out which documents were found", 4107)
    elif key == "$hint" and not isinstance(value, (str, dict)):
        raise _malformed(key)


_DIRECTIONS: Final = {"asc": 1, "ascending": 1, "desc": -1, "descending": -1, "1": 1, "-1": -1}


def sort_of(transforms: Mapping[str, Any]) -> list[tuple[str, Any]] | None:
    """Return fields and directions in order, or None if there is no well-formed sort.

    As the JavaScript driver takes them: an object, a list of pairs, or a name.
    """
    sort = transforms.get("$sort", transforms.get("$orderby"))
    if isinstance(sort, str):
        return [(sort, 1)]
    if isinstance(sort, dict):
        pairs: list[Any] = list(sort.items())
    elif isinstance(sort, list):
        pairs = [(item, 1) if isinstance(item, str) else item for item in sort]
    else:
        return None
    found: list[tuple[str, Any]] = []
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not isinstance(pair[0], str):
            return None
        direction = _direction(pair[1])
        if direction is None:
            return None
        found.append((pair[0], direction))
    return found


def _direction(value: Any) -> Any:
    if isinstance(value, dict):
        return value if list(value) == ["$meta"] else None
    if isinstance(value, str):
        return _DIRECTIONS.get(value)
    return int(value) if is_number(value) and value in (1, -1) else None


# Live queries


def for_document(parsed: MongoQuery, doc_id: str) -> dict[str, Any] | None:
    """Return the filter that finds the document if it is among the results; None: it is not."""
    query_filter = dict(parsed.filter)
    if "_id" not in query_filter or query_filter["_id"] is None:
        return {**query_filter, "_id": doc_id}
    wanted = query_filter["_id"]
    if not isinstance(wanted, (dict, list)):
        return query_filter if wanted == doc_id else None
    if isinstance(wanted, dict) and list(wanted) == ["$in"] and isinstance(wanted["$in"], list):
        return {**query_filter, "_id": doc_id} if doc_id in wanted["$in"] else None
    del query_filter["_id"]
    conditions = query_filter.get("$and")
    branches = list(conditions) if isinstance(conditions, list) else []
    query_filter["$and"] = [*branches, {"_id": doc_id}, {"_id": wanted}]
    return query_filter


def can_poll_doc(query: Any) -> bool:
    """Whether one document's membership can be asked for alone."""
    return isinstance(query, dict) and not any(
        key in query for key in (*COLLECTION_OPERATIONS, *CURSOR_OPERATIONS, *_NO_SINGLE_DOC)
    )


_CHANGED_BY_EVERY_OP: Final = frozenset({"_v", "_m", "_o", "_data"})


def fields_of(query: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the top-level fields on which results depend, or None: possibly on all."""
    found: set[str] = set()
    for part in (query, query.get("$sort"), query.get("$orderby")):
        if isinstance(part, str):
            return None
        if not _collect_fields(part, found):
            return None
    return None if found & _CHANGED_BY_EVERY_OP else frozenset(found)


def _collect_fields(part: Any, found: set[str]) -> bool:
    """Add the fields of a filter or sort; False where an operator may look at any field."""
    if part is None:
        return True
    if not isinstance(part, dict):
        return False
    for key, value in part.items():
        if key in ("$or", "$and", "$nor"):
            if not isinstance(value, list) or not all(_collect_fields(v, found) for v in value):
                return False
        elif key in CURSOR_TRANSFORMS:
            continue
        elif key.startswith("$"):
            return False
        else:
            found.add(key.split(".")[0])
    return True
