"""json1: what is refused, how conflicts are told and resolved, and edits of other types."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from random import Random
from typing import Any

import pytest

from sharedb_py.errors import OpBadlyFormed, OpNotApplied, ShareDBError
from sharedb_py.jsonvalue import MAX_DEPTH, MISSING
from sharedb_py.ot import types
from sharedb_py.ot.json1 import JSON1, Conflict, ConflictKind, WriteConflict, json1, subtypes
from sharedb_py.ot.json1.subtypes import number
from sharedb_py.ot.rich_text import rich_text
from sharedb_py.ot.text0 import text0
from tests.ot.json1_cases import json1_doc, json1_op


@pytest.fixture
def more_subtypes() -> Iterator[None]:
    """json1 with two more types to edit values by, of which one cannot be inverted."""
    known = dict(subtypes._known)
    for subtype in (rich_text, text0):
        json1.register_subtype(subtype)
    yield
    subtypes._known.clear()
    subtypes._known.update(known)


def test_it_is_found_by_name_and_uri() -> None:
    assert types["json1"] is types["http://sharejs.org/types/JSONv1"] is json1
    assert json1.create() is MISSING
    assert json1.create(None) is None


def test_null_is_the_op_that_does_nothing() -> None:
    doc = {"a": 1}
    assert json1.is_noop(None)
    assert not json1.is_noop([{"r": True}])
    assert json1.apply(doc, None) is doc
    assert json1.transform(None, ["a", {"r": True}], "left") is None
    assert json1.transform(["a", {"r": True}], None, "left") == ["a", {"r": True}]


@pytest.mark.parametrize(
    "op",
    [
        *("text", 5, {}, [], ["a"], [{}], [{"r": True}, {"r": True}], [{"x": 1}]),
        *(["a", "b"], ["a", None, {"r": True}], ["a", 1.5, {"r": True}], [True, {"r": True}]),
        *(["a", {"p": 0}], ["a", {"d": 0}], ["a", {"p": "0"}], [["b", {"r": 1}], ["a", {"r": 1}]]),
        *([["a", {"r": True}], ["a", {"r": True}]], ["a", {"et": "no such type", "e": 1}]),
        *(["__proto__", {"i": 1}], ["a", {"es": 5}], ["a", {"ena": "1"}], [["a", {"r": True}]]),
        ["a"] * (MAX_DEPTH + 1) + [{"r": True}],
    ],
)
def test_an_op_that_no_document_could_take_is_refused(op: Any) -> None:
    with pytest.raises(OpBadlyFormed):
        json1.check_op(op)
    with pytest.raises(OpBadlyFormed):
        json1.apply({"a": 1}, op)
    with pytest.raises(OpBadlyFormed):
        json1.transform(op, ["a", {"r": True}], "left")


@pytest.mark.parametrize("op", ["text", 5, {}, ["a", True, {"r": True}], ["a", {"p": "0"}]])
def test_what_cannot_be_normalized_is_refused(op: Any) -> None:
    with pytest.raises(OpBadlyFormed):
        json1.normalize(op)


def test_a_side_must_be_one_of_two() -> None:
    side: Any = "middle"
    with pytest.raises(OpBadlyFormed):
        json1.transform(None, None, side)


@pytest.mark.parametrize(
    ("doc", "op"),
    [
        pytest.param({}, ["a", {"r": True}], id="nothing to remove"),
        pytest.param({}, [["a", {"p": 0}], ["b", {"d": 0}]], id="nothing to move"),
        pytest.param([1], [5, {"r": True}], id="no such item"),
        pytest.param({"a": 1}, ["a", {"i": 2}], id="a value in the way"),
        pytest.param([], [1, {"i": 2}], id="past the end of a list"),
        pytest.param({}, [0, {"i": 2}], id="an index into an object"),
        pytest.param([], ["a", {"i": 2}], id="a name in a list"),
        pytest.param(5, ["a", {"i": 2}], id="a name in a number"),
        pytest.param({}, ["a", {"es": ["x"]}], id="no text to edit"),
        pytest.param({"a": 5}, ["a", {"es": ["x"]}], id="a number is no text"),
        pytest.param({"a": "x"}, ["a", {"ena": 1}], id="a text is no number"),
        pytest.param({"a": 1}, [{"i": 2}], id="a document in the way"),
        pytest.param(MISSING, ["a", {"r": True}], id="no document"),
        pytest.param(MISSING, [{"r": True}], id="no document to remove"),
        pytest.param(MISSING, [{"es": ["x"]}], id="no document to edit"),
        pytest.param({"a": 1}, ["a", "b", {"i": 2}], id="inside of a number"),
    ],
)
def test_an_op_must_fit_the_document(doc: Any, op: Any) -> None:
    with pytest.raises(OpNotApplied):
        json1.apply(doc, op)


def test_a_document_may_be_removed_and_inserted() -> None:
    assert json1.apply({"a": 1}, [{"r": True}]) is MISSING
    assert json1.apply(MISSING, [{"i": 5}]) == 5
    assert json1.apply(1, [{"r": True, "i": 5}]) == 5


def test_values_moved_into_each_other_nest_only_so_deep() -> None:
    def nested(depth: int, inside: Any) -> Any:
        for _ in range(depth):
            inside = {"a": inside}
        return inside

    half = MAX_DEPTH // 2
    doc = {"x": nested(half, 1), "y": nested(half, {})}
    with pytest.raises(OpNotApplied):
        json1.apply(doc, [["x", {"p": 0}], ["y", *["a"] * half, "x", {"d": 0}]])
    shallow = json1.apply(doc, [["x", {"p": 0}], ["y", "x", {"d": 0}]])
    assert shallow["y"]["x"] == doc["x"]


@pytest.mark.parametrize(
    ("ours", "theirs", "kind"),
    [
        (["a", {"r": True}], ["a", "b", {"i": 1}], ConflictKind.RM_UNEXPECTED_CONTENT),
        (["x", {"i": 1}], ["x", {"i": 2}], ConflictKind.DROP_COLLISION),
        (
            [["a", {"p": 0}], ["c", "a", {"d": 0}]],
            [["a", "c", {"d": 0}], ["c", {"p": 0}]],
            ConflictKind.BLACKHOLE,
        ),
    ],
)
def test_conflicts_are_told_and_resolved_on_request(
    ours: Any, theirs: Any, kind: ConflictKind
) -> None:
    doc: Any = {"a": {}, "c": {}}
    with pytest.raises(WriteConflict) as refused:
        json1.transform(ours, theirs, "left")
    found = json1.try_transform(ours, theirs, "left")
    assert found == refused.value.conflict
    assert isinstance(found, Conflict)
    assert found.kind is kind
    assert json1.try_transform(None, theirs, "left") is None
    left = json1.transform_no_conflict(ours, theirs, "left")
    right = json1.transform_no_conflict(theirs, ours, "right")
    assert json1.apply(json1.apply(doc, theirs), left) == json1.apply(json1.apply(doc, ours), right)


def test_a_type_may_resolve_some_conflicts_and_not_others() -> None:
    lenient = JSON1(lambda conflict: conflict.kind is ConflictKind.DROP_COLLISION)
    assert lenient.transform(["x", {"i": 1}], ["x", {"i": 2}], "left") == ["x", {"r": True, "i": 1}]
    with pytest.raises(WriteConflict):
        lenient.transform(["a", {"r": True}], ["a", "b", {"i": 1}], "left")


def test_resolving_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("sharedb_py.ot.json1.transforming")
    monkeypatch.setattr(module, "MAX_CONFLICTS", 1)
    with pytest.raises(OpNotApplied, match="too many conflicts"):
        json1.transform_no_conflict(["x", {"i": 1}], ["x", {"i": 2}], "left")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(["a", {"i": 1}], ["a", {"i": 2}], id="inserts over an insert"),
        pytest.param(["a", {"es": ["x"]}], ["a", {"ena": 1}], id="edits as another type"),
    ],
)
def test_ops_that_do_not_follow_each_other_do_not_compose(first: Any, second: Any) -> None:
    with pytest.raises(OpNotApplied):
        json1.compose(first, second)


def test_edits_of_different_types_do_not_meet() -> None:
    with pytest.raises(OpNotApplied):
        json1.transform(["a", {"es": ["x"]}], ["a", {"ena": 1}], "left")


# No two ops of one document are like these; hostile clients may send them all the same.


@pytest.mark.parametrize("seed", range(300))
def test_ops_of_different_documents_are_refused_or_answered(seed: int) -> None:
    rng = Random(seed)
    one, other = json1_op(rng, json1_doc(rng), 0.8), json1_op(rng, json1_doc(rng), 0.8)
    doc = json1_doc(rng)
    for attempt in (
        lambda: json1.transform(one, other, "left"),
        lambda: json1.transform_no_conflict(one, other, "right"),
        lambda: json1.compose(one, other),
        lambda: json1.apply(doc, one),
        lambda: json1.invert_with_doc(one, doc),
        lambda: json1.make_invertible(one, doc),
        lambda: json1.invert(one),
        lambda: json1.transform_position(["a", 0, "b"], one),
    ):
        try:
            attempt()
        except ShareDBError:
            pass


def test_values_of_other_types_are_edited_transformed_and_moved(more_subtypes: None) -> None:
    doc = {"t": {"ops": [{"insert": "ab"}]}, "s": "ab"}
    op = ["t", {"et": "rich-text", "e": {"ops": [{"insert": "x"}]}}]
    after = json1.apply(doc, op)
    assert after["t"] == {"ops": [{"insert": "xab"}]}
    other = ["t", {"et": rich_text.uri, "e": {"ops": [{"retain": 1}, {"insert": "y"}]}}]
    moved = json1.transform(other, op, "left")
    assert moved == ["t", {"et": "rich-text", "e": {"ops": [{"retain": 2}, {"insert": "y"}]}}]
    assert json1.apply(after, moved)["t"] == {"ops": [{"insert": "xayb"}]}
    with pytest.raises(OpNotApplied, match="cannot be inverted"):
        json1.invert(op)
    legacy = ["s", {"et": "text0", "e": [{"p": 0, "i": "x"}]}]
    assert json1.apply(json1.apply(doc, legacy), json1.invert(legacy)) == doc
    assert json1.make_invertible(legacy, doc) == legacy
    assert json1.transform_position(["s", 1], legacy) == ["s", 1]  # text0 does not say


def test_positions_follow_numbers_and_texts() -> None:
    assert json1.transform_position(["n"], ["n", {"ena": 1}]) == ["n"]
    assert json1.transform_position(["n", 1], ["n", {"ena": 1}]) == ["n", 1]
    edit = ["s", {"es": [1, "xy", {"d": 2}, 1, {"d": "z"}]}]
    assert [json1.transform_position(["s", i], edit) for i in (0, 1, 2, 4, 5, 9)] == [
        *(["s", i] for i in (0, 1, 3, 4, 4, 8)),
    ]
    assert json1.transform_position(["s", "name"], edit) == ["s", "name"]  # no place in a text
    assert json1.transform_position([], [{"r": True}]) is None
    assert json1.transform_position(["a", "b"], ["x", {"i": 1}]) == ["a", "b"]


def test_a_number_is_a_type() -> None:
    assert number.create(5) == 5
    assert number.apply(1, 2) == 3
    assert number.transform(1, 2, "left") == 1
    assert number.invert(2) == -2
    assert number.apply(2**53, 1) == 2**53
    assert number.apply(1e308, 1e308) is None
    assert number.apply(10**400, -1) is None
    assert number.apply(2**80, 2**80) == float(2**81)
