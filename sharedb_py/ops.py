"""Versioned ops: what is stored, published and transformed (protocol section 3). Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from sharedb_py.errors import ErrorCode, OpBadlyFormed, OpNotApplied, OpRejected, ShareDBError
from sharedb_py.jsonvalue import MISSING, is_number
from sharedb_py.ot import OTType, types
from sharedb_py.ot.json0 import check_paths, check_submitted, json0, normalize_legacy
from sharedb_py.snapshot import Snapshot

__all__ = [
    "Op",
    "apply_op",
    "check_op",
    "check_submitted_op",
    "is_same_source",
    "normalize_type",
    "replay",
    "transform_op",
    "without_meta",
]

Op: TypeAlias = dict[str, Any]
"""One versioned change of a document, as it is stored and published.

Keys: ``v`` (the version it applies to), ``src`` and ``seq`` (who made it, set
together), one of ``op`` (an edit), ``create`` (``{"type": URI, "data": …}``) and
``del`` (true), or none of them (a no-op, which still takes a version), ``m``
(metadata: ``ts`` in ms since the epoch, and what middleware added; never sent to
clients), and any other top-level key middleware adds, which survives storage and
publishing. A committed op is immutable: copy it before you change it.
"""


def without_meta(op: Op) -> Op:
    """Return an op without its metadata."""
    return {key: value for key, value in op.items() if key != "m"}


def is_same_source(op: Op, committed: Op) -> bool:
    """Whether a committed op is this one, sent before."""
    src = op.get("src")
    return bool(src) and (src, op.get("seq")) == (committed.get("src"), committed.get("seq"))


def normalize_type(op: Op) -> None:
    """Replace a create's short type name by its URI, and take an unknown one away."""
    create = op.get("create")
    if isinstance(create, dict) and "type" in create:
        name = create["type"]
        known = types.get(name) if isinstance(name, str) else None
        if known is None:
            del create["type"]
        else:
            create["type"] = known.uri


def check_op(op: Any) -> None:
    """Raise ``OpBadlyFormed`` for an op that breaks a static rule (section 3.2)."""
    if not isinstance(op, dict):
        raise OpBadlyFormed("Op must be an object")
    if "create" in op:
        create = op["create"]
        if not isinstance(create, dict):
            raise OpBadlyFormed("Create data must be an object")
        if not isinstance(create.get("type"), str):
            raise OpBadlyFormed("Missing create type")
        if create["type"] not in types:
            raise ShareDBError("Unknown type", ErrorCode.DOC_TYPE_NOT_RECOGNIZED)
    elif "del" in op:
        if op["del"] is not True:
            raise OpBadlyFormed("del value must be true")
    elif "op" not in op:
        raise OpBadlyFormed("Missing op, create, or del")
    src, seq = op.get("src"), op.get("seq")
    if src is not None and not isinstance(src, str):
        raise OpBadlyFormed("src must be a string")
    if seq is not None and not is_number(seq):
        raise OpBadlyFormed("seq must be a number")
    if (src is None) != (seq is None):
        raise OpBadlyFormed("Both src and seq must be set together")
    if op.get("m") is not None and not isinstance(op["m"], dict):
        raise OpBadlyFormed("op.m must be an object or null")


def check_submitted_op(op: Op, snapshot: Snapshot) -> None:
    """Raise for an edit that no client may submit to this document (section 11.7)."""
    if "op" in op and snapshot.type_uri == json0.uri:
        check_submitted(op["op"])


def _type_of(snapshot: Snapshot) -> OTType:
    if snapshot.type_uri is None:
        raise OpRejected("Document does not exist", ErrorCode.DOC_DOES_NOT_EXIST)
    ot_type = types.get(snapshot.type_uri)
    if ot_type is None:
        raise ShareDBError("Unknown type", ErrorCode.DOC_TYPE_NOT_RECOGNIZED)
    return ot_type


def _guarded(apply: Callable[[], Any]) -> Any:
    """Run a type's own code: whatever it raises means that the op does not fit."""
    try:
        return apply()
    except ShareDBError:
        raise
    except Exception as error:
        raise OpNotApplied(str(error)) from error


def apply_op(snapshot: Snapshot, op: Op) -> Snapshot:
    """Return the snapshot after ``op``, one version on (section 3.5).

    Raises ``ShareDBError`` and changes nothing if it does not fit.
    """
    version = op.get("v")
    if version is not None and version != snapshot.version:
        raise ShareDBError("Version mismatch", ErrorCode.APPLY_OP_VERSION_DOES_NOT_MATCH_SNAPSHOT)
    if "create" in op:
        return _apply_create(snapshot, op["create"])
    if "del" in op:
        return snapshot.followed_by(None, MISSING)
    if "op" not in op:
        return snapshot.followed_by(snapshot.type_uri, snapshot.data)
    ot_type = _type_of(snapshot)
    data = _guarded(lambda: ot_type.apply(snapshot.data, op["op"]))
    return snapshot.followed_by(snapshot.type_uri, data)


def _apply_create(snapshot: Snapshot, create: Any) -> Snapshot:
    if snapshot.exists:
        raise OpRejected("Document already exists", ErrorCode.DOC_ALREADY_CREATED)
    ot_type = types.get(create["type"])
    if ot_type is None:
        raise ShareDBError("Unknown type", ErrorCode.DOC_TYPE_NOT_RECOGNIZED)
    data = _guarded(lambda: ot_type.create(create.get("data", MISSING)))
    return snapshot.followed_by(ot_type.uri, data)


def transform_op(snapshot: Snapshot, op: Op, committed: Op) -> None:
    """Change ``op`` in place to follow ``committed``, and its version by one (section 3.4).

    ``snapshot`` is the current one: its type transforms, whatever it was before.
    """
    if op["v"] != committed["v"]:
        raise OpRejected(
            "Op submit failed. Versions mismatched during op transform",
            ErrorCode.OP_VERSION_MISMATCH_DURING_TRANSFORM,
        )
    if "create" in committed:
        if {"create", "op", "del"} & op.keys():
            raise OpRejected("Document was created remotely", ErrorCode.DOC_ALREADY_CREATED)
    elif "del" in committed:
        if "create" in op or "op" in op:
            raise OpRejected("Document was deleted", ErrorCode.DOC_WAS_DELETED)
    elif "op" in committed:
        if "create" in op:
            raise OpRejected("Document was created remotely", ErrorCode.DOC_ALREADY_CREATED)
        if "op" in op:
            op["op"] = _transformed(_type_of(snapshot), op["op"], committed["op"])
    op["v"] += 1


def _transformed(ot_type: OTType, op: Any, committed: Any) -> Any:
    """Run a type's own code: what it raises is the sender's to know (section 3.4)."""
    try:
        return ot_type.transform(op, committed, "left")
    except ShareDBError:
        raise
    except Exception as error:
        raise ShareDBError(f"The op cannot be transformed: {error}") from error


def replay(snapshot: Snapshot, ops: list[Op]) -> Snapshot:
    """Return a snapshot after committed ops, old ones read as they were meant (section 4.6)."""
    for op in ops:
        if "op" in op and snapshot.type_uri == json0.uri:
            check_paths(op["op"])
            op = {**op, "op": normalize_legacy(snapshot.data, op["op"])}
        snapshot = apply_op(replace(snapshot, version=op["v"]), op)
    return snapshot
