"""A document as one client sees it: its own ops at once, everybody else's in order. No I/O.

The server's state is kept beside the one shown, as long as ops of our own wait
to be acknowledged: an op that is refused is undone by going back to it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from sharedb_py.client.changes import Change, Done, Listeners
from sharedb_py.client.edits import Edit, body, pass_each_other, try_compose
from sharedb_py.errors import ErrorCode, OpRejected, ShareDBError
from sharedb_py.jsonvalue import MISSING
from sharedb_py.messages import Message, encode, parse
from sharedb_py.ops import Op, apply_op, check_op, check_submitted_op, normalize_type
from sharedb_py.ot import DEFAULT_TYPE, types
from sharedb_py.snapshot import Snapshot

__all__ = ["DocCore", "Line", "error_of", "own_copy"]

log = logging.getLogger(__name__)


class Line(Protocol):
    """What a document needs of its connection."""

    @property
    def connected(self) -> bool:
        """Whether messages reach the server."""

    @property
    def src(self) -> str | None:
        """The source of our ops."""

    def next_seq(self) -> int:
        """Return a number no op of this connection had."""

    def send(self, message: Message) -> None:
        """Send a message to the server."""


def _ignore(error: ShareDBError | None) -> None:
    """Nobody waits."""


@dataclass
class _Requests:
    """Requests of one kind that are on their way; the server answers them in order."""

    waiting: deque[list[Done]] = field(default_factory=deque)

    def answered(self, error: ShareDBError | None) -> None:
        for done in self.waiting.popleft() if self.waiting else ():
            done(error)

    def merge(self) -> list[Done]:
        """Return all that wait, and forget them."""
        dones = [done for request in self.waiting for done in request]
        self.waiting.clear()
        return dones


class DocCore:
    """One document of one connection.

    ``data`` is immutable: it is shared with ops and with the connection's other
    readers. What changes it tells ``listeners`` afterwards.
    """

    def __init__(self, line: Line, collection: str, doc_id: str) -> None:
        self.collection = collection
        self.id = doc_id
        self.listeners: Listeners[Change] = Listeners()
        self.wants_ops = False
        """Whether the document is subscribed to, or is to be as soon as there is a connection."""
        self._line = line
        self._server: Snapshot | None = None
        self._shown = Snapshot(doc_id, 0)
        self._in_flight: Edit | None = None
        self._pending: deque[Edit] = deque()
        self._idle: list[Callable[[], None]] = []
        self._fetches, self._subscribes, self._unsubscribes = _Requests(), _Requests(), _Requests()
        self._subscribed = False
        self._asked_for_ops = False
        self._outdated = False
        self._abandoned: set[int] = set()

    # State

    @property
    def version(self) -> int | None:
        """The last version known of the server; None until there is one."""
        return None if self._server is None else self._server.version

    @property
    def type_uri(self) -> str | None:
        """The type's URI; None where there is no document."""
        return self._shown.type_uri

    @property
    def data(self) -> Any:
        """The document, our own unacknowledged ops included; None where there is none."""
        return None if self._shown.data is MISSING else self._shown.data

    @property
    def exists(self) -> bool:
        """Whether there is a document, as far as is known here."""
        return self._shown.exists

    @property
    def idle(self) -> bool:
        """Whether no op of our own waits to be acknowledged."""
        return self._in_flight is None and not self._pending

    @property
    def unused(self) -> bool:
        """Whether nothing is asked of the server, so that the document can be forgotten."""
        waiting = self._fetches.waiting or self._subscribes.waiting or self._unsubscribes.waiting
        return self.idle and not self.wants_ops and not waiting

    def when_idle(self, callback: Callable[[], None]) -> None:
        """Call back once nothing is pending: now, if nothing is."""
        if self.idle:
            callback()
        else:
            self._idle.append(callback)

    # Reading

    def fetch(self, done: Done = _ignore) -> None:
        """Bring the document up to date once."""
        self._fetches.waiting.append([done])
        if self._line.connected:
            self._send("f", v=self.version)

    def subscribe(self, done: Done = _ignore) -> None:
        """Bring the document up to date, and keep it so."""
        self.wants_ops = True
        if self._subscribed:
            done(None)
        elif self._subscribes.waiting and not self._unsubscribes.waiting:
            self._subscribes.waiting[-1].append(done)
        else:
            self._subscribes.waiting.append([done])
            if self._line.connected:
                self._send("s", v=self.version)

    def unsubscribe(self, done: Done = _ignore) -> None:
        """Let the document grow old."""
        self.wants_ops = self._subscribed = False
        if not self._line.connected:
            for waiting in self._subscribes.merge():
                waiting(None)
            done(None)
            return
        self._unsubscribes.waiting.append([done])
        self._send("u")

    def _send(self, action: str, **fields: Any) -> None:
        self._line.send({"a": action, "c": self.collection, "d": self.id, **fields})

    # Writing

    def submit(self, op: Any, done: Done = _ignore) -> None:
        """Apply an op here and send it. Raises ``ShareDBError``, doing nothing, if it is unfit."""
        self._submit({"op": op}, done)

    def create(self, data: Any, type_name: str = DEFAULT_TYPE.name, done: Done = _ignore) -> None:
        """Create the document. Raises ``ShareDBError`` if there is one."""
        self._submit({"create": {"type": type_name, "data": data}}, done)

    def delete(self, done: Done = _ignore) -> None:
        """Delete the document. Raises ``ShareDBError`` if there is none."""
        self._submit({"del": True}, done)

    def _submit(self, given: Op, done: Done) -> None:
        op = own_copy(given)
        normalize_type(op)
        check_op(op)
        if "create" not in op and not self._shown.exists:
            raise OpRejected(
                "Document does not exist, or was not fetched", ErrorCode.DOC_DOES_NOT_EXIST
            )
        check_submitted_op(op, self._shown)
        before, self._shown = self._shown, apply_op(self._shown, op)
        type_uri = before.type_uri or self._shown.type_uri
        ot_type = types.get(type_uri) if type_uri else None
        if self._pending and try_compose(ot_type, self._pending[-1], op):
            self._pending[-1].dones.append(done)
        else:
            self._pending.append(Edit(op, [done]))
        self._send_next()
        self._tell(op, local=True, src=self._line.src)

    def _send_next(self) -> None:
        if self._in_flight is None and self._pending and self._line.connected:
            self._in_flight = self._pending.popleft()
            self._in_flight.src, self._in_flight.seq = self._line.src, self._line.next_seq()
            self._send_in_flight(self._in_flight)

    def _send_in_flight(self, edit: Edit) -> None:
        # A client whose old id was not given back must name it.
        resent = {} if edit.src == self._line.src else {"src": edit.src}
        self._send("op", v=self.version, seq=edit.seq, x={}, **resent, **edit.body)

    def _tell(self, op: Op, *, local: bool, src: str | None) -> None:
        if "create" in op:
            self.listeners.tell(Change("create", op["create"].get("data"), local, src))
        elif "del" in op:
            self.listeners.tell(Change("delete", None, local, src))
        elif "op" in op:
            self.listeners.tell(Change("op", op["op"], local, src))

    # From the server

    def receive(self, message: Message) -> None:
        """Take a reply about the document, or an op on it."""
        error = error_of(message)
        match message["a"]:
            case "op":
                self._receive_op(message, error)
            case "f":
                self._asked_for_ops = False
                self._loaded(message, error)
                self._fetches.answered(error)
            case "s":
                ended = not self.wants_ops or self._unsubscribes.waiting
                self._subscribed = error is None and not ended
                if error is not None:
                    self.wants_ops = False
                    log.info("No subscription to %s.%s: %s", self.collection, self.id, error)
                self._loaded(message, error)
                self._subscribes.answered(error)
            case "u":
                self._unsubscribes.answered(error)

    def _loaded(self, message: Message, error: ShareDBError | None) -> None:
        if error is None and "data" in message:
            self.ingest(message["data"])

    def ingest(self, payload: Message) -> None:
        """Take a snapshot as the server sent it, unless what is here is as new."""
        snapshot = Snapshot(
            self.id,
            payload["v"],
            payload.get("type", DEFAULT_TYPE.uri),
            payload.get("data", MISSING),
        )
        if self.version is not None and snapshot.version <= self.version:
            return
        if self.idle:
            self._load(snapshot)
        elif self.version is None:
            # A create of ours is on its way: its answer tells which came first.
            self._outdated = True
        else:
            self._ask_for_ops()

    def _load(self, snapshot: Snapshot) -> None:
        if snapshot.type_uri is None:
            snapshot = Snapshot(self.id, snapshot.version)
        self._server = self._shown = snapshot
        self.listeners.tell(Change("load", None, False, None))

    def _ask_for_ops(self) -> None:
        """Ask for the ops since our version, unless that is asked already."""
        if self._line.connected and not self._asked_for_ops:
            self._asked_for_ops = True
            self._fetches.waiting.append([])
            self._send("f", v=self.version)

    def _receive_op(self, message: Message, error: ShareDBError | None) -> None:
        own = self._in_flight
        if own is not None and message.get("seq") == own.seq and self._is_ours(message, own):
            if error is None:
                self._acknowledged(message, own)
            elif error.code == ErrorCode.NO_OP:
                self._came_to_nothing(own)
            else:
                self._go_back(error, own)
        elif message.get("seq") in self._abandoned and message.get("src") in (None, self._line.src):
            self._abandoned.discard(message["seq"])
            if error is None and (self.version is None or message["v"] >= self.version):
                # Given up here, yet the server took it: only the server's ops tell.
                self._ask_for_ops()
        elif error is None:
            self._follow(message)

    def _is_ours(self, message: Message, own: Edit) -> bool:
        src = message.get("src")
        return src == own.src or (src is None and "error" in message)

    def _acknowledged(self, message: Message, own: Edit) -> None:
        version = message["v"]
        if self._server is not None and version != self._server.version:
            if version > self._server.version:
                self._ask_for_ops()
            else:
                self._go_back(None, own)
            return
        self._in_flight = None
        self._confirm(version, own.body)
        for fixup in message.get("fixup") or ():
            self._take({"op": fixup}, None)
        if self._outdated:
            self._outdated = False
            self._ask_for_ops()
        self._send_next()
        own.finish(None)
        self._tell_idle()

    def _came_to_nothing(self, own: Edit) -> None:
        """Our op does nothing after ops we have not seen: it is done when we have them."""

        def settle(error: ShareDBError | None) -> None:
            if self._in_flight is not own:
                return
            self._in_flight = None
            if self.idle and self._server is not None:
                self._shown = self._server
            self._send_next()
            own.finish(error)
            self._tell_idle()

        self.fetch(settle)

    def _confirm(self, version: int, op: Op) -> None:
        """Record that an op of our own is the server's op at ``version``."""
        base = self._server or Snapshot(self.id, version)
        if self._pending:
            self._server = apply_op(base, op)
            return
        shown = self._shown
        self._server = self._shown = Snapshot(self.id, version + 1, shown.type_uri, shown.data)

    def _follow(self, message: Message) -> None:
        """Apply somebody else's op if it is the next one."""
        if self._server is None or message["v"] < self._server.version:
            return
        if message["v"] > self._server.version:
            self._ask_for_ops()
            return
        try:
            self._server = apply_op(self._server, {**body(message), "v": message["v"]})
        except ShareDBError as error:
            self._start_over(error)
            return
        self._take(body(message), message.get("src"), confirmed=True)

    def _take(self, op: Op, src: str | None, *, confirmed: bool = False) -> None:
        """Show a remote op, carried past our own ops; they are carried past it."""
        assert self._server is not None
        if not confirmed:
            version = self._server.version
            after = apply_op(self._server, op)
            self._server = Snapshot(self.id, version, after.type_uri, after.data)
        if self.idle:
            self._shown = self._server
        else:
            try:
                op = self._pass_pending(op)
                self._shown = apply_op(self._shown, op)
            except ShareDBError as error:
                self._go_back(error, None)
                return
        self._tell(op, local=False, src=src)

    def _pass_pending(self, op: Op) -> Op:
        carried = []
        # What is shown may be deleted by our own ops already, the server's document is not.
        type_uri = None if self._server is None else self._server.type_uri
        own = ([self._in_flight] if self._in_flight else []) + list(self._pending)
        for edit in own:
            ours, op = pass_each_other(type_uri, edit.body, op)
            carried.append(ours)
        for edit, ours in zip(own, carried, strict=True):
            edit.body = ours
        return op

    # Undoing

    def _go_back(self, error: ShareDBError | None, own: Edit | None) -> None:
        """Show the server's state again, without our ops; ``own`` ends with ``error``."""
        failed = [edit for edit in (self._in_flight, *self._pending) if edit is not None]
        if own is not None and own not in failed:
            failed.insert(0, own)
        if self._in_flight is not None and self._in_flight is not own:
            assert self._in_flight.seq is not None
            self._abandoned.add(self._in_flight.seq)
        self._in_flight = None
        self._pending.clear()
        self._outdated = False
        self._shown = self._server or Snapshot(self.id, 0)
        self.listeners.tell(Change("load", None, False, None))
        self._ask_for_ops()
        rolled_back = error or ShareDBError("An op this one was based on came to nothing")
        for edit in failed:
            edit.finish(error if edit is own else rolled_back)
        self._tell_idle()

    def _start_over(self, error: ShareDBError) -> None:
        """Forget a state that the server's ops do not fit, and fetch a new one."""
        log.warning("Lost track of %s.%s, fetching it anew: %s", self.collection, self.id, error)
        self._server = None
        self._asked_for_ops = False
        self._go_back(error, None)

    def _tell_idle(self) -> None:
        if self.idle:
            waiting, self._idle = self._idle, []
            for callback in waiting:
                callback()

    # The connection

    def connected(self) -> None:
        """Ask again for all that was not answered; the op in flight keeps its src and seq."""
        if self._in_flight is not None:
            self._send_in_flight(self._in_flight)
        else:
            self._send_next()
        fetches = self._fetches.merge()
        if self.wants_ops:
            self._subscribes.waiting.append(self._subscribes.merge())
            self._send("s", v=self.version)
        if fetches:
            self._fetches.waiting.append(fetches)
            self._send("f", v=self.version)

    def disconnected(self) -> None:
        """Note that the server has forgotten us."""
        self._subscribed = self._asked_for_ops = False
        self._abandoned.clear()
        for done in self._unsubscribes.merge():
            done(None)

    def close(self, error: ShareDBError) -> None:
        """Fail all that is not answered: there will be no connection any more."""
        waiting = self._fetches.merge() + self._subscribes.merge() + self._unsubscribes.merge()
        for done in waiting:
            done(error)
        for edit in [edit for edit in (self._in_flight, *self._pending) if edit is not None]:
            edit.finish(error)
        idle, self._idle = self._idle, []
        for callback in idle:
            callback()


def own_copy(op: Op) -> Op:
    """Return a copy that nobody else can change; raises for what is not JSON."""
    try:
        return parse(encode(op))
    except (TypeError, ValueError, RecursionError) as error:
        raise ShareDBError(f"Not JSON: {error}", ErrorCode.OT_OP_BADLY_FORMED) from None


def error_of(message: Message) -> ShareDBError | None:
    """Return the error that a message carries, if any."""
    found = message.get("error")
    if found is None:
        return None
    if not isinstance(found, dict):
        return ShareDBError(str(found))
    return ShareDBError(str(found.get("message", "")), found.get("code"))
