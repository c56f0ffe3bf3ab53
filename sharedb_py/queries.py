"""Queries: fetched once, or followed live (protocol section 5)."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from sharedb_py.agent import NO_REPLY, Agent, Handler, payload
from sharedb_py.db.base import DB, QueryResult
from sharedb_py.diffs import list_diff
from sharedb_py.errors import ErrorCode, QueryError, ShareDBError
from sharedb_py.jsonvalue import MISSING, JSONObject, json_equal
from sharedb_py.matching import Matching, matching_of
from sharedb_py.messages import Message, build_op, build_snapshot
from sharedb_py.middleware import QueryContext
from sharedb_py.pubsub import Published, Subscription
from sharedb_py.reads import ResolvedName, as_version
from sharedb_py.snapshot import Snapshot

__all__ = ["HANDLERS"]

log = logging.getLogger(__name__)

MAX_BACKLOG: Final = 10_000
MAX_QUERIES: Final = 1000
MANY_CHANNELS_MS: Final = 1000.0


class LiveResults:
    """One client's subscribed query: follows the ops that may change its results.

    An op is decided in memory where the query and the documents in use allow it;
    else the database is asked, for the document or for all results. The client
    learns of a change of results before the op that made it.
    """

    def __init__(
        self, agent: Agent, query_id: Any, name: ResolvedName, db: DB, context: QueryContext
    ) -> None:
        self._agent = agent
        self._query_id = query_id
        self._name = name
        self._db = db
        self._query = context.query
        self._options = context.options
        self._channels = list(dict.fromkeys(context.channels))
        self._live: Matching | None = matching_of(db, name.collection, context.query)
        self._subscriptions: list[Subscription] = []
        self._ids: list[str] = []
        self._keys: dict[str, Any] = {}
        self._extra: Any = MISSING
        self._backlog: deque[Published] = deque()
        self._working = True
        self._closed = False
        many = MANY_CHANNELS_MS if len(self._channels) > 1 else 0.0
        self._debounce = self._time("pollDebounce", db.poll_times.debounce, many)
        self._interval = self._time("pollInterval", db.poll_times.interval, many)

    def _time(self, option: str, of_database: float | None, otherwise: float) -> float:
        """Return a poll time in seconds: the hook's, the database's, or the usual one."""
        for value in (self._options.get(option), of_database):
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return value / 1000
        return otherwise / 1000

    async def open(self) -> None:
        """Follow the channels; what comes before :meth:`start` waits."""
        for channel in self._channels:
            subscription = await self._agent.backend.pubsub.subscribe(channel, self._receive)
            self._subscriptions.append(subscription)

    def restore(self, ids: Sequence[str], snapshots: Sequence[Snapshot], extra: Any) -> None:
        """Take the results that the client has."""
        self._ids, self._extra = list(ids), extra
        self._remember(snapshots)

    def resume(self) -> None:
        """Decide about the ops that came meanwhile, and from now on at once."""
        self._working = False
        if self._backlog:
            self._wake()
        if self._interval > 0:
            self._agent.spawn(self._poll_again_and_again())

    def close(self) -> None:
        """Follow nothing more; may be called twice."""
        self._closed = True
        self._backlog.clear()
        for subscription in self._subscriptions:
            subscription.close()

    def _remember(self, snapshots: Sequence[Snapshot]) -> None:
        if self._live is not None and self._live.ordered:
            self._keys.update((s.id, self._live.sort_key(s)) for s in snapshots if s.exists)

    # Deciding about ops

    def _receive(self, published: Published) -> None:
        op = published.message
        if self._closed or op.get("c") != self._name.collection:
            return
        if self._working or self._backlog or not self._decide_in_memory(published):
            if len(self._backlog) >= MAX_BACKLOG:
                log.warning("A query fell too far behind and was ended")
                self._agent.close(1013, "Too slow")
                return
            self._backlog.append(published)
            self._wake()

    def _wake(self) -> None:
        if not self._working and not self._closed:
            self._working = True
            self._agent.spawn(self._work())

    def _deliver(self, published: Published) -> None:
        self._agent.deliver(published, self._name)

    def _skips(self, op: JSONObject) -> bool:
        try:
            return self._db.skip_poll(self._name.collection, op["d"], op, self._query)
        except Exception:
            log.exception("skip_poll failed")
            return False

    def _decide_in_memory(self, published: Published) -> bool:
        """Decide about an op without waiting for anything, or return False."""
        op = published.message
        was_in = op["d"] in self._ids
        if not self._skips(op):
            if self._live is None or self._agent.backend.middleware.has("readSnapshots"):
                return False
            snapshot = self._agent.backend.cached(self._name.collection, op["d"])
            if snapshot is None or snapshot.version <= op["v"]:
                return False
            try:
                self._place(snapshot)
            except Exception:
                log.exception("A document could not be matched in memory")
                return False
        if was_in:
            self._deliver(published)
        return True

    def _place(self, snapshot: Snapshot) -> None:
        """Bring the results up to date with one document's new state."""
        after = self._with(snapshot)
        if after == self._ids:
            return
        shown = {snapshot.id: snapshot}
        if self._name.projection is not None:
            shown = {snapshot.id: self._name.projection.snapshot(snapshot)}
        self._send_diff(after, shown)

    def _with(self, snapshot: Snapshot) -> list[str]:
        assert self._live is not None
        doc_id = snapshot.id
        if not self._live.matches(snapshot):
            self._keys.pop(doc_id, None)
            return [other for other in self._ids if other != doc_id]
        if not self._live.ordered:
            return self._ids if doc_id in self._ids else [*self._ids, doc_id]
        self._keys[doc_id] = self._live.sort_key(snapshot)
        ids = self._ids if doc_id in self._ids else [*self._ids, doc_id]
        return sorted((other for other in ids if other in self._keys), key=self._keys.__getitem__)

    def _send_diff(self, after: list[str], shown: dict[str, Snapshot]) -> None:
        known = set(self._ids)
        after = [doc_id for doc_id in after if doc_id in known or doc_id in shown]
        diff = list_diff(self._ids, after, lambda doc_id: _result(shown[doc_id]))
        self._ids = after
        for doc_id in known.difference(after):
            self._keys.pop(doc_id, None)
        if diff:
            self._agent.send({"a": "q", "id": self._query_id, "diff": diff})

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
        # Before the results change: the op that takes a document out is sent, after the diff.
        was_in = published.message["d"] in self._ids
        try:
            if self._live is not None:
                await self._look_at(published.message["d"])
            elif self._db.can_poll_doc(self._name.collection, self._query):
                await self._poll_doc(published.message["d"])
            else:
                await self._poll_for_all()
                return
        except Exception:
            log.exception("A live query could not be brought up to date")
        if self._backlog:  # a close in the meantime has emptied it
            self._backlog.popleft()
        if was_in:
            self._deliver(published)

    async def _look_at(self, doc_id: str) -> None:
        collection, custom = self._name.collection, self._agent.custom
        snapshot = await self._db.get_snapshot(collection, doc_id, options={"agent_custom": custom})
        after = self._with(snapshot)
        if after != self._ids:
            await self._change(after)

    async def _poll_doc(self, doc_id: str) -> None:
        matches = await self._db.query_poll_doc(self._name.collection, doc_id, self._query)
        if matches and doc_id not in self._ids:
            await self._change([*self._ids, doc_id])
        elif not matches and doc_id in self._ids:
            await self._change([other for other in self._ids if other != doc_id])

    async def _poll_for_all(self) -> None:
        """One poll serves every op that waits; then the debounce time must pass."""
        batch = list(self._backlog)
        was_in = [op for op in batch if op.message["d"] in self._ids]
        try:
            await self.poll()
        except Exception:
            log.exception("A live query could not be polled")
        if self._closed:
            return
        for _ in batch:
            self._backlog.popleft()
        for published in was_in:
            self._deliver(published)
        if self._debounce > 0:
            await asyncio.sleep(self._debounce)

    async def poll(self) -> None:
        """Ask the database for the results, and tell the client what differs."""
        found = await self._db.query_poll(
            self._name.collection, self._query, options={"agent_custom": self._agent.custom}
        )
        changed = (found.extra is MISSING) != (self._extra is MISSING) or not json_equal(
            found.extra, self._extra
        )
        if changed:
            self._extra = found.extra
            extra = None if found.extra is MISSING else found.extra
            self._agent.send({"a": "q", "id": self._query_id, "extra": extra})
        if found.ids != self._ids:
            if self._live is not None and self._live.ordered:
                # As stored: a projection or a hook may hide what the query sorts on.
                stored = await self._db.get_snapshots(self._name.collection, found.ids)
                self._remember(list(stored.values()))
            await self._change(found.ids)

    async def _change(self, after: list[str]) -> None:
        known = set(self._ids)
        fresh = [doc_id for doc_id in after if doc_id not in known]
        found: dict[str, Snapshot | ShareDBError] = {}
        if fresh:
            found = await self._agent.backend.reader.snapshots(self._agent, self._name, fresh)
        shown = {key: item for key, item in found.items() if isinstance(item, Snapshot)}
        if not self._closed:
            self._send_diff(after, shown)

    async def _poll_again_and_again(self) -> None:
        while not self._closed:
            await asyncio.sleep(self._interval)
            if self._working:
                continue
            self._working = True  # ops wait: the poll must not meet results that change under it
            try:
                await self.poll()
            except Exception:
                log.exception("A live query could not be polled")
            finally:
                self._working = False
            if self._backlog:
                self._wake()


