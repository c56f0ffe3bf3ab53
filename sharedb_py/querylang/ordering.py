"""Sorts documents as MongoDB does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import Any, TypeAlias

from sharedb_py.jsonvalue import MISSING
from sharedb_py.querylang.values import compare, values_at

__all__ = ["Sort", "order_key"]

Sort: TypeAlias = Sequence[tuple[str, int]]
"""Fields and directions (1 or -1), most significant first."""


def order_key(sort: Sort) -> Callable[[Any], Any]:
    """Return a key function over documents; a list sorts by its smallest or largest item."""

    def values(document: Any) -> list[Any]:
        return [_sort_value(document, path, direction) for path, direction in sort]

    def order(a: list[Any], b: list[Any]) -> int:
        for (_, direction), x, y in zip(sort, a, b, strict=True):
            if result := compare(x, y):
                return result * direction
        return 0

    by_order = cmp_to_key(order)
    return lambda document: by_order(values(document))


def _sort_value(document: Any, path: str, direction: int) -> Any:
    candidates = [
        item
        for value in values_at(document, path)
        for item in (value if isinstance(value, list) and value else [value])
    ]
    if not candidates:
        return MISSING
    key = cmp_to_key(compare)
    return min(candidates, key=key) if direction > 0 else max(candidates, key=key)
