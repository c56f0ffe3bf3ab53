"""What every type promises, on random documents and ops."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharedb_py.jsonvalue import copy_json, json_equal
from sharedb_py.ot import types
from tests.ot.generators import CASES

pytestmark = pytest.mark.parametrize("name", CASES)
rngs = st.integers(0, 2**32 - 1).map(Random)
check = settings(deadline=None)


@check
@given(rng=rngs)
def test_both_orders_converge(name: str, rng: Random) -> None:
    make_doc, make_op = CASES[name]
    ot_type: Any = types[name]
    doc = make_doc(rng)
    a, b = make_op(rng, doc), make_op(rng, doc)
    a_first = ot_type.apply(ot_type.apply(doc, a), ot_type.transform(b, a, "right"))
    b_first = ot_type.apply(ot_type.apply(doc, b), ot_type.transform(a, b, "left"))
    assert json_equal(a_first, b_first)


@check
@given(rng=rngs)
def test_composed_ops_do_what_they_do_in_turn(name: str, rng: Random) -> None:
    make_doc, make_op = CASES[name]
    ot_type: Any = types[name]
    doc = make_doc(rng)
    first = make_op(rng, doc)
    between = ot_type.apply(doc, first)
    second = make_op(rng, between)
    both = ot_type.compose(first, second)
    assert json_equal(ot_type.apply(doc, both), ot_type.apply(between, second))


@check
@given(rng=rngs)
def test_the_inverse_undoes(name: str, rng: Random) -> None:
    make_doc, make_op = CASES[name]
    ot_type: Any = types[name]
    doc = make_doc(rng)
    op = make_op(rng, doc)
    if hasattr(ot_type, "invert_with_doc"):
        inverse = ot_type.invert_with_doc(op, doc)
    else:
        inverse = ot_type.invert(op)
    assert json_equal(ot_type.apply(ot_type.apply(doc, op), inverse), doc)


@check
@given(rng=rngs)
def test_a_normalized_op_does_the_same(name: str, rng: Random) -> None:
    make_doc, make_op = CASES[name]
    ot_type: Any = types[name]
    doc = make_doc(rng)
    op = make_op(rng, doc)
    assert json_equal(ot_type.apply(doc, ot_type.normalize(op)), ot_type.apply(doc, op))


@check
@given(rng=rngs)
def test_no_function_changes_its_arguments_and_all_answer_json(name: str, rng: Random) -> None:
    make_doc, make_op = CASES[name]
    ot_type: Any = types[name]
    doc = make_doc(rng)
    a, b = make_op(rng, doc), make_op(rng, doc)
    before = copy_json([doc, a, b])
    after = ot_type.apply(doc, a)
    b_after = ot_type.transform(b, a, "right")
    results = [after, b_after, ot_type.apply(after, b_after), ot_type.compose(a, b_after)]
    results += [ot_type.transform(a, b, "left"), ot_type.normalize(a)]
    assert json_equal([doc, a, b], before)
    assert json_equal(json.loads(json.dumps(results, allow_nan=False)), results)
