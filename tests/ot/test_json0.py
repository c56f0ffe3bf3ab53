"""json0's rules and quirks, one by one (protocol sections 4.6 and 11.2 to 11.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sharedb_py.errors import ErrorCode, OpBadlyFormed, OpNotApplied, ShareDBError
from sharedb_py.jsonvalue import RESERVED_NAMES, json_equal
from sharedb_py.ot import DEFAULT_TYPE, types
from sharedb_py.ot.json0 import check_paths, check_submitted, json0, normalize_legacy


def test_a_type_is_found_by_name_and_by_uri() -> None:
    assert types["json0"] is types["http://sharejs.org/types/JSONv0"] is DEFAULT_TYPE is json0


def test_a_document_created_from_nothing_is_null() -> None:
    assert json0.create() is None
    assert json0.create({}) == {}


@pytest.mark.parametrize(
    ("doc", "component", "after"),
    [
        pytest.param({"n": 1}, {"p": ["n"], "na": 2}, {"n": 3}, id="add"),
        pytest.param({"5": 1}, {"p": [5], "oi": 2}, {"5": 2}, id="a number names an object's key"),
        pytest.param([1], {"p": ["0"], "ld": 1}, [], id="a numeric string names an index"),
        pytest.param([1, 2], {"p": [0], "lm": "1"}, [2, 1], id="a move's target may be a string"),
        pytest.param([1], {"p": [0.0], "ld": 1}, [], id="a whole float is an index"),
        pytest.param([1], {"p": [0.5], "li": 2}, [2, 1], id="no other float is"),
        pytest.param({"5": 1}, {"p": [5.0], "od": 1}, {}, id="a whole float names a key"),
        pytest.param([1], {"p": [9], "li": 2}, [1, 2], id="an insert past the end appends"),
        pytest.param([1], {"p": [9], "ld": 2}, [1], id="a delete past the end does nothing"),
        pytest.param([1, 2], {"p": [-1], "li": 3}, [1, 3, 2], id="a negative index counts back"),
        pytest.param([1], {"p": [3], "ld": 0, "li": 2}, [1, None, None, 2], id="replace pads"),
        pytest.param([1], {"p": [5], "lm": 0}, [None, 1], id="a missing element moves as null"),
        pytest.param({}, {"p": ["a"], "od": 1}, {}, id="a missing key may be deleted"),
        pytest.param({"a": 1}, {"p": ["a"], "od": 7, "oi": 2}, {"a": 2}, id="od is not checked"),
        pytest.param({"a": 1}, {"p": [], "oi": 5}, 5, id="the root is replaced"),
        pytest.param({"a": 1}, {"p": [], "od": 5}, None, id="the root is deleted"),
        pytest.param("ab", {"p": [9], "si": "c"}, "abc", id="text past the end is appended"),
        pytest.param({"a": 1}, {"p": ["a"], "oi": None}, {"a": None}, id="null is a value"),
        pytest.param("a", {"p": [], "t": "text0", "o": [{"p": 0, "i": "b"}]}, "ba", id="subtype"),
        pytest.param([1], {"p": [0], "li": 2, "oi": 3}, [2, 1], id="lists go before objects"),
    ],
)
def test_apply(doc: Any, component: dict[str, Any], after: Any) -> None:
    assert json_equal(json0.apply(doc, [component]), after)


@pytest.mark.parametrize(
    ("doc", "component", "message"),
    [
        ([], {"p": ["a"], "oi": 1}, "Referenced element not an object"),
        ({}, {"p": [0], "li": 1}, "Referenced element not a list"),
        ({"a": "1"}, {"p": ["a"], "na": 1}, "Referenced element not a number"),
        ({"a": True}, {"p": ["a"], "na": 1}, "Referenced element not a number"),
        ({}, {"p": ["a", "b", "c"], "oi": 1}, "Path invalid"),
        ({}, {"p": ["a"]}, "invalid / missing instruction in op"),
        ({"a": 1}, {"p": ["a", 0], "si": "x"}, "Snapshot must be a string"),
        ("abc", {"p": [0], "sd": "x"}, "Delete component 'x' does not match deleted text 'a'"),
        ([], {"p": [10**9], "ld": 1, "li": 1}, "List index 1000000000 is too far past the end"),
    ],
)
def test_apply_refuses(doc: Any, component: dict[str, Any], message: str) -> None:
    with pytest.raises(OpNotApplied) as refused:
        json0.apply(doc, [component])
    assert refused.value.message == message


def test_apply_copies_only_what_lies_on_the_path() -> None:
    doc: Any = {"a": {"b": [1]}, "c": {"d": [2]}}
    after = json0.apply(doc, [{"p": ["a", "b", 0], "li": 0}])
    assert after == {"a": {"b": [0, 1]}, "c": {"d": [2]}}
    assert after["c"] is doc["c"]
    assert doc == {"a": {"b": [1]}, "c": {"d": [2]}}


def test_a_value_inserted_and_edited_by_one_op_stays_whole_in_the_op() -> None:
    op = [{"p": ["a"], "oi": {"b": []}}, {"p": ["a", "b", 0], "li": 1}]
    assert json0.apply({}, op) == {"a": {"b": [1]}}
    assert op[0] == {"p": ["a"], "oi": {"b": []}}


def test_numbers_add_as_64_bit_floats() -> None:
    assert json0.apply(2**53, [{"p": [], "na": 1}]) == 2**53
    assert json0.apply(1e308, [{"p": [], "na": 1e308}]) is None


@pytest.mark.parametrize(
    "op",
    [
        *("text", 5, None, {"p": []}, [5], [{}], [{"p": "a"}], [{"p": [], "na": "1"}]),
        *([{"p": [], "na": 10**400}], [{"p": ["0"], "t": [], "o": 1}]),
        *([{"p": [], "t": "text0"}], [{"p": [], "t": "text0", "o": [{"p": 1e400, "i": "x"}]}]),
        *([{"p": [0], "lm": {}}], [{"p": ["9" * 5000], "li": 1}], [{"p": [], "si": "x"}]),
    ],
)
def test_nonsense_is_refused_and_never_crashes(op: Any) -> None:
    other = [{"p": [], "na": 1}, {"p": [0], "li": 1}, {"p": [], "t": "text0", "o": []}]
    with pytest.raises(ShareDBError):
        json0.apply(1, op)
    attempts: list[Callable[[], object]] = [
        lambda: json0.transform(op, other, "left"),
        lambda: json0.transform(other, op, "right"),
        lambda: json0.compose(other, op),
        lambda: json0.normalize(op),
        lambda: json0.invert(op),
    ]
    for attempt in attempts:
        try:
            attempt()
        except ShareDBError:
            pass


def test_invert_swaps_reverses_and_moves_back() -> None:
    op = [{"p": ["a", 1], "lm": 3}, {"p": ["a", 0], "ld": 1, "li": 2}, {"p": ["n"], "na": 4}]
    assert json0.invert(op) == [
        {"p": ["n"], "na": -4},
        {"p": ["a", 0], "ld": 2, "li": 1},
        {"p": ["a", 3], "lm": 1},
    ]


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ({"p": ["n"], "na": 1}, {"p": ["n"], "na": -1}, [{"p": ["n"], "na": 0}]),
        ({"p": [0], "li": 1}, {"p": [0], "ld": 1}, []),
        ({"p": [0], "li": 1}, {"p": [0], "ld": True}, None),
        ({"p": [0], "li": {}}, {"p": [0], "ld": {}}, None),
        ({"p": [0], "ld": 5, "li": 1}, {"p": [0], "ld": 1}, [{"p": [0], "ld": 5}]),
        ({"p": ["a"], "od": 1}, {"p": ["a"], "oi": 2}, [{"p": ["a"], "od": 1, "oi": 2}]),
        ({"p": ["a"], "oi": 1}, {"p": ["a"], "od": 1, "oi": 2}, [{"p": ["a"], "oi": 2}]),
        ({"p": ["a"], "oi": 1}, {"p": ["a"], "od": 1}, []),
        ({"p": [1], "li": 0}, {"p": [1], "lm": 1}, [{"p": [1], "li": 0}]),
        ({"p": [1], "si": "a"}, {"p": [2], "si": "b"}, [{"p": [1], "si": "ab"}]),
        ({"p": ["0"], "na": 1}, {"p": [0], "na": 1}, None),
    ],
)
def test_compose_merges_neighbours(
    first: dict[str, Any], second: dict[str, Any], both: list[Any] | None
) -> None:
    composed = json0.compose([first], [second])
    assert json_equal(composed, [first, second] if both is None else both)


def test_a_lone_component_without_a_path_is_normalized_to_a_list() -> None:
    assert json0.normalize({"oi": 1}) == [{"p": [], "oi": 1}]


@pytest.mark.parametrize(
    ("op", "other", "left", "right"),
    [
        pytest.param(
            {"p": [1], "li": "a"},
            {"p": [1], "li": "b"},
            [{"p": [1], "li": "a"}],
            [{"p": [2], "li": "a"}],
            id="inserts at one place: the left one stands first",
        ),
        pytest.param(
            {"p": ["k"], "oi": "a"},
            {"p": ["k"], "oi": "b"},
            [{"p": ["k"], "od": "b", "oi": "a"}],
            [],
            id="one key set twice: the left value stays",
        ),
        pytest.param(
            {"p": [0], "lm": 2},
            {"p": [0], "lm": 1},
            [{"p": [1], "lm": 2}],
            [],
            id="one element moved twice: the left move stays",
        ),
        pytest.param(
            {"p": [0], "ld": "old", "li": "a"},
            {"p": [0], "ld": "old"},
            [{"p": [0], "li": "a"}],
            [{"p": [0], "li": "a"}],
            id="what replaces a deleted element is inserted",
        ),
        pytest.param(
            {"p": ["k", "sub"], "oi": 1},
            {"p": ["k"], "od": {}},
            [],
            [],
            id="an edit inside what was deleted is gone",
        ),
        pytest.param(
            {"p": ["k"], "od": {"n": 1}},
            {"p": ["k", "n"], "na": 2},
            [{"p": ["k"], "od": {"n": 3}}],
            [{"p": ["k"], "od": {"n": 3}}],
            id="a delete remembers what was edited inside",
        ),
        pytest.param(
            {"p": ["k", "sub"], "oi": 1},
            {"p": ["k"], "oi": {}},
            [{"p": ["k", "sub"], "od": {}, "oi": 1}],
            [],
            id="a child under a parent that was inserted meanwhile is rewritten too",
        ),
        pytest.param(
            {"p": [], "oi": 1},
            {"p": [], "oi": 2},
            [{"p": [], "od": 2, "oi": 1}],
            [],
            id="the root has no segment, and is one place",
        ),
        pytest.param(
            {"p": ["s", 3], "si": "a"},
            {"p": ["s"], "t": "text0", "o": [{"p": 0, "i": "b"}]},
            [{"p": ["s", 3], "si": "a"}],
            [{"p": ["s", 3], "si": "a"}],
            id="the two notations of text edits do not see each other",
        ),
        pytest.param(
            {"p": ["s", 2], "sd": "cd"},
            {"p": ["s", 3], "si": "x"},
            [{"p": ["s", 2], "sd": "c"}, {"p": ["s", 3], "sd": "d"}],
            [{"p": ["s", 2], "sd": "c"}, {"p": ["s", 3], "sd": "d"}],
            id="an insert into deleted text stays",
        ),
    ],
)
def test_transform(
    op: dict[str, Any], other: dict[str, Any], left: list[Any], right: list[Any]
) -> None:
    assert json_equal(json0.transform([op], [other], "left"), left)
    assert json_equal(json0.transform([op], [other], "right"), right)


def test_deletes_of_different_text_at_one_place_do_not_transform() -> None:
    with pytest.raises(OpNotApplied, match="delete different text"):
        types["text0"].transform([{"p": 0, "d": "ab"}], [{"p": 0, "d": "xb"}], "left")


NO_SEGMENTS: list[Any] = [1.5, True, None, {}, ["__proto__"], ["a"]]


@pytest.mark.parametrize(
    ("op", "error", "message"),
    [
        ({"p": []}, OpBadlyFormed, "json0 op must be an array"),
        (None, OpBadlyFormed, "json0 op must be an array"),
        ([{}], OpBadlyFormed, "Missing path"),
        ([{"p": "a"}], OpBadlyFormed, "Missing path"),
        (["a"], OpBadlyFormed, "Missing path"),
        *(([{"p": [name]}], OpNotApplied, "Invalid path segment") for name in RESERVED_NAMES),
        *(
            ([{"p": ["a", segment]}], OpNotApplied, "Invalid path segment")
            for segment in NO_SEGMENTS
        ),
    ],
)
def test_what_no_client_may_submit(op: Any, error: type[ShareDBError], message: str) -> None:
    with pytest.raises(error) as refused:
        check_submitted(op)
    assert refused.value.message == message


def test_what_clients_may_submit() -> None:
    check_submitted([])
    check_submitted([{"p": []}, {"p": ["a", 0, "0", -1], "oi": {"__proto__": 1}}])


def test_committed_ops_may_have_old_shapes_but_no_reserved_names() -> None:
    old: list[Any] = [{"0": {"p": []}}, {"p": ["a"]}, [{"p": [1.5, None]}], None, [5]]
    for op in old:
        check_paths(op)
    reserved: list[Any] = ["__proto__", ["constructor"], [["toString"]]]
    for segment in reserved:
        with pytest.raises(OpNotApplied, match="Invalid path segment"):
            check_paths([{"p": ["a", segment]}])


def test_old_ops_get_the_segments_their_document_needs() -> None:
    doc = {"5": [1, {"2": "x"}]}
    op = [{"p": [5, "0"], "lm": "1"}, {"p": [5, "0", 2], "oi": "y"}]
    assert json_equal(
        normalize_legacy(doc, op),
        [{"p": ["5", 0], "lm": 1}, {"p": ["5", 0, "2"], "oi": "y"}],
    )
    assert doc == {"5": [1, {"2": "x"}]}


def test_an_old_op_that_is_no_list_does_nothing() -> None:
    assert normalize_legacy({}, {"0": {"p": ["a"], "oi": 1}}) == []
    assert normalize_legacy({}, [5, {"p": "a"}, {"p": ["a"], "oi": 1}]) == [{"p": ["a"], "oi": 1}]


def test_an_old_op_that_cannot_be_followed_says_so() -> None:
    with pytest.raises(OpNotApplied) as failed:
        normalize_legacy({}, [{"p": ["a", "b"], "oi": 1}, {"p": ["c"], "oi": 1}])
    assert failed.value.code == ErrorCode.OT_LEGACY_JSON0_OP_CANNOT_BE_NORMALIZED
    assert failed.value.message == "Cannot normalize legacy json0 op"
