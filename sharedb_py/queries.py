"""What answers the queries' messages: fetched once, or followed live (protocol section 5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from weakref import WeakKeyDictionary

from sharedb_py.agent import NO_REPLY, Agent, Handler, payload
from sharedb_py.db.base import DB, QueryResult
from sharedb_py.engine import Engine
from sharedb_py.errors import ErrorCode, QueryError
from sharedb_py.jsonvalue import MISSING
from sharedb_py.live.changes import result
from sharedb_py.live.follower import Follower
from sharedb_py.live.results import LiveResults, QueryPlan
from sharedb_py.live.sharing import SharedQueries
from sharedb_py.messages import Message
from sharedb_py.middleware import QueryContext
from sharedb_py.projections import Projection
from sharedb_py.reads import ResolvedName

__all__ = ["HANDLERS", "shared_queries"]

MAX_QUERIES: Final = 1000
MANY_CHANNELS_MS: Final = 1000.0
OURS: Final = frozenset({"db", "pollDebounce", "pollInterval", "skipPoll"})
"""The options of a query that are not for the database."""

_OF_BACKEND: Final[WeakKeyDictionary[Engine, SharedQueries]] = WeakKeyDictionary()
_OF_AGENT: Final[WeakKeyDictionary[Agent, _Queries]] = WeakKeyDictionary()


def shared_queries(backend: Engine) -> SharedQueries:
    """Return the queries that a backend's clients follow."""
    shared = _OF_BACKEND.get(backend)
    if shared is None:
        shared = _OF_BACKEND[backend] = SharedQueries(
            backend.pubsub, backend.cached, backend.timing
        )
    return shared


class _Followed:
    """One client's subscribed query, from its first message to its last."""

    def __init__(self, agent: Agent, query_id: Any, name: ResolvedName, plan: QueryPlan) -> None:
        self.follower = Follower(agent, query_id, name)
        self._plan = plan
        self._shared = shared_queries(agent.backend)
        self.results: LiveResults = self._shared.follow(plan, self.follower)

    def close(self) -> None:
        """Follow nothing more; may be called twice."""
        self.follower.close()
        self._shared.leave(self._plan, self.results, self.follower)


class _Queries:
    """The live queries of one client, by the ids it chose."""

    def __init__(self) -> None:
        self.open: dict[Any, _Followed] = {}

    def put(self, query_id: Any, followed: _Followed) -> None:
        self.drop(query_id)
        self.open[query_id] = followed

    def drop(self, query_id: Any) -> None:
        old = self.open.pop(query_id, None)
        if old is not None:
            old.close()

    def close(self) -> None:
        for query_id in list(self.open):
            self.drop(query_id)


def _queries_of(agent: Agent) -> _Queries:
    queries = _OF_AGENT.get(agent)
    if queries is None:
        queries = _OF_AGENT[agent] = _Queries()
        agent.at_close[queries.close] = None
    return queries


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
    )
    await agent.backend.middleware.run("query", context)
    return _narrowed(name, context), agent.backend.database(context.db), context


def _narrowed(name: ResolvedName, context: QueryContext) -> ResolvedName:
    """Return the name as the hooks left it: they may have taken fields away, never added any."""
    if context.fields is None:
        return name
    projection, shown = name.projection, frozenset(context.fields)
    if projection is not None:
        shown &= projection.fields
    return replace(name, projection=Projection(name.index, name.collection, shown))


def _plan(agent: Agent, db: DB, context: QueryContext) -> QueryPlan:
    channels = tuple(dict.fromkeys(context.channels))
    usual = MANY_CHANNELS_MS if len(channels) > 1 else 0.0

    def seconds(option: str, of_database: float | None) -> float:
        for value in (context.options.get(option), of_database):
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return value / 1000
        return usual / 1000

    skip_poll = context.options.get("skipPoll")
    return QueryPlan(
        db,
        context.collection,
        context.query,
        channels,
        seconds("pollDebounce", db.poll_times.debounce),
        seconds("pollInterval", db.poll_times.interval),
        skip_poll if callable(skip_poll) else None,
        _options(agent, context),
    )


def _options(agent: Agent, context: QueryContext) -> dict[str, Any]:
    """Return what the database is told: the client's part is only which database it is."""
    told = {key: value for key, value in context.options.items() if key not in OURS}
    return {**told, "agent_custom": agent.custom}


async def _fetch(agent: Agent, message: Message) -> Message:
    name, db, context = await _prepare(agent, message)
    with agent.backend.timing("queryFetch", context):
        found = await _run(agent, db, context)
        return await _answer(agent, name, found)


async def _run(agent: Agent, db: DB, context: QueryContext) -> QueryResult:
    # No fields: the query may filter and sort on what the projection hides.
    return await db.query(context.collection, context.query, options=_options(agent, context))


async def _answer(agent: Agent, name: ResolvedName, found: QueryResult) -> Message:
    shown = await agent.backend.reader.show(agent, name, found.snapshots, "current")
    answer: Message = {"data": [result(snapshot) for snapshot in shown]}
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
    followed = _Followed(agent, message["id"], name, _plan(agent, db, context))
    try:
        await followed.results.opened()
        if message.get("r") is None:
            # Each client asks for itself: what it wrote before must be among its results.
            with agent.backend.timing("querySubscribe.initial", context):
                found = await _run(agent, db, context)
                reply: Message | None = await _answer(agent, name, found)
            followed.follower.start([snapshot.id for snapshot in found.snapshots], found.extra)
            followed.results.seed(found.snapshots, found.extra)
        else:
            with agent.backend.timing("querySubscribe.reconnect", context):
                reply = await _catch_up(agent, name, message["r"], followed)
        await agent.reply(message, reply)
    except BaseException:
        followed.close()
        raise
    if agent.closed:
        followed.close()
    else:
        _queries_of(agent).put(message["id"], followed)
        followed.follower.resume()
    return NO_REPLY


async def _catch_up(
    agent: Agent, name: ResolvedName, known: list[Any], followed: _Followed
) -> Message | None:
    """Bring a client that comes back with its old results up to date (section 5.2)."""
    versions = {item[0]: item[1] if len(item) > 1 else None for item in known}
    missing = [doc_id for doc_id, version in versions.items() if version is None]
    reply: Message | None = None
    if missing:
        found = await agent.backend.reader.snapshots(agent, name, missing)
        reply = {"data": {doc_id: payload(item) for doc_id, item in found.items()}}
    since = {doc_id: v for doc_id, v in versions.items() if v is not None}
    await agent.send_ops_bulk(name, since)
    followed.follower.start(list(versions))
    await followed.follower.bring_to(followed.results)
    return reply


async def _unsubscribe(agent: Agent, message: Message) -> None:
    _queries_of(agent).drop(message["id"])


HANDLERS: Final[dict[str, Handler]] = {"qf": _fetch, "qs": _subscribe, "qu": _unsubscribe}
"""What answers the queries' actions."""
