"""The arguments a milestone store takes (protocol section 4.7)."""

from __future__ import annotations

from typing import Any

from sharedb_py.errors import ErrorCode, ShareDBError
from sharedb_py.jsonvalue import is_number

__all__ = ["check_key", "check_timestamp", "check_version"]


def _invalid(message: str) -> ShareDBError:
    return ShareDBError(message, ErrorCode.MILESTONE_ARGUMENT_INVALID)


def check_key(collection: Any, doc_id: Any) -> None:
    """Raise unless both are names."""
    if not isinstance(collection, str) or not collection:
        raise _invalid("Missing collection")
    if not isinstance(doc_id, str) or not doc_id:
        raise _invalid("Missing ID")


def check_version(version: Any) -> None:
    """Raise unless it is None or a whole number from 0."""
    if version is not None and (not is_number(version) or version < 0 or version != version // 1):
        raise _invalid("Invalid version")


def check_timestamp(timestamp: Any) -> None:
    """Raise unless it is None or a number from 0, in ms since the epoch."""
    if timestamp is not None and (not is_number(timestamp) or not timestamp >= 0):
        raise _invalid("Invalid timestamp")
