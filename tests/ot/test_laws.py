"""What every type promises, on random documents and ops."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharedb_py.jsonvalue import MISSING, copy_json, json_equal
from sharedb_py.ot import types
from tests.ot.generators import CASES
from tests.ot.rich_text_cases import units

of_every_type = pytest.mark.parametrize("name", CASES)
rngs = st.integers(0, 2**32 - 1).map(Random)
check = settings(deadline=None)


def transform_of(ot_type: Any) -> Any:
    """Return the type's transform; json1's that gives up what two ops cannot both have."""
    return getattr(ot_type, "transform_no_conflict", ot_type.transform)


def shown(name: str, doc: Any) -> Any:
    """Return what a document comes to, however it is written."""
    return units(doc) if name == "rich-text" else doc


@of_every_type
@check
@given(rng=rngs)
def test_both_orders_converge(name: str, rng: Random) -> None:
    make_doc, make_op = CASES[name]
    ot_type: Any = types[name]
    doc = make_doc(rng)
    a, b = make_op(rng, doc), make_op(rng, doc)
    transform = transform_of(ot_type)
    a_first = ot_type.apply(ot_type.apply(doc, a), transform(b, a, "right"))
    b_first = ot_type.apply(ot_type.apply(doc, b), transform(a, b, "left"))
    assert json_equal(shown(name, a_first), shown(name, b_first))


@of_every_type
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
    in_turn = ot_type.apply(between, second)
    assert json_equal(shown(name, ot_type.apply(doc, both)), shown(name, in_turn))


@pytest.mark.parametrize("name", [name for name in CASES if hasattr(types[name], "invert")])
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


@of_every_type
@check
@given(rng=rngs)
def test_a_normalized_op_does_the_same(name: str, rng: Random) -> None:
    make_doc, make_op = CASES[name]
    ot_type: Any = types[name]
    doc = make_doc(rng)
    op = make_op(rng, doc)
    assert json_equal(ot_type.apply(doc, ot_type.normalize(op)), ot_type.apply(doc, op))


@of_every_type
@check
@given(rng=rngs)
def test_no_function_changes_its_arguments_and_all_answer_json(name: str, rng: Random) -> None:
    make_doc, make_op = CASES[name]
    ot_type: Any = types[name]
    doc = make_doc(rng)
    a, b = make_op(rng, doc), make_op(rng, doc)
    before = copy_json([doc, a, b])
    after = ot_type.apply(doc, a)
    b_after = transform_of(ot_type)(b, a, "right")
    results = [after, b_after, ot_type.apply(after, b_after), ot_type.compose(a, b_after)]
    results += [transform_of(ot_type)(a, b, "left"), ot_type.normalize(a)]
    assert json_equal([doc, a, b], before)
    results = [result for result in results if result is not MISSING]
    assert json_equal(json.loads(json.dumps(results, allow_nan=False)), results)
