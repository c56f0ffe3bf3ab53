"""Keeps deleted documents out of results (protocol section 10.6). Pure.

A deleted document stays, without data and with ``_type: null``, so that its
versions go on if it is created again. A filter that could match one is given a
condition on ``_type``; one that cannot is left as it is, for its index's sake.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sharedb_py.jsonvalue import is_number

__all__ = ["with_guard"]

_STRING: Final = 2
_KEPT_WHEN_DELETED: Final = ("_id", "_v", "_o", "_m")


def with_guard(query_filter: dict[str, Any]) -> dict[str, Any]:
    """Return a filter that matches no deleted document, unless it asks for ``_type`` itself."""
    if "_type" in query_filter or not _could_match_deleted(query_filter):
        return query_filter
    return {**query_filter, "_type": {"$type": _STRING}}


def _could_match_deleted(query_filter: Any) -> bool:
    if not isinstance(query_filter, dict):
        return True
    branches = query_filter.get("$and")
    if isinstance(branches, list) and not all(map(_could_match_deleted, branches)):
        return False
    if "$and" in query_filter and not isinstance(branches, list):
        return True
    for key, condition in query_filter.items():
        if key in _KEPT_WHEN_DELETED or key.startswith("_m.") or key in ("$and", "$or"):
            continue
        if key.startswith("$"):
            return True
        if not _could_match_null(condition):
            return False
    if "$or" not in query_filter:
        return True
    alternatives = query_filter["$or"]
    return not isinstance(alternatives, list) or any(map(_could_match_deleted, alternatives))


def _could_match_null(condition: Any) -> bool:
    if isinstance(condition, (str, bool)) or is_number(condition):
        return False
    return not isinstance(condition, Mapping) or not any(
        _excludes_null(operator, operand) for operator, operand in condition.items()
    )


def _excludes_null(operator: str, operand: Any) -> bool:
    if operator == "$in":
        return isinstance(operand, list) and None not in operand
    if operator == "$ne":
        return operand is None
    if operator == "$exists":
        return bool(operand)
    return operator in ("$gt", "$gte", "$lt", "$lte") and operand is not None
