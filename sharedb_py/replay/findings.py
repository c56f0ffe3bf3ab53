"""What can be found wrong with a document's history, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from sharedb_py.jsonvalue import JSONObject
from sharedb_py.ops import Op
from sharedb_py.replay.paths import Path
from sharedb_py.snapshot import Snapshot

__all__ = ["DeleteOp", "Finding", "KeepOp", "Repair", "Report", "WriteMilestone", "WriteSnapshot"]


@dataclass
class Finding:
    """One thing that is wrong; ``code`` names its kind for machines, ``message`` for people.

    ``compare`` is what was replayed and what was found in its place, where the ops
    that wrote the difference can tell more; ``suspects`` are their versions.
    """

    code: str
    message: str
    version: int | None = None
    severity: Literal["error", "warning"] = "error"
    path: Path | None = None
    compare: tuple[Snapshot, Snapshot] | None = None
    suspects: list[int] = field(default_factory=list)

    def as_json(self) -> JSONObject:
        """The same for machines."""
        record: JSONObject = {
            "code": self.code,
            "severity": self.severity,
            "v": self.version,
            "message": self.message,
        }
        if self.path is not None:
            record["path"] = list(self.path)
        if self.suspects:
            record["suspects"] = self.suspects
        return record


@dataclass(frozen=True, slots=True)
class DeleteOp:
    """Delete an op record that is provably no part of the history."""

    version: int
    key: Any
    why: str


@dataclass(frozen=True, slots=True)
class KeepOp:
    """Store an op anew, in place of every record of its version and linked to its neighbours."""

    version: int
    op: Op
    why: str


@dataclass(frozen=True, slots=True)
class WriteSnapshot:
    """Store a snapshot that the log and another witness agree on."""

    snapshot: Snapshot
    why: str


@dataclass(frozen=True, slots=True)
class WriteMilestone:
    """Replace a milestone that log and snapshot contradict."""

    snapshot: Snapshot
    why: str


Repair: TypeAlias = DeleteOp | KeepOp | WriteSnapshot | WriteMilestone


@dataclass
class Report:
    """What was found out about one document; ``first`` is the first version that is left."""

    doc_id: str
    ops: int = 0
    first: int = 0
    version: int = 0
    milestones: int = 0
    findings: list[Finding] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong; warnings are no errors."""
        return not any(finding.severity == "error" for finding in self.findings)