class _Queries:
    """The live queries of one client, by the ids it chose."""

    def __init__(self) -> None:
        self.open: dict[Any, LiveResults] = {}

    def put(self, query_id: Any, results: LiveResults) -> None:
        self.drop(query_id)
        self.open[query_id] = results

    def drop(self, query_id: Any) -> None:
        old = self.open.pop(query_id, None)
        if old is not None:
            old.close()

    def close(self) -> None:
        for query_id in list(self.open):
            self.drop(query_id)


_OF_AGENT: Final[WeakKeyDictionary[Agent, _Queries]] = WeakKeyDictionary()


def _queries_of(agent: Agent) -> _Queries:
    queries = _OF_AGENT.get(agent)
    if queries is None:
        queries = _OF_AGENT[agent] = _Queries()
        agent.at_close[queries.close] = None
    return queries


def _result(snapshot: Snapshot) -> Message:
    return {**build_snapshot(snapshot), "d": snapshot.id}


async def _prepare(agent: Agent, message: Message) -> tuple[ResolvedName, DB, QueryContext]:
    name = agent.backend.resolve(message["c"])
    given = message.get("o")
    options = {"db": given["db"]} if isinstance(given, dict) and "db" in given else {}
    context = QueryContext(
        agent,
        name.index,
        name.collection,
        name.projection,
        [name.collection],
        message["q"],
        options,
        options.get("db"),
    )
    await agent.backend.middleware.run("query", context)
    return name, agent.backend.database(context.db), context


