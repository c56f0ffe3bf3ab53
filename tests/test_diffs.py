"""The steps from one list of results to another, as ShareDB's client applies them (5.1)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharedb_py.diffs import list_diff


def value_of(doc_id: str) -> dict[str, Any]:
    return {"d": doc_id, "v": 1}


def diff(before: str, after: str) -> list[dict[str, Any]]:
    return list_diff(before, after, value_of)


def apply(steps: list[dict[str, Any]], ids: str) -> list[str]:
    """Follow the steps as the JavaScript client does: splice after splice."""
    current = list(ids)
    for step in steps:
        if step["type"] == "insert":
            at = step["index"]
            assert 0 <= at <= len(current)
            current[at:at] = [value["d"] for value in step["values"]]
        elif step["type"] == "remove":
            assert 0 <= step["index"] < step["index"] + step["howMany"] <= len(current)
            del current[step["index"] : step["index"] + step["howMany"]]
        else:
            assert 0 <= step["from"] < step["from"] + step["howMany"] <= len(current)
            moved = current[step["from"] : step["from"] + step["howMany"]]
            del current[step["from"] : step["from"] + step["howMany"]]
            assert 0 <= step["to"] <= len(current)
            current[step["to"] : step["to"]] = moved
    return current


def insert(index: int, ids: str) -> dict[str, Any]:
    return {"type": "insert", "index": index, "values": [value_of(i) for i in ids]}


def remove(index: int, many: int = 1) -> dict[str, Any]:
    return {"type": "remove", "index": index, "howMany": many}


def move(start: int, to: int, many: int = 1) -> dict[str, Any]:
    return {"type": "move", "from": start, "to": to, "howMany": many}


@pytest.mark.parametrize(
    ("before", "after", "steps"),
    [
        ("", "", []),
        ("abc", "abc", []),
        ("", "abc", [insert(0, "abc")]),
        ("abc", "", [remove(0, 3)]),
        ("abc", "ac", [remove(1)]),
        ("abc", "bc", [remove(0)]),
        ("abc", "ab", [remove(2)]),
        ("abcde", "ad", [remove(1, 2), remove(2)]),
        ("ac", "abc", [insert(1, "b")]),
        ("ab", "xaybz", [insert(0, "x"), insert(2, "y"), insert(4, "z")]),
        ("ab", "axyb", [insert(1, "xy")]),
        ("abc", "xyz", [remove(0, 3), insert(0, "xyz")]),
        ("abc", "axc", [remove(1), insert(1, "x")]),
        ("ab", "ba", [move(1, 0)]),
        ("abcde", "eabcd", [move(4, 0)]),
        ("abcde", "bcdea", [move(1, 0, 4)]),
        ("abcde", "deabc", [move(3, 0, 2)]),
        ("abcde", "acdbe", [move(2, 1, 2)]),
        ("abcd", "dxba", [remove(2), move(2, 0), move(2, 1), insert(1, "x")]),
    ],
)
def test_steps_are_removes_then_moves_then_inserts(before: str, after: str, steps: Any) -> None:
    assert diff(before, after) == steps
    assert apply(steps, before) == list(after)


ids = st.lists(st.sampled_from("abcdefghij"), unique=True).map("".join)


@settings(deadline=None, max_examples=500)
@given(before=ids, after=ids)
def test_the_steps_lead_from_one_list_to_the_other(before: str, after: str) -> None:
    assert apply(diff(before, after), before) == list(after)


@settings(deadline=None, max_examples=500)
@given(before=ids, after=ids)
def test_no_step_is_wasted(before: str, after: str) -> None:
    steps = diff(before, after)
    removed = sum(step["howMany"] for step in steps if step["type"] == "remove")
    inserted = [v["d"] for step in steps if step["type"] == "insert" for v in step["values"]]
    moves = [step for step in steps if step["type"] == "move"]
    assert removed == len(set(before) - set(after))
    assert inserted == [doc_id for doc_id in after if doc_id not in before]
    stayed = len(set(before) & set(after))
    assert len(moves) <= max(stayed - 1, 0)
    kinds = [step["type"] for step in steps]
    assert kinds == sorted(kinds, key=["remove", "move", "insert"].index)
    for step, following in pairwise(steps):
        if step["type"] == following["type"] == "insert":
            assert following["index"] > step["index"] + len(step["values"]), (
                "neighbours go together"
            )
        if step["type"] == following["type"] == "remove":
            assert following["index"] > step["index"], "neighbours go together"


@settings(deadline=None)
@given(several=st.permutations("abcdefgh"), start=st.integers(0, 7), to=st.integers(0, 7))
def test_moving_one_is_one_step(several: list[str], start: int, to: int) -> None:
    after = several.copy()
    after.insert(to, after.pop(start))
    steps = list_diff(several, after, value_of)
    assert len(steps) == (start != to)


def test_values_are_asked_for_only_where_they_are_inserted() -> None:
    asked: list[str] = []

    def note(doc_id: str) -> dict[str, Any]:
        asked.append(doc_id)
        return {}

    list_diff("abc", "cxay", note)
    assert asked == ["x", "y"]


def test_the_lists_are_left_as_they_are() -> None:
    before, after = ["a", "b", "c"], ["c", "x"]
    list_diff(before, after, value_of)
    assert (before, after) == (["a", "b", "c"], ["c", "x"])
