"""How MongoDB looks into documents, and how it orders values of all types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeAlias

from sharedb_py.jsonvalue import MISSING, is_number

__all__ = ["EMPTY", "Key", "Reached", "content_of", "is_whole", "key_of", "rank_of", "reach"]

EMPTY: Final = 0
"""The rank of an empty list where documents are sorted by it: before null."""

_RANKS: Final = {type(None): 1, int: 2, float: 2, str: 3, dict: 4, list: 5, bool: 8}

Key: TypeAlias = tuple[int, Any]
"""A value's rank and content: equal, ordered and hashed as MongoDB compares values."""


def rank_of(value: Any) -> int:
    """Return the place of a value's type in MongoDB's order; a missing value's is null's."""
    return 1 if value is MISSING else _RANKS[type(value)]


def content_of(value: Any) -> Any:
    """Return what orders a value among those of its own rank."""
    if isinstance(value, dict):
        return tuple((rank_of(item), key, content_of(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(map(key_of, value))
    return None if value is MISSING else value


def key_of(value: Any) -> Key:
    """Return a value's key."""
    return rank_of(value), content_of(value)


class Reached(NamedTuple):
    """Where a path ends in a document: more than one place where it leads through lists."""

    values: list[Any]
    """The values there; MISSING where there is none."""

    items: list[Any]
    """The values, and what is in those that are lists: most operators look at both."""


def reach(document: dict[str, Any], path: str) -> Reached:
    """Follow a dotted path, as MongoDB does.

    A list on the way is looked into item by item, and a number in the path is an
    index too. A list that ends the path counts as itself and as its items,
    unless an index named it.
    """
    if "." not in path:
        value = document.get(path, MISSING)
        return Reached([value], [value, *value] if isinstance(value, list) else [value])
    values: list[Any] = []
    items: list[Any] = []
    for value, by_name in _walk(document, path.split("."), 0):
        values.append(value)
        items.append(value)
        if by_name and isinstance(value, list):
            items.extend(value)
    return Reached(values, items)


def _walk(value: Any, segments: list[str], at: int) -> Iterator[tuple[Any, bool]]:
    while at < len(segments):
        if isinstance(value, list):
            yield from _walk_list(value, segments, at)
            return
        value = value.get(segments[at], MISSING) if isinstance(value, dict) else MISSING
        at += 1
    yield value, True


def _walk_list(value: list[Any], segments: list[str], at: int) -> Iterator[tuple[Any, bool]]:
    for item in value:
        if isinstance(item, dict):
            yield from _walk(item, segments, at)
    index = _index(segments[at])
    if index is None or index >= len(value):
        return
    item, at = value[index], at + 1
    if at == len(segments):
        yield item, False
    elif isinstance(item, list):
        yield from _walk_list(item, segments, at)
    elif isinstance(item, dict):
        yield from _walk(item, segments, at)


def _index(segment: str) -> int | None:
    if not segment.isascii() or not segment.isdigit() or len(segment) > 9:
        return None
    return int(segment) if segment == "0" or segment[0] != "0" else None


def is_whole(value: Any) -> bool:
    """Whether a value is a number without a fraction."""
    return is_number(value) and (isinstance(value, int) or value.is_integer())
