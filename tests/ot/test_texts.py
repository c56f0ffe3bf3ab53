"""The plain-text types: what is refused, and how documents begin."""

from __future__ import annotations

from typing import Any

import pytest

from sharedb_py.errors import OpBadlyFormed, OpNotApplied
from sharedb_py.ot import types
from sharedb_py.ot.text0 import text0
from sharedb_py.ot.text_unicode import text_unicode


@pytest.mark.parametrize("name", ["text0", "text-unicode"])
def test_a_text_begins_empty_or_as_it_is_given(name: str) -> None:
    ot_type = types[name]
    assert ot_type.create() == ot_type.create(None) == ""
    assert ot_type.create("a") == "a"
    with pytest.raises(OpNotApplied, match="must be a string"):
        ot_type.create({})
    with pytest.raises(OpNotApplied, match="must be a string"):
        ot_type.apply(5, [])


def test_all_names_and_uris_are_listed() -> None:
    assert len(types) == len(list(types)) >= 10
    assert {"json0", "json1", "rich-text", "text0", "text-unicode", text0.uri} <= set(types)


@pytest.mark.parametrize(
    "op",
    [
        *("text", 5, None, ["a"], [{"i": "a"}], [{"p": True, "i": "a"}], [{"p": "0", "i": "a"}]),
        *([{"p": 0}], [{"p": 0, "i": "a", "d": "b"}], [{"p": 0, "i": 5}], [{"p": -1, "i": "a"}]),
        *([{"p": 0.5, "i": "a"}],),
    ],
)
def test_text0_refuses_what_no_text_could_take(op: Any) -> None:
    for call in (
        lambda: text0.apply("ab", op),
        lambda: text0.transform(op, [], "left"),
        lambda: text0.transform([], op, "left"),
        lambda: text0.compose(op, []),
        lambda: text0.invert(op),
    ):
        with pytest.raises(OpBadlyFormed):
            call()


@pytest.mark.parametrize(
    "op",
    [
        *("text", 5, None, {}, [True], [None], [{"d": True}], [{"d": []}], [""], [{"d": ""}]),
        *([0], [-1, "a"], [{"d": 0}], [1, 1, "a"], [1], ["a", 1], [1.5, "a"]),
    ],
)
def test_text_unicode_refuses_what_no_text_could_take(op: Any) -> None:
    for call in (
        lambda: text_unicode.apply("ab", op),
        lambda: text_unicode.transform(op, [], "left"),
        lambda: text_unicode.transform([], op, "left"),
        lambda: text_unicode.compose(op, []),
        lambda: text_unicode.invert(op),
    ):
        with pytest.raises(OpBadlyFormed):
            call()


def test_text_unicode_normalizes_what_it_would_refuse() -> None:
    assert text_unicode.normalize(5) == []
    assert text_unicode.normalize("a") == ["a"]
    assert text_unicode.normalize([1, 0, 1, "", "a", "b", {"d": 1}, {"d": 1}, 3]) == [
        *(2, "ab", {"d": 2}),
    ]
    assert text_unicode.normalize([{"d": "a"}, {"d": "b"}]) == [{"d": "ab"}]
    assert text_unicode.normalize([{"d": "a"}, {"d": 2}]) == [{"d": 3}]
    nonsense: list[Any] = [[True], [None], [{"d": None}], {}, [1.5]]
    for op in nonsense:
        with pytest.raises(OpBadlyFormed):
            text_unicode.normalize(op)


def test_text_unicode_ops_must_not_reach_past_the_end() -> None:
    for op in ([3, "a"], [{"d": 3}], [1, {"d": "bc"}]):
        with pytest.raises(OpNotApplied, match="too long"):
            text_unicode.apply("ab", op)


def test_text_unicode_counts_characters() -> None:
    assert text_unicode.apply("a😀b", [2, "x", {"d": 1}]) == "a😀x"


def test_to_invert_a_delete_its_text_must_be_known() -> None:
    with pytest.raises(OpNotApplied, match="missing"):
        text_unicode.invert([{"d": 1}])
    assert text_unicode.invert_with_doc([{"d": 1}, 1, "x"], "ab") == ["a", 1, {"d": "x"}]
