"""The actions an application can hook into, and what each hook is given (protocol section 8)."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, TypeAlias, get_args

from sharedb_py.errors import ErrorCode, ReadRejected
from sharedb_py.jsonvalue import JSONObject
from sharedb_py.ops import Op
from sharedb_py.projections import Projection
from sharedb_py.snapshot import Snapshot

__all__ = [
    "Action",
    "AgentInfo",
    "ConnectContext",
    "Context",
    "Middleware",
    "OpContext",
    "PresenceContext",
    "QueryContext",
    "ReadSnapshotsContext",
    "ReceiveContext",
    "ReplyContext",
    "SnapshotKind",
]

Action: TypeAlias = Literal[
    "connect",
    "receive",
    "reply",
    "readSnapshots",
    "op",
    "query",
    "submit",
    "apply",
    "commit",
    "afterWrite",
    "receivePresence",
    "sendPresence",
]
ACTIONS: Final = frozenset(get_args(Action))
SnapshotKind: TypeAlias = Literal["current", "byVersion", "byTimestamp"]

Hook: TypeAlias = Callable[[Any], Awaitable[None] | None]


class AgentInfo(Protocol):
    """What a hook may know of the client's connection."""

    custom: dict[str, Any]
    """The application's own notes on this connection, such as its user."""

    client_id: str

    @property
    def src(self) -> str:
        """The source of this client's ops."""


@dataclass
class Context:
    """What every hook is given: what happens, for whom, and where."""

    action: Action = field(init=False, repr=False, compare=False)
    """Which action it is, for a hook of several."""

    backend: Any = field(init=False, repr=False, compare=False)
    """The backend in which it happens."""

    agent: AgentInfo


@dataclass
class ConnectContext(Context):
    """A client has connected and was greeted; raise to refuse it.

    ``req`` is the upgrade request, or what an in-process connection was given;
    ``stream`` is what carries the messages.
    """

    req: Any
    stream: Any = None


@dataclass
class ReceiveContext(Context):
    """A message came in and is not checked yet; ``data`` may be changed or replaced."""

    data: JSONObject


@dataclass
class ReplyContext(Context):
    """A success reply is about to be sent; ``reply`` may be changed."""

    request: JSONObject
    reply: JSONObject


@dataclass
class ReadSnapshotsContext(Context):
    """Snapshots were read for a client; replace items of ``snapshots`` to redact them."""

    collection: str
    snapshots: list[Snapshot]
    snapshot_type: SnapshotKind
    rejections: dict[str, ReadRejected] = field(default_factory=dict)

    def reject_snapshot_read(self, snapshot: Snapshot, error: ReadRejected) -> None:
        """Let the client have an error instead of this snapshot."""
        self.rejections[snapshot.id] = error

    def reject_snapshot_read_silent(self, snapshot: Snapshot, message: str) -> None:
        """Like a rejection, but the client's application is not told."""
        self.rejections[snapshot.id] = ReadRejected(
            message, ErrorCode.SNAPSHOT_READ_SILENT_REJECTION
        )


@dataclass
class OpContext(Context):
    """An op is about to be sent to a client; raise to withhold it."""

    collection: str
    id: str
    op: Op


@dataclass
class QueryContext(Context):
    """A query is about to run; query, options, channels and poll times may be changed."""

    index: str
    collection: str
    projection: Projection | None
    channels: list[str]
    query: JSONObject
    options: dict[str, Any]
    """``pollDebounce`` and ``pollInterval`` (milliseconds), ``skipPoll``, and what else the
    database is to be told."""
    fields: frozenset[str] | None = field(init=False)
    """The top-level fields the client sees of the results; None: all. A hook may narrow it."""

    def __post_init__(self) -> None:
        self.fields = None if self.projection is None else self.projection.fields

    @property
    def db(self) -> Any:
        """The name of the database to ask, one of the backend's ``extra_dbs``; None: the main one.

        The client's choice until a hook sets it; it is kept in ``options``.
        """
        return self.options.get("db")

    @db.setter
    def db(self, name: str | None) -> None:
        self.options["db"] = name

    @property
    def channel(self) -> str | None:
        """The only channel, if there is one. Setting it is ShareDB's old way to set channels."""
        return self.channels[0] if len(self.channels) == 1 else None

    @channel.setter
    def channel(self, channel: str) -> None:
        self.channels = [channel]


@dataclass
class PresenceContext(Context):
    """A presence message comes from, or goes to, a client; ``presence`` may be changed."""

    presence: JSONObject
    collection: str | None = None


class Middleware:
    """Ordered hooks for each action."""

    def __init__(self, backend: Any = None) -> None:
        self._backend = backend
        self._hooks: dict[str, tuple[Hook, ...]] = {}

    def use(self, actions: Action | Iterable[Action], hook: Hook) -> None:
        """Call ``hook(context)``, a function or coroutine function, at each of the actions."""
        for action in [actions] if isinstance(actions, str) else actions:
            if action not in ACTIONS:
                raise ValueError(f"No action {action!r}; there are {', '.join(sorted(ACTIONS))}")
            self._hooks[action] = (*self._hooks.get(action, ()), hook)

    def has(self, action: Action) -> bool:
        """Whether anything hooks into an action; if not, its context need not be made."""
        return action in self._hooks

    async def run(self, action: Action, context: Context) -> None:
        """Call the action's hooks in order; the first that raises ends it."""
        context.action, context.backend = action, self._backend
        for hook in self._hooks.get(action, ()):
            result = hook(context)
            if inspect.isawaitable(result):
                await result
