"""Reading snapshots and ops on behalf of a client: projected, and passed by the hooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sharedb_py.db.base import DB
from sharedb_py.errors import ErrorCode, ReadRejected, ShareDBError
from sharedb_py.middleware import (
    AgentInfo,
    Middleware,
    OpContext,
    ReadSnapshotsContext,
    SnapshotKind,
)
from sharedb_py.ops import Op
from sharedb_py.projections import Projection
from sharedb_py.snapshot import Snapshot

__all__ = ["ReadRequest", "Reader", "ResolvedName", "as_version"]

MAX_VERSION: Final = 2**53


@dataclass(frozen=True, slots=True)
class ResolvedName:
    """A name that clients use, and the collection behind it."""

    index: str
    collection: str
    projection: Projection | None


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What was read for a client, as ``timing`` observers are told it."""

    agent: AgentInfo
    index: str
    """The name the client used: a collection's or a projection's."""
    collection: str
    ids: tuple[str, ...]
    version: Any = None
    """From where on ops were read, or which version; for several documents by id."""
    timestamp: float | None = None


class Reader:
    """Reads what one client may see."""

    def __init__(self, db: DB, middleware: Middleware) -> None:
        self._db = db
        self._middleware = middleware

    async def snapshot(self, agent: AgentInfo, name: ResolvedName, doc_id: str) -> Snapshot:
        """Return the current snapshot; raises ``ReadRejected`` if a hook refuses it."""
        options = {"agent_custom": agent.custom}
        fields = name.projection.fields if name.projection else None
        snapshot = await self._db.get_snapshot(name.collection, doc_id, fields, options=options)
        [shown] = await self.show(agent, name, [snapshot], "current")
        return shown

    async def snapshots(
        self, agent: AgentInfo, name: ResolvedName, ids: Sequence[str]
    ) -> dict[str, Snapshot | ShareDBError]:
        """Return a snapshot, or the error that refuses it, for every id."""
        options = {"agent_custom": agent.custom}
        fields = name.projection.fields if name.projection else None
        found = await self._db.get_snapshots(name.collection, ids, fields, options=options)
        context = await self._run_hooks(agent, name, list(found.values()), "current")
        shown: dict[str, Snapshot | ShareDBError] = {s.id: s for s in context.snapshots}
        return shown | context.rejections

    async def show(
        self,
        agent: AgentInfo,
        name: ResolvedName,
        snapshots: Iterable[Snapshot],
        kind: SnapshotKind,
    ) -> list[Snapshot]:
        """Return snapshots as the client may see them; one refused refuses all."""
        context = await self._run_hooks(agent, name, list(snapshots), kind)
        if context.rejections:
            if len(context.snapshots) == 1:
                raise next(iter(context.rejections.values()))
            raise ReadRejected("", ErrorCode.SNAPSHOT_READS_REJECTED)
        return context.snapshots

    async def _run_hooks(
        self, agent: AgentInfo, name: ResolvedName, snapshots: list[Snapshot], kind: SnapshotKind
    ) -> ReadSnapshotsContext:
        if name.projection is not None:
            snapshots = [name.projection.snapshot(snapshot) for snapshot in snapshots]
        context = ReadSnapshotsContext(agent, name.collection, snapshots, kind)
        if self._middleware.has("readSnapshots"):
            await self._middleware.run("readSnapshots", context)
        return context

    async def ops(
        self, agent: AgentInfo, name: ResolvedName, doc_id: str, start: int, end: int | None = None
    ) -> list[Op]:
        """Return the ops from a version on, as the client may see them."""
        options = {"agent_custom": agent.custom}
        ops = await self._db.get_ops(name.collection, doc_id, start, end, options=options)
        return [await self.show_op(agent, name, doc_id, op) for op in ops]

    async def ops_bulk(
        self, agent: AgentInfo, name: ResolvedName, versions: Mapping[str, int]
    ) -> dict[str, list[Op]]:
        """Return the ops from a version on, for many documents."""
        options = {"agent_custom": agent.custom}
        found = await self._db.get_ops_bulk(
            name.collection,
            {doc_id: (version, None) for doc_id, version in versions.items()},
            options=options,
        )
        return {
            doc_id: [await self.show_op(agent, name, doc_id, op) for op in ops]
            for doc_id, ops in found.items()
        }

    async def show_op(self, agent: AgentInfo, name: ResolvedName, doc_id: str, op: Op) -> Op:
        """Return an op as the client may see it; raises what an ``op`` hook raises."""
        if name.projection is not None:
            op = name.projection.op(op)
        if not self._middleware.has("op"):
            return op
        context = OpContext(agent, name.collection, doc_id, dict(op))
        await self._middleware.run("op", context)
        return context.op


def as_version(value: Any) -> int:
    """Return a checked version as the whole number it must be, one that databases can take."""
    if value != int(value):
        raise ShareDBError("Invalid version", ErrorCode.MESSAGE_BADLY_FORMED)
    return min(int(value), MAX_VERSION)
