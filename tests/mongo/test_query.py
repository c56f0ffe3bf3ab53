"""What may be asked of MongoDB, and what is asked for it: codes, permissions, guard, polling."""

from __future__ import annotations

from typing import Any

import pytest

from sharedb_mongo.guarding import with_guard
from sharedb_mongo.live import live_query, skip_poll
from sharedb_mongo.query import Permissions, can_poll_doc, for_document, parse
from sharedb_py.errors import QueryError

NOTHING = Permissions()
EVERYTHING = Permissions(javascript=True, aggregate=True)
GUARD = {"_type": {"$type": 2}}
CODE = {"body": "function() { return true }", "args": [], "lang": "js"}


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ({"$query": {}}, 4106, "deprecated"),
        ({"$distinct": {"field": "a"}, "$aggregate": []}, 4108, "Found \\$distinct and \\$agg"),
        ({"$count": True, "$explain": True}, 4109, "Found \\$count and \\$explain"),
        ({"$distinct": {"field": "a"}, "$limit": 1}, 4110, "after collection method \\$distinct"),
        ({"$aggregate": [], "$count": 1}, 4110, "after collection method \\$aggregate"),
        ({"$where": "true"}, 4103, "\\$where queries disabled"),
        ({"$mapReduce": {"map": "", "reduce": ""}}, 4104, "\\$mapReduce queries disabled"),
        ({"$aggregate": []}, 4105, "\\$aggregate queries disabled"),
        ({"$readPref": "nearest"}, 4107, "\\$readPref"),
        ({"$sort": {"a": 2}}, 4107, "\\$sort"),
        ({"$skip": -1}, 4107, "\\$skip"),
        ({"$limit": "many"}, 4107, "\\$limit"),
        ({"$map": "function() {}"}, 4107, "\\$map"),
        ({"$distinct": "a"}, 4107, "\\$distinct"),
        ({"$returnKey": True}, 4107, "leaves out which"),
        ({"$nonsense": 1}, 4107, "\\$nonsense"),
        (5, 5104, "must be an object"),
    ],
)
def test_what_is_not_permitted_is_refused_with_sharedb_mongos_code(
    query: Any, code: int, message: str
) -> None:
    with pytest.raises(QueryError, match=message) as caught:
        parse(query, NOTHING)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "query",
    [
        {"$or": [{"a": 1}, {"$where": "true"}]},
        {"$and": [{"$nor": [{"$where": "true"}]}]},
        {"$expr": {"$function": CODE}},
        {"a": {"$elemMatch": {"$where": "true"}}},
        {"$aggregate": [{"$match": {"$expr": {"$function": CODE}}}]},
        {"$aggregate": [{"$group": {"_id": 1, "n": {"$accumulator": {}}}}]},
        {"$aggregate": [{"$facet": {"f": [{"$match": {"$where": "true"}}]}}]},
        {"$aggregate": [{"$lookup": {"pipeline": [{"$set": {"x": {"$function": CODE}}}]}}]},
    ],
)
def test_code_for_the_server_is_refused_at_any_depth(query: Any) -> None:
    with pytest.raises(QueryError, match="queries disabled") as caught:
        parse(query, Permissions(aggregate=True))
    assert caught.value.code == 4103
    parse(query, EVERYTHING)


@pytest.mark.parametrize("stage", [{"$out": "users"}, {"$merge": {"into": "users"}}])
def test_a_query_never_writes(stage: Any) -> None:
    with pytest.raises(QueryError, match="writes"):
        parse({"$aggregate": [{"$match": {}}, stage]}, EVERYTHING)


def test_the_order_of_sort_fields_is_kept() -> None:
    parsed = parse({"$sort": {"b": 1, "a": -1}}, NOTHING)
    assert list(parsed.transforms["$sort"].items()) == [("b", 1), ("a", -1)]


# The guard against deleted documents


