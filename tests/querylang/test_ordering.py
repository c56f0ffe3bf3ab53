"""Documents in order: types before values, as MongoDB's BSON order has it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from sharedb_py.querylang import order_key, parse_query
from tests.querylang.matching import ABSENT

ASCENDING: list[list[Any]] = [
    [[]],
    [None, ABSENT],
    [-1e300],
    [-1],
    [0, 0.0, -0.0],
    [0.5],
    [1, 1.0],
    [2**53],
    [2**53 + 1],
    [""],
    ["\u0000"],
    ["A"],
    ["B"],
    ["a"],
    ["aa"],
    ["b"],
    ["é"],
    ["\uffff"],
    ["😀"],
    [{}],
    [{"a": None}],
    [{"b": None}],
    [{"a": 1}],
    [{"a": 1, "b": 1}],
    [{"a": 1, "b": 2}],
    [{"a": 2}],
    [{"b": 1}],
    [{"a": "1"}],
    [{"a": {}}],
    [{"a": [1]}],
    [{"a": False}],
    [[[]]],
    [[[1]]],
    [[[1, 2]]],
    [[[2]]],
    [False],
    [True],
]
"""Groups of equals, each group before the next. A list sorts by its items: a nested one shows."""


def document(value: Any) -> dict[str, Any]:
    return {} if value is ABSENT else {"x": value}


def test_values_of_all_types_stand_in_bson_order() -> None:
    up, down = order_key([("x", 1)]), order_key([("x", -1)])
    for earlier, later in pairwise(ASCENDING):
        for a in earlier:
            for b in later:
                assert up(document(a)) < up(document(b)), (a, b)
                assert down(document(b)) < down(document(a)), (a, b)
    for group in ASCENDING:
        for a in group:
            for b in group:
                assert up(document(a)) == up(document(b)), (a, b)
                assert not down(document(a)) < down(document(b)), (a, b)


@pytest.mark.parametrize(
    ("sort", "values", "expected"),
    [
        ({"x": 1}, [[3, 1], 2, [5, 0]], [[5, 0], [3, 1], 2]),
        ({"x": -1}, [[3, 1], 2, [5, 0]], [[5, 0], [3, 1], 2]),
        ({"x": 1}, [["a"], [None], [1], []], [[], [None], [1], ["a"]]),
        ({"x": -1}, [["a"], [None], [1], []], [["a"], [1], [None], []]),
        ({"x.y": 1}, [{"y": 2}, {"y": 1}, {}, 5], [{}, 5, {"y": 1}, {"y": 2}]),
        ({"x.y": 1}, [[{"y": 3}, {"y": 0}], {"y": 1}], [[{"y": 3}, {"y": 0}], {"y": 1}]),
        ({"x.y": -1}, [{"y": 2}, [{"y": 3}, {"y": 0}]], [[{"y": 3}, {"y": 0}], {"y": 2}]),
        ({"x.0": 1}, [[2], [1]], [[1], [2]]),
    ],
)
def test_a_list_sorts_by_its_smallest_or_largest_item(
    sort: dict[str, int], values: list[Any], expected: list[Any]
) -> None:
    key = order_key(parse_query({"$sort": sort}).sort)
    assert sorted(values, key=lambda value: key({"x": value})) == expected


def test_the_first_field_counts_before_the_second() -> None:
    documents = [{"a": a, "b": b} for a in (2, 1) for b in (1, 3, 2)]
    key = order_key([("a", 1), ("b", -1)])
    found = [(document["a"], document["b"]) for document in sorted(documents, key=key)]
    assert found == [(1, 3), (1, 2), (1, 1), (2, 3), (2, 2), (2, 1)]


def test_documents_that_tie_keep_their_order() -> None:
    documents = [{"a": n % 2, "n": n} for n in range(10)]
    for direction in (1, -1):
        found = sorted(documents, key=order_key([("a", direction)]))
        assert [d["n"] for d in found if d["a"] == 0] == [0, 2, 4, 6, 8]
        assert [d["n"] for d in found if d["a"] == 1] == [1, 3, 5, 7, 9]
