"""Every step that the reference types answer for one document and two ops on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import MISSING, copy_json, json_equal
from sharedb_py.ot import Side, types
from sharedb_py.ot.json1 import Conflict

__all__ = ["answers", "differences"]

STEPS = (
    *("doc_a", "doc_b", "a_left", "b_right", "merged", "ab", "a_inv", "a_inv_doc", "a_norm"),
    *("own_at", "other_at", "moved_at", "filled"),
    *("conflict_left", "conflict_right", "forced_left", "forced_right"),
)
"""``merged`` is the document after ``a`` and then ``b_right``; ``ab`` is the two composed.

The later ones are answered where a case has a position or range, ``at``: where it is after
``a``, and what the two ops, which may exclude each other, become at all costs.
"""

Answers = dict[str, Any]


def answers(case: dict[str, Any]) -> Answers:
    """Compute each step that the type has; one that raises answers with the exception."""
    ot_type: Any = types[case["type"]]
    doc, a, b = case["doc"], case["a"], case["b"]
    found: Answers = {}

    def earlier(name: str) -> Any:
        if isinstance(found[name], ShareDBError):
            raise found[name]
        return found[name]

    steps: dict[str, Callable[[], Any]] = {
        "doc_a": lambda: ot_type.apply(doc, a),
        "doc_b": lambda: ot_type.apply(doc, b),
        "a_left": lambda: ot_type.transform(a, b, "left"),
        "b_right": lambda: ot_type.transform(b, a, "right"),
        "merged": lambda: ot_type.apply(earlier("doc_a"), earlier("b_right")),
        "ab": lambda: ot_type.compose(a, earlier("b_right")),
    }
    if hasattr(ot_type, "invert"):
        steps["a_inv"] = lambda: ot_type.invert(a)
    if hasattr(ot_type, "invert_with_doc"):
        steps["a_inv_doc"] = lambda: ot_type.invert_with_doc(a, doc)
    if hasattr(ot_type, "normalize"):
        steps["a_norm"] = lambda: ot_type.normalize(a)
    if "at" in case:
        steps |= _steps_with_place(ot_type, doc, a, b, case["at"])
    for name, compute in steps.items():
        try:
            found[name] = compute()
        except ShareDBError as error:
            found[name] = error
    return found


def _steps_with_place(
    ot_type: Any, doc: Any, a: Any, b: Any, at: Any
) -> dict[str, Callable[[], Any]]:
    if hasattr(ot_type, "transform_presence"):
        return {
            "own_at": lambda: ot_type.transform_presence(at, a, True),
            "other_at": lambda: ot_type.transform_presence(at, a, False),
        }

    def conflict(side: Side) -> Any:
        found = ot_type.try_transform(a, b, side)
        return asdict(found) if isinstance(found, Conflict) else None

    return {
        "moved_at": lambda: ot_type.transform_position(at, a),
        "filled": lambda: ot_type.make_invertible(a, doc),
        "conflict_left": lambda: conflict("left"),
        "conflict_right": lambda: conflict("right"),
        "forced_left": lambda: ot_type.transform_no_conflict(a, b, "left"),
        "forced_right": lambda: ot_type.transform_no_conflict(a, b, "right"),
    }


def differences(case: dict[str, Any], expected: Answers) -> list[str]:
    """Say where our answers to a case differ from the reference's, or change the case itself.

    ``expected`` holds the steps' answers and, in ``throws``, the steps that threw: we must
    raise there, in words of our own. A step it lacks answered ``undefined``: None, here.
    """
    before = copy_json(case)
    found = answers(case)
    wrong = [] if json_equal(case, before) else ["an argument was changed"]
    for step in STEPS:
        ours, theirs = found.get(step, MISSING), expected.get(step)
        if step in expected.get("throws", {}):
            agree = isinstance(ours, ShareDBError)
        elif ours is MISSING:
            agree = step not in expected
        else:
            agree = json_equal(ours, theirs)
        if not agree:
            wrong.append(f"{step}: {ours!r} instead of {theirs!r}")
    return wrong
