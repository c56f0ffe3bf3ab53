"""The quick replay gives what the plain one gives, op by op, and leaves its arguments alone."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import copy_json, json_equal
from sharedb_py.ops import Op, replay
from sharedb_py.ot import types
from sharedb_py.replay.folding import fold
from sharedb_py.snapshot import Snapshot
from tests.ot.generators import CASES, LAX_CASES

JSON0 = types["json0"].uri
EDITS = [("si", "y"), ("si", "😀"), ("sd", "y"), ("sd", "\ud83d"), ("si", "")]


def random_log(rng: Random, makers: Any, type_name: str) -> tuple[Snapshot, list[Op]]:
    """A document and ops that fit it, one after the other."""
    make_doc, make_op = makers
    start = Snapshot("d", 5, types[type_name].uri, make_doc(rng))
    snapshot, ops = start, list[Op]()
    while len(ops) < 25:
        op: Op = {"v": snapshot.version, "op": make_op(rng, copy_json(snapshot.data))}
        try:
            snapshot = replay(snapshot, [op])
        except ShareDBError:
            continue
        ops.append(op)
    return start, ops


@pytest.mark.parametrize(
    ("type_name", "makers"),
    [("json0", CASES["json0"]), ("json0", LAX_CASES["json0"]), ("text0", CASES["text0"])],
)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_it_gives_the_same_states(type_name: str, makers: Any, seed: int) -> None:
    start, ops = random_log(Random(seed), makers, type_name)
    before, given_ops = copy_json(start.data), copy_json(ops)
    for end in range(len(ops) + 1):
        folded, plain = fold(start, ops[:end]), replay(start, ops[:end])
        assert folded == plain
        assert json_equal(folded.data, plain.data)
    assert json_equal(start.data, before)
    assert json_equal(ops, given_ops)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_typing_gives_the_same_states(seed: int) -> None:
    rng = Random(seed)
    data = {"a": "x😀", "list": [{"text": "é"}, "plain"], "5": ""}
    snapshot = start = Snapshot("d", 0, JSON0, copy_json(data))
    ops: list[Op] = []
    places: list[list[Any]] = [["a"], ["list", 0, "text"], ["list", 1], ["5"], ["list", "1"], [5]]
    while len(ops) < 40:
        place, position = rng.choice(places), rng.randint(0, 4)
        kind, text = rng.choice(EDITS)
        op: Op = {"v": snapshot.version, "op": [{"p": [*place, position], kind: text}]}
        try:
            snapshot = replay(snapshot, [op])
        except ShareDBError:
            with pytest.raises(ShareDBError):
                fold(snapshot, [op])
            continue
        ops.append(op)
        assert fold(start, ops) == snapshot
    assert start.data == data
