"""Each operator, on values of every type, as MongoDB decides."""

from __future__ import annotations

from typing import Any

import pytest

from sharedb_py.jsonvalue import json_equal
from tests.querylang.matching import ABSENT, documents_that_match, values_that_match

VALUES: list[Any] = [
    ABSENT,
    None,
    False,
    True,
    -1,
    0,
    1,
    1.5,
    2,
    10,
    "",
    "1",
    "a",
    "b",
    "B",
    {},
    {"a": 1},
    {"a": 1, "b": 2},
    {"b": 2, "a": 1},
    [],
    [1],
    [1, 2],
    [2, 1],
    [[1]],
    [None],
    ["a", 10],
    [{"a": 1}],
]


def select(*accepted: Any) -> list[Any]:
    """Those of the values, in their order, that equal one of these."""
    return [
        v
        for v in VALUES
        if any(v is a or (a is not ABSENT and json_equal_in_order(v, a)) for a in accepted)
    ]


def json_equal_in_order(a: Any, b: Any) -> bool:
    return a is not ABSENT and json_equal(a, b) and repr(a) == repr(b)


def without(*refused: Any) -> list[Any]:
    """All values but these."""
    gone = select(*refused)
    return [v for v in VALUES if not any(v is g for g in gone)]


CASES: list[tuple[Any, list[Any]]] = [
    # Equality: a list matches by itself or by an item; null matches what is not there.
    (1, select(1, [1], [1, 2], [2, 1])),
    (1.0, select(1, [1], [1, 2], [2, 1])),
    ({"$eq": 1}, select(1, [1], [1, 2], [2, 1])),
    (True, select(True)),
    (False, select(False)),
    (0, select(0)),
    ("1", select("1")),
    ("", select("")),
    ("a", select("a", ["a", 10])),
    ("b", select("b")),
    (None, select(ABSENT, None, [None])),
    ({"$eq": None}, select(ABSENT, None, [None])),
    ([], select([])),
    ([1], select([1], [[1]])),
    ([1, 2], select([1, 2])),
    ({}, select({})),
    ({"a": 1}, select({"a": 1}, [{"a": 1}])),
    ({"a": 1, "b": 2}, select({"a": 1, "b": 2})),
    ({"b": 2, "a": 1}, select({"b": 2, "a": 1})),
    # Its negation accepts all else.
    ({"$ne": 1}, without(1, [1], [1, 2], [2, 1])),
    ({"$ne": None}, without(ABSENT, None, [None])),
    ({"$ne": []}, without([])),
    ({"$ne": {"a": 1}}, without({"a": 1}, [{"a": 1}])),
    # Order: within one type alone.
    ({"$gt": 1}, select(1.5, 2, 10, [1, 2], [2, 1], ["a", 10])),
    ({"$gte": 1}, select(1, 1.5, 2, 10, [1], [1, 2], [2, 1], ["a", 10])),
    ({"$lt": 1}, select(-1, 0)),
    ({"$lte": 1}, select(-1, 0, 1, [1], [1, 2], [2, 1])),
    ({"$gt": 1, "$lt": 2}, select(1.5, [1, 2], [2, 1])),
    ({"$gt": "a"}, select("b")),
    ({"$lt": "a"}, select("", "1", "B")),
    ({"$gte": ""}, select("", "1", "a", "b", "B", ["a", 10])),
    ({"$gt": False}, select(True)),
    ({"$gte": False}, select(False, True)),
    ({"$lt": False}, []),
    ({"$gte": None}, select(ABSENT, None, [None])),
    ({"$lte": None}, select(ABSENT, None, [None])),
    ({"$gt": None}, []),
    ({"$lt": None}, []),
    ({"$gt": [1]}, select([1, 2], [2, 1], ["a", 10], [[1]], [{"a": 1}])),
    ({"$lt": [1]}, select([], [None])),
    ({"$gte": {"a": 1}}, select({"a": 1}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, [{"a": 1}])),
    ({"$lt": {"a": 1}}, select({})),
    # Sets.
    ({"$in": [1, "b", None]}, select(ABSENT, None, 1, "b", [1], [1, 2], [2, 1], [None])),
    ({"$in": []}, []),
    ({"$in": [[1], {}]}, select([1], [[1]], {})),
    ({"$in": [True]}, select(True)),
    ({"$nin": [1, "b", None]}, without(ABSENT, None, 1, "b", [1], [1, 2], [2, 1], [None])),
    ({"$nin": []}, VALUES),
    # Presence.
    ({"$exists": True}, without(ABSENT)),
    ({"$exists": 1}, without(ABSENT)),
    ({"$exists": "no"}, without(ABSENT)),
    ({"$exists": []}, without(ABSENT)),
    ({"$exists": False}, select(ABSENT)),
    ({"$exists": 0}, select(ABSENT)),
    ({"$exists": None}, select(ABSENT)),
    # Negated conditions.
    ({"$not": {"$gt": 1}}, without(1.5, 2, 10, [1, 2], [2, 1], ["a", 10])),
    ({"$not": {"$not": {"$gt": 1}}}, select(1.5, 2, 10, [1, 2], [2, 1], ["a", 10])),
    ({"$not": {"$gt": 1, "$lt": 2}}, without(1.5, [1, 2], [2, 1])),
    ({"$not": {"$exists": True}}, select(ABSENT)),
    # Text.
    ({"$regex": "^[ab]"}, select("a", "b", ["a", 10])),
    ({"$regex": "^b$", "$options": "i"}, select("b", "B")),
    ({"$options": "i", "$regex": "^b$"}, select("b", "B")),
    ({"$regex": ""}, select("", "1", "a", "b", "B", ["a", 10])),
    ({"$regex": "1"}, select("1")),
    ({"$not": {"$regex": "^[ab]"}}, without("a", "b", ["a", 10])),
    # Lists.
    ({"$size": 0}, select([])),
    ({"$size": 1}, select([1], [[1]], [None], [{"a": 1}])),
    ({"$size": 2.0}, select([1, 2], [2, 1], ["a", 10])),
    ({"$all": [1, 2]}, select([1, 2], [2, 1])),
    ({"$all": [1]}, select(1, [1], [1, 2], [2, 1])),
    ({"$all": []}, []),
    ({"$all": [[1]]}, select([1], [[1]])),
    ({"$all": [None]}, select(ABSENT, None, [None])),
    ({"$all": [{"$elemMatch": {"$gt": 1}}]}, select([1, 2], [2, 1], ["a", 10])),
    (
        {"$all": [{"$elemMatch": {"$gt": 1}}, {"$elemMatch": {"$lt": 2}}]},
        select([1, 2], [2, 1]),
    ),
    ({"$elemMatch": {"$gt": 1}}, select([1, 2], [2, 1], ["a", 10])),
    ({"$elemMatch": {"$gt": 1, "$lt": 2}}, []),
    ({"$elemMatch": {"$gte": 1, "$lt": 2}}, select([1], [1, 2], [2, 1])),
    ({"$elemMatch": {"$eq": None}}, select([None])),
    ({"$elemMatch": {"$ne": 1}}, select([1, 2], [2, 1], [[1]], [None], ["a", 10], [{"a": 1}])),
    ({"$elemMatch": {"$nin": [1, 2]}}, select([[1]], [None], ["a", 10], [{"a": 1}])),
    ({"$elemMatch": {"$size": 1}}, select([[1]])),
    ({"$elemMatch": {"a": 1}}, select([{"a": 1}])),
    ({"$elemMatch": {"a": {"$gt": 1}}}, []),
    ({"$elemMatch": {"b": None}}, select([{"a": 1}], [[1]])),
    ({"$elemMatch": {"$or": [{"a": 1}, {"b": 1}]}}, select([{"a": 1}])),
    ({"$elemMatch": {"0": 1}}, select([[1]])),
    ({"$elemMatch": {"$elemMatch": {"$eq": 1}}}, select([[1]])),
    # Types.
    ({"$type": "null"}, select(None, [None])),
    ({"$type": 10}, select(None, [None])),
    ({"$type": "bool"}, select(False, True)),
    ({"$type": "number"}, select(-1, 0, 1, 1.5, 2, 10, [1], [1, 2], [2, 1], ["a", 10])),
    ({"$type": "int"}, select(-1, 0, 1, 2, 10, [1], [1, 2], [2, 1], ["a", 10])),
    ({"$type": "double"}, select(1.5)),
    ({"$type": "long"}, []),
    ({"$type": "string"}, select("", "1", "a", "b", "B", ["a", 10])),
    ({"$type": 2}, select("", "1", "a", "b", "B", ["a", 10])),
    (
        {"$type": "object"},
        select({}, {"a": 1}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, [{"a": 1}]),
    ),
    ({"$type": "array"}, [v for v in VALUES if isinstance(v, list)]),
    ({"$type": ["null", "bool"]}, select(None, False, True, [None])),
    # Remainders, with the sign of the dividend.
    ({"$mod": [2, 0]}, select(0, 2, 10, [1, 2], [2, 1], ["a", 10])),
    ({"$mod": [2, 1]}, select(1, 1.5, [1], [1, 2], [2, 1])),
    ({"$mod": [2, -1]}, select(-1)),
    ({"$mod": [-2, 1]}, select(1, 1.5, [1], [1, 2], [2, 1])),
    ({"$mod": [4.9, 2.9]}, select(2, 10, [1, 2], [2, 1], ["a", 10])),
    # Several operators on one field must all hold.
    ({"$exists": True, "$ne": None, "$type": "string", "$gt": "a"}, select("b")),
]


