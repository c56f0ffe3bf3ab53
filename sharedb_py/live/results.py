"""The results of one query, kept up to date for everybody who follows an equal one."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sharedb_py.db.base import DB, LiveQuery, Options
from sharedb_py.jsonvalue import MISSING, JSONObject, json_equal
from sharedb_py.live.changes import NOTHING, Change, Ids
from sharedb_py.live.last_ops import last_ops
from sharedb_py.pubsub import Published, PubSub, Subscription
from sharedb_py.snapshot import Snapshot

__all__ = ["LiveResults", "QueryPlan"]

log = logging.getLogger(__name__)

MAX_BACKLOG: Final = 10_000

Cached = Callable[[str, str], Snapshot | None]
Timing = Callable[[str, Any], AbstractContextManager[None]]
SkipPoll = Callable[[str, str, JSONObject, JSONObject], bool]


class FollowsResults(Protocol):
    """Who is told of changes."""

    def take(self, change: Change) -> None:
        """Take the next change; must not block and must not raise."""

    def fell_behind(self) -> None:
        """Learn that changes were lost and no more will come."""


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """A query as the hooks left it, and how it is to be followed; times in seconds."""

    db: DB
    collection: str
    query: JSONObject
    channels: tuple[str, ...]
    debounce: float
    interval: float
    skip_poll: SkipPoll | None = None
    options: Options = field(default_factory=dict)


class LiveResults:
    """Follows the ops that may change a query's results, and tells what they change.

    An op is decided in memory where the query and the documents in use allow
    it; else the database is asked, for the document or for all results. A
    follower learns of a change of results before the op that made it.
    """

    def __init__(self, plan: QueryPlan, pubsub: PubSub, cached: Cached, timing: Timing) -> None:
        self.ids = NOTHING
        self.extra: Any = MISSING
        self._plan = plan
        self._pubsub = pubsub
        self._cached = cached
        self._timing = timing
        self._followers: dict[FollowsResults, None] = {}
        self._live: LiveQuery | None = plan.db.live_query(plan.collection, plan.query)
        self._subscriptions: list[Subscription] = []
        self._keys: dict[str, Any] = {}
        self._backlog: deque[Published] = deque()
        self._seeded = False
        self._working = True
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._asking = asyncio.Lock()  # what one answer decides, another must not undo
        self._opened = asyncio.ensure_future(self._open())
        self._opened.add_done_callback(lambda task: task.cancelled() or task.exception())

    # Life

    async def _open(self) -> None:
        for channel in self._plan.channels:
            subscription = await self._pubsub.subscribe(channel, self._receive)
            self._subscriptions.append(subscription)
            if self._closed:
                subscription.close()

    async def opened(self) -> None:
        """Return once every later op on the channels is seen; raises what subscribing raised."""
        await asyncio.shield(self._opened)

    def add(self, follower: FollowsResults) -> None:
        """Tell a follower of every change from now on."""
        self._followers[follower] = None

    def remove(self, follower: FollowsResults) -> bool:
        """Tell a follower no more; returns whether nobody is left, and all has ended."""
        self._followers.pop(follower, None)
        if not self._followers:
            self._close()
        return self._closed

    def _close(self) -> None:
        self._closed = True
        self._backlog.clear()
        for subscription in self._subscriptions:
            subscription.close()
        for task in (*self._tasks, self._opened):
            task.cancel()

    def seed(self, snapshots: Sequence[Snapshot], extra: Any) -> None:
        """Take the first results, asked for after :meth:`opened`; later ones change nothing."""
        if not self._seeded:
            self._remember(snapshots)
            self._start(Ids([snapshot.id for snapshot in snapshots]), extra)

    async def settle(self) -> None:
        """See to it that the results reflect the database as it is now, or a little later."""
        if not self._seeded:
            await self._seed_by_poll()
        elif self._backlog:
            # Ops wait, perhaps for a long debounce time: whoever comes back need not.
            async with self._asking:
                if self._backlog:
                    await self._poll()

    def catch_up(self) -> None:
        """Ask for all results anew, and tell their last ops: messages may have been missed."""
        if self._seeded and not self._closed:
            self._spawn(self._catch_up())

    async def _catch_up(self) -> None:
        plan = self._plan
        async with self._asking:
            await self._poll(await last_ops(plan.db, plan.collection, self.ids.order))

    async def _seed_by_poll(self) -> None:
        plan = self._plan
        found = await plan.db.query_poll(plan.collection, plan.query, options=plan.options)
        await self._remember_stored(found.ids)
        if not self._seeded:
            self._start(Ids(found.ids), found.extra)

    def _start(self, ids: Ids, extra: Any) -> None:
        self.ids, self.extra = ids, extra
        self._seeded = True
        self._working = False
        if self._backlog:
            self._wake()
        if self._plan.interval > 0:
            self._spawn(self._poll_again_and_again())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Following a query failed", exc_info=error)

    # Telling

    def _tell(self, change: Change) -> None:
        for follower in list(self._followers):
            follower.take(change)

    def _tell_new(
        self, ids: Ids, snapshots: Iterable[Snapshot], ops: Sequence[Published] = ()
    ) -> None:
        before, self.ids = self.ids, ids
        for doc_id in before.known - ids.known:
            self._keys.pop(doc_id, None)
        self._tell(Change(ops, ids, before, {item.id: item for item in snapshots}))

    # Deciding about ops

    def _receive(self, published: Published) -> None:
        if self._closed or published.message.get("c") != self._plan.collection:
            return
        if self._working or self._backlog or not self._decide_in_memory(published):
            if len(self._backlog) >= MAX_BACKLOG:
                log.warning("A query fell too far behind and was ended")
                for follower in list(self._followers):
                    follower.fell_behind()
                return
            self._backlog.append(published)
            self._wake()

    def _wake(self) -> None:
        if not self._working and not self._closed:
            self._working = True
            self._spawn(self._work())

    def _skips(self, op: JSONObject) -> bool:
        plan = self._plan
        try:
            asked = plan.skip_poll
            if asked is not None and asked(plan.collection, op["d"], op, plan.query):
                return True
            return plan.db.skip_poll(plan.collection, op["d"], op, plan.query)
        except Exception:
            log.exception("skip_poll failed")
            return True

    def _decide_in_memory(self, published: Published) -> bool:
        """Decide about an op without waiting for anything, or return False."""
        op = published.message
        if self._skips(op):
            self._tell(Change((published,)))
            return True
        if self._live is None:
            return False
        snapshot = self._cached(self._plan.collection, op["d"])
        if snapshot is None or snapshot.version <= op["v"]:
            return False
        try:
            after = self._with(snapshot)
        except Exception:
            log.exception("A document could not be matched in memory")
            return False
        if after is self.ids:
            self._tell(Change((published,)))
        else:
            self._tell_new(after, [snapshot], (published,))
        return True

    def _with(self, snapshot: Snapshot) -> Ids:
        """Return the results with one document's new state; the same object if they stay."""
        assert self._live is not None
        doc_id = snapshot.id
        known = doc_id in self.ids.known
        if not self._live.matches(snapshot):
            return self.ids.without(doc_id) if known else self.ids
        if not self._live.ordered:
            return self.ids if known else Ids([*self.ids.order, doc_id])
        key = (self._live.sort_key(snapshot), doc_id)
        if known and self._keys.get(doc_id) == key:
            return self.ids
        self._keys[doc_id] = key
        ids = self.ids.order if known else (*self.ids.order, doc_id)
        order = sorted((i for i in ids if i in self._keys), key=self._keys.__getitem__)
        return self.ids if tuple(order) == self.ids.order else Ids(order)

    def _remember(self, snapshots: Iterable[Snapshot]) -> None:
        if self._live is not None and self._live.ordered:
            self._keys.update((s.id, (self._live.sort_key(s), s.id)) for s in snapshots if s.exists)

    async def _remember_stored(self, ids: Sequence[str]) -> dict[str, Snapshot]:
        """Remember how ids are sorted, as stored: fields may be hidden from clients."""
        if not ids or self._live is None or not self._live.ordered:
            return {}
        stored = await self._plan.db.get_snapshots(self._plan.collection, ids)
        self._remember(stored.values())
        return stored

    # Asking the database

    async def _work(self) -> None:
        try:
            while self._backlog and not self._closed:
                await self._decide(self._backlog[0])
        finally:
            self._working = False

    async def _decide(self, published: Published) -> None:
        if self._decide_in_memory(published):
            self._backlog.popleft()
            return
        batch: tuple[Published, ...] = (published,)
        polled = False
        async with self._asking:
            try:
                if self._live is not None:
                    await self._look_at(published)
                elif self._plan.db.can_poll_doc(self._plan.collection, self._plan.query):
                    await self._poll_doc(published)
                else:
                    polled = True
                    batch = tuple(self._backlog)
                    await self._poll(batch)
            except Exception:
                log.exception("A live query could not be brought up to date")
                self._tell(Change(batch))
        for _ in batch[: len(self._backlog)]:  # a close in the meantime has emptied it
            self._backlog.popleft()
        if polled and self._plan.debounce > 0:
            await asyncio.sleep(self._plan.debounce)

    async def _look_at(self, published: Published) -> None:
        plan = self._plan
        snapshot = await plan.db.get_snapshot(
            plan.collection, published.message["d"], options=plan.options
        )
        after = self._with(snapshot)
        if after is self.ids:
            self._tell(Change((published,)))
        else:
            self._tell_new(after, [snapshot], (published,))

    async def _poll_doc(self, published: Published) -> None:
        plan, doc_id, ops = self._plan, published.message["d"], (published,)
        with self._timing("queryEmitter.pollDoc", plan):
            matches = await plan.db.query_poll_doc(
                plan.collection, doc_id, plan.query, options=plan.options
            )
        if matches and doc_id not in self.ids.known:
            with self._timing("queryEmitter.pollDocGetSnapshot", plan):
                stored = await plan.db.get_snapshots(
                    plan.collection, [doc_id], options=plan.options
                )
            self._tell_new(Ids([*self.ids.order, doc_id]), stored.values(), ops)
        elif not matches and doc_id in self.ids.known:
            self._tell_new(self.ids.without(doc_id), (), ops)
        else:
            self._tell(Change(ops))

    async def _poll(self, ops: Sequence[Published] = ()) -> None:
        """Ask the database for all results, and tell what differs before the ops that waited."""
        plan = self._plan
        with self._timing("queryEmitter.poll", plan):
            found = await plan.db.query_poll(plan.collection, plan.query, options=plan.options)
        if (found.extra is MISSING) != (self.extra is MISSING) or not json_equal(
            found.extra, self.extra
        ):
            self.extra = found.extra
            self._tell(Change(extra=found.extra))
        if tuple(found.ids) == self.ids.order:
            self._tell(Change(ops))
            return
        after = Ids(found.ids)
        fresh = [doc_id for doc_id in found.ids if doc_id not in self.ids.known]
        stored = await self._remember_stored(found.ids)
        if fresh and not stored:
            with self._timing("queryEmitter.pollGetSnapshotBulk", plan):
                stored = await plan.db.get_snapshots(plan.collection, fresh, options=plan.options)
        self._tell_new(after, [stored[i] for i in fresh if stored[i].exists], ops)

    async def _poll_again_and_again(self) -> None:
        while not self._closed:
            await asyncio.sleep(self._plan.interval)
            if self._working:
                continue
            self._working = True  # ops wait: the poll must not meet results that change under it
            try:
                async with self._asking:
                    await self._poll()
            except Exception:
                log.exception("A live query could not be polled")
            finally:
                self._working = False
            if self._backlog:
                self._wake()
