"""The arguments a milestone store takes (protocol section 4.7)."""

from __future__ import annotations

from typing import Any

from sharedb_py.errors import ErrorCode, ShareDBError
from sharedb_py.jsonvalue import is_number
from sharedb_py.snapshot import Snapshot

__all__ = ["check_key", "check_snapshot", "check_timestamp", "check_version"]


def _invalid(message: str) -> ShareDBError:
    return ShareDBError(message, ErrorCode.MILESTONE_ARGUMENT_INVALID)


def check_key(collection: Any, doc_id: Any) -> None:
    """Raise unless both are names."""
    if not isinstance(collection, str) or not collection:
        raise _invalid("Missing collection")
    if not isinstance(doc_id, str) or not doc_id:
        raise _invalid("Missing ID")


def check_snapshot(collection: Any, snapshot: Any) -> None:
    """Raise unless this is a snapshot, and both have names."""
    if not isinstance(snapshot, Snapshot):
        raise _invalid("Missing snapshot")
    check_key(collection, snapshot.id)


def check_version(version: Any) -> None:
    """Raise unless it is None or a whole number from 0."""
    if version is not None and (not is_number(version) or version < 0 or version != version // 1):
        raise _invalid("Invalid version")


def check_timestamp(timestamp: Any) -> None:
    """Raise unless it is None or a number from 0, in ms since the epoch."""
    if timestamp is not None and (not is_number(timestamp) or not timestamp >= 0):
        raise _invalid("Invalid timestamp")
