"""rich-text: what is refused, and what happens to selections."""

from __future__ import annotations

from typing import Any

import pytest

from sharedb_py.errors import OpBadlyFormed, OpNotApplied
from sharedb_py.ot import PresenceTransformer, types
from sharedb_py.ot.rich_text import rich_text

HELLO = {"ops": [{"insert": "Hello"}, {"insert": {"image": "a"}}, {"insert": "\n"}]}


def test_it_is_found_by_name_and_uri_and_carries_presence() -> None:
    assert types["rich-text"] is types["http://sharejs.org/types/rich-text/v1"] is rich_text
    assert isinstance(rich_text, PresenceTransformer)


@pytest.mark.parametrize("data", [None, [], {"ops": []}])
def test_a_document_may_begin_empty(data: Any) -> None:
    assert rich_text.create(data) == rich_text.create() == {"ops": []}


def test_a_bare_list_of_components_will_do() -> None:
    doc = rich_text.create([{"insert": "a"}])
    assert doc == {"ops": [{"insert": "a"}]}
    assert rich_text.apply(doc["ops"], [{"insert": "b"}]) == {"ops": [{"insert": "ba"}]}


@pytest.mark.parametrize(
    "op",
    [
        *(None, "text", 5, {}, {"ops": {}}, ["text"], [{}], [{"insert": "a", "delete": 1}]),
        *([{"insert": ""}], [{"insert": 5}], [{"insert": None}], [{"insert": ["a"]}]),
        *([{"retain": 0}], [{"retain": -1}], [{"delete": 1.5}], [{"retain": True}]),
        *([{"delete": "1"}], [{"retain": 1, "attributes": "bold"}]),
    ],
)
def test_what_no_editor_makes_is_refused(op: Any) -> None:
    for call in (
        lambda: rich_text.apply(HELLO, op),
        lambda: rich_text.transform(op, [], "left"),
        lambda: rich_text.transform([], op, "left"),
        lambda: rich_text.compose(op, []),
        lambda: rich_text.normalize(op),
    ):
        with pytest.raises(OpBadlyFormed):
            call()


@pytest.mark.parametrize(
    "op",
    [
        [{"delete": 8}],
        [{"retain": 8, "attributes": {"bold": True}}],
        [{"retain": 9}, {"delete": 1}],
    ],
)
def test_an_op_must_not_reach_past_the_end(op: Any) -> None:
    with pytest.raises(OpNotApplied):
        rich_text.apply(HELLO, op)


def test_a_document_begins_as_text() -> None:
    with pytest.raises(OpNotApplied):
        rich_text.create([{"retain": 1}])


def test_whole_numbers_may_be_written_as_floats() -> None:
    after = rich_text.apply(HELLO, [{"retain": 1.0}, {"delete": 4.0}, {"insert": "i"}])
    assert after == {"ops": [{"insert": "Hi"}, {"insert": {"image": "a"}}, {"insert": "\n"}]}


def test_halves_of_a_character_meet_again() -> None:
    doc = {"ops": [{"insert": "😀"}]}
    parted = rich_text.apply(doc, [{"retain": 1}, {"insert": "x"}])
    assert rich_text.apply(parted, [{"retain": 1}, {"delete": 1}]) == doc


@pytest.mark.parametrize(
    ("at", "op", "own", "moved"),
    [
        ((2, 3), [{"insert": "ab"}], False, (4, 3)),
        ((2, 3), [{"retain": 2}, {"insert": "ab"}], False, (2, 5)),
        ((2, 3), [{"retain": 2}, {"insert": "ab"}], True, (4, 3)),
        ((2, 3), [{"retain": 5}, {"insert": "ab"}], False, (2, 3)),
        ((2, 3), [{"retain": 5}, {"insert": "ab"}], True, (2, 5)),
        ((2, 3), [{"delete": 3}], False, (0, 2)),
        ((2, 3), [{"retain": 3}, {"insert": {"image": "b"}}], False, (2, 4)),
        ((2, 0), [{"retain": 2}, {"insert": "ab"}], True, (4, 0)),
    ],
)
def test_a_selection_moves(at: tuple[int, int], op: Any, own: bool, moved: tuple[int, int]) -> None:
    selection = {"index": at[0], "length": at[1], "name": "Ada"}
    after = rich_text.transform_presence(selection, {"ops": op}, own)
    assert after == {"index": moved[0], "length": moved[1], "name": "Ada"}


@pytest.mark.parametrize(
    ("presence", "after"),
    [(None, None), (0, None), ("", None), ({"typing": True}, {"typing": True}), ("here", "here")],
)
def test_a_presence_that_is_no_selection_stays(presence: Any, after: Any) -> None:
    assert rich_text.transform_presence(presence, [{"insert": "a"}], True) == after
