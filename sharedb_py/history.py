"""Old states of a document, by version and by time (protocol sections 4.4 to 4.6)."""

from __future__ import annotations

from sharedb_py.db.base import DB, NO_OPTIONS, Options
from sharedb_py.errors import ErrorCode, OpRejected
from sharedb_py.milestones.base import MilestoneDB
from sharedb_py.ops import replay
from sharedb_py.snapshot import Snapshot, empty_snapshot

__all__ = ["History"]


class History:
    """Replays ops from the nearest milestone."""

    def __init__(self, db: DB, milestones: MilestoneDB) -> None:
        self._db = db
        self._milestones = milestones

    async def at_version(
        self, collection: str, doc_id: str, version: int | None, *, options: Options = NO_OPTIONS
    ) -> Snapshot:
        """Return the document at a version; None: the current one.

        ``options`` is passed on to the database. Raises ``OpRejected`` for a version
        the document has not reached.
        """
        if version is None:
            return await self._db.get_snapshot(collection, doc_id, options=options)
        milestone = await self._milestones.get(collection, doc_id, version)
        start = milestone or empty_snapshot(doc_id)
        ops = await self._db.get_ops(collection, doc_id, start.version, version, options=options)
        if start.version + len(ops) < version:
            raise OpRejected(
                "Requested version exceeds latest snapshot version",
                ErrorCode.OP_VERSION_NEWER_THAN_CURRENT_SNAPSHOT,
            )
        return replay(start, ops).without_meta()

    async def at_time(
        self,
        collection: str,
        doc_id: str,
        timestamp: float | None,
        *,
        options: Options = NO_OPTIONS,
    ) -> Snapshot:
        """Return the document after the last op at or before a time, in ms since the epoch."""
        current = await self._db.get_snapshot(collection, doc_id, metadata=True, options=options)
        changed = (current.meta or {}).get("mtime")
        if timestamp is None or (changed is not None and timestamp > changed):
            return current.without_meta()
        before = await self._milestones.get_at_or_before_time(collection, doc_id, timestamp)
        after = await self._milestones.get_at_or_after_time(collection, doc_id, timestamp)
        start = before or empty_snapshot(doc_id)
        end = after.version if after else current.version
        if start.version >= end:
            return start.without_meta()
        ops = await self._db.get_ops(
            collection, doc_id, start.version, end, metadata=True, options=options
        )
        in_time = []
        for op in ops:
            if ((op.get("m") or {}).get("ts") or 0) > timestamp:
                break
            in_time.append(op)
        return replay(start, in_time).without_meta()
