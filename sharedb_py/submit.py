"""The submit pipeline: how an op becomes a committed version (protocol section 3).

One :class:`DocActor` for each document in use holds its current snapshot and last
ops, so that a submit reads nothing: ops that arrive together are transformed in
memory, one after the other, and handed on as one commit. The
:class:`GroupCommitter` gathers the commits of all documents into batches. The
cache is optimistic: a commit the database refuses means that another process
was faster, and the actor reads again and repeats the work.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from sharedb_py.db.base import DB, DocCommit
from sharedb_py.errors import ErrorCode, OpAlreadySubmitted, OpRejected, ShareDBError
from sharedb_py.jsonvalue import MISSING, JSONObject
from sharedb_py.messages import at_least
from sharedb_py.middleware import Context, Middleware
from sharedb_py.ops import (
    Op,
    apply_op,
    check_op,
    check_submitted_op,
    is_same_source,
    normalize_type,
    transform_op,
    without_meta,
)
from sharedb_py.ot import Composable, types
from sharedb_py.projections import Projection
from sharedb_py.pubsub.base import doc_channel
from sharedb_py.recent import RecentOps, size_of
from sharedb_py.snapshot import Snapshot

__all__ = ["DocActor", "GroupCommitter", "SubmitOptions", "SubmitRequest", "Submitter"]

log = logging.getLogger(__name__)

MAX_BATCH: Final = 200
MAX_IDLE_DOCS: Final = 2000
WEIGH_AGAIN_BYTES: Final = 2**16
MAX_HELD_BYTES: Final = 256 * 2**20
"""How large, roughly, the documents held in memory may be together, those being written aside."""


@dataclass
class SubmitRequest(Context):
    """An op on its way to being committed, and the context of the submit hooks."""

    index: str
    """The name the client used: a collection's or a projection's."""
    collection: str
    id: str
    op: Op
    projection: Projection | None = None
    extra: JSONObject | None = None
    options: dict[str, Any] = field(default_factory=dict)
    """Passed on to the database when the document is read."""
    start: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    """When the op came in: whole milliseconds, as JavaScript clients ask for times."""
    protocol: tuple[float, float] = (0, 0)
    custom: dict[str, Any] = field(default_factory=dict)
    suppress_publish: bool = False
    save_milestone_snapshot: bool | None = None
    max_retries: int | None = None
    retries: int = 0
    snapshot: Snapshot | None = None
    """In ``apply`` the snapshot before the op, in ``commit`` and later the one after."""
    ops: list[Op] = field(default_factory=list)
    """Ops the client had not seen, against which its own was transformed."""
    channels: list[str] = field(default_factory=list)
    fixups: list[Op] = field(default_factory=list)
    _original: Op | None = None

    def __post_init__(self) -> None:
        self.action = "submit"

    def fixup(self, op: Any) -> None:
        """Amend the op in an ``apply`` hook; the client is told with its acknowledgement.

        Raises ``ShareDBError`` outside ``apply``, for a delete, and where the type
        cannot compose (section 3.6).
        """
        if self.action != "apply":
            raise ShareDBError(
                "fixup can only be called during the apply middleware",
                ErrorCode.FIXUP_IS_ONLY_VALID_ON_APPLY,
            )
        if "del" in self.op:
            raise ShareDBError("Cannot fixup deletion ops", ErrorCode.CANNOT_FIXUP_DELETION)
        assert self.snapshot is not None
        create = self.op.get("create")
        uri = create["type"] if create else self.snapshot.type_uri
        ot_type = types.get(uri) if uri else None
        if ot_type is None or not isinstance(ot_type, Composable):
            raise ShareDBError(
                f"{uri} does not support compose", ErrorCode.TYPE_DOES_NOT_SUPPORT_COMPOSE
            )
        if create:
            data = ot_type.apply(create.get("data"), op)
            self.op["create"] = {**create, "data": data}
        else:
            self.op["op"] = ot_type.compose(self.op["op"], op)
        keys = ("src", "seq", "v")
        self.fixups.append({**{key: self.op.get(key) for key in keys}, "op": op})

    @property
    def elapsed(self) -> float:
        """How many milliseconds ago the op came in."""
        return time.time() * 1000 - self.start

    def rejected_error(self) -> OpRejected:
        """Return the error to raise for an op that the client shall undo without a word."""
        return OpRejected("Op submit rejected", ErrorCode.OP_SUBMIT_REJECTED)

    def begin_attempt(self) -> None:
        """Take the op as it was submitted: transforms and fixups of a lost attempt are undone.

        They cannot be kept: ops of the lost batch that this one followed have moved.
        """
        if self._original is None:
            self._original = {**self.op, "m": dict(self.op.get("m") or {})}
            return
        self.op.clear()
        self.op.update(self._original)
        self.op["m"] = dict(self._original["m"])
        self.ops, self.fixups = [], []


@dataclass(frozen=True)
class SubmitOptions:
    """What a backend decides for every op (section 9)."""

    max_retries: int | None = 1000
    suppress_publish: bool = False
    do_not_commit_no_ops: bool = False


Done = Callable[[SubmitRequest, BaseException | None], None]
"""Called once a request is committed (None) or refused, before anything else is done with it."""


@dataclass(slots=True)
class _Submission:
    """A request, and who is to be told of its outcome: once."""

    request: SubmitRequest
    done: Done
    decided: bool = False

    def decide(self, error: BaseException | None) -> None:
        if self.decided:
            return
        self.decided = True
        try:
            self.done(self.request, error)
        except Exception:
            log.exception("Whoever submitted an op could not be told what became of it")


Outcomes: TypeAlias = list[tuple[_Submission, BaseException | None]]


class GroupCommitter:
    """Commits the documents that wait, all in one batch, one batch at a time."""

    def __init__(self, db: DB) -> None:
        self._db = db
        self._waiting: list[tuple[DocCommit, asyncio.Future[bool]]] = []
        self._task: asyncio.Task[None] | None = None

    async def commit(self, entry: DocCommit) -> bool:
        """Return whether the entry was committed; raises what the database raises."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            try:
                results = await self._db.commit([entry for entry, _ in batch])
            except Exception:
                # One document may have failed all: each gets an outcome of its own.
                await asyncio.gather(*(self._commit_alone(*one) for one in batch))
                continue
            for (_, future), outcome in zip(batch, results, strict=True):
                _resolve(future, outcome)

    async def _commit_alone(self, entry: DocCommit, future: asyncio.Future[bool]) -> None:
        # Had the failed batch stored it after all, this loses the race against itself, and
        # the op is found to be committed when it is decided again.
        try:
            [outcome] = await self._db.commit([entry])
        except Exception as error:
            _resolve(future, error)
        else:
            _resolve(future, outcome)

    async def close(self) -> None:
        """Wait until all that was handed in is decided."""
        if self._task is not None:
            await self._task


