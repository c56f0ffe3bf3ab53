"""A query that is malformed or not permitted is refused, by an error that names what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from sharedb_py.errors import QueryError
from sharedb_py.querylang import parse_query
from tests.querylang.matching import case_name


def nested(depth: int) -> Any:
    query: Any = {"a": 1}
    for _ in range(depth):
        query = {"$and": [query]}
    return query


@pytest.mark.parametrize(
    ("query", "code", "named"),
    [
        # No JavaScript, wherever it hides.
        ({"$where": "true"}, 4103, r"\$where"),
        ({"a": {"$where": "true"}}, 4103, r"\$where"),
        ({"$or": [{"a": 1}, {"b": {"$elemMatch": {"$where": "1"}}}]}, 4103, r"\$where"),
        ({"$expr": {"$function": {}}}, 4103, r"\$function"),
        ({"a": {"$accumulator": {}}}, 4103, r"\$accumulator"),
        ({"$mapReduce": {}}, 4104, r"\$mapReduce"),
        ({"$aggregate": [{"$match": {}}]}, 4105, r"\$aggregate"),
        ({"$query": {"a": 1}}, 4106, r"\$query"),
        # Operators that are unknown, or stand in the wrong place.
        ({"$nonsense": 1}, 4107, r"\$nonsense"),
        ({"$gt": 1}, 4107, r"\$gt"),
        ({"$expr": {}}, 4107, r"\$expr"),
        ({"$text": {}}, 4107, r"\$text"),
        ({"$map": "f"}, 4107, r"\$map"),
        ({"$explain": True}, 4107, r"\$explain"),
        ({"$hint": "a"}, 4107, r"\$hint"),
        ({"a": {"$nonsense": 1}}, 4107, r"\$nonsense"),
        ({"a": {"$and": [{"b": 1}]}}, 4107, r"\$and"),
        ({"a": {"$sort": 1}}, 4107, r"\$sort"),
        ({"a": {"$gt": 1, "b": 2}}, 4107, "b is not known"),
        ({"a": {"b": 1, "$gt": 2}}, 4107, "b is not known"),
        ({"$or": [{"$sort": {"a": 1}}]}, 4107, r"\$sort"),
        ({"$or": [{"$nonsense": 1}]}, 4107, r"\$nonsense"),
        ({"a": {"$not": {"$nonsense": 1}}}, 4107, r"\$nonsense"),
        ({"a": {"$elemMatch": {"$nonsense": 1}}}, 4107, r"\$nonsense"),
        ({"a": {"$all": [{"$elemMatch": {"$nonsense": 1}}]}}, 4107, r"\$nonsense"),
        # Operands of the wrong kind.
        ({"$and": []}, 4107, r"\$and"),
        ({"$or": []}, 4107, r"\$or"),
        ({"$nor": []}, 4107, r"\$nor"),
        ({"$and": {"a": 1}}, 4107, r"\$and"),
        ({"$or": None}, 4107, r"\$or"),
        ({"$or": [1]}, 4107, r"\$or"),
        ({"$nor": [{"a": 1}, []]}, 4107, r"\$nor"),
        ({"a": {"$in": 1}}, 4107, r"\$in"),
        ({"a": {"$in": {"0": 1}}}, 4107, r"\$in"),
        ({"a": {"$in": None}}, 4107, r"\$in"),
        ({"a": {"$nin": "x"}}, 4107, r"\$nin"),
        ({"a": {"$all": 1}}, 4107, r"\$all"),
        ({"a": {"$not": 1}}, 4107, r"\$not"),
        ({"a": {"$not": {}}}, 4107, r"\$not"),
        ({"a": {"$not": {"b": 1}}}, 4107, r"\$not"),
        ({"a": {"$not": "x"}}, 4107, r"\$not"),
        ({"a": {"$elemMatch": 1}}, 4107, r"\$elemMatch"),
        ({"a": {"$elemMatch": []}}, 4107, r"\$elemMatch"),
        ({"a": {"$size": -1}}, 4107, r"\$size"),
        ({"a": {"$size": 1.5}}, 4107, r"\$size"),
        ({"a": {"$size": "1"}}, 4107, r"\$size"),
        ({"a": {"$size": True}}, 4107, r"\$size"),
        ({"a": {"$type": "nonsense"}}, 4107, r"\$type"),
        ({"a": {"$type": 99}}, 4107, r"\$type"),
        ({"a": {"$type": None}}, 4107, r"\$type"),
        ({"a": {"$type": True}}, 4107, r"\$type"),
        ({"a": {"$type": [[]]}}, 4107, r"\$type"),
        ({"a": {"$type": {}}}, 4107, r"\$type"),
        ({"a": {"$type": []}}, 4107, r"\$type"),
        ({"a": {"$mod": 2}}, 4107, r"\$mod"),
        ({"a": {"$mod": [2]}}, 4107, r"\$mod"),
        ({"a": {"$mod": [0, 1]}}, 4107, r"\$mod"),
        ({"a": {"$mod": [0.5, 0]}}, 4107, r"\$mod"),
        ({"a": {"$mod": ["2", 0]}}, 4107, r"\$mod"),
        ({"a": {"$mod": [True, 0]}}, 4107, r"\$mod"),
        ({"a": {"$mod": [2, 0, 0]}}, 4107, r"\$mod"),
        ({"a": {"$regex": 1}}, 4107, r"\$regex"),
        ({"a": {"$regex": "("}}, 4107, r"\$regex"),
        ({"a": {"$regex": "[z-a]"}}, 4107, r"\$regex"),
        ({"a": {"$regex": "a{99999999999999999999}"}}, 4107, r"\$regex"),
        ({"a": {"$regex": "(" * 500 + ")" * 500}}, 4107, r"\$regex"),
        ({"a": {"$regex": "a" * 1001}}, 4107, r"\$regex"),
        ({"a": {"$regex": "a\u0000b"}}, 4107, r"\$regex"),
        ({"a": {"$regex": "a", "$options": "g"}}, 4107, r"\$options"),
        ({"a": {"$regex": "a", "$options": 1}}, 4107, r"\$options"),
        ({"a": {"$options": "i"}}, 4107, r"\$options"),
        # Cursors and operations.
        ({"$sort": "a"}, 4107, r"\$sort"),
        ({"$sort": 1}, 4107, r"\$sort"),
        ({"$sort": {"a": 2}}, 4107, r"\$sort"),
        ({"$sort": {"a": 0}}, 4107, r"\$sort"),
        ({"$sort": {"a": True}}, 4107, r"\$sort"),
        ({"$sort": {"a": None}}, 4107, r"\$sort"),
        ({"$sort": {"a": {"$meta": "textScore"}}}, 4107, r"\$sort"),
        ({"$sort": {"a": []}}, 4107, r"\$sort"),
        ({"$sort": ["a"]}, 4107, r"\$sort"),
        ({"$sort": [["a"]]}, 4107, r"\$sort"),
        ({"$sort": [[1, 1]]}, 4107, r"\$sort"),
        ({"$orderby": "a"}, 4107, r"\$orderby"),
        ({"$skip": -1}, 4107, r"\$skip"),
        ({"$skip": 1.5}, 4107, r"\$skip"),
        ({"$skip": "1"}, 4107, r"\$skip"),
        ({"$skip": True}, 4107, r"\$skip"),
        ({"$limit": -1}, 4107, r"\$limit"),
        ({"$limit": []}, 4107, r"\$limit"),
        ({"$distinct": "a"}, 4107, r"\$distinct"),
        ({"$distinct": {}}, 4107, r"\$distinct"),
        ({"$distinct": {"field": 1}}, 4107, r"\$distinct"),
        ({"$distinct": None}, 4107, r"\$distinct"),
        ({"$count": True, "$distinct": {"field": "a"}}, 4110, r"\$distinct"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_wrong_is_named(query: Any, code: int, named: str) -> None:
    with pytest.raises(QueryError, match=named) as caught:
        parse_query(query)
    assert caught.value.code == code
    assert len(caught.value.message) < 300


@pytest.mark.parametrize("query", [None, [], "a", 1, True])
def test_a_query_is_an_object(query: Any) -> None:
    with pytest.raises(QueryError, match="object"):
        parse_query(query)


def test_a_query_nests_only_so_deep() -> None:
    assert parse_query(nested(15)).matches({"a": 1})
    for depth in (100, 5000):
        with pytest.raises(QueryError, match="nested"):
            parse_query(nested(depth))


@pytest.mark.parametrize(
    ("query", "sort"),
    [
        ({"$sort": {"a": 1, "b": -1}}, [("a", 1), ("b", -1)]),
        ({"$sort": {"b": -1, "a": 1}}, [("b", -1), ("a", 1)]),
        ({"$sort": [["a", 1], ["b", "desc"]]}, [("a", 1), ("b", -1)]),
        ({"$sort": {"a": "asc", "b": 1.0}}, [("a", 1), ("b", 1)]),
        ({"$orderby": {"a": -1}}, [("a", -1)]),
        ({"$sort": {}}, []),
        ({"$sort": None}, []),
    ],
    ids=str,
)
def test_an_order_is_read_in_its_forms(query: Any, sort: list[tuple[str, int]]) -> None:
    assert list(parse_query(query).sort) == sort


def test_the_parts_of_a_query_are_told_apart() -> None:
    parsed = parse_query({"a": 1, "$skip": 2.0, "$limit": 3, "$sort": {"b.c": 1}, "$comment": "x"})
    assert (parsed.skip, parsed.limit, parsed.count, parsed.distinct) == (2, 3, False, None)
    assert parsed.filter == {"a": 1, "$comment": "x"}
    assert parsed.fields == {"a", "b"}
    assert parsed.is_window
    assert not parsed.is_operation


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({}, set()),
        ({"a.b.c": 1, "d": {"$elemMatch": {"e": 1}}}, {"a", "d"}),
        ({"$or": [{"a": 1}, {"$and": [{"b": 1}, {"$nor": [{"c.0": 1}]}]}]}, {"a", "b", "c"}),
        ({"$distinct": {"field": "a.b"}, "c": 1}, {"a", "c"}),
        ({"$count": True, "$sort": {"a": 1}}, {"a"}),
    ],
    ids=case_name,
)
def test_the_fields_a_query_depends_on_are_known(query: Any, fields: set[str]) -> None:
    assert parse_query(query).fields == fields


@pytest.mark.parametrize("limit", [0, 0.0, None])
def test_a_limit_of_zero_is_none(limit: Any) -> None:
    parsed = parse_query({"$limit": limit})
    assert parsed.limit is None
    assert not parsed.is_window
