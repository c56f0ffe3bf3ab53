"""One client's connection: messages in, replies and live ops out (protocol sections 1 and 2)."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping
from typing import Any, Final, Protocol, TypeAlias

from sharedb_py.delivery import Delivery, DocStream, close_all
from sharedb_py.engine import Engine
from sharedb_py.errors import ErrorCode, ShareDBError
from sharedb_py.jsonvalue import is_number
from sharedb_py.messages import (
    NO_REPLY,
    Message,
    UnparsableMessage,
    build_error,
    build_op,
    build_reply,
    build_snapshot,
    check_message,
    encode,
    error_body,
    handshake,
    parse,
)
from sharedb_py.middleware import ConnectContext, ReceiveContext, ReplyContext
from sharedb_py.ops import Op
from sharedb_py.pubsub import Published
from sharedb_py.reads import ResolvedName, as_version
from sharedb_py.sent_op import SentOp
from sharedb_py.snapshot import Snapshot
from sharedb_py.turns import Key, Turn, Turns

__all__ = [
    "HANDLERS",
    "MAX_STREAMS",
    "NO_REPLY",
    "TOO_SLOW",
    "Agent",
    "Handler",
    "Transport",
    "payload",
]

log = logging.getLogger(__name__)

MAX_IN_FLIGHT: Final = 1000
MAX_STREAMS: Final = 50_000
"""How many documents one client may subscribe to, and ask for in one message."""

TOO_SLOW: Final = (1013, "Too slow")
"""How a connection is closed whose client does not keep up: it may come back."""

Handler: TypeAlias = Callable[["Agent", Message], Awaitable[Message | None]]
HANDLERS: Final[dict[str, Handler]] = {}
"""From an action to what answers it: ``sharedb_py.serving`` brings them together."""


class Transport(Protocol):
    """The way to the client: a websocket, or a pair of queues in this process."""

    def send(self, text: str) -> None:
        """Queue a frame; a client too slow to take what is queued is cut off, not waited for."""

    def close(self, code: int, reason: str) -> None:
        """End the connection; may be called twice."""


class Agent:
    """The server's side of one connection.

    ``custom`` is the application's own; hooks fill it. ``client_id`` may be
    replaced by a ``connect`` hook; ``src`` is the source of the client's ops.
    """

    def __init__(self, backend: Engine, transport: Transport, *, remote: bool = True) -> None:
        self.backend = backend
        self.custom: dict[str, Any] = {}
        self.client_id = secrets.token_hex(16)
        self.protocol: tuple[float, float] = (0, 0)
        self.closed = False
        self.streams: dict[Key, DocStream] = {}
        self.at_close: dict[Callable[[], None], None] = {}
        """Called when the connection ends: what other modules hold for this agent."""
        self.extensions: dict[str, Any] = {}
        """What other modules keep for this agent, under their own names."""
        self._transport = transport
        self._remote = remote
        self._reclaimed_id: str | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrivals = Turns()
        self._turns = Turns()
        self._delivery = Delivery(self)
        self._in_flight = 0
        self._room = asyncio.Event()
        self._room.set()

    @property
    def src(self) -> str:
        """The source of this client's ops: the id it reclaimed, or its own."""
        return self._reclaimed_id or self.client_id

    def reclaim(self, client_id: str) -> None:
        """Let the client have the id it had on an earlier connection."""
        self._reclaimed_id = client_id

    # Life

    async def open(self, req: Any) -> None:
        """Greet the client and ask the ``connect`` hooks; raises what they raise, having closed."""
        self.send(handshake("init", self.client_id))
        try:
            await self.backend.middleware.run("connect", ConnectContext(self, req, self._transport))
        except BaseException as error:
            self.closed = True
            self._transport.close(1008, error_body(error)["message"])
            raise
        self.backend.agent_opened(self.close, remote=self._remote)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """End the connection and drop all that it holds; may be called twice."""
        if self.closed:
            return
        self.closed = True
        self.backend.agent_closed(self.close, remote=self._remote)
        for stream in self.streams.values():
            stream.close()
        self.streams.clear()
        for hook in list(self.at_close):
            hook()
        self.at_close.clear()
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()
        self._room.set()
        self._transport.close(code, reason)

    def spawn(
        self, work: Coroutine[Any, Any, None], release: Callable[[], None] = lambda: None
    ) -> None:
        """Run work for this client; it is cancelled when the connection ends.

        ``release`` is called when it has ended, however it ended.
        """
        if self.closed:
            work.close()
            release()
            return
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        task.add_done_callback(lambda _: release())

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Work for a client failed", exc_info=error)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back after the running handler's reply, unless the connection has ended by then.

        A ``reply`` hook that waits holds the reply, but not the callback.
        """
        asyncio.get_running_loop().call_soon(lambda: None if self.closed else callback())

    async def room(self) -> None:
        """Wait until so few messages are being handled that another may be taken."""
        await self._room.wait()

    def enter(self) -> None:
        """Count one more message that is being handled."""
        self._in_flight += 1
        if self._in_flight >= MAX_IN_FLIGHT:
            self._room.clear()

    def leave(self) -> None:
        """Count one less."""
        self._in_flight -= 1
        if self._in_flight < MAX_IN_FLIGHT:
            self._room.set()

    # Sending

    def send(self, message: Message) -> None:
        """Send a message; nothing happens on a closed connection."""
        if self.closed:
            return
        if self.backend.observed("send"):
            self.backend.emit("send", self, message)
        try:
            text = encode(message)
        except ValueError:
            # A number overflowed into infinity, which JavaScript writes as null.
            text = encode(_finite(message))
        self.send_text(text)

    def send_published(self, published: Published) -> None:
        """Send what many clients are sent alike: it becomes text once."""
        if self.backend.observed("send"):
            self.send(published.message)
            return
        try:
            text = published.encoded()
        except ValueError:
            self.send(published.message)
        else:
            self.send_text(text)

    def send_text(self, text: str) -> None:
        """Send a message that is encoded already."""
        if not self.closed:
            self._transport.send(text)

    def send_error(self, request: Message, error: BaseException) -> None:
        """Answer a request with an error."""
        if not isinstance(error, ShareDBError):
            log.error("Message %r failed", request.get("a"), exc_info=error)
        self.send(build_error(request, error))

    async def reply(self, request: Message, result: Message | None) -> None:
        """Answer a request; raises what a ``reply`` hook raises."""
        reply = build_reply(request, result)
        if self.backend.middleware.has("reply"):
            context = ReplyContext(self, request, reply)
            await self.backend.middleware.run("reply", context)
            reply = context.reply
        self.send(reply)

    # Live ops

    def deliver(self, published: Published, name: ResolvedName) -> None:
        """Send a published op to the client under a name, unless it is the client's own."""
        self._delivery.deliver(published, name)

    def fell_behind(self) -> None:
        """End the connection: more waits for it than may; the client comes back and catches up."""
        log.warning("Client %s fell too far behind and was cut off", self.src)
        self.close(*TOO_SLOW)

    # Receiving

    def receive_frame(self, frame: str | bytes) -> None:
        """Take a frame from the client; one that is no message ends the connection."""
        try:
            message = parse(frame)
        except UnparsableMessage as error:
            self.close(error.code, error.reason)
            return
        self.receive(message)

    def receive(self, message: Message) -> None:
        """Take a message from the client; what goes wrong with it is answered."""
        if self.closed:
            return
        if self.backend.middleware.has("receive"):
            turn = self._arrivals.take(_keys(message))
            self.enter()

            def left() -> None:
                turn.end()
                self.leave()

            self._start(self._receive_hooked(message, turn), message, left)
        else:
            self._dispatch(message)

    def _start(
        self, work: Coroutine[Any, Any, None], message: Message, release: Callable[[], None]
    ) -> None:
        """Run what a message asks for. An op that came in is committed, whoever leaves then."""
        spawn = self.backend.spawn if message.get("a") == "op" else self.spawn
        spawn(work, release)

    async def _receive_hooked(self, message: Message, turn: Turn) -> None:
        """Ask the hooks about a message, then have it handled after those that came before it."""
        context = ReceiveContext(self, message)
        try:
            await self.backend.middleware.run("receive", context)
        except Exception as error:
            self.send_error(message, error)
            return
        await turn.come()
        self._dispatch(context.data)

    def _dispatch(self, message: Message) -> None:
        try:
            check_message(message)
            action = message["a"]
            keys = _keys(message)
            if action == "op" and not self._turns.busy(keys):
                self.submit(message)
                return
            if action in ("p", "ps") and not self.backend.presence:
                return  # as the reference does: clients of such a server wait in vain
            handler = HANDLERS.get(action) or self.backend.handlers.get(action)
            if handler is None:
                raise ShareDBError("Invalid or unknown message", ErrorCode.MESSAGE_BADLY_FORMED)
        except Exception as error:
            self.send_error(message, error)
            return
        turn = self._turns.take(keys)
        self.enter()

        def left() -> None:
            turn.end()
            self.leave()

        self._start(self._handle(handler, message, turn), message, left)

    async def _handle(self, handler: Handler, message: Message, turn: Turn) -> None:
        """Run a handler once the earlier messages about the same documents are handled."""
        await turn.come()
        try:
            result = await handler(self, message)
            if result is not NO_REPLY:
                await self.reply(message, result)
        except Exception as error:
            self.send_error(message, error)

    def submit(self, message: Message) -> None:
        """Hand an op to its document; raises ``ShareDBError`` for a malformed one."""
        SentOp(self, message).submit()

    # Reading and subscribing

    async def admit(self, collection: str, ids: Collection[str]) -> None:
        """Called before ops of documents are read from a version on; raise to refuse.

        Snapshots have a hook for that, such ops have none but the one that is
        called for each of them. A subclass may know who may read what.
        """

    async def admit_to_channel(self, channel: str) -> None:
        """Called before a client hears of who is on a presence channel; raise to refuse."""

    async def open_streams(self, name: ResolvedName, ids: Iterable[str]) -> dict[str, DocStream]:
        """Subscribe to documents, to all or, if one fails, to none."""
        ids = list(ids)
        if len(self.streams) + len(ids) > MAX_STREAMS:
            raise ShareDBError(f"A client may subscribe to {MAX_STREAMS} documents at a time")
        streams = {doc_id: DocStream(self, name, doc_id) for doc_id in ids}
        try:
            await asyncio.gather(*(stream.open() for stream in streams.values()))
        except BaseException:
            close_all(streams.values())
            raise
        return streams

    def keep(self, name: ResolvedName, streams: dict[str, DocStream]) -> None:
        """Let streams take the place of those there were."""
        for doc_id, stream in streams.items():
            if self.closed:
                stream.close()
                continue
            key = (name.index, doc_id)
            old = self.streams.get(key)
            self.streams[key] = stream
            if old is not None:
                old.close()

    def drop_stream(self, index: str, doc_id: str) -> None:
        """End the client's subscription to a document, if it has one."""
        stream = self.streams.pop((index, doc_id), None)
        if stream is not None:
            stream.close()

    async def send_ops(self, name: ResolvedName, doc_id: str, version: Any) -> None:
        """Send the client a document's ops from a version on."""
        await self.admit(name.collection, [doc_id])
        ops = await self.backend.reader.ops(self, name, doc_id, as_version(version))
        self._send_ops(name.index, doc_id, ops)

    async def send_ops_bulk(self, name: ResolvedName, versions: Mapping[str, Any]) -> None:
        """Send the client the ops of many documents, each from its version on."""
        since = {doc_id: as_version(v or 0) for doc_id, v in versions.items()}
        await self.admit(name.collection, since)
        for doc_id, ops in (await self.backend.reader.ops_bulk(self, name, since)).items():
            self._send_ops(name.index, doc_id, ops)

    def _send_ops(self, index: str, doc_id: str, ops: Iterable[Op]) -> None:
        for op in ops:
            self.send(build_op(index, doc_id, op))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def _keys(message: Message) -> list[Key]:
    """What a message, checked or not, must wait for: its documents, channel or query."""
    action, collection = message.get("a"), message.get("c")
    if action in ("f", "s", "u", "op"):
        return _keys_of(collection, [message.get("d")])
    if action in ("bf", "bs", "bu"):
        ids = message.get("b")
        return _keys_of(collection, ids if isinstance(ids, (list, dict)) else ())
    if action in ("ps", "pu", "p"):
        return _keys_of("", [message.get("ch")])
    if action in ("qs", "qu") and is_number(message.get("id")):
        return [("$query", str(message["id"]))]
    return []


def _keys_of(collection: Any, ids: Iterable[Any]) -> list[Key]:
    if not isinstance(collection, str):
        return []
    return list(dict.fromkeys((collection, each) for each in ids if isinstance(each, str)))


def payload(found: Snapshot | ShareDBError) -> Message:
    """Return what stands for a document in a bulk reply: its snapshot, or why there is none."""
    return build_snapshot(found) if isinstance(found, Snapshot) else {"error": error_body(found)}
