"""Sorts documents as MongoDB does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import total_ordering
from typing import Any, TypeAlias

from sharedb_py.jsonvalue import MISSING
from sharedb_py.querylang.values import EMPTY, Key, key_of, reach

__all__ = ["Sort", "order_key"]

Sort: TypeAlias = Sequence[tuple[str, int]]
"""Fields and directions (1 or -1), most significant first."""


def order_key(sort: Sort) -> Callable[[Any], Any]:
    """Return a key function over documents; a list sorts by its smallest or largest item."""

    def key(document: Any) -> Any:
        return tuple(
            _smallest(document, path) if direction > 0 else _Descending(_largest(document, path))
            for path, direction in sort
        )

    return key


@total_ordering
class _Descending:
    """A key that compares the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: Key) -> None:
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and self.key == other.key

    def __lt__(self, other: _Descending) -> bool:
        return other.key < self.key

    __hash__ = None  # type: ignore[assignment]


def _smallest(document: Any, path: str) -> Key:
    return min(_candidates(document, path))


def _largest(document: Any, path: str) -> Key:
    return max(_candidates(document, path))


def _candidates(document: Any, path: str) -> list[Key]:
    found: list[Key] = []
    for value in reach(document, path).values:
        if value == []:
            found.append((EMPTY, None))
        elif isinstance(value, list):
            found.extend(map(key_of, value))
        else:
            found.append(key_of(value))
    return found or [key_of(MISSING)]