def _resolve(future: asyncio.Future[bool], outcome: bool | Exception) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


class DocActor:
    """One document in use: decides, in order, about every op submitted to it."""

    def __init__(self, submitter: Submitter, collection: str, doc_id: str) -> None:
        self._submitter = submitter
        self._collection = collection
        self._id = doc_id
        self._queue: deque[_Submission] = deque()
        self._head: Snapshot | None = None
        self._recent = RecentOps()
        self._head_weight = self._weighed_last = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is queued or being decided."""
        return self._task is None or self._task.done()

    @property
    def head(self) -> Snapshot | None:
        """The last snapshot committed through here, if it is still held."""
        return self._head

    @property
    def weight(self) -> int:
        """Roughly how many bytes are held; 0 once nothing is."""
        return self._head_weight + self._recent.weight

    def put(self, request: SubmitRequest, done: Done) -> None:
        """Queue a request; ``done`` is called when it is decided."""
        self._queue.append(_Submission(request, done))
        if self.idle:
            self._task = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Wait until the queue is empty."""
        if self._task is not None:
            await self._task

    async def _work(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), MAX_BATCH))]
            try:
                await self._decide(batch)
            except BaseException as error:
                self._forget()
                for submission in batch:
                    submission.decide(error)
                if not isinstance(error, Exception):
                    raise

    def _forget(self) -> None:
        with self._weighed():
            self._head = None
            self._head_weight = self._weighed_last = 0
            self._recent.clear()

    @contextmanager
    def _weighed(self) -> Iterator[None]:
        """Keep the sum of what all documents hold right while this one changes."""
        before = self.weight
        yield
        self._submitter.held_bytes += self.weight - before

    async def _decide(self, batch: list[_Submission]) -> None:
        """Decide a batch; what loses a race against another process is decided again."""
        while batch:
            held = self._head is not None
            head = await self._load_head(batch[0].request)
            accepted, outcomes, snapshot = await self._attempt_all(batch, head)
            if not accepted:
                if held and _may_be_wrong(outcomes) and await self._is_outdated(head):
                    self._forget()
                    continue
                self._settle(outcomes)
                return
            if await self._commit(accepted, snapshot):
                self._settle(outcomes)
                return
            self._forget()
            batch = self._after_lost_race(outcomes)
            await asyncio.sleep(random.uniform(0, 0.01))

    async def _attempt_all(
        self, batch: list[_Submission], head: Snapshot
    ) -> tuple[list[SubmitRequest], Outcomes, Snapshot]:
        """Return the requests that fit, what became of each, and the snapshot after all."""
        accepted: list[SubmitRequest] = []
        outcomes: Outcomes = []
        pending: list[Op] = []
        snapshot = head
        for submission in batch:
            try:
                snapshot = await self._attempt(submission.request, head, snapshot, pending)
            except Exception as error:
                outcomes.append((submission, error))
            else:
                accepted.append(submission.request)
                pending.append(submission.request.op)
                outcomes.append((submission, None))
        return accepted, outcomes, snapshot

    async def _read(self, request: SubmitRequest | None = None) -> Snapshot:
        options = {}
        if request is not None:
            options = {**request.options, "agent_custom": request.agent.custom}
        return await self._submitter.db.get_snapshot(
            self._collection, self._id, metadata=True, options=options
        )

    async def _load_head(self, request: SubmitRequest) -> Snapshot:
        if self._head is None:
            head = await self._read(request)
            with self._weighed():
                self._head = head
                self._weigh_head()
        return self._head

    def _weigh_head(self) -> None:
        assert self._head is not None
        self._head_weight = self._weighed_last = size_of(self._head.data)

    async def _is_outdated(self, head: Snapshot) -> bool:
        """Whether another process committed since: then nothing may be refused for this head."""
        return (await self._read()).version != head.version

    async def _commit(self, accepted: Sequence[SubmitRequest], snapshot: Snapshot) -> bool:
        ops = [request.op for request in accepted]
        entry = DocCommit(self._collection, self._id, ops, snapshot)
        if not await self._submitter.committer.commit(entry):
            return False
        with self._weighed():
            self._head = snapshot
            # To weigh a document at each op would take too long: it grows by no more than its ops.
            self._head_weight += self._recent.extend(ops)
            if self._head_weight > 2 * self._weighed_last + WEIGH_AGAIN_BYTES:
                self._weigh_head()
        return True

    def _settle(self, outcomes: Outcomes) -> None:
        for submission, error in outcomes:
            # The sender hears first, as from ShareDB: others do not run ahead of its own version.
            submission.decide(error)
            if error is None:
                try:
                    self._submitter.committed(submission.request)
                except Exception:
                    log.exception("An op was committed, but not published")

    def _after_lost_race(self, outcomes: Outcomes) -> list[_Submission]:
        again = []
        for submission, error in outcomes:
            request = submission.request
            if error is None:
                request.retries += 1
                limit = request.max_retries
                if limit is not None and request.retries > limit:
                    message = f"Op submit failed. Exceeded max submit retries of {limit}"
                    submission.decide(OpRejected(message, ErrorCode.MAX_SUBMIT_RETRIES_EXCEEDED))
                    continue
                self._submitter.retried(request)
            again.append(submission)
        return again

    async def _attempt(
        self, request: SubmitRequest, head: Snapshot, snapshot: Snapshot, pending: list[Op]
    ) -> Snapshot:
        """Return the snapshot after the request's op, transformed to follow ``snapshot``.

        ``head`` is what is committed; ``pending`` are the ops of this batch between the two.
        """
        request.begin_attempt()
        op = request.op
        check_submitted_op(op, snapshot)
        if op["v"] is None:
            await self._resolve_version(request, snapshot, pending)
        if op["v"] > snapshot.version:
            raise OpRejected(
                "Invalid op submitted. Op version newer than current snapshot",
                ErrorCode.OP_VERSION_NEWER_THAN_CURRENT_SNAPSHOT,
            )
        if op["v"] < snapshot.version:
            await self._transform(request, head, snapshot, pending)
        return await self._apply(request, snapshot)

    async def _resolve_version(
        self, request: SubmitRequest, snapshot: Snapshot, pending: list[Op]
    ) -> None:
        """An op without a version is for the current one, unless it is a create sent again."""
        op = request.op
        if "create" in op and snapshot.exists and op["src"]:
            created = (snapshot.meta or {}).get("_create")
            if created is not None:
                sent_before = created["v"] if is_same_source(op, created) else None
            else:
                sent_before = await self._submitter.db.get_committed_op_version(
                    self._collection, self._id, op["src"], op["seq"]
                )
            if sent_before is None:
                raise OpRejected(
                    "Invalid op submitted. Document already created", ErrorCode.DOC_ALREADY_CREATED
                )
            op["v"] = sent_before
            request.fixups = _fixups(await self._committed_at(sent_before, pending))
            raise OpAlreadySubmitted("Op already submitted")
        op["v"] = snapshot.version

    async def _committed_at(self, version: int, pending: list[Op]) -> Op:
        ops = [op for op in pending if op["v"] == version]
        ops = ops or self._recent.since(version, version + 1) or []
        if not ops:
            ops = await self._submitter.db.get_ops(
                self._collection, self._id, version, version + 1, metadata=True
            )
        return ops[0]

    async def _ops_since(self, version: int, head: Snapshot, pending: list[Op]) -> list[Op]:
        committed = self._recent.since(version, head.version)
        if committed is None:
            committed = await self._submitter.db.get_ops_to_snapshot(
                self._collection, self._id, version, head, metadata=True
            )
        return committed + [op for op in pending if op["v"] >= version]

    async def _transform(
        self, request: SubmitRequest, head: Snapshot, snapshot: Snapshot, pending: list[Op]
    ) -> None:
        op = request.op
        ops = await self._ops_since(op["v"], head, pending)
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
        if (
            self._submitter.options.do_not_commit_no_ops
            and at_least(request.protocol, (1, 2))
            and op.get("op") == []
        ):
            raise OpRejected("Op is a no-op. Skipping apply.", ErrorCode.NO_OP)

    async def _apply(self, request: SubmitRequest, snapshot: Snapshot) -> Snapshot:
        op, middleware = request.op, self._submitter.middleware
        if request.projection is not None:
            request.projection.check_write(op, snapshot.type_uri)
        request.channels = [self._collection, doc_channel(self._collection, self._id)]
        if middleware.has("apply"):
            request.snapshot = snapshot
            try:
                await middleware.run("apply", request)
            finally:
                request.action = "commit"
        meta = {**(snapshot.meta or {}), "mtime": request.start}
        if "create" in op:
            meta["ctime"] = request.start
            meta["_create"] = {"src": op.get("src"), "seq": op.get("seq"), "v": op["v"]}
        elif "del" in op and snapshot.data is not MISSING:
            op["m"]["data"] = snapshot.data
        request.snapshot = replace(apply_op(snapshot, op), meta=meta)
        if middleware.has("commit"):
            await middleware.run("commit", request)
        if request.fixups:
            op["m"]["fixup"] = request.fixups
        return request.snapshot


