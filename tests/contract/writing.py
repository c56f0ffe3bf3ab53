"""Writes documents to an adapter as the submit pipeline does."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from sharedb_py.db.base import DB, DocCommit
from sharedb_py.jsonvalue import MISSING
from sharedb_py.ops import Op, apply_op
from sharedb_py.ot import types
from sharedb_py.snapshot import Snapshot

__all__ = ["DELETE", "JSON0", "TEXT0", "commit", "create", "edit", "entry", "insert", "write"]

JSON0 = types["json0"].uri
TEXT0 = types["text0"].uri
DELETE: Op = {"del": True}
_seq = count(1)


def create(data: Any = MISSING, type_uri: str = JSON0) -> Op:
    """Return the body of a create op."""
    return {"create": {"type": type_uri} | ({} if data is MISSING else {"data": data})}


def edit(*components: Any) -> Op:
    """Return the body of an edit."""
    return {"op": list(components)}


def insert(key: str, value: Any) -> Op:
    """Return the body of an edit that sets a field."""
    return edit({"p": [key], "oi": value})


def entry(collection: str, before: Snapshot, *bodies: Op, src: str = "alice") -> DocCommit:
    """Return the commit of ops, given as their bodies, that follow a snapshot."""
    snapshot, ops = before, []
    for body in bodies:
        version = snapshot.version
        op = {"src": src, "seq": next(_seq), "v": version, "m": {"ts": 1000 + version}, **body}
        meta = {**(snapshot.meta or {}), "mtime": 1000 + version}
        if "create" in op:
            meta |= {"ctime": 1000 + version, "_create": {k: op[k] for k in ("src", "seq", "v")}}
        snapshot = replace(apply_op(snapshot, op), meta=meta)
        ops.append(op)
    return DocCommit(collection, before.id, ops, snapshot)


async def commit(db: DB, collection: str, doc_id: str, *bodies: Op, src: str = "alice") -> bool:
    """Commit ops to the document as it is now, and return whether they were."""
    before = await db.get_snapshot(collection, doc_id, metadata=True)
    [committed] = await db.commit([entry(collection, before, *bodies, src=src)])
    return committed is True


async def write(db: DB, collection: str, doc_id: str, *bodies: Op, src: str = "alice") -> DocCommit:
    """Commit ops that nothing stands in the way of, and return what was committed."""
    before = await db.get_snapshot(collection, doc_id, metadata=True)
    written = entry(collection, before, *bodies, src=src)
    assert await db.commit([written]) == [True]
    return written
