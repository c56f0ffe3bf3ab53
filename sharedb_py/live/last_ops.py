"""The last op of documents, to tell it again to those who may have missed it."""

from __future__ import annotations

from collections.abc import Sequence

from sharedb_py.db.base import DB
from sharedb_py.pubsub import Published

__all__ = ["last_ops"]


async def last_ops(db: DB, collection: str, ids: Sequence[str]) -> list[Published]:
    """Return the last op of each document that has one, as it was published.

    If others are committed meanwhile, they are among those returned, in order.
    """
    snapshots = await db.get_snapshots(collection, ids, frozenset())
    ranges = {
        doc_id: (snapshot.version - 1, None)
        for doc_id, snapshot in snapshots.items()
        if snapshot.version
    }
    found = await db.get_ops_bulk(collection, ranges)
    return [
        Published({**op, "c": collection, "d": doc_id})
        for doc_id, ops in found.items()
        for op in ops
    ]
