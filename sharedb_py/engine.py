"""The server's heart: databases, hooks, projections and the documents in use."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar, overload

from sharedb_py.db.base import DB
from sharedb_py.db.memory import MemoryDB
from sharedb_py.errors import ErrorCode, ShareDBError
from sharedb_py.history import History
from sharedb_py.jsonvalue import JSONObject
from sharedb_py.messages import Message
from sharedb_py.middleware import Action, AgentInfo, Hook, Middleware
from sharedb_py.milestones.base import MilestoneDB
from sharedb_py.milestones.memory import NoMilestones
from sharedb_py.ops import without_meta
from sharedb_py.projections import Projection
from sharedb_py.pubsub import MemoryPubSub, PubSub
from sharedb_py.reads import Reader, ResolvedName
from sharedb_py.snapshot import Snapshot
from sharedb_py.submit import Done, SubmitOptions, SubmitRequest, Submitter

__all__ = ["Engine"]

log = logging.getLogger(__name__)

HookT = TypeVar("HookT", bound=Hook)
Observer = Callable[..., None]
Closer = Callable[[], Any]
ErrorHandler = Callable[[BaseException, AgentInfo], None]

DEFAULT_MAX_RETRIES: Final = 1000  # a document that many processes write at once is lost to often


def _log_error(error: BaseException, agent: AgentInfo) -> None:
    log.error("A presence was withheld from client %s: %s", agent.src, error)


class Engine:
    """Everything a server needs but its sockets.

    ``db``, ``pubsub`` and ``milestones`` default to ones in memory; ``extra_dbs``
    are the databases that queries may name. The backend owns all of them and
    closes them. ``max_submit_retries`` is how often a commit that loses to
    another process is tried again (None: without end). ``suppress_publish`` keeps
    committed ops from subscribers, unless a hook wants them told;
    ``do_not_commit_no_ops`` refuses ops that others' ops made empty. With
    ``presence`` off, presence messages are not answered.

    What a ``sendPresence`` hook raises goes to ``error_handler(error, agent)``,
    which logs it by default, or to the client if ``forward_send_presence_errors``,
    as in old versions of ShareDB. ``max_message_bytes`` bounds a message,
    ``max_outgoing_bytes`` what waits to be sent to one client before it is cut off,
    ``max_presence_bytes`` all that one client says by presence at a time. A client
    that sends more than ``max_presence_rate`` presence messages a second is read
    more slowly, after a first thousand.
    """

    def __init__(
        self,
        db: DB | None = None,
        pubsub: PubSub | None = None,
        milestones: MilestoneDB | None = None,
        extra_dbs: Mapping[str, DB] | None = None,
        *,
        presence: bool = True,
        max_submit_retries: int | None = DEFAULT_MAX_RETRIES,
        do_not_commit_no_ops: bool = False,
        suppress_publish: bool = False,
        forward_send_presence_errors: bool = False,
        error_handler: ErrorHandler | None = None,
        max_message_bytes: int = 10 * 2**20,
        max_outgoing_bytes: int = 64 * 2**20,
        max_presence_bytes: int = 256 * 2**10,
        max_presence_rate: float = 200.0,
    ) -> None:
        self.db = db or MemoryDB()
        self.pubsub = pubsub or MemoryPubSub()
        self.milestones = milestones or NoMilestones()
        self.extra_dbs = dict(extra_dbs or {})
        self.presence = presence
        self.max_message_bytes = max_message_bytes
        self.max_outgoing_bytes = max_outgoing_bytes
        self.max_presence_bytes = max_presence_bytes
        self.max_presence_rate = max_presence_rate
        self.forward_send_presence_errors = forward_send_presence_errors
        self.error_handler = error_handler or _log_error
        self.middleware = Middleware(self)
        self.projections: dict[str, Projection] = {}
        self.reader = Reader(self.db, self.middleware)
        self.history = History(self.db, self.milestones)
        self.handlers: dict[str, Callable[[Any, Message], Awaitable[Message | None]]] = {}
        """What answers the actions of queries and presence: ``await handler(agent, message)``
        returns the reply's own keys, or ``NO_REPLY``."""
        self.agents_count = 0
        self.remote_agents_count = 0
        self._observers: dict[str, list[Observer]] = {}
        self._closers: dict[Closer, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        options = SubmitOptions(max_submit_retries, suppress_publish, do_not_commit_no_ops)
        self._submitter = Submitter(
            self.db, self.middleware, options, self._committed, self._retried
        )

    # Hooks and observers

    @overload
    def use(self, actions: Action | Iterable[Action]) -> Callable[[HookT], HookT]: ...
    @overload
    def use(self, actions: Action | Iterable[Action], hook: HookT) -> HookT: ...
    def use(self, actions: Action | Iterable[Action], hook: HookT | None = None) -> Any:
        """Hook a function, or coroutine function, into actions; usable as a decorator.

        Hooks run in the order they were added, with the context that
        ``sharedb_py.middleware`` describes; one that raises ends the action, and
        the client is told. Raises ``ValueError`` for an unknown action.
        """
        if hook is None:
            return lambda decorated: self.use(actions, decorated)
        self.middleware.use(actions, hook)
        return hook

    def on(self, event: str, observer: Observer) -> None:
        """Call ``observer`` at every ``event`` (protocol section 9).

        ``timing(name, milliseconds, request)``: something was done, such as
        ``submit.total``; ``submitRequestEnd(error, request)``: an op was committed
        (None) or refused; ``send(agent, message)``: a message goes to a client;
        ``error(error)``: work that nobody waits for failed.
        """
        self._observers.setdefault(event, []).append(observer)

    def emit(self, event: str, *arguments: Any) -> None:
        """Tell an event's observers; what they raise is logged."""
        for observer in self._observers.get(event, ()):
            try:
                observer(*arguments)
            except Exception:
                log.exception("An observer of %r failed", event)

    def observed(self, event: str) -> bool:
        """Whether anyone would be told of an event."""
        return event in self._observers

    @contextmanager
    def timing(self, name: str, request: Any) -> Iterator[None]:
        """Tell ``timing`` observers how long the block took, unless it raises."""
        start = time.perf_counter()
        yield
        self.emit("timing", name, (time.perf_counter() - start) * 1000, request)

    # Names

    def add_projection(
        self, name: str, collection: str, fields: Mapping[str, bool] | Iterable[str]
    ) -> None:
        """Let clients use ``name`` for a collection of which they see only some fields.

        Raises ``ShareDBError`` if the name is taken or a field is not simply true.
        """
        if name in self.projections:
            raise ShareDBError(f"Projection {name} already exists")
        if isinstance(fields, Mapping):
            for field, shown in fields.items():
                if shown is not True:
                    raise ShareDBError(
                        f"Invalid field {field} - fields must be {{somekey: True}}. Subfields not "
                        "currently supported."
                    )
        self.projections[name] = Projection(name, collection, frozenset(fields))

    def resolve(self, index: str) -> ResolvedName:
        """Return the collection, and the projection if any, that a client's name stands for."""
        projection = self.projections.get(index)
        return ResolvedName(index, projection.target if projection else index, projection)

    def database(self, name: Any) -> DB:
        """Return the database a query names; None: the main one."""
        if name is None:
            return self.db
        found = self.extra_dbs.get(name) if isinstance(name, str) else None
        if found is None:
            raise ShareDBError("DB not found", ErrorCode.DATABASE_ADAPTER_NOT_FOUND)
        return found

    # Submitting

    def submit(self, request: SubmitRequest, done: Done) -> None:
        """Queue an op; ``done`` is called when it is refused, or committed and to be published.

        Raises ``ShareDBError`` at once for an op that is malformed. ``submit``
        hooks are the caller's to run, in between :meth:`prepare` and this.
        """
        self._submitter.put(request, done)

    def prepare(self, request: SubmitRequest) -> None:
        """Complete a new request and check its op; raises ``ShareDBError`` for a malformed one."""
        self._submitter.prepare(request)

    def cached(self, collection: str, doc_id: str) -> Snapshot | None:
        """Return a document's snapshot, metadata and all, if it is held; it may be outdated."""
        return self._submitter.cached(collection, doc_id)

    def _committed(self, request: SubmitRequest) -> None:
        """Publish a committed op and save a milestone that is due."""
        if not request.suppress_publish:
            published: JSONObject = {
                **without_meta(request.op),
                "c": request.collection,
                "d": request.id,
            }
            if request.index != request.collection:
                published["i"] = request.index
            self.pubsub.publish(request.channels, published)
        self._save_milestone(request)

    def _save_milestone(self, request: SubmitRequest) -> None:
        snapshot, interval = request.snapshot, self.milestones.interval
        wanted = request.save_milestone_snapshot
        if wanted is None:
            wanted = bool(interval) and snapshot is not None and snapshot.version % interval == 0  # type: ignore[operator]
        if not wanted or snapshot is None:
            return
        self.spawn(self.milestones.save(request.collection, snapshot))

    def _retried(self, request: SubmitRequest) -> None:
        self.emit("timing", "submit.retry", request.elapsed, request)

    # Life

    def spawn(
        self, work: Coroutine[Any, Any, None], release: Callable[[], None] = lambda: None
    ) -> None:
        """Run work that must be finished whoever disconnects; :meth:`close` waits for it.

        ``release`` is called when it has ended, however it ended.
        """
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        task.add_done_callback(lambda _: release())

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Work in the background failed", exc_info=error)
            self.emit("error", error)

    async def _finish_tasks(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)

    def agent_opened(self, closer: Closer, *, remote: bool) -> None:
        """Count an agent, and remember how to close it."""
        self._closers[closer] = None
        self.agents_count += 1
        self.remote_agents_count += remote

    def agent_closed(self, closer: Closer, *, remote: bool) -> None:
        """Count an agent no more."""
        if self._closers.pop(closer, 0) is None:
            self.agents_count -= 1
            self.remote_agents_count -= remote

    @property
    def closed(self) -> bool:
        """Whether the backend takes no more connections."""
        return self._closed

    async def close(self) -> None:
        """Close every agent, finish what was accepted, and let go of the adapters."""
        if self._closed:
            return
        self._closed = True
        for closer in list(self._closers):
            result = closer()
            if inspect.isawaitable(result):
                await result
        await self._finish_tasks()
        await self._submitter.close()
        await self._finish_tasks()
        await self.pubsub.close()
        await self.milestones.close()
        for db in (self.db, *self.extra_dbs.values()):
            await db.close()
