"""Sends a query to the server, as a find or as one of the operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bson import Code
from pymongo import ReadPreference
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import make_read_preference

from sharedb_mongo.connection import Connection, translated
from sharedb_mongo.layout import Document
from sharedb_mongo.query import MongoQuery, sort_of
from sharedb_mongo.values import from_bson, to_bson
from sharedb_py.errors import QueryError
from sharedb_py.jsonvalue import MISSING

__all__ = ["run_query"]

FAILED_TO_PARSE: Final = 9


async def run_query(
    connection: Connection,
    collection: str,
    query: MongoQuery,
    projection: dict[str, int],
    max_time_ms: int | None,
) -> tuple[list[Document], Any]:
    """Return the documents found and, for an operation, its value instead of them.

    Raises ``QueryError`` for what the server does not accept.
    """
    with translated(query=True):
        if query.collection_operation is not None:
            return [], await _collection_operation(connection, collection, query, max_time_ms)
        if query.cursor_operation is not None:
            return [], await _cursor_operation(connection, collection, query, max_time_ms)
        documents = _with_preferences(connection.collection(collection), query.transforms)
        cursor = documents.find(
            query.filter, projection or None, **_find_options(query.transforms, max_time_ms)
        )
        return await cursor.to_list(None), MISSING


def _limited(transforms: Mapping[str, Any], max_time_ms: int | None) -> int | None:
    wanted = int(transforms.get("$maxTimeMS") or 0) or None
    if max_time_ms is None or wanted is None:
        return wanted or max_time_ms
    return min(wanted, max_time_ms)


def _find_options(transforms: Mapping[str, Any], max_time_ms: int | None) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for key, name in (("$skip", "skip"), ("$limit", "limit"), ("$batchSize", "batch_size")):
        if key in transforms:
            options[name] = int(transforms[key])
    for key, name in (("$hint", "hint"), ("$min", "min"), ("$max", "max")):
        if key in transforms:
            value = transforms[key]
            options[name] = list(to_bson(value).items()) if isinstance(value, dict) else value
    for key, name in (
        ("$showRecordId", "show_record_id"),
        ("$showDiskLoc", "show_record_id"),
        ("$noCursorTimeout", "no_cursor_timeout"),
    ):
        if key in transforms:
            options[name] = bool(transforms[key])
    if "$comment" in transforms:
        options["comment"] = transforms["$comment"]
    sort = sort_of(transforms)
    if sort:
        options["sort"] = sort
    limit = _limited(transforms, max_time_ms)
    if limit is not None:
        options["max_time_ms"] = limit
    return options


def _with_preferences(documents: Any, transforms: Mapping[str, Any]) -> Any:
    options: dict[str, Any] = {}
    if "$readPref" in transforms:
        options["read_preference"] = _read_preference(transforms["$readPref"])
    if "$readConcern" in transforms:
        level = transforms["$readConcern"]
        options["read_concern"] = ReadConcern(
            level.get("level") if isinstance(level, dict) else level
        )
    return documents.with_options(**options) if options else documents


def _read_preference(value: Mapping[str, Any]) -> Any:
    names = {
        "primary": ReadPreference.PRIMARY,
        "primaryPreferred": ReadPreference.PRIMARY_PREFERRED,
        "secondary": ReadPreference.SECONDARY,
        "secondaryPreferred": ReadPreference.SECONDARY_PREFERRED,
        "nearest": ReadPreference.NEAREST,
    }
    mode = names.get(value.get("mode", ""))
    if mode is None:
        raise QueryError("Malformed query operator: $readPref", 4107)
    return make_read_preference(mode.mode, value.get("tagSet"))


async def _collection_operation(
    connection: Connection, collection: str, query: MongoQuery, max_time_ms: int | None
) -> Any:
    documents = connection.collection(collection)
    time = {} if max_time_ms is None else {"maxTimeMS": max_time_ms}
    if query.collection_operation == "$distinct":
        return from_bson(await _distinct(documents, query, time))
    if query.collection_operation == "$aggregate":
        cursor = documents.aggregate(to_bson(query.operand), **time)
        if not hasattr(cursor, "to_list"):  # PyMongo's is awaited, Motor's is not
            cursor = await cursor
        return from_bson(await cursor.to_list(None))
    answer = await connection.command(
        {
            "mapReduce": collection,
            "map": Code(query.operand["map"]),
            "reduce": Code(query.operand["reduce"]),
            "out": {"inline": 1},
            "query": query.filter,
            "scope": to_bson(query.operand.get("scope") or {}),
            **time,
        }
    )
    return from_bson(answer["results"])


async def _distinct(documents: Any, query: MongoQuery, time: dict[str, int]) -> Any:
    try:
        return await documents.distinct(query.operand["field"], query.filter, **time)
    except OperationFailure as error:
        # FerretDB knows no time limit for this one command.
        if error.code != FAILED_TO_PARSE or not time:
            raise
        return await documents.distinct(query.operand["field"], query.filter)


async def _cursor_operation(
    connection: Connection, collection: str, query: MongoQuery, max_time_ms: int | None
) -> Any:
    limit = _limited(query.transforms, max_time_ms)
    time = {} if limit is None else {"maxTimeMS": limit}
    window = {
        key.removeprefix("$"): int(query.transforms[key])
        for key in ("$skip", "$limit")
        if key in query.transforms
    }
    hint = {"hint": query.transforms["$hint"]} if "$hint" in query.transforms else {}
    if query.cursor_operation == "$count":
        answer = await connection.command(
            {"count": collection, "query": query.filter, **window, **hint, **time}
        )
        return int(answer["n"])
    sort = {"sort": dict(sort_of(query.transforms) or [])} if sort_of(query.transforms) else {}
    verbosity = query.operand if isinstance(query.operand, str) else "queryPlanner"
    find = {"find": collection, "filter": query.filter, **window, **hint, **sort}
    return from_bson(await connection.command({"explain": find, "verbosity": verbosity}))
