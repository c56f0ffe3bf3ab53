"""Three versions of a JSON object become ops on ours. Pure."""

from __future__ import annotations

from typing import Any

from sharedb_py.jsonvalue import MISSING, json_equal

__all__ = ["merge_objects"]


def merge_objects(
    path: list[Any], base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the json0 components that take over, key by key, what they alone changed.

    What both changed stays as it is here.
    """
    op: list[dict[str, Any]] = []
    for key in sorted({*base, *ours, *theirs}):
        was, mine, new = (side.get(key, MISSING) for side in (base, ours, theirs))
        if _same(was, new) or _same(mine, new):
            continue
        if all(isinstance(side, dict) for side in (was, mine, new)):
            op += merge_objects([*path, key], was, mine, new)
        elif _same(was, mine):
            change = {"od": mine} if mine is not MISSING else {}
            op.append({"p": [*path, key], **change, **({"oi": new} if new is not MISSING else {})})
    return op


def _same(one: Any, other: Any) -> bool:
    if one is MISSING or other is MISSING:
        return one is other
    return json_equal(one, other)
