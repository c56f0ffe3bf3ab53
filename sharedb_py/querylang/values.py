"""How MongoDB looks into documents and compares values of different types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sharedb_py.jsonvalue import MISSING, is_number, json_equal

__all__ = ["comparable", "compare", "equal", "type_rank", "values_at"]

_RANKS: Final = {type(None): 1, int: 2, float: 2, str: 3, dict: 4, list: 5, bool: 8}


def type_rank(value: Any) -> int:
    """Return the place of a value's type in MongoDB's sort order; a missing value is 1, as null."""
    return 1 if value is MISSING else _RANKS[type(value)]


def values_at(document: Any, path: str) -> Iterator[Any]:
    """Yield every value that a dotted path reaches, through lists too; MISSING where it ends.

    A number in the path is an index as well as a key; without one, each item of a
    list is looked into.
    """
    yield from _walk(document, path.split("."))


def _walk(value: Any, segments: list[str]) -> Iterator[Any]:
    if not segments:
        yield value
        return
    head, rest = segments[0], segments[1:]
    if isinstance(value, dict):
        yield from _walk(value[head], rest) if head in value else iter((MISSING,))
    elif isinstance(value, list):
        if head.isdigit() and int(head) < len(value):
            yield from _walk(value[int(head)], rest)
        for item in value:
            if isinstance(item, dict):
                yield from _walk(item, segments)
    else:
        yield MISSING


def equal(a: Any, b: Any) -> bool:
    """Whether two values are equal to a filter: null equals a missing value."""
    if a is MISSING or b is MISSING:
        return a in (MISSING, None) and b in (MISSING, None)
    return json_equal(a, b)


def comparable(a: Any, b: Any) -> bool:
    """Whether ``$lt`` and its like compare the two at all: only within one type."""
    return a is not MISSING and type_rank(a) == type_rank(b)


def compare(a: Any, b: Any) -> int:
    """Return -1, 0 or 1 as MongoDB orders two values, types before contents."""
    rank_a, rank_b = type_rank(a), type_rank(b)
    if rank_a != rank_b:
        return -1 if rank_a < rank_b else 1
    if rank_a == 1:
        return 0
    if isinstance(a, dict):
        return _compare_objects(a, b)
    if isinstance(a, list):
        return _compare_items(a, b)
    return int(a > b) - int(a < b)


def _compare_items(a: list[Any], b: list[Any]) -> int:
    for x, y in zip(a, b, strict=False):
        if result := compare(x, y):
            return result
    return (len(a) > len(b)) - (len(a) < len(b))


def _compare_objects(a: dict[str, Any], b: dict[str, Any]) -> int:
    for (key_a, x), (key_b, y) in zip(a.items(), b.items(), strict=False):
        ranks = type_rank(x), type_rank(y)
        if ranks[0] != ranks[1]:
            return -1 if ranks[0] < ranks[1] else 1
        if key_a != key_b:
            return -1 if key_a < key_b else 1
        if result := compare(x, y):
            return result
    return (len(a) > len(b)) - (len(a) < len(b))


def is_whole(value: Any) -> bool:
    """Whether a value is a number without a fraction."""
    return is_number(value) and value == int(value)