@pytest.mark.parametrize(
    "query",
    [
        {"a": 1},
        {"a": "x"},
        {"a": False},
        {"a": {"$in": [1, 2]}},
        {"a": {"$ne": None}},
        {"a": {"$exists": True}},
        {"a": {"$gt": 1, "$foo": 1}},
        {"a": None, "b": 1},
        {"$and": [{"a": None}, {"b": 1}]},
        {"$or": [{"a": 1}, {"b": 1}]},
        {"_type": None},
    ],
)
def test_a_filter_that_no_deleted_document_fits_is_left_as_it_is(query: dict[str, Any]) -> None:
    assert with_guard(query) == query


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"a": None},
        {"_id": "x"},
        {"_v": 3},
        {"_m.ctime": 3},
        {"a": {"$in": [1, None]}},
        {"a": {"$ne": 1}},
        {"a": {"$exists": False}},
        {"a": {"$gt": None}},
        {"a": {"b": 1}},
        {"a": {"$not": {"$gt": 1}}},
        {"$nor": [{"a": 1}]},
        {"a": 1, "$text": {"$search": "x"}} | {"$expr": 1},
        {"$or": [{"a": 1}, {"b": None}]},
        {"$or": "malformed", "b": None},
        {"$and": "malformed"},
    ],
)
def test_a_filter_that_may_fit_deleted_documents_is_guarded(query: dict[str, Any]) -> None:
    if "a" in query and "$text" in query:
        query = {key: query[key] for key in ("$text", "a")}
    assert with_guard(query) == query | GUARD


# Polling


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"a": 1}, {"a": 1, "_id": "x"}),
        ({"a": 1, "_id": "x"}, {"a": 1, "_id": "x"}),
        ({"a": 1, "_id": "y"}, None),
        ({"a": 1, "_id": {"$in": ["x", "y"]}}, {"a": 1, "_id": "x"}),
        ({"a": 1, "_id": {"$in": ["y"]}}, None),
        ({"a": 1, "_id": {"$ne": "y"}}, {"a": 1, "$and": [{"_id": "x"}, {"_id": {"$ne": "y"}}]}),
        (
            {"$and": [{"a": 1}], "_id": {"$gt": "a"}},
            {"$and": [{"a": 1}, {"_id": "x"}, {"_id": {"$gt": "a"}}]},
        ),
    ],
)
def test_one_document_is_asked_for_alone(query: Any, wanted: Any) -> None:
    assert for_document(parse(query, NOTHING), "x") == wanted


@pytest.mark.parametrize(
    "operator",
    "$sort $orderby $limit $skip $max $min $returnKey "
    "$count $explain $map $distinct $aggregate $mapReduce".split(),
)
def test_a_window_or_operation_cannot_be_asked_of_one_document(operator: str) -> None:
    assert not can_poll_doc({"a": 1, operator: 1})
    assert can_poll_doc({"a": 1, "$comment": "x"})


EDIT: dict[str, Any] = {"op": [{"p": ["a", "b"], "na": 1}]}


@pytest.mark.parametrize(
    ("op", "query", "skipped"),
    [
        ({"create": {}}, {"b": 1}, True),
        ({"create": {"type": "x"}}, {"b": 1}, False),
        ({"del": True}, {"b": 1}, False),
        ({}, {"a": 1}, True),
        (EDIT, {"a": 1}, False),
        (EDIT, {"a.c": 1}, False),
        (EDIT, {"b": 1}, True),
        (EDIT, {"b": 1, "$sort": {"a": 1}}, False),
        (EDIT, {"$or": [{"b": 1}, {"$and": [{"a": 1}]}]}, False),
        (EDIT, {"$or": [{"b": 1}]}, True),
        (EDIT, {"b": 1, "$limit": 3}, True),
        (EDIT, {"b": 1, "$count": True}, False),
        (EDIT, {"$aggregate": []}, False),
        (EDIT, {"$text": {"$search": "x"}}, False),
        (EDIT, {"$expr": {}}, False),
        (EDIT, {"_v": 3}, False),
        (EDIT, {"_m.mtime": 3}, False),
        ({"op": [{"p": [], "oi": 1}]}, {"b": 1}, False),
        ({"op": [3, "text"]}, {"b": 1}, False),
        ({"op": "odd"}, {"b": 1}, False),
    ],
)
def test_an_op_is_skipped_only_where_it_cannot_matter(op: Any, query: Any, skipped: bool) -> None:
    assert skip_poll(op, query) is skipped


@pytest.mark.parametrize(
    "query",
    [
        {"a": {"$regex": "x"}},
        {"a": {"$type": 2}},
        {"_v": 3},
        {"_m.ctime": 3},
        {"$or": [{"_type": None}]},
        {"a": 1, "$limit": 3},
        {"$count": True},
        {"$text": {"$search": "x"}},
        {"a": {"$near": [0, 0]}},
    ],
)
def test_what_only_the_server_can_decide_is_not_matched_in_memory(query: Any) -> None:
    assert live_query(query) is None
    assert live_query({"a": 1, "$sort": {"b": 1}}) is not None
