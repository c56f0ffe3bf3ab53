"""Which of the stored ops count: those that link back from the snapshot (protocol 10.4). Pure.

Ops are written before the snapshot that makes them count, so a crash or a lost
race leaves ops that belong to no version. The chain of ``o`` leads past them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sharedb_mongo.values import to_bson
from sharedb_py.errors import DatabaseError

__all__ = [
    "chain",
    "check_starts_at",
    "latest_delete",
    "missing_link",
    "ops_filter",
    "orphans",
    "unique_version_link",
]

MISSING_LINK: Final = 5102
MISSING_OPS: Final = 5103


def missing_link(collection: str, doc_id: str) -> DatabaseError:
    """Return the error of a snapshot that does not name its last op."""
    return DatabaseError(
        f'Snapshot missing last operation field "_o" {collection}.{doc_id}', MISSING_LINK
    )


def ops_filter(doc_id: str, start: int | None, before: int | None = None) -> dict[str, Any]:
    """Return the filter for a document's ops with versions in [start, before)."""
    versions: dict[str, Any] = {"$gte": to_bson(start or 0)}
    if before is not None:
        versions["$lt"] = to_bson(before)
    return {"d": doc_id, "v": versions}


def chain(
    ops: Sequence[Mapping[str, Any]], link: Any, end: int | None = None
) -> list[Mapping[str, Any]]:
    """Return the ops that lead to ``link``, oldest first, and only those with ``v < end``.

    ``ops`` are sorted by version and may hold orphans.
    """
    found: list[Mapping[str, Any]] = []
    for op in reversed(ops):
        if link is None:
            break
        if op["_id"] == link:
            link = op.get("o")
            if end is None or op["v"] < end:
                found.append(op)
    return found[::-1]


def latest_delete(ops: Sequence[Mapping[str, Any]]) -> Any:
    """Return the id of the last op that deletes: where a chain without a snapshot ends."""
    return next((op["_id"] for op in reversed(ops) if op.get("del")), None)


def check_starts_at(
    ops: Sequence[Mapping[str, Any]], collection: str, doc_id: str, start: int | None
) -> None:
    """Raise ``DatabaseError`` (5103) if the first op is not the one that was asked for."""
    if ops and start is not None and ops[0]["v"] != start:
        raise DatabaseError(
            f"Missing ops from requested version {collection}.{doc_id} {start}", MISSING_OPS
        )


def unique_version_link(ops: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the first op whose version no other op has: its ``o`` is surely in the chain.

    ``ops`` are sorted by version and hold all ops of the first version.
    """
    before: Any = None
    candidate: Mapping[str, Any] | None = None
    for op in ops:
        if candidate is not None and candidate["v"] not in (before, op["v"]):
            return candidate
        before = None if candidate is None else candidate["v"]
        candidate = op
    return candidate if candidate is not None and candidate["v"] != before else None


def orphans(ops: Sequence[Mapping[str, Any]], link: Any, version: int, is_old: Any) -> list[Any]:
    """Return the ids of ops that no version has and none can get.

    Below the snapshot's ``version`` a commit can no longer succeed; at or above
    it one may be on its way, so only what ``is_old`` accepts counts.
    """
    counted = {op["_id"] for op in chain(ops, link)}
    return [
        op["_id"]
        for op in ops
        if op["_id"] not in counted and (op["v"] < version or is_old(op["_id"]))
    ]
