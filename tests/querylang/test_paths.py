"""Dotted paths: through objects, lists and indexes, and what null means where they end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.querylang.matching import case_name, documents_that_match

Document = dict[str, Any]

NULLS: dict[str, Document] = {
    "empty object": {"a": {}},
    "null": {"a": None},
    "number": {"a": 4},
    "object, b not null": {"a": {"b": "hi"}},
    "object, b null": {"a": {"b": None}},
    "nothing": {},
    "list in a list": {"a": [[]]},
    "empty list": {"a": []},
    "objects, all b null": {"a": [{"b": None}, {}]},
    "objects, no b null": {"a": [{"b": 1}, {"b": "x"}]},
    "objects, some b null": {"a": [{"b": None}, {"b": 3}]},
    "objects, some b missing": {"a": [{"b": 3}, {}]},
    "values, all null": {"a": [None, None]},
    "values, none null": {"a": [1, "x"]},
    "values, one null": {"a": [1, None]},
}
"""Documents as MongoDB's own tests of null semantics use them."""


def found(query: Any) -> set[str]:
    return {name for name, document in NULLS.items() if documents_that_match(query, [document])}


A_NULL = {"null", "nothing", "values, all null", "values, one null"}
B_NULL = {
    "empty object",
    "null",
    "number",
    "object, b null",
    "nothing",
    "objects, all b null",
    "objects, some b null",
    "objects, some b missing",
}
ITEM_NULL = {"values, all null", "values, one null"}
ITEM_NOT_NULL = {
    "list in a list",
    "objects, all b null",
    "objects, no b null",
    "objects, some b null",
    "objects, some b missing",
    "values, none null",
    "values, one null",
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"a": None}, A_NULL),
        ({"a": {"$eq": None}}, A_NULL),
        ({"a": {"$in": [None]}}, A_NULL),
        ({"a": {"$gte": None}}, A_NULL),
        ({"a": {"$ne": None}}, NULLS.keys() - A_NULL),
        ({"a": {"$nin": [None]}}, NULLS.keys() - A_NULL),
        ({"a.b": None}, B_NULL),
        ({"a.b": {"$in": [None, 77]}}, B_NULL),
        ({"a.b": {"$lte": None}}, B_NULL),
        ({"a.b": {"$ne": None}}, NULLS.keys() - B_NULL),
        ({"a.b": {"$not": {"$eq": None}}}, NULLS.keys() - B_NULL),
        ({"a": {"$elemMatch": {"$eq": None}}}, ITEM_NULL),
        ({"a": {"$elemMatch": {"$ne": None}}}, ITEM_NOT_NULL),
        (
            {"a": {"$elemMatch": {"b": None}}},
            {
                "list in a list",
                "objects, all b null",
                "objects, some b null",
                "objects, some b missing",
            },
        ),
        (
            {"a": {"$elemMatch": {"b": {"$ne": None}}}},
            {"objects, no b null", "objects, some b null", "objects, some b missing"},
        ),
        ({"a": {"$exists": False}}, {"nothing"}),
        (
            {"a.b": {"$exists": True}},
            {
                "object, b not null",
                "object, b null",
                "objects, all b null",
                "objects, no b null",
                "objects, some b null",
                "objects, some b missing",
            },
        ),
    ],
    ids=case_name,
)
def test_null_means_what_it_means_to_mongodb(query: Any, expected: set[str]) -> None:
    assert found(query) == set(expected)


