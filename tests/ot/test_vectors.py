"""What the reference JavaScript types answer, line by line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import copy_json, json_equal
from sharedb_py.ot import types

VECTORS = Path(
    os.environ.get("SHAREDB_OT_VECTORS", Path(__file__).parents[3] / "shared" / "ot-vectors")
)


def answers(vector: dict[str, Any]) -> dict[str, Any]:
    """Compute every step of a vector; a step that raises answers with the exception."""
    ot_type: Any = types[vector["type"]]
    doc, a, b = vector["doc"], vector["a"], vector["b"]
    found: dict[str, Any] = {}

    def step(name: str, compute: Any) -> None:
        try:
            found[name] = compute()
        except (ShareDBError, KeyError) as error:
            found[name] = error

    step("doc_a", lambda: ot_type.apply(doc, a))
    step("doc_b", lambda: ot_type.apply(doc, b))
    step("a_left", lambda: ot_type.transform(a, b, "left"))
    step("b_right", lambda: ot_type.transform(b, a, "right"))
    step("merged", lambda: ot_type.apply(found["doc_a"], found["b_right"]))
    step("ab", lambda: ot_type.compose(a, found["b_right"]))
    step("a_inv", lambda: ot_type.invert(a))
    step("a_norm", lambda: ot_type.normalize(a))
    return found


@pytest.mark.parametrize("name", ["json0", "text0"])
def test_every_answer_agrees_with_the_reference(name: str) -> None:
    if not VECTORS.is_dir():
        pytest.skip(f"no vectors at {VECTORS}; SHAREDB_OT_VECTORS names another place")
    lines = (VECTORS / f"{name}.jsonl").read_text("utf-8").rstrip("\n").split("\n")
    assert lines
    for number, line in enumerate(lines, 1):
        vector = json.loads(line)
        before = copy_json([vector[key] for key in ("doc", "a", "b")])
        found = answers(vector)
        for key in ("doc_a", "doc_b", "a_left", "b_right", "merged", "ab", "a_inv", "a_norm"):
            where = f"{name}.jsonl:{number} {key}"
            if key in vector.get("throws", {}):
                assert isinstance(found[key], Exception), f"{where} should raise"
            elif key in vector:
                assert json_equal(found[key], vector[key]), f"{where}: {found[key]!r}"
        assert json_equal([vector[key] for key in ("doc", "a", "b")], before), "changed arguments"
