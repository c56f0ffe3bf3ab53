"""What a document's ops are decided by: its snapshot and its ops, those held in memory first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sharedb_py.db.base import DB
from sharedb_py.ops import Op
from sharedb_py.recent import RecentOps
from sharedb_py.snapshot import Snapshot

__all__ = ["Batch", "NotHeld"]


class NotHeld(Exception):
    """Something must be read from the database first: await ``load``, then ask again."""

    def __init__(self, load: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.load = load


class Batch:
    """A document while ops that came together are decided, one after the other.

    ``head`` is what is committed, ``snapshot`` what follows from it and ``pending``,
    the ops of this batch that were accepted. Questions about earlier ops raise
    :class:`NotHeld` where memory has no answer.
    """

    def __init__(self, db: DB, collection: str, head: Snapshot, recent: RecentOps) -> None:
        self.head = head
        self.snapshot = head
        self.pending: list[Op] = []
        self._db = db
        self._collection = collection
        self._recent = recent
        self._loaded: dict[int, list[Op]] = {}
        self._sent: dict[tuple[str, int], int | None] = {}

    def accept(self, op: Op, after: Snapshot) -> None:
        """Take an op that fits, and the snapshot that it leads to."""
        self.pending.append(op)
        self.snapshot = after

    def ops_since(self, version: int) -> list[Op]:
        """Return the ops from a version up to the snapshot, ``m`` and all, as far as there are."""
        committed = self._recent.since(version, self.head.version)
        if committed is None:
            committed = self._loaded.get(version)
        if committed is None:
            raise NotHeld(lambda: self._load_ops(version))
        return committed + [op for op in self.pending if op["v"] >= version]

    async def _load_ops(self, version: int) -> None:
        self._loaded[version] = await self._db.get_ops_to_snapshot(
            self._collection, self.head.id, version, self.head, metadata=True
        )

    def sent_before(self, src: str, seq: int) -> int | None:
        """Return the version at which an op with these was committed, or None."""
        if (src, seq) not in self._sent:
            raise NotHeld(lambda: self._load_sent(src, seq))
        return self._sent[src, seq]

    async def _load_sent(self, src: str, seq: int) -> None:
        self._sent[src, seq] = await self._db.get_committed_op_version(
            self._collection, self.head.id, src, seq
        )