@pytest.mark.parametrize(("condition", "expected"), CASES, ids=[str(case[0]) for case in CASES])
def test_a_condition_accepts_exactly_these_values(condition: Any, expected: list[Any]) -> None:
    assert values_that_match(condition, VALUES) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [1, 2, 3]),
        ({"$and": [{"a": 1}, {"b": 2}]}, [1]),
        ({"$or": [{"a": 1}, {"b": 3}]}, [1, 2]),
        ({"$nor": [{"a": 1}, {"b": 3}]}, [3]),
        ({"a": 2, "$or": [{"b": 3}, {"b": 4}]}, [2]),
        ({"$and": [{"$or": [{"a": 1}, {"a": 2}]}, {"$nor": [{"b": 2}]}]}, [2]),
        ({"$or": [{}]}, [1, 2, 3]),
        ({"$nor": [{}]}, []),
        ({"$comment": {"any": "thing"}}, [1, 2, 3]),
    ],
    ids=str,
)
def test_branches_are_joined(query: Any, expected: list[int]) -> None:
    documents = [{"n": 1, "a": 1, "b": 2}, {"n": 2, "a": 2, "b": 3}, {"n": 3}]
    assert [document["n"] for document in documents_that_match(query, documents)] == expected


@pytest.mark.parametrize(
    ("pattern", "options", "text", "found"),
    [
        ("b.d", "", "abcd", True),
        ("^b", "", "abcd", False),
        ("^b", "", "a\nb", False),
        ("^b", "m", "a\nb", True),
        ("a.b", "", "a\nb", False),
        ("a.b", "s", "a\nb", True),
        ("a b", "x", "ab", True),
        ("É", "i", "é", True),
        ("é", "", "É", False),
        ("^A.B$", "is", "a\nb", True),
        (r"\bfoo\b", "", "a foo b", True),
        ("😀+", "", "a😀😀", True),
    ],
)
def test_regular_expressions_know_their_options(
    pattern: str, options: str, text: str, found: bool
) -> None:
    condition = {"$regex": pattern, "$options": options}
    assert bool(values_that_match(condition, [text])) is found


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 2**53])
def test_a_whole_number_past_32_bits_is_long(value: int) -> None:
    assert values_that_match({"$type": "long"}, [value]) == [value]
    assert values_that_match({"$type": "int"}, [value]) == []


def test_a_remainder_past_64_bits_matches_nothing() -> None:
    assert values_that_match({"$mod": [2, 0]}, [10**30, 1e300, -(10**400)]) == []
    assert values_that_match({"$mod": [2, 0]}, [2**53]) == [2**53]


def test_large_numbers_compare_exactly() -> None:
    values = [2**53, 2**53 + 1, float(2**53), 10**400]
    assert values_that_match({"$gt": 2**53}, values) == [2**53 + 1, 10**400]
    assert values_that_match(2**53, values) == [2**53, float(2**53)]
    assert values_that_match({"$gt": 1e308}, values) == [10**400]
