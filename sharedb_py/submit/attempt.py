"""Whether an op fits a document, and what it does there (protocol sections 3.3 and 3.6). Pure."""

from __future__ import annotations

from sharedb_py.errors import ErrorCode, OpAlreadySubmitted, OpRejected
from sharedb_py.jsonvalue import MISSING
from sharedb_py.messages import at_least
from sharedb_py.ops import (
    Op,
    apply_op,
    check_submitted_op,
    is_same_source,
    transform_op,
    without_meta,
)
from sharedb_py.pubsub.base import doc_channel
from sharedb_py.snapshot import Snapshot
from sharedb_py.submit.history import Batch
from sharedb_py.submit.request import SubmitRequest

__all__ = ["apply", "follow", "permit", "seal"]


def follow(request: SubmitRequest, batch: Batch, *, refuse_no_ops: bool = False) -> None:
    """Make a request's op one for the batch's snapshot: transformed over what it had not seen.

    Raises ``OpAlreadySubmitted``, ``OpRejected`` and what types raise, and ``NotHeld``:
    then the request is as good as new.
    """
    request.begin_attempt()
    op, snapshot = request.op, batch.snapshot
    check_submitted_op(op, snapshot)
    if op["v"] is None:
        _resolve_version(request, batch)
    if op["v"] > snapshot.version:
        raise OpRejected(
            "Invalid op submitted. Op version newer than current snapshot",
            ErrorCode.OP_VERSION_NEWER_THAN_CURRENT_SNAPSHOT,
        )
    if op["v"] < snapshot.version:
        _transform(request, batch, refuse_no_ops)


def _resolve_version(request: SubmitRequest, batch: Batch) -> None:
    """An op without a version is for the current one, unless it is a create sent again."""
    op, snapshot = request.op, batch.snapshot
    if "create" in op and snapshot.exists and op["src"]:
        created = (snapshot.meta or {}).get("_create")
        if created is None:
            sent_before = batch.sent_before(op["src"], op["seq"])
        else:
            sent_before = created["v"] if is_same_source(op, created) else None
        if sent_before is None:
            raise OpRejected(
                "Invalid op submitted. Document already created", ErrorCode.DOC_ALREADY_CREATED
            )
        op["v"] = sent_before
        request.fixups = _fixups(batch.ops_since(sent_before)[0])
        raise OpAlreadySubmitted("Op already submitted")
    op["v"] = snapshot.version


def _transform(request: SubmitRequest, batch: Batch, refuse_no_ops: bool) -> None:
    op, snapshot = request.op, batch.snapshot
    ops = batch.ops_since(op["v"])
    if len(ops) != snapshot.version - op["v"]:
        raise OpRejected(
            "Op submit failed. DB missing ops needed to transform it up to the current "
            "snapshot version",
            ErrorCode.SUBMIT_TRANSFORM_OPS_NOT_FOUND,
        )
    for committed in ops:
        if is_same_source(op, committed):
            request.fixups = _fixups(committed)
            raise OpAlreadySubmitted("Op already submitted")
        transform_op(snapshot, op, committed)
        request.ops.append(without_meta(committed))
    if refuse_no_ops and at_least(request.protocol, (1, 2)) and op.get("op") == []:
        raise OpRejected("Op is a no-op. Skipping apply.", ErrorCode.NO_OP)


def _fixups(committed: Op) -> list[Op]:
    """Return how hooks amended an op: whoever sends it again must be told that too."""
    return list((committed.get("m") or {}).get("fixup") or [])


def permit(request: SubmitRequest, snapshot: Snapshot) -> None:
    """Begin to apply an op: raises ``OpRejected`` where a projection does not allow it."""
    if request.projection is not None:
        request.projection.check_write(request.op, snapshot.type_uri)
    request.channels = [request.collection, doc_channel(request.collection, request.id)]


def apply(request: SubmitRequest, snapshot: Snapshot) -> None:
    """Let ``request.snapshot`` be the one after the op; raises what types raise."""
    op = request.op
    meta = {**(snapshot.meta or {}), "mtime": request.start}
    if "create" in op:
        meta["ctime"] = request.start
        meta["_create"] = {"src": op.get("src"), "seq": op.get("seq"), "v": op["v"]}
    elif "del" in op and snapshot.data is not MISSING:
        op["m"]["data"] = snapshot.data
    request.snapshot = apply_op(snapshot.with_meta(meta), op)


def seal(request: SubmitRequest) -> Snapshot:
    """Return the snapshot that is to be committed with the op, no hook left to change either."""
    if request.fixups:
        request.op["m"]["fixup"] = request.fixups
    assert request.snapshot is not None
    return request.snapshot
