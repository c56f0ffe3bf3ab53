"""Whether a document's log, milestones and snapshot agree, and what is provably wrong. Pure.

A log is followed in as many branches as it can be read: one for each record where
a version has two, one more from each milestone that contradicts the replay.
Milestones and the snapshot end the branches that do not lead to them; what
survives tells which record was the wrong one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sharedb_py.db.base import StoredOp
from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import MISSING, JSONObject, json_equal
from sharedb_py.ops import Op, replay
from sharedb_py.ot.json0 import json0
from sharedb_py.replay.diffing import diff_values
from sharedb_py.replay.findings import (
    DeleteOp,
    Finding,
    KeepOp,
    Report,
    WriteMilestone,
    WriteSnapshot,
)
from sharedb_py.replay.opinfo import author_of, time_of
from sharedb_py.replay.paths import format_path, value_at
from sharedb_py.replay.witnessing import brief, expected_by, places, replaced, with_value
from sharedb_py.snapshot import Snapshot, empty_snapshot

__all__ = ["Verifier"]

MAX_BRANCHES: Final = 16
MAX_WARNINGS: Final = 20


@dataclass(frozen=True, slots=True)
class _Branch:
    """One way to read the log: from milestone ``base`` (0: the beginning), without ``rejected``."""

    snapshot: Snapshot
    base: int
    rejected: tuple[tuple[int, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class _Dispute:
    milestone: Snapshot
    replayed: Snapshot


def _same(a: Snapshot, b: Snapshot) -> bool:
    return a.type_uri == b.type_uri and json_equal(a.data, b.data)


class Verifier:
    """Takes a document's records and milestones in order of their versions, then tells.

    A milestone comes after the ops below its version, before the op of that version.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._stored = snapshot
        self._report = Report(snapshot.id, version=snapshot.version)
        self._branches = [_Branch(empty_snapshot(snapshot.id), 0)]
        self._expected = 0
        self._any_op = False
        self._disputes: list[_Dispute] = []
        self._doubles: dict[int, tuple[Finding, Sequence[StoredOp]]] = {}
        self._unlinked: StoredOp | None = None
        self._relinked: list[Op] = []
        self._sources: dict[tuple[str, Any], int] = {}
        self._meta: JSONObject = {}
        self._confirmed: Snapshot | None = None
        self._head_seen = False

    def _find(self, code: str, message: str, version: int | None = None, **more: Any) -> Finding:
        finding = Finding(code, message, version, **more)
        warned = sum(known.severity == "warning" for known in self._report.findings)
        if finding.severity == "error" or warned < MAX_WARNINGS:
            self._report.findings.append(finding)
        return finding

    # Milestones

    def take_milestone(self, milestone: Snapshot) -> None:
        """Compare a milestone with what was replayed so far."""
        self._report.milestones += 1
        current = [b for b in self._branches if b.snapshot.version == milestone.version]
        if not current:
            self._branches = [_Branch(milestone, milestone.version)]
            return
        agreeing = [b for b in current if _same(b.snapshot, milestone)]
        if agreeing:
            self._branches = agreeing
            if milestone.version == self._stored.version:
                self._confirmed = milestone
            return
        self._disputes.append(_Dispute(milestone, current[0].snapshot))
        self._branches = [*current, _Branch(milestone, milestone.version)]

    def beyond(self, version: int) -> None:
        """Note a milestone of a version that the document has not reached."""
        self._report.milestones += 1
        self._find(
            "milestone-beyond",
            f"there is a milestone of version {version}, "
            f"but the snapshot is of version {self._stored.version}",
            version,
        )

    # Ops

    def take(self, version: int, records: Sequence[StoredOp]) -> None:
        """Apply the record of a version, or each of them where there are several."""
        if version >= self._stored.version and not self._head_seen:
            self._compare_head()
        records = self._without_orphans(version, records)
        if not records:
            return
        self._report.ops += 1
        if version > self._expected:
            self._skip_to(version)
        self._any_op = True
        self._expected = version + 1
        if len(records) > 1:
            records = self._distinct(version, records)
        self._note_source(records[0].op)
        self._note_meta(records[0].op)
        self._apply(version, records)

    def _without_orphans(self, version: int, records: Sequence[StoredOp]) -> Sequence[StoredOp]:
        linked = [record for record in records if record.linked]
        if self._stored.version == 0:
            return records  # nothing could lead to them
        if linked:
            self._note_link(version)
        if not linked and version < self._stored.version:
            self._unlinked = records[0]
            return records
        for record in records:
            if not record.linked:
                self._orphan(version, record)
        return linked

    def _note_link(self, version: int) -> None:
        """Say that the op before a version is not linked, if it is there and is not."""
        before, self._unlinked = self._unlinked, None
        if before is not None and before.op["v"] == version - 1:
            self._find(
                "broken-link",
                f"nothing links to op {version - 1}, so a server cannot find it",
                version - 1,
            )
            self._relinked.append(before.op)

    def _orphan(self, version: int, record: StoredOp) -> None:
        why = "no snapshot and no later op leads to it, so it was never acknowledged"
        self._find(
            "orphan-op",
            f"a record of op {version} is left over from a commit that did not happen: {why}",
            version,
            severity="warning",
        )
        self._report.repairs.append(DeleteOp(version, record.key, why))

    def _skip_to(self, version: int) -> None:
        self._branches = [b for b in self._branches if b.snapshot.version == version]
        if not self._any_op and self._branches:
            self._report.first = version  # what came before was compacted into a milestone
            return
        last = version - 1
        missing = (
            f"op {last} is" if last == self._expected else f"ops {self._expected} to {last} are"
        )
        self._find("missing-op", f"{missing} missing from the log", self._expected)

    def _distinct(self, version: int, records: Sequence[StoredOp]) -> Sequence[StoredOp]:
        kept = [records[0]]
        for record in records[1:]:
            if not any(json_equal(record.op, other.op) for other in kept):
                kept.append(record)
        finding = self._find(
            "doubled-version", f"version {version} has {len(records)} ops", version
        )
        if len(kept) == 1:
            finding.message += ", which are the same"
        self._doubles[version] = finding, kept
        return kept

    def _note_source(self, op: Op) -> None:
        src, seq = op.get("src"), op.get("seq")
        if not src or seq is None:
            return
        earlier = self._sources.setdefault((src, seq), op["v"])
        if earlier != op["v"]:
            self._find(
                "op-committed-twice",
                f"op {op['v']} was committed before as op {earlier} (src {src}, seq {seq})",
                op["v"],
            )

    def _note_meta(self, op: Op) -> None:
        time = time_of(op)
        if time is not None:
            self._meta["mtime"] = time
        if "create" in op:
            self._meta["ctime"] = time
            self._meta["_create"] = {"src": op.get("src"), "seq": op.get("seq"), "v": op["v"]}

    def _apply(self, version: int, records: Sequence[StoredOp]) -> None:
        following: list[_Branch] = []
        failure: tuple[ShareDBError, _Branch, Op] | None = None
        for branch in self._branches:
            for record in records:
                try:
                    after = replay(branch.snapshot, [record.op])
                except ShareDBError as error:
                    failure = failure or (error, branch, record.op)
                    continue
                others = tuple((version, other.key) for other in records if other is not record)
                following.append(_Branch(after, branch.base, branch.rejected + others))
        if len(self._branches) == len(records) == len(following) == 1:
            self._check_witnesses(self._branches[0].snapshot, records[0].op)
        if self._branches and not following and failure is not None:
            self._does_not_apply(version, *failure)
        self._branches = following[:MAX_BRANCHES]

    def _does_not_apply(self, version: int, error: ShareDBError, branch: _Branch, op: Op) -> None:
        compare = None
        if branch.base == 0 and isinstance(branch.snapshot.data, (dict, list, str)):
            compare = expected_by(branch.snapshot, op)
        # Whoever stored half of a surrogate pair in MongoDB got U+FFFD back.
        lost = ""
        if "\ufffd" in json.dumps(op.get("op"), ensure_ascii=False):
            lost = " (the database seems to have kept half a character as U+FFFD)"
        self._find(
            "op-does-not-apply",
            f"op {version} ({author_of(op).name}) does not apply: {error.message}{lost}",
            version,
            compare=compare,
        )

    # What ops say of the state they were made for

    def _check_witnesses(self, before: Snapshot, op: Op) -> None:
        version = op["v"]
        if "del" in op:
            said = (op.get("m") or {}).get("data", MISSING)
            if said is not MISSING and not json_equal(said, before.data):
                state = replace(before, data=said)
                self._find(
                    "deleted-data-differs",
                    f"op {version} deleted another document than the log leads to"
                    f"{places(before.data, said)}",
                    version,
                    severity="warning",
                    compare=(before, state),
                )
        elif "op" in op and before.type_uri == json0.uri:
            for path, said, found in replaced(before.data, op["op"]):
                compare = None
                if value_at(before.data, path) is not MISSING:
                    compare = before, replace(before, data=with_value(before.data, path, said))
                self._find(
                    "replaced-value-differs",
                    f"op {version} replaced {brief(said)} at {format_path(path)}, "
                    f"where the log has {brief(found)}",
                    version,
                    severity="warning",
                    path=path,
                    compare=compare,
                )

    # The end

    def _compare_head(self) -> None:
        """Compare the branches with the stored snapshot, at its version."""
        self._head_seen = True
        stored = self._stored
        if stored.version == 0:
            return
        self._note_link(stored.version)
        if self._expected < stored.version and any(
            b.snapshot.version < stored.version for b in self._branches
        ):
            first, last = self._expected, stored.version - 1
            missing = f"op {last} is" if first == last else f"ops {first} to {last} are"
            self._find("missing-op", f"{missing} missing from the log", first)
            self._branches = []
        current = [b for b in self._branches if b.snapshot.version == stored.version]
        agreeing = [b for b in current if _same(b.snapshot, stored)]
        if agreeing:
            self._settle_doubles(agreeing)
            self._settle_disputes(agreeing)
            self._branches = agreeing
        elif current:
            self._snapshot_differs(current[0])
        else:
            self._settle_disputes([])

    def _settle_doubles(self, agreeing: Sequence[_Branch]) -> None:
        wrong = set.intersection(*(set(branch.rejected) for branch in agreeing))
        for version, (finding, records) in self._doubles.items():
            left = [record for record in records if (version, record.key) not in wrong]
            if len(left) > 1:
                finding.message += "; each of them leads to the snapshot"
            else:
                why = "it is the one with which the log leads to the snapshot"
                self._report.repairs.append(KeepOp(version, left[0].op, why))
        for op in self._relinked:
            why = "with it the log leads to the snapshot, so it has to be linked"
            self._report.repairs.append(KeepOp(op["v"], op, why))

    def _settle_disputes(self, agreeing: Sequence[_Branch]) -> None:
        for dispute in self._disputes:
            version = dispute.milestone.version
            through = any(branch.base < version for branch in agreeing)
            restarted = any(branch.base == version for branch in agreeing)
            where = places(dispute.replayed.data, dispute.milestone.data)
            if restarted and not through:
                self._find(
                    "log-differs",
                    f"an op before version {version} was changed: the log does not lead to the "
                    f"milestone of that version, which leads to the snapshot{where}",
                    version,
                    compare=(dispute.replayed, dispute.milestone),
                )
                continue
            self._find(
                "milestone-differs",
                f"the milestone of version {version} is not what the log leads to{where}",
                version,
                compare=None if through else (dispute.replayed, dispute.milestone),
            )
            if through and not restarted:
                meta = {**(dispute.milestone.meta or {})}
                mended = replace(dispute.replayed, meta=meta)
                why = "the log leads through this version to the snapshot"
                self._report.repairs.append(WriteMilestone(mended, why))

    def _snapshot_differs(self, branch: _Branch) -> None:
        stored, replayed = self._stored, branch.snapshot
        if stored.type_uri != replayed.type_uri:
            where = f": its type is {stored.type_uri}, the log's is {replayed.type_uri}"
        else:
            where = places(replayed.data, stored.data)
        first = next(diff_values(replayed.data, stored.data), None)
        self._find(
            "snapshot-differs",
            f"the snapshot is not what the log leads to at version {stored.version}{where}",
            stored.version,
            path=first.path if first else None,
            compare=(replayed, stored),
        )
        if self._confirmed is not None and _same(self._confirmed, replayed):
            why = "the log and the milestone of this version agree"
            self._report.repairs.append(
                WriteSnapshot(replace(replayed, meta=self._mended_meta()), why)
            )
        else:
            self._settle_disputes([])

    def _mended_meta(self) -> JSONObject:
        return {**(self._stored.meta or {}), **self._meta}

    def finish(self) -> Report:
        """Return what was found out."""
        if not self._head_seen:
            self._compare_head()
        stored, report = self._stored, self._report
        if stored.version == 0 and self._any_op:
            self._snapshot_missing()
        elif self._any_op and self._expected > stored.version:
            self._find(
                "ops-past-snapshot",
                f"the log goes on to version {self._expected}, "
                f"the snapshot is of version {stored.version}",
                stored.version,
            )
        created = (stored.meta or {}).get("_create")
        noted = self._meta.get("_create")
        if created and noted and stored.exists and not json_equal(created, noted):
            self._find(
                "create-record-differs",
                f"the snapshot says it was created by {brief(created)}, the log {brief(noted)}",
                noted["v"],
                severity="warning",
            )
        report.first = report.first if self._any_op else stored.version
        return report

    def _snapshot_missing(self) -> None:
        self._find("snapshot-missing", f"there are {self._report.ops} ops but no snapshot", 0)
        only = self._branches[0] if len(self._branches) == 1 else None
        if only is not None and only.base == 0 and len(self._report.findings) == 1:
            why = "the log is whole from its first op, and nothing contradicts it"
            self._report.repairs.append(
                WriteSnapshot(replace(only.snapshot, meta=dict(self._meta)), why)
            )