async def _fetch(agent: Agent, message: Message) -> Message:
    name, db, context = await _prepare(agent, message)
    found = await _run(agent, db, context)
    return await _answer(agent, name, found)


async def _run(agent: Agent, db: DB, context: QueryContext) -> QueryResult:
    # No fields: the query may filter and sort on what the projection hides.
    options = {"agent_custom": agent.custom}
    return await db.query(context.collection, context.query, options=options)


async def _answer(agent: Agent, name: ResolvedName, found: QueryResult) -> Message:
    shown = await agent.backend.reader.show(agent, name, found.snapshots, "current")
    answer: Message = {"data": [_result(snapshot) for snapshot in shown]}
    if found.extra is not MISSING:
        answer["extra"] = found.extra
    return answer


async def _subscribe(agent: Agent, message: Message) -> Message:
    name, db, context = await _prepare(agent, message)
    if db.disable_subscribe:
        raise QueryError(
            "DB does not support subscribe", ErrorCode.DATABASE_DOES_NOT_SUPPORT_SUBSCRIBE
        )
    if not context.channels:
        raise QueryError("Required minimum one query channel.", ErrorCode.QUERY_CHANNEL_MISSING)
    open_queries = _queries_of(agent).open
    if len(open_queries) >= MAX_QUERIES and message["id"] not in open_queries:
        raise QueryError(f"A client may follow {MAX_QUERIES} queries at a time")
    results = LiveResults(agent, message["id"], name, db, context)
    try:
        await results.open()
        if message.get("r") is None:
            found = await _run(agent, db, context)
            reply: Message | None = await _answer(agent, name, found)
            ids = [snapshot.id for snapshot in found.snapshots]
            results.restore(ids, found.snapshots, found.extra)
        else:
            reply = await _restore(agent, name, db, message["r"], results)
        await agent.reply(message, reply)
    except BaseException:
        results.close()
        raise
    if agent.closed:
        results.close()
    else:
        _queries_of(agent).put(message["id"], results)
        results.resume()
    return NO_REPLY


async def _restore(
    agent: Agent, name: ResolvedName, db: DB, known: list[Any], results: LiveResults
) -> Message | None:
    """Bring a client that comes back with its old results up to date (section 5.2)."""
    versions = {item[0]: item[1] if len(item) > 1 else None for item in known}
    missing = [doc_id for doc_id, version in versions.items() if version is None]
    reply: Message | None = None
    if missing:
        found = await agent.backend.reader.snapshots(agent, name, missing)
        reply = {"data": {doc_id: payload(item) for doc_id, item in found.items()}}
    since = {doc_id: as_version(v) for doc_id, v in versions.items() if v is not None}
    for doc_id, ops in (await agent.backend.reader.ops_bulk(agent, name, since)).items():
        for op in ops:
            agent.send(build_op(name.index, doc_id, op))
    snapshots = await db.get_snapshots(name.collection, list(versions))
    results.restore(list(versions), list(snapshots.values()), MISSING)
    await results.poll()
    return reply


async def _unsubscribe(agent: Agent, message: Message) -> None:
    _queries_of(agent).drop(message["id"])


HANDLERS: Final[dict[str, Handler]] = {"qf": _fetch, "qs": _subscribe, "qu": _unsubscribe}
"""What answers the queries' actions."""
