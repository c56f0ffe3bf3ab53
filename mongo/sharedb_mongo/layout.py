"""How snapshots, ops and milestones are stored: ``sharedb-mongo``'s layout. Pure.

Protocol sections 10.1, 10.2 and 10.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, TypeAlias

from bson import ObjectId

from sharedb_mongo.values import from_bson, to_bson
from sharedb_py.db.base import Fields
from sharedb_py.errors import DatabaseError
from sharedb_py.jsonvalue import MISSING, is_number
from sharedb_py.ops import Op
from sharedb_py.snapshot import Snapshot, empty_snapshot

__all__ = [
    "Document",
    "OpLink",
    "check_data",
    "milestone_to_document",
    "op_from_document",
    "op_to_document",
    "projection_of",
    "snapshot_from_document",
    "snapshot_from_milestone",
    "snapshot_to_document",
    "unknown_snapshot",
]

Document: TypeAlias = dict[str, Any]

RESERVED: Final = frozenset({"_id", "_v", "_type", "_m", "_o", "_data"})
_KINDS: Final = ("create", "del", "op")
_ORDERED: Final = ("src", "seq", "v", *_KINDS)


class OpLink:
    """The id of the op that produced a version: what the next op links back to.

    Shared by the snapshots that follow from one that was read, and moved on by
    each commit; ``of`` answers only for the version it stands at.
    """

    __slots__ = ("_op_id", "_version")

    def __init__(self, version: int, op_id: Any) -> None:
        self._version = version
        self._op_id = op_id

    def of(self, version: int) -> Any:
        """Return the op that led to ``version``, or MISSING if it is not known here."""
        return self._op_id if version == self._version else MISSING

    def move(self, version: int, op_id: Any) -> None:
        """Stand at a version that was just committed."""
        self._version, self._op_id = version, op_id


def check_data(data: Any) -> None:
    """Raise ``DatabaseError`` for an object with a key that the layout needs for itself.

    Node overwrites such keys, or reads ``_data`` back as the whole document:
    what was acknowledged would be gone.
    """
    if isinstance(data, dict) and (taken := RESERVED.intersection(data)):
        names = ", ".join(sorted(taken))
        raise DatabaseError(f"Keys that the database uses itself cannot be stored: {names}")


def snapshot_to_document(snapshot: Snapshot, op_id: ObjectId) -> Document:
    """Return the snapshot as stored, made by the op of that id."""
    data = snapshot.data
    document: Document = {}
    if isinstance(data, dict):
        document = to_bson(data)
    elif data is not MISSING:
        document = {"_data": to_bson(data)}
    document["_id"] = snapshot.id
    document["_type"] = snapshot.type_uri
    document["_v"] = snapshot.version
    document["_m"] = to_bson(snapshot.meta)
    document["_o"] = op_id
    return document


def snapshot_from_document(document: Mapping[str, Any], *, metadata: bool = False) -> Snapshot:
    """Return a stored snapshot; it carries its link if the document has one.

    Raises ``DatabaseError`` for a document that something else than ShareDB wrote.
    """
    doc_id, stored = document["_id"], document.get("_v")
    if not isinstance(doc_id, str) or not is_number(stored):
        raise DatabaseError(f"{doc_id!r} is no ShareDB document: it has no text _id, or no _v")
    version = int(document["_v"])
    link = OpLink(version, document["_o"]) if "_o" in document else None
    meta = from_bson(document.get("_m")) if metadata else None
    type_uri = document.get("_type")
    if type_uri is None:
        return Snapshot(doc_id, version, None, MISSING, meta, link)
    return Snapshot(doc_id, version, type_uri, _data_of(document), meta, link)


def _data_of(document: Mapping[str, Any]) -> Any:
    if "_data" in document:
        return from_bson(document["_data"])
    return {key: from_bson(item) for key, item in document.items() if key not in RESERVED}


def unknown_snapshot(doc_id: str) -> Snapshot:
    """Return the snapshot of a document that was never created, with the link of that state."""
    return replace(empty_snapshot(doc_id), adapter=OpLink(0, None))


def op_to_document(doc_id: str, op: Op, op_id: ObjectId, link: Any) -> Document:
    """Return an op as stored, its keys in the order in which Node writes them."""
    document: Document = {key: to_bson(op[key]) for key in _ORDERED if key in op}
    # Node stores its undefined ``c`` as null; the collection is known from the op's own.
    document |= {"c": None, "d": doc_id, "m": to_bson(op.get("m")), "o": link, "_id": op_id}
    custom = {key: to_bson(item) for key, item in op.items() if key not in document}
    return document | custom


def op_from_document(document: Mapping[str, Any], *, metadata: bool = False) -> Op:
    """Return a stored op, without what only the layout needs."""
    op: Op = {
        key: from_bson(item) for key, item in document.items() if key not in ("_id", "d", "o", "m")
    }
    if op.get("c", MISSING) is None:
        del op["c"]
    for kind in ("create", "del"):
        if kind in op and not op[kind]:
            del op[kind]
    if metadata and document.get("m") is not None:
        op["m"] = from_bson(document["m"])
    return op


def projection_of(fields: Fields | None, *, metadata: bool) -> dict[str, int]:
    """Return which fields of a snapshot to read; those of any name that is no path."""
    if fields is None or any(
        "." in field or field.startswith("$") or not field for field in fields
    ):
        return {} if metadata else {"_m": 0, "_o": 0}
    wanted = dict.fromkeys(sorted(fields | {"_type", "_v", "_data"}), 1)
    return {**wanted, "_m": 1} if metadata else wanted


def milestone_to_document(snapshot: Snapshot) -> Document:
    """Return a milestone as stored: its data is not spread."""
    document: Document = {"d": snapshot.id, "v": snapshot.version, "type": snapshot.type_uri}
    document["data"] = None if snapshot.data is MISSING else to_bson(snapshot.data)
    document["m"] = to_bson(snapshot.meta)
    if isinstance(snapshot.adapter, OpLink):
        link = snapshot.adapter.of(snapshot.version)
        if link is not MISSING:
            document["_opLink"] = link
    return document


def snapshot_from_milestone(document: Mapping[str, Any]) -> Snapshot:
    """Return a stored milestone."""
    type_uri = document.get("type")
    data = from_bson(document["data"]) if type_uri is not None and "data" in document else MISSING
    meta = from_bson(document.get("m"))
    return Snapshot(document["d"], int(document["v"]), type_uri, data, meta)
