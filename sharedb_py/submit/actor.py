"""One document in use: it decides, in order, about every op submitted to it.

Ops that arrive together are decided together and committed as one. Where memory holds
all that is needed and no hook must be asked, that takes no task: the actor has its
turn, hands on what it accepted, and hears what became of it. Else it works in a task,
in the same steps with waiting between them.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from sharedb_py.db.base import DB, DocCommit
from sharedb_py.errors import ErrorCode, OpAlreadySubmitted, OpRejected
from sharedb_py.middleware import Middleware
from sharedb_py.recent import RecentOps, size_of
from sharedb_py.snapshot import Snapshot
from sharedb_py.submit.attempt import apply, follow, permit, seal
from sharedb_py.submit.committer import GroupCommitter
from sharedb_py.submit.history import Batch, NotHeld
from sharedb_py.submit.request import SubmitRequest

__all__ = ["DocActor", "Done", "Surroundings"]

log = logging.getLogger(__name__)

MAX_BATCH: Final = 200
WEIGH_AGAIN_BYTES: Final = 2**16

Done: TypeAlias = Callable[[SubmitRequest, BaseException | None], None]
"""Called once a request is committed (None) or refused, before anything else is done with it."""


class Surroundings(Protocol):
    """What all documents share."""

    db: DB
    middleware: Middleware
    committer: GroupCommitter
    refuse_no_ops: bool
    held_bytes: int

    def committed(self, request: SubmitRequest) -> None:
        """Learn that an op was committed, after its sender."""

    def retried(self, request: SubmitRequest) -> None:
        """Learn that an op is tried once more."""

    def ready(self, actor: DocActor) -> None:
        """Give the actor its turn soon, with all others that are ready."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work in a task."""


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