def _fixups(committed: Op) -> list[Op]:
    """Return how hooks amended an op: whoever sends it again must be told that too."""
    return list((committed.get("m") or {}).get("fixup") or [])


def _may_be_wrong(outcomes: Outcomes) -> bool:
    """Whether something was refused for the state the document is in."""
    return any(not isinstance(error, OpAlreadySubmitted) for _, error in outcomes)


class Submitter:
    """Takes ops for all documents.

    ``committed`` is called for each one that made it, ``retried`` for each one
    that is tried again.
    """

    def __init__(
        self,
        db: DB,
        middleware: Middleware,
        options: SubmitOptions,
        committed: Callable[[SubmitRequest], None],
        retried: Callable[[SubmitRequest], None] = lambda request: None,
    ) -> None:
        self.db = db
        self.middleware = middleware
        self.options = options
        self.committed = committed
        self.retried = retried
        self.committer = GroupCommitter(db)
        self.held_bytes = 0
        self._actors: OrderedDict[tuple[str, str], DocActor] = OrderedDict()

    def prepare(self, request: SubmitRequest) -> None:
        """Check a new request and complete it; raises ``ShareDBError`` for a malformed op."""
        request.op["m"] = {"ts": request.start}
        request.max_retries = self.options.max_retries
        request.suppress_publish = self.options.suppress_publish
        normalize_type(request.op)
        check_op(request.op)
        if "op" in request.op and request.op["op"] is MISSING:
            raise ShareDBError("Missing op", ErrorCode.OT_OP_NOT_PROVIDED)
        version = request.op["v"]
        if isinstance(version, float):
            if version != int(version):
                raise OpRejected(
                    "Invalid op submitted. Op version newer than current snapshot",
                    ErrorCode.OP_VERSION_NEWER_THAN_CURRENT_SNAPSHOT,
                )
            request.op["v"] = int(version)

    def put(self, request: SubmitRequest, done: Done) -> None:
        """Queue a prepared request at its document."""
        key = (request.collection, request.id)
        actor = self._actors.get(key)
        if actor is None:
            actor = self._actors[key] = DocActor(self, *key)
        self._actors.move_to_end(key)
        actor.put(request, done)
        self._evict()

    def cached(self, collection: str, doc_id: str) -> Snapshot | None:
        """Return the document's snapshot if it is held in memory; it may be behind the database."""
        actor = self._actors.get((collection, doc_id))
        return actor.head if actor else None

    def _evict(self) -> None:
        """Let go of the documents that were not written for the longest time."""
        while len(self._actors) > MAX_IDLE_DOCS or self.held_bytes > MAX_HELD_BYTES:
            key = next((key for key, actor in self._actors.items() if actor.idle), None)
            if key is None:
                return
            self.held_bytes -= self._actors.pop(key).weight

    async def close(self) -> None:
        """Wait until every queued op is decided."""
        for actor in list(self._actors.values()):
            await actor.close()
        await self.committer.close()
