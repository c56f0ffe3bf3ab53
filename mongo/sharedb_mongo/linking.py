"""Which of the stored ops count: those that link back from the snapshot (protocol 10.4). Pure.

Ops are written before the snapshot that makes them count, so a crash or a lost
race leaves ops that belong to no version. The chain of ``o`` leads past them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sharedb_mongo.values import to_bson
from sharedb_py.errors import DatabaseError

__all__ = [
    "chain",
    "in_range",
    "latest_delete",
    "missing_link",
    "ops_filter",
    "orphans",
    "unique_version_link",
]

MISSING_LINK: Final = 5102
MISSING_OPS: Final = 5103

_LOST: Final = object()


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


def chain(ops: Sequence[Mapping[str, Any]], link: Any, version: int) -> list[Mapping[str, Any]]:
    """Return the ops that lead to ``link``, the op that made ``version``; oldest first.

    ``ops`` are sorted by version and may hold orphans. Where a record is missing,
    the chain is taken up again below it if only one op can come next.
    """
    at = defaultdict(list)
    for op in ops:
        at[op["v"]].append(op)
    found: list[Mapping[str, Any]] = []
    lowest = ops[0]["v"] if ops else version
    for v in range(version - 1, lowest - 1, -1):
        here = [op for op in at[v] if link is _LOST or op["_id"] == link]
        if len(here) == 1:
            found.append(here[0])
            link = here[0].get("o")
        else:
            link = _LOST
    return found[::-1]


def in_range(
    counted: Sequence[Mapping[str, Any]],
    name: str,
    start: int | None,
    end: int | None,
    version: int,
    *,
    ignore_missing: bool = False,
) -> list[Mapping[str, Any]]:
    """Return the ops of a chain with versions in [start, end), those below ``version``.

    Raises ``DatabaseError`` (5103) if one is missing, unless that is ignored.
    """
    first = start or 0
    last = version if end is None else min(end, version)
    found = [op for op in counted if first <= op["v"] < last]
    if not ignore_missing and len(found) < last - first:
        raise DatabaseError(f"Missing ops from requested version {name} {first}", MISSING_OPS)
    return found


def latest_delete(ops: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the last op that deletes: where a chain without a snapshot ends."""
    return next((op for op in reversed(ops) if op.get("del")), None)


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


def orphans(
    ops: Sequence[Mapping[str, Any]], link: Any, version: int, is_old: Callable[[Any], bool]
) -> list[Any]:
    """Return the ids of ops that no version has and none can get.

    Below the snapshot's ``version`` a commit can no longer succeed; at or above
    it one may be on its way, so only what ``is_old`` accepts counts.
    """
    counted = {op["_id"] for op in chain(ops, link, version)}
    return [
        op["_id"]
        for op in ops
        if op["_id"] not in counted and (op["v"] < version or is_old(op["_id"]))
    ]
