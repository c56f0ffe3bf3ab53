"""Transforms two lists of components, given how one component meets another.

The rules of a type say what one component becomes after another
(``transform_component``) and how an op grows (``append``); walking two whole ops
past each other is the same for every such type (protocol section 11.4, X).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sharedb_py.ot.base import Side

__all__ = ["transform_lists"]

Component: TypeAlias = dict[str, Any]
Op: TypeAlias = list[Component]
TransformComponent: TypeAlias = Callable[[Op, Component, Component, Side], None]
Append: TypeAlias = Callable[[Op, Component], None]


def transform_lists(
    op: Op, other: Op, side: Side, transform_component: TransformComponent, append: Append
) -> Op:
    """Return ``op`` as it reads after ``other``, both made on one document."""
    if not other:
        return op
    if len(op) == 1 and len(other) == 1:
        result: Op = []
        transform_component(result, op[0], other[0], side)
        return result
    if side == "left":
        return _transform_both(op, other, transform_component, append)[0]
    return _transform_both(other, op, transform_component, append)[1]


def _transform_both(
    left: Op, right: Op, transform_component: TransformComponent, append: Append
) -> tuple[Op, Op]:
    """Return (left after right, right after left)."""
    new_right: Op = []
    for component in right:
        passing: Component | None = component
        new_left: Op = []
        for index, own in enumerate(left):
            assert passing is not None
            transform_component(new_left, own, passing, "left")
            after: Op = []
            transform_component(after, passing, own, "right")
            if len(after) == 1:
                passing = after[0]
                continue
            rest = left[index + 1 :]
            if after:
                rest, remaining = _transform_both(rest, after, transform_component, append)
                for item in remaining:
                    append(new_right, item)
            for item in rest:
                append(new_left, item)
            passing = None
            break
        if passing is not None:
            append(new_right, passing)
        left = new_left
    return left, new_right
