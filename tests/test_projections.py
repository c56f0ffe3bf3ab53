"""What a projection shows of documents and ops, and which writes it takes (section 4)."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharedb_py.errors import ErrorCode, OpRejected, ShareDBError
from sharedb_py.jsonvalue import copy_json
from sharedb_py.ops import Op, apply_op
from sharedb_py.ot import types
from sharedb_py.projections import Projection
from sharedb_py.snapshot import Snapshot, empty_snapshot
from tests.ot.generators import json0_doc, json0_op

JSON0, TEXT0 = types["json0"].uri, types["text0"].uri
NAMES = Projection("names", "dogs", frozenset({"name", "tags", "0"}))


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ({"name": "Fido", "age": 3, "tags": [1]}, {"name": "Fido", "tags": [1]}),
        ({"name": {"age": 3}}, {"name": {"age": 3}}),
        ({"name": None}, {"name": None}),
        ({"0": 1, "1": 2}, {"0": 1}),
        ({"age": 3}, {}),
        ({}, {}),
        (None, None),
        ([1, 2], None),
        ("text", None),
        (5, None),
    ],
    ids=str,
)
def test_a_snapshot_shows_the_chosen_fields(data: Any, shown: Any) -> None:
    snapshot = Snapshot("fido", 3, JSON0, data, {"mtime": 1})
    before = copy_json(data)
    assert NAMES.snapshot(snapshot) == replace(snapshot, data=shown)
    assert snapshot.data == before


@pytest.mark.parametrize("snapshot", [empty_snapshot("fido"), Snapshot("fido", 4)])
def test_no_document_is_shown_as_it_is(snapshot: Snapshot) -> None:
    assert NAMES.snapshot(snapshot) == snapshot


def test_another_type_cannot_be_projected() -> None:
    with pytest.raises(ShareDBError) as caught:
        NAMES.snapshot(Snapshot("fido", 1, TEXT0, "secret"))
    assert caught.value.code == ErrorCode.TYPE_CANNOT_BE_PROJECTED
    with pytest.raises(ShareDBError) as caught:
        NAMES.op({"v": 0, "create": {"type": TEXT0, "data": "secret"}})
    assert caught.value.code == ErrorCode.TYPE_CANNOT_BE_PROJECTED


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"op": [{"p": ["name"], "oi": 1}]}, {"op": [{"p": ["name"], "oi": 1}]}),
        ({"op": [{"p": ["age"], "na": 1}]}, {"op": []}),
        (
            {"op": [{"p": ["age"], "na": 1}, {"p": ["tags", 0], "li": "age"}]},
            {"op": [{"p": ["tags", 0], "li": "age"}]},
        ),
        ({"op": [{"p": [0, "age"], "na": 1}]}, {"op": [{"p": [0, "age"], "na": 1}]}),
        ({"op": [{"p": [1], "oi": 1}]}, {"op": []}),
        (
            {"op": [{"p": [], "od": {"name": 1, "age": 2}, "oi": {"age": 3}}]},
            {"op": [{"p": [], "od": {"name": 1}, "oi": {}}]},
        ),
        ({"op": [{"p": [], "oi": [1]}]}, {"op": [{"p": [], "oi": None}]}),
        ({"op": [{"p": [], "od": {"age": 1}}]}, {"op": [{"p": [], "od": {}}]}),
        ({"op": [{"p": [], "na": 5}]}, {"op": []}),
        ({"op": [{"p": [], "oi": {}, "extra": "secret"}]}, {"op": [{"p": [], "oi": {}}]}),
        ({"op": []}, {"op": []}),
        ({"op": ["secret", {"p": "name"}, {}, None]}, {"op": []}),
        ({"op": [{"p": [["name"]], "oi": 1}, {"p": [None]}, {"p": [True]}]}, {"op": []}),
        ({"op": {"insert": "secret"}}, {"op": []}),
        ({"op": "secret"}, {"op": []}),
        ({"op": None}, {"op": []}),
        (
            {"create": {"type": JSON0, "data": {"name": 1, "age": 2}}},
            {"create": {"type": JSON0, "data": {"name": 1}}},
        ),
        ({"create": {"type": JSON0, "data": [1]}}, {"create": {"type": JSON0, "data": None}}),
        ({"create": {"type": JSON0}}, {"create": {"type": JSON0}}),
        ({"del": True}, {"del": True}),
        ({}, {}),
    ],
    ids=str,
)
def test_an_op_shows_what_touches_the_chosen_fields_and_keeps_its_version(
    body: Any, shown: Any
) -> None:
    op: Op = {"src": "a", "seq": 1, "v": 4, **body}
    before = copy_json(op)
    assert NAMES.op(op) == {"src": "a", "seq": 1, "v": 4, **shown}
    assert op == before, "an op is shared by all who receive it"


@pytest.mark.parametrize(
    ("body", "type_uri", "allowed"),
    [
        ({"create": {"type": JSON0, "data": {"name": 1, "tags": []}}}, None, True),
        ({"create": {"type": JSON0, "data": {}}}, None, True),
        ({"create": {"type": JSON0, "data": None}}, None, True),
        ({"create": {"type": JSON0}}, None, True),
        ({"create": {"type": JSON0, "data": {"name": 1, "age": 2}}}, None, False),
        ({"create": {"type": JSON0, "data": [1]}}, None, False),
        ({"create": {"type": JSON0, "data": "name"}}, None, False),
        ({"create": {"type": TEXT0, "data": None}}, None, False),
        ({"create": {}}, None, False),
        ({"op": [{"p": ["name"], "oi": 1}]}, JSON0, True),
        ({"op": [{"p": ["name", "age"], "oi": 1}]}, JSON0, True),
        ({"op": [{"p": ["name"], "oi": 1}]}, None, True),
        ({"op": [{"p": [0], "oi": 1}]}, JSON0, True),
        ({"op": []}, JSON0, True),
        ({"op": [{"p": ["age"], "na": 1}]}, JSON0, False),
        ({"op": [{"p": ["name"], "oi": 1}, {"p": ["age"], "na": 1}]}, JSON0, False),
        ({"op": [{"p": [], "oi": {}}]}, JSON0, False),
        ({"op": [{"p": [1], "oi": 1}]}, JSON0, False),
        ({"op": [{"p": [["name"]], "oi": 1}]}, JSON0, False),
        ({"op": [{"p": "name", "oi": 1}]}, JSON0, False),
        ({"op": [{}]}, JSON0, False),
        ({"op": ["name"]}, JSON0, False),
        ({"op": {"p": ["name"]}}, JSON0, False),
        ({"op": None}, JSON0, False),
        ({"op": [{"p": ["name"], "oi": 1}]}, TEXT0, False),
        ({"del": True}, JSON0, True),
        ({"del": True}, TEXT0, True),
        ({}, JSON0, True),
    ],
    ids=str,
)
def test_a_write_stays_within_the_chosen_fields(
    body: Any, type_uri: str | None, allowed: bool
) -> None:
    if allowed:
        NAMES.check_write({"v": 4, **body}, type_uri)
        return
    with pytest.raises(OpRejected) as caught:
        NAMES.check_write({"v": 4, **body}, type_uri)
    assert caught.value.code == ErrorCode.OP_NOT_ALLOWED_IN_PROJECTION


def test_names_that_every_javascript_object_has_are_no_fields() -> None:
    data = {"toString": 1, "name": 2}
    assert NAMES.snapshot(Snapshot("x", 1, JSON0, data)).data == {"name": 2}


PART = Projection("part", "docs", frozenset({"source", "x", "5"}))


@settings(deadline=None)
@given(rng=st.integers(0, 2**32 - 1).map(Random))
def test_an_op_does_to_the_projected_document_what_it_does_to_the_whole(rng: Random) -> None:
    data = json0_doc(rng)
    if not isinstance(data, dict):
        data = {"source": data}
    before = Snapshot("d", 1, JSON0, data)
    op: Op = {"v": 1, "op": json0_op(rng, data)}
    after = apply_op(before, op)
    if not isinstance(after.data, dict):
        return
    assert apply_op(PART.snapshot(before), PART.op(op)) == PART.snapshot(after)