@pytest.mark.parametrize(
    ("path", "document", "value", "matches"),
    [
        ("a.b", {"a": {"b": 1}}, 1, True),
        ("a.b.c", {"a": {"b": {"c": 1}}}, 1, True),
        ("a.b", {"a.b": 1}, 1, False),
        ("a.b", {"a": [{"b": 1}, {"b": 2}]}, 2, True),
        ("a.b", {"a": [{"b": [1, 2]}]}, 2, True),
        ("a.b", {"a": [{"b": [1, 2]}]}, [1, 2], True),
        ("a.b.c", {"a": [{"b": [{"c": 1}]}]}, 1, True),
        ("a.b", {"a": [[{"b": 1}]]}, 1, False),
        ("a.0", {"a": [5, 7]}, 5, True),
        ("a.1", {"a": [5, 7]}, 5, False),
        ("a.1", {"a": [5, 7]}, 7, True),
        ("a.2", {"a": [5, 7]}, None, False),
        ("a.2", {"a": [5, 7]}, 7, False),
        ("a.-1", {"a": [5, 7]}, 7, False),
        ("a.00", {"a": [5, 7]}, 5, False),
        ("a.²", {"a": [5, 7, 9]}, 9, False),
        ("a.٢", {"a": [5, 7, 9]}, 9, False),
        ("a." + "9" * 5000, {"a": [5]}, 5, False),
        ("a.0", {"a": {"0": 5}}, 5, True),
        ("a.1", {"a": [5, {"1": 4}]}, 4, True),
        ("a.1", {"a": [5, {"1": 4}]}, {"1": 4}, True),
        ("a.1", {"a": [5, [2, 4]]}, [2, 4], True),
        ("a.1", {"a": [5, [2, 4]]}, 2, False),
        ("a.1.0", {"a": [5, [2, 4]]}, 2, True),
        ("a.0.b", {"a": [{"b": 1}, {"b": 2}]}, 1, True),
        ("a.0.b", {"a": [{"b": 1}, {"b": 2}]}, 2, False),
        ("a.1.b", {"a": [5, [{"b": 4}]]}, 4, True),
        ("a.0.0.0", {"a": [[[1]]]}, 1, True),
        ("a.0.b", {"a": [5]}, None, False),
        ("a.b", {"a": 5}, None, True),
        ("a.b", {"a": "text"}, None, True),
        ("a.length", {"a": [1]}, 1, False),
        ("", {"": 1}, 1, True),
        ("a.", {"a": {"": 1}}, 1, True),
        (".a", {"": {"a": 1}}, 1, True),
        ("a..b", {"a": {"": {"b": 1}}}, 1, True),
        ("_id", {"_id": "x"}, "x", True),
    ],
)
def test_a_path_leads_where_it_leads_in_mongodb(
    path: str, document: Document, value: Any, matches: bool
) -> None:
    assert bool(documents_that_match({path: value}, [document])) is matches


@pytest.mark.parametrize(
    ("query", "document", "matches"),
    [
        ({"a.b": {"$gt": 1}}, {"a": [{"b": 1}, {"b": 2}]}, True),
        ({"a.b": {"$gt": 1, "$lt": 2}}, {"a": [{"b": 2}, {"b": 3}]}, False),
        ({"a.b": {"$gt": 1, "$lt": 3}}, {"a": [{"b": 0}, {"b": 5}]}, True),
        ({"a": {"$elemMatch": {"b": 1, "c": 2}}}, {"a": [{"b": 1, "c": 2}]}, True),
        ({"a": {"$elemMatch": {"b": 1, "c": 2}}}, {"a": [{"b": 1}, {"c": 2}]}, False),
        ({"a.b": 1, "a.c": 2}, {"a": [{"b": 1}, {"c": 2}]}, True),
        ({"a.b": {"$size": 2}}, {"a": [{"b": [1]}, {"b": [1, 2]}]}, True),
        ({"a.0": {"$size": 2}}, {"a": [[1, 2], 3]}, True),
        ({"a.b": {"$ne": 1}}, {"a": [{"b": 1}, {"b": 2}]}, False),
        ({"a.b": {"$nin": [3]}}, {"a": [{"b": 1}, {"b": 2}]}, True),
        ({"a.b": {"$all": [1, 2]}}, {"a": [{"b": 1}, {"b": 2}]}, True),
        ({"a.b": {"$exists": False}}, {"a": [1, 2]}, True),
        ({"a.0": {"$exists": True}}, {"a": [None]}, True),
        ({"a.0": {"$exists": True}}, {"a": []}, False),
        ({"a.b": {"$elemMatch": {"$gt": 2}}}, {"a": {"b": [1, 3]}}, True),
        ({"a.b": {"$regex": "^x"}}, {"a": [{"b": ["y", "xz"]}]}, True),
    ],
    ids=str,
)
def test_operators_look_along_all_that_a_path_reaches(
    query: Any, document: Document, matches: bool
) -> None:
    assert bool(documents_that_match(query, [document])) is matches
