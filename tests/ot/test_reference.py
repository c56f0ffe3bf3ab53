"""Random cases, answered by the npm types and by ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sharedb_py.errors import ShareDBError
from tests.ot.answers import answers, differences
from tests.ot.generators import CASES, LAX_CASES, PLACES, Case

INTEROP = Path(__file__).parents[1] / "interop"
SEED = int(os.environ.get("SHAREDB_FUZZ_SEED", "1"))
COUNT = int(os.environ.get("SHAREDB_FUZZ_CASES", "1500"))

pytestmark = pytest.mark.node


def ask_reference(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the npm types answer, case by case."""
    if not shutil.which("node") or not (INTEROP / "node_modules" / "ot-json0").is_dir():
        pytest.skip("needs Node.js and the npm packages of tests/interop")
    ended = subprocess.run(
        ["node", "ot_oracle.js"],
        input="".join(json.dumps(case) + "\n" for case in cases),
        cwd=INTEROP,
        capture_output=True,
        text=True,
        timeout=15,
        check=True,
    )
    return [json.loads(line) for line in ended.stdout.splitlines()]


LIST = ["a", "b", "c"]


def list_components(spell: Callable[[int], Any]) -> list[dict[str, Any]]:
    """Return every change that one component can make to the list."""
    places = range(len(LIST))
    return [
        *({"p": [spell(i)], "li": "x"} for i in range(len(LIST) + 1)),
        *({"p": [spell(i)], "ld": LIST[i]} for i in places),
        *({"p": [spell(i)], "ld": LIST[i], "li": "y"} for i in places),
        *({"p": [spell(i)], "lm": spell(j)} for i in places for j in places),
    ]


@pytest.mark.parametrize(("one", "other"), [(int, int), (str, str), (int, str), (str, int)])
def test_any_two_changes_of_a_list_are_answered_as_by_the_reference(
    one: Callable[[int], Any], other: Callable[[int], Any]
) -> None:
    cases = [
        {"type": "json0", "doc": LIST, "a": [a], "b": [b]}
        for a, b in product(list_components(one), list_components(other))
    ]
    for case, expected in zip(cases, ask_reference(cases), strict=True):
        assert not differences(case, expected), json.dumps(case)


def is_cast_by_javascript(case: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether the reference casts nonsense where we raise or leave it alone.

    It edits a list as if it were a text, and adds to a key that is no number.
    """
    transformed = [*expected.get("a_left", []), *expected.get("b_right", [])]
    return any(None in component["p"] for component in transformed) or any(
        isinstance(answer, ShareDBError) and answer.message == "Snapshot must be a string"
        for answer in answers(case).values()
    )


def compare(name: str, case_of_type: Case) -> None:
    make_doc, make_op = case_of_type
    seeds = range(SEED, SEED + COUNT)
    cases = []
    for seed in seeds:
        rng = Random(seed)
        doc = make_doc(rng)
        case = {"type": name, "doc": doc, "a": make_op(rng, doc), "b": make_op(rng, doc)}
        cases.append(case | {"at": PLACES[name](rng, doc)} if name in PLACES else case)
    for seed, case, expected in zip(seeds, cases, ask_reference(cases), strict=True):
        wrong = differences(case, expected)
        if wrong and is_cast_by_javascript(case, expected):
            continue
        assert not wrong, f"seed {seed}: {json.dumps(case)}: {wrong}"


@pytest.mark.parametrize("name", CASES)
def test_fitting_ops_are_answered_as_by_the_reference(name: str) -> None:
    compare(name, CASES[name])


@pytest.mark.parametrize("name", LAX_CASES)
def test_careless_ops_are_answered_as_by_the_reference(name: str) -> None:
    compare(name, LAX_CASES[name])