class DocActor:
    """Decides about one document's ops, and holds what that takes."""

    def __init__(self, around: Surroundings, collection: str, doc_id: str) -> None:
        self._around = around
        self._collection = collection
        self._id = doc_id
        self._queue: deque[_Submission] = deque()
        self._head: Snapshot | None = None
        self._recent = RecentOps()
        self._head_weight = self._weighed_last = 0
        self._busy = False
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def idle(self) -> bool:
        """Whether nothing is queued or being decided."""
        return not self._busy

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
        if not self._busy:
            self._busy = True
            self._around.ready(self)

    async def close(self) -> None:
        """Wait until the queue is empty."""
        if self._busy:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    def _rest(self) -> None:
        self._busy = False
        for waiter in self._waiters:
            waiter.set_result(None)
        self._waiters.clear()

    # Deciding at once

    def turn(self) -> None:
        """Decide what is queued, at once or, if that takes waiting, in a task."""
        has = self._around.middleware.has
        submissions = self._next_batch()
        if self._head is None or has("apply") or has("commit"):
            self._around.spawn(self._work(submissions))
            return
        batch = self._batch(self._head)
        outcomes: Outcomes = []
        for submission in submissions:
            request = submission.request
            try:
                follow(request, batch, refuse_no_ops=self._around.refuse_no_ops)
                permit(request, batch.snapshot)
                apply(request, batch.snapshot)
            except NotHeld:
                self._around.spawn(self._work(submissions))
                return
            except Exception as error:
                outcomes.append((submission, error))
            else:
                batch.accept(request.op, seal(request))
                outcomes.append((submission, None))
        if batch.pending:
            self._around.committer.put(
                self._entry(batch), lambda outcome: self._heard(outcome, batch, outcomes)
            )
        elif _may_be_wrong(outcomes):
            self._around.spawn(self._work(submissions))
        else:
            self._settle(outcomes)
            self._next_turn()

    def _heard(self, outcome: bool | Exception, batch: Batch, outcomes: Outcomes) -> None:
        """Take what became of a commit that nobody waited for."""
        if outcome is True:
            self._keep(batch)
            self._settle(outcomes)
            self._next_turn()
            return
        self._forget()
        if outcome is False:
            left = self._after_lost_race(outcomes)
            self._around.spawn(self._work(left, lost=True))
            return
        for submission, _ in outcomes:
            submission.decide(outcome)
        self._next_turn()

    def _next_turn(self) -> None:
        if self._queue:
            self._around.ready(self)
        else:
            self._rest()

    def _next_batch(self) -> list[_Submission]:
        return [self._queue.popleft() for _ in range(min(len(self._queue), MAX_BATCH))]

    def _batch(self, head: Snapshot) -> Batch:
        return Batch(self._around.db, self._collection, head, self._recent)

    def _entry(self, batch: Batch) -> DocCommit:
        return DocCommit(self._collection, self._id, batch.pending, batch.snapshot)

    # Deciding with waiting in between

    async def _work(self, submissions: list[_Submission], *, lost: bool = False) -> None:
        try:
            if lost:
                await asyncio.sleep(random.uniform(0, 0.01))
            await self._decide(submissions)
        except BaseException as error:
            self._forget()
            for submission in submissions:
                submission.decide(error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._next_turn()

    async def _decide(self, submissions: list[_Submission]) -> None:
        """Decide a batch; what loses a race against another process is decided again."""
        while submissions:
            held = self._head is not None
            batch = self._batch(await self._load_head(submissions[0].request))
            outcomes = await self._attempt_all(submissions, batch)
            if not batch.pending:
                if held and _may_be_wrong(outcomes) and await self._is_outdated(batch.head):
                    self._forget()
                    continue
                self._settle(outcomes)
                return
            if await self._around.committer.commit(self._entry(batch)):
                self._keep(batch)
                self._settle(outcomes)
                return
            self._forget()
            submissions = self._after_lost_race(outcomes)
            await asyncio.sleep(random.uniform(0, 0.01))

    async def _attempt_all(self, submissions: list[_Submission], batch: Batch) -> Outcomes:
        """Return what became of each request; the batch has those that fit."""
        outcomes: Outcomes = []
        for submission in submissions:
            try:
                after = await self._attempt(submission.request, batch)
            except Exception as error:
                outcomes.append((submission, error))
            else:
                batch.accept(submission.request.op, after)
                outcomes.append((submission, None))
        return outcomes

    async def _attempt(self, request: SubmitRequest, batch: Batch) -> Snapshot:
        """Return the snapshot after the request's op, having asked the hooks."""
        middleware = self._around.middleware
        while True:
            try:
                follow(request, batch, refuse_no_ops=self._around.refuse_no_ops)
                break
            except NotHeld as missing:
                await missing.load()
        permit(request, batch.snapshot)
        if middleware.has("apply"):
            request.snapshot = batch.snapshot
            try:
                await middleware.run("apply", request)
            finally:
                request.action = "commit"
        apply(request, batch.snapshot)
        if middleware.has("commit"):
            await middleware.run("commit", request)
        return seal(request)

    async def _read(self, request: SubmitRequest | None = None) -> Snapshot:
        options = {}
        if request is not None:
            options = {**request.options, "agent_custom": request.agent.custom}
        return await self._around.db.get_snapshot(
            self._collection, self._id, metadata=True, options=options
        )

    async def _load_head(self, request: SubmitRequest) -> Snapshot:
        if self._head is None:
            head = await self._read(request)
            before = self.weight
            self._head = head
            self._head_weight = self._weighed_last = size_of(head.data)
            self._weighed_since(before)
        return self._head

    async def _is_outdated(self, head: Snapshot) -> bool:
        """Whether another process committed since: then nothing may be refused for this head."""
        return (await self._read()).version != head.version

    # What is held

    def _forget(self) -> None:
        before = self.weight
        self._head = None
        self._head_weight = self._weighed_last = 0
        self._recent.clear()
        self._weighed_since(before)

    def _keep(self, batch: Batch) -> None:
        """Hold what was committed."""
        before = self.weight
        self._head = batch.snapshot
        # To weigh a document at each op would take too long: it grows by no more than its ops.
        self._head_weight += self._recent.extend(batch.pending)
        if self._head_weight > 2 * self._weighed_last + WEIGH_AGAIN_BYTES:
            self._head_weight = self._weighed_last = size_of(batch.snapshot.data)
        self._weighed_since(before)

    def _weighed_since(self, before: int) -> None:
        """Keep the sum of what all documents hold right, this one having changed."""
        self._around.held_bytes += self.weight - before

    # Telling

    def _settle(self, outcomes: Outcomes) -> None:
        for submission, error in outcomes:
            # The sender hears first, as from ShareDB: others do not run ahead of its own version.
            submission.decide(error)
            if error is None:
                try:
                    self._around.committed(submission.request)
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
                self._around.retried(request)
            again.append(submission)
        return again


def _may_be_wrong(outcomes: Outcomes) -> bool:
    """Whether something was refused for the state the document is in."""
    return any(not isinstance(error, OpAlreadySubmitted) for _, error in outcomes)
