"""Documents as JSON lines, to be kept or carried to another database.

The first line names the format. Each document is its snapshot, then its milestones
and its ops in order; the last line counts what came before, so that a file that was
cut off is known.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import MISSING, JSONObject
from sharedb_py.ops import Op
from sharedb_py.snapshot import Snapshot

__all__ = [
    "HEADER",
    "DocRecord",
    "EndRecord",
    "MilestoneRecord",
    "OpRecord",
    "Record",
    "format_record",
    "is_header",
    "parse_record",
]

HEADER: Final[JSONObject] = {"sharedb-py": "export", "format": 1}


@dataclass(frozen=True, slots=True)
class DocRecord:
    """A document begins; ``snapshot.version`` is 0 where ops but no snapshot are stored."""

    collection: str
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class MilestoneRecord:
    """A milestone of the document that began last."""

    collection: str
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class OpRecord:
    """An op of the document that began last, metadata and all."""

    collection: str
    doc_id: str
    op: Op


@dataclass(frozen=True, slots=True)
class EndRecord:
    """The export is whole."""

    docs: int
    ops: int


Record: TypeAlias = DocRecord | MilestoneRecord | OpRecord | EndRecord


def _snapshot_json(snapshot: Snapshot) -> JSONObject:
    found: JSONObject = {"v": snapshot.version, "type": snapshot.type_uri, "m": snapshot.meta}
    if snapshot.data is not MISSING:
        found["data"] = snapshot.data
    return found


def _dump(value: JSONObject) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"


def format_record(record: Record | None) -> str:
    """Return the line for a record; for None the first line of a file."""
    if record is None:
        return _dump(HEADER)
    if isinstance(record, EndRecord):
        return _dump({"end": {"docs": record.docs, "ops": record.ops}})
    if isinstance(record, OpRecord):
        return _dump({"c": record.collection, "d": record.doc_id, "op": record.op})
    kind = "snapshot" if isinstance(record, DocRecord) else "milestone"
    key = {"c": record.collection, "d": record.snapshot.id}
    return _dump({**key, kind: _snapshot_json(record.snapshot)})


def is_header(line: str) -> bool:
    """Whether a line is the first one of an export that can be read here."""
    try:
        return bool(json.loads(line) == HEADER)
    except ValueError:
        return False


def parse_record(line: str, number: int) -> Record:
    """Return the record of a line; raises ``ShareDBError`` that names the line's number."""
    try:
        value = json.loads(line)
        if "end" in value:
            return EndRecord(int(value["end"]["docs"]), int(value["end"]["ops"]))
        collection, doc_id = value["c"], value["d"]
        if not (isinstance(collection, str) and isinstance(doc_id, str)):
            raise TypeError
        if "op" in value:
            op: Any = value["op"]
            if type(op["v"]) is not int:
                raise TypeError
            return OpRecord(collection, doc_id, op)
        kind = "snapshot" if "snapshot" in value else "milestone"
        found = value[kind]
        snapshot = Snapshot(
            doc_id, int(found["v"]), found["type"], found.get("data", MISSING), found["m"]
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ShareDBError(f"Line {number} is no line of an export") from None
    return (DocRecord if kind == "snapshot" else MilestoneRecord)(collection, snapshot)
