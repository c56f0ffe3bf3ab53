"""JSON as Python values: the aliases, copies and comparisons that JSON needs.

Python's own ``==`` calls ``True`` and ``1`` equal, which JSON does not, and a
missing key is not ``None``; both differences decide results in OT.
"""

from __future__ import annotations

import marshal
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

__all__ = [
    "MAX_DEPTH",
    "MISSING",
    "RESERVED_NAMES",
    "JSONArray",
    "JSONObject",
    "JSONScalar",
    "JSONValue",
    "Missing",
    "copy_json",
    "depth_exceeds",
    "is_number",
    "json_equal",
]

JSONScalar: TypeAlias = str | int | float | bool | None
JSONObject: TypeAlias = dict[str, Any]
JSONArray: TypeAlias = list[Any]
JSONValue: TypeAlias = JSONScalar | JSONObject | JSONArray

MAX_DEPTH: Final = 200
"""How deeply arrays and objects may nest in a message, an op or a document."""


RESERVED_NAMES: Final = frozenset(
    {
        "__defineGetter__",
        "__defineSetter__",
        "__lookupGetter__",
        "__lookupSetter__",
        "__proto__",
        "constructor",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
        "toString",
        "valueOf",
    }
)
"""Properties of every JavaScript object: refused as names and in paths, to protect clients."""


class Missing(Enum):
    """The type of :data:`MISSING`; an enum, so that type checkers can narrow it."""

    MISSING = "MISSING"

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> Literal[False]:
        return False


MISSING: Final = Missing.MISSING
"""Stands for JavaScript's ``undefined``: no value at all, which is not ``None``."""


def copy_json(value: Any) -> Any:
    """Return a deep copy of a JSON value; scalars and :data:`MISSING` are shared."""
    if not isinstance(value, (dict, list)):
        return value
    try:
        # Through bytes and back is the fastest way there is for what JSON is made of. Version 2
        # keeps nothing of which parts were one object: they may be changed one by one.
        return marshal.loads(marshal.dumps(value, 2))
    except ValueError:  # there is something else in it
        return _copied(value)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value


def is_number(value: object) -> bool:
    """Whether JSON calls the value a number: ``bool`` is not one."""
    kind = type(value)
    return kind is int or kind is float


def json_equal(a: Any, b: Any) -> bool:
    """Whether two values are equal as JSON: ``1`` equals ``1.0`` but not ``True``."""
    if isinstance(a, dict):
        return (
            isinstance(b, dict)
            and len(a) == len(b)
            and all(key in b and json_equal(item, b[key]) for key, item in a.items())
        )
    if isinstance(a, list):
        return (
            isinstance(b, list)
            and len(a) == len(b)
            and all(json_equal(x, y) for x, y in zip(a, b, strict=True))
        )
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return bool(a == b)


def depth_exceeds(value: Any, limit: int = MAX_DEPTH) -> bool:
    """Whether arrays and objects nest more than ``limit`` deep; never recurses."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(limit + 1):
        below: list[Any] = []
        for container in level:
            items = container.values() if isinstance(container, dict) else container
            for item in items:
                if isinstance(item, (dict, list)):
                    below.append(item)
        if not below:
            return False
        level = below
    return True
