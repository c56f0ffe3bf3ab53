"""A database read as history: any document at any moment, op by op."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Final

from sharedb_py.db.base import DB, StoredOp
from sharedb_py.errors import DatabaseError, ErrorCode, OpRejected, ShareDBError
from sharedb_py.milestones.base import MilestoneDB
from sharedb_py.ops import Op
from sharedb_py.ops import replay as replay_ops
from sharedb_py.replay.attribution import Attribution
from sharedb_py.replay.bisecting import Bisection
from sharedb_py.replay.findings import DeleteOp, KeepOp, Repair, Report, WriteSnapshot
from sharedb_py.replay.folding import fold
from sharedb_py.replay.moments import Moment, Target
from sharedb_py.replay.opinfo import time_of
from sharedb_py.replay.predicates import NotEvaluated, Predicate
from sharedb_py.replay.suspecting import suspects
from sharedb_py.replay.verifying import Verifier
from sharedb_py.snapshot import Snapshot, empty_snapshot

__all__ = ["Archive", "Found"]

CHUNK: Final = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """What a bisection found: the first bad version, and how many versions were looked at."""

    version: int
    probes: int
    before: Snapshot
    after: Snapshot


class Archive:
    """The history of the documents of one database; replays from the nearest milestone.

    Every reader raises ``ShareDBError`` that names the document and what is wrong.
    """

    def __init__(self, db: DB, milestones: MilestoneDB) -> None:
        self.db = db
        self.milestones = milestones

    async def close(self) -> None:
        """Let go of both."""
        await self.milestones.close()
        await self.db.close()

    # Reading

    async def head(self, collection: str, doc_id: str) -> Snapshot:
        """Return the stored snapshot, metadata and all; raises for a document never made."""
        snapshot = await self.db.get_snapshot(collection, doc_id, metadata=True)
        if snapshot.version == 0:
            raise ShareDBError(f"There is no document {collection}/{doc_id}")
        return snapshot

    async def ops(
        self, collection: str, doc_id: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[Op]:
        """Yield the ops with versions in [start, end), with metadata."""
        try:
            async for op in self.db.stream_ops(collection, doc_id, start, end, metadata=True):
                yield op
        except DatabaseError as error:
            raise await self._explained(collection, doc_id, start, error) from error

    async def _explained(
        self, collection: str, doc_id: str, start: int, error: DatabaseError
    ) -> ShareDBError:
        """Say which op is missing, if that is what is wrong."""
        try:
            first = await self.first_version(collection, doc_id)
        except DatabaseError:
            return error
        name = f"{collection}/{doc_id}"
        if first > start:
            return ShareDBError(f"The ops of {name} before version {first} are not in the log")
        return ShareDBError(
            f"The log of {name} is damaged: {error.message} (sharedb-py verify {name} tells more)"
        )

    async def first_version(self, collection: str, doc_id: str) -> int:
        """Return the version of the first op in the log; the current one if there is none."""
        async for record in self.db.stored_ops(collection, doc_id):
            version: int = record.op["v"]
            return version
        return (await self.db.get_snapshot(collection, doc_id)).version

    async def nearest(self, collection: str, doc_id: str, version: int) -> Snapshot:
        """Return the newest state at or before a version that need not be replayed."""
        milestone = await self.milestones.get(collection, doc_id, version)
        return milestone or empty_snapshot(doc_id)

    async def _forward(self, collection: str, start: Snapshot, version: int) -> Snapshot:
        """Replay ops until a version, holding only some of them at a time."""
        snapshot, waiting = start, list[Op]()
        async for op in self.ops(collection, start.id, start.version, version):
            waiting.append(op)
            if len(waiting) == CHUNK:
                snapshot = replay(collection, snapshot, waiting)
                waiting.clear()
        snapshot = replay(collection, snapshot, waiting)
        if snapshot.version < version:
            await self.ops_reach(collection, start.id, version)
        return replace(snapshot, meta=None, adapter=None)

    async def ops_reach(self, collection: str, doc_id: str, version: int) -> None:
        """Raise, naming the last version there is, where a later one is asked for."""
        head = await self.head(collection, doc_id)
        name = f"{collection}/{doc_id}"
        if version > head.version:
            raise OpRejected(
                f"{name} has only reached version {head.version}",
                ErrorCode.OP_VERSION_NEWER_THAN_CURRENT_SNAPSHOT,
            )
        first = await self.first_version(collection, doc_id)
        if first >= version:
            raise ShareDBError(f"The ops of {name} before version {first} are not in the log")
        raise ShareDBError(f"The log of {name} ends before version {version}; verify tells more")

    async def at_version(self, collection: str, doc_id: str, version: int) -> Snapshot:
        """Return the document at a version, replayed; without metadata."""
        start = await self.nearest(collection, doc_id, version)
        return await self._forward(collection, start, version)

    async def version_at(self, collection: str, doc_id: str, time: float) -> int:
        """Return the version after the last op at or before a time, in ms since the epoch.

        Ops are taken in order: the first one after the time ends them.
        """
        milestone = await self.milestones.get_at_or_before_time(collection, doc_id, max(time, 0))
        version = milestone.version if milestone else await self.first_version(collection, doc_id)
        async for op in self.ops(collection, doc_id, version):
            if (time_of(op) or 0) > time:
                break
            version = op["v"] + 1
        return version

    async def version_of(self, collection: str, doc_id: str, moment: Moment | None) -> int:
        """Return the version that a moment means; None is the current one."""
        if moment is None:
            return (await self.head(collection, doc_id)).version
        if moment.version is not None:
            return moment.version
        await self.head(collection, doc_id)
        return await self.version_at(collection, doc_id, moment.time or 0)

    async def at(self, target: Target) -> Snapshot:
        """Return a document at a moment; without one, the stored snapshot."""
        if target.moment is None:
            return await self.head(target.collection, target.doc_id)
        version = await self.version_of(target.collection, target.doc_id, target.moment)
        return await self.at_version(target.collection, target.doc_id, version)

    # Asking

    async def attribution(
        self,
        collection: str,
        doc_id: str,
        version: int,
        watch: Callable[[Op], None] = lambda op: None,
        *,
        created: bool = True,
    ) -> Attribution:
        """Return who wrote what at a version; ``watch`` is called with each op on the way.

        Begins where the snapshot says that the document was last ``created``, or where the
        log does: what is older counts as written ``BEFORE``.
        """
        first = await self.first_version(collection, doc_id)
        start = await self.nearest(collection, doc_id, first)
        if created:
            head = await self.db.get_snapshot(collection, doc_id, metadata=True)
            begun = ((head.meta or {}).get("_create") or {}).get("v")
            if isinstance(begun, int) and first < begun < version:
                start = Snapshot(doc_id, begun)  # there was no document just before
        found = Attribution(start)
        async for op in self.ops(collection, doc_id, start.version, version):
            try:
                found.follow(op)
            except ShareDBError as error:
                raise _unfit(collection, doc_id, op, error) from error
            watch(op)
        if found.snapshot.version < version:
            await self.ops_reach(collection, doc_id, version)
        return found

    async def bisect(
        self, collection: str, doc_id: str, holds: Predicate, good: int | None, bad: int
    ) -> Found:
        """Return where a condition begins to hold between two versions.

        ``good`` None is the first version there is. Versions at which the condition
        cannot be told count as ones where it does not hold, the ``bad`` one excepted.
        """
        if good is None:
            good = await self._oldest(collection, doc_id)
        if good >= bad:
            raise ShareDBError(f"Version {good} is not before version {bad}")
        low = await self.at_version(collection, doc_id, good)
        high = await self.at_version(collection, doc_id, bad)
        if not holds(high):
            raise ShareDBError(f"It does not hold at version {bad} of {collection}/{doc_id}")
        if _is_so(holds, low):
            raise ShareDBError(
                f"It holds at version {good} of {collection}/{doc_id} already; "
                "name an earlier good version"
            )
        search = Bisection(good, bad)
        while search.found is None:
            probe = await self._from_nearest(collection, low, search.probe)
            if _is_so(holds, probe):
                high = probe
            else:
                low = probe
            search.answer(high is probe)
        return Found(search.found, search.probes, low, high)

    async def verify(self, collection: str, doc_id: str) -> Report:
        """Return whether a document's log, milestones and snapshot agree, and what is wrong."""
        stored = await self.db.get_snapshot(collection, doc_id, metadata=True)
        verifier = Verifier(replace(stored, adapter=None))
        waiting = [m.version async for m in self.milestones.newest_first(collection, doc_id)]
        records: list[StoredOp] = []

        async def take(version: int) -> None:
            while waiting and waiting[-1] <= version:
                milestone = await self.milestones.get(collection, doc_id, waiting.pop())
                if milestone is not None:
                    verifier.take_milestone(replace(milestone, adapter=None))
            if records:
                verifier.take(version, records)

        async for record in self.db.stored_ops(collection, doc_id):
            if records and record.op["v"] != records[0].op["v"]:
                await take(records[0].op["v"])
                records = []
            records.append(record)
        if records:
            await take(records[0].op["v"])
        records = []
        await take(stored.version)
        for version in reversed(waiting):
            verifier.beyond(version)
        report = verifier.finish()
        for finding in report.findings:
            if finding.compare is not None:
                finding.suspects = await self._suspects(collection, doc_id, *finding.compare)
        return report

    async def _suspects(
        self, collection: str, doc_id: str, replayed: Snapshot, found: Snapshot
    ) -> list[int]:
        try:
            attribution = await self.attribution(
                collection, doc_id, replayed.version, created=False
            )
        except ShareDBError:
            return []  # the log is too damaged to tell
        return suspects(attribution, found.data)

    async def compact(self, collection: str, doc_id: str, version: int) -> int:
        """Drop the ops below a version, after writing a milestone of it; return how many.

        What history remains reads as before. Raises ``ShareDBError``, dropping
        nothing, where the history is damaged or the milestone does not stay.
        """
        name = f"{collection}/{doc_id}"
        report = await self.verify(collection, doc_id)
        if not report.sound:
            raise ShareDBError(f"{name} is damaged; see sharedb-py verify {name}")
        head = await self.head(collection, doc_id)
        if version > head.version:
            raise ShareDBError(f"{name} has only reached version {head.version}")
        if version <= report.first:
            return 0
        kept = await self.at_version(collection, doc_id, version)
        [last] = [op async for op in self.ops(collection, doc_id, version - 1, version)]
        meta = {**(head.meta or {}), "mtime": time_of(last)}
        if (meta.get("_create") or {}).get("v", 0) >= version:
            meta.pop("_create")
            meta.pop("ctime", None)
        await self.milestones.save(collection, replace(kept, meta=meta))
        found = await self.milestones.get(collection, doc_id, version)
        if found is None or (found.version, found.type_uri) != (version, kept.type_uri):
            raise ShareDBError(
                f"No milestones are kept beside this database, so {name} stays whole"
            )
        dropped = await self.db.drop_ops(collection, doc_id, version)
        await self.milestones.delete(collection, doc_id, before=version)
        return dropped

    async def purge(self, collection: str, doc_id: str) -> None:
        """Erase a document, its ops and its milestones, as if it had never been."""
        await self.milestones.delete(collection, doc_id)
        await self.db.erase(collection, doc_id)

    async def repair(self, collection: str, doc_id: str, repair: Repair) -> None:
        """Do what a report offers; what it offers is right as long as nobody writes meanwhile."""
        if isinstance(repair, DeleteOp):
            await self.db.delete_ops(collection, doc_id, [repair.key])
        elif isinstance(repair, KeepOp):
            await self.db.restore(collection, doc_id, [repair.op])
        elif isinstance(repair, WriteSnapshot):
            await self.db.restore(collection, doc_id, [], repair.snapshot)
        else:
            await self.milestones.save(collection, repair.snapshot)

    async def _oldest(self, collection: str, doc_id: str) -> int:
        first = await self.first_version(collection, doc_id)
        return (await self.nearest(collection, doc_id, first)).version

    async def _from_nearest(self, collection: str, known: Snapshot, version: int) -> Snapshot:
        """Replay from a state that is known, or from a milestone that is nearer."""
        milestone = await self.nearest(collection, known.id, version)
        start = milestone if milestone.version > known.version else known
        return await self._forward(collection, start, version)


def _is_so(holds: Predicate, snapshot: Snapshot) -> bool:
    try:
        return holds(snapshot)
    except NotEvaluated:
        return False


def replay(collection: str, snapshot: Snapshot, ops: list[Op]) -> Snapshot:
    """Return the snapshot after stored ops; raises ``ShareDBError`` naming one that is unfit."""
    try:
        return fold(snapshot, ops)
    except ShareDBError:
        for op in ops:
            try:
                snapshot = replay_ops(snapshot, [op])
            except ShareDBError as error:
                raise _unfit(collection, snapshot.id, op, error) from error
        raise


def _unfit(collection: str, doc_id: str, op: Op, error: ShareDBError) -> ShareDBError:
    return ShareDBError(
        f"Op {op['v']} of {collection}/{doc_id} does not apply: {error.message}", error.code
    )
