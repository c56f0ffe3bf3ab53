"""JSON as Python values: copies and comparisons."""

from __future__ import annotations

from typing import Any

import pytest

from sharedb_py.jsonvalue import MISSING, copy_json, depth_exceeds, is_number, json_equal

VALUES: list[Any] = [
    *(None, True, 0, -1, 2**70, 0.1, 1e308, "", "é😀", "half \ud83d", MISSING),
    *({}, [], {"b": 1, "a": [{"c": None}]}, [[], {}, [[]]], {"": {"\ud83d": ["\udc00"]}}),
]


@pytest.mark.parametrize("value", VALUES)
def test_a_copy_is_equal_and_shares_nothing_that_can_change(value: Any) -> None:
    copy = copy_json(value)
    assert type(copy) is type(value)
    assert repr(copy) == repr(value)  # the order of keys, and 1 and 1.0, too
    assert copy is not value or not isinstance(value, (dict, list))


def test_parts_that_were_one_object_are_two_in_a_copy() -> None:
    shared: list[int] = []
    copy = copy_json([shared, shared])
    copy[0].append(1)
    assert (copy, shared) == ([[1], []], [])


def test_what_is_no_json_is_shared() -> None:
    other = object()
    original = {"a": [MISSING, other], "b": {}}
    copy = copy_json(original)
    assert copy == original
    assert copy["a"][1] is other
    assert copy["a"] is not original["a"]
    assert copy["b"] is not original["b"]


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        *((1, 1.0, True), (1, True, False), (0, False, False), (None, False, False)),
        *(([1], [1.0], True), ([1], [True], False), ([1], [1, 1], False), ([], {}, False)),
        *(({"a": 1}, {"a": 1.0}, True), ({"a": 1}, {"b": 1}, False), ({"a": None}, {}, False)),
    ],
)
def test_values_are_equal_as_json_sees_them(one: Any, other: Any, equal: bool) -> None:
    assert json_equal(one, other) is equal
    assert json_equal(other, one) is equal


def nested(depth: int) -> Any:
    value: Any = 0
    for level in range(depth):
        value = [value] if level % 2 else {"a": value, "b": 1}
    return value


@pytest.mark.parametrize(
    ("value", "exceeds"),
    [(0, False), ([], False), (nested(3), False), (nested(4), True), (nested(50_000), True)],
)
def test_depth_counts_containers_in_each_other(value: Any, exceeds: bool) -> None:
    assert depth_exceeds(value, 2) is exceeds


def test_booleans_are_no_numbers() -> None:
    assert [is_number(value) for value in (0, 1.5, True, "1", None)] == [True, True, *[False] * 3]
