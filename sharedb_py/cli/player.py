"""Sends recorded ops to a server, each author's over a connection of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed, WebSocketException

from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import MISSING, JSONObject, json_equal
from sharedb_py.messages import PROTOCOL, UnparsableMessage, encode, parse
from sharedb_py.ot import DEFAULT_TYPE
from sharedb_py.replay.diffing import diff_values
from sharedb_py.replay.paths import format_path
from sharedb_py.replay.playing import Act, DocPlay, timeline
from sharedb_py.snapshot import Snapshot

__all__ = ["Player"]

CONTROL: Final = "\x00control"
"""Names the connection that prepares documents and looks at what became of them."""

ANSWER_SECONDS: Final = 60.0
FREE_SEQ: Final = 2**40
"""Where the numbers of ops begin whose log has none: no connection gets so far."""


class Line:
    """One author's connection: sends messages, and finds the answer to each."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._waiting: dict[Any, asyncio.Future[JSONObject]] = {}
        self._reader: asyncio.Task[None] | None = None
        self.src = ""

    @classmethod
    async def open(cls, url: str, author: str, stack: AsyncExitStack) -> Line:
        """Connect and shake hands, under the author's own source if the server permits."""
        line = cls(await stack.enter_async_context(open_websocket(url, max_size=None)))
        line._reader = asyncio.create_task(line._read())
        stack.push_async_callback(line._close)
        hello = {"a": "hs", "id": author or None, "protocol": PROTOCOL[0]}
        answer = await line.ask({**hello, "protocolMinor": PROTOCOL[1]}, "hs")
        if "error" in answer:
            raise ShareDBError(f"The server refuses us: {answer['error'].get('message')}")
        line.src = answer.get("id", "")
        return line

    async def _close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])

    async def send(self, message: JSONObject) -> None:
        """Send a message whose answer does not matter."""
        await self._socket.send(encode(message))

    async def ask(self, message: JSONObject, key: Any) -> JSONObject:
        """Send a message and return its answer; raises ``ShareDBError`` if there is none."""
        future: asyncio.Future[JSONObject] = asyncio.get_running_loop().create_future()
        self._waiting[key] = future
        try:
            await self.send(message)
            async with asyncio.timeout(ANSWER_SECONDS):
                return await future
        except ConnectionClosed as error:
            raise ShareDBError(f"The server ended a connection: {error}") from error
        except TimeoutError:
            raise ShareDBError(f"The server did not answer for {ANSWER_SECONDS:.0f} s") from None
        finally:
            self._waiting.pop(key, None)

    def _key(self, message: JSONObject) -> Any:
        action = message.get("a")
        if action == "op":
            is_op = any(key in message for key in ("op", "create", "del"))
            if is_op and "error" not in message:
                return None  # somebody's op, on its way to all
            src = message.get("src") or self.src
            return ("op", message.get("c"), message.get("d"), src, message.get("seq"))
        if action == "f":
            return ("f", message.get("c"), message.get("d"))
        return action

    async def _read(self) -> None:
        try:
            while True:
                message = parse(await self._socket.recv())
                future = self._waiting.get(self._key(message))
                if future is not None and not future.done():
                    future.set_result(message)
        except (ConnectionClosed, UnparsableMessage) as error:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(ShareDBError(f"The server ended a connection: {error}"))
                    future.exception()


@dataclass
class Player:
    """Plays documents into one server; what went otherwise than recorded is in ``problems``."""

    url: str
    speed: float = 1.0
    longest_pause: float = 10.0
    problems: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    ops: int = 0
    refused: int = 0
    seconds: float = 0.0
    authors: int = 0
    _lines: dict[str, Line] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(FREE_SEQ))

    async def play(self, plays: list[DocPlay]) -> None:
        """Play all documents at once; raises ``ShareDBError`` if the server cannot be reached."""
        at = timeline(
            [act.time for play in plays for act in play.acts], self.speed, self.longest_pause
        )
        async with AsyncExitStack() as stack:
            try:
                self._lines = {
                    author: await Line.open(self.url, author, stack)
                    for author in dict.fromkeys(act.author for play in plays for act in play.acts)
                }
                self.authors = len(self._lines)
                self._lines[CONTROL] = await Line.open(self.url, "", stack)
                ready = [await self._prepare(play) for play in plays]
            except (OSError, WebSocketException) as error:
                raise ShareDBError(f"{self.url} is not to be reached: {error}") from error
            begun = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for play, is_ready in zip(plays, ready, strict=True):
                    if is_ready:
                        group.create_task(self._perform(play, begun, at))
            self.seconds = time.monotonic() - begun
            for play, is_ready in zip(plays, ready, strict=True):
                if is_ready:
                    await self._compare(play)

    def _problem(self, play: DocPlay, text: str) -> None:
        self.problems.append(f"{play.name}: {text}")

    async def _fetch(self, play: DocPlay) -> Snapshot:
        message = {"a": "f", "c": play.collection, "d": play.doc_id, "v": None}
        answer = await self._lines[CONTROL].ask(message, ("f", play.collection, play.doc_id))
        if "error" in answer:
            raise ShareDBError(f"The server does not show {play.name}: {answer['error']}")
        data = answer["data"]
        type_uri = data.get("type", DEFAULT_TYPE.uri)
        return Snapshot(play.doc_id, data["v"], type_uri, data.get("data", MISSING))

    async def _prepare(self, play: DocPlay) -> bool:
        """Make a document what it was before the first act; False if there is nothing to play."""
        if not play.acts and play.end is None:
            return False
        there = await self._fetch(play)
        if there.version != 0:
            raise ShareDBError(
                f"{play.name} is on the server already, at version {there.version}; "
                "play into an empty one"
            )
        if play.start.exists:
            data = {} if play.start.data is MISSING else {"data": play.start.data}
            create = {"type": play.start.type_uri, **data}
            act = Act(0, CONTROL, None, 0, {"create": create}, 0)
            answer = await self._send(play, act, 0)
            if "error" in answer:
                raise ShareDBError(f"The server does not create {play.name}: {answer['error']}")
        for author in {act.author for act in play.acts}:
            subscribe = {"a": "s", "c": play.collection, "d": play.doc_id, "v": None}
            await self._lines[author].send(subscribe)
        return True

    async def _send(self, play: DocPlay, act: Act, base: int | None) -> JSONObject:
        line = self._lines[act.author]
        src = act.author if act.seq is not None else line.src
        seq = next(self._numbers) if act.seq is None else act.seq
        message = {"a": "op", "c": play.collection, "d": play.doc_id, "v": base, "seq": seq}
        if src != line.src:
            message["src"] = src
        key = ("op", play.collection, play.doc_id, src, seq)
        return await line.ask({**message, "x": {}, **act.body}, key)

    async def _perform(self, play: DocPlay, begun: float, at: Callable[[float], float]) -> None:
        for act in play.acts:
            wait = begun + at(act.time) - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            base = None if act.base is None else act.base - play.shift
            sent = time.monotonic()
            try:
                answer = await self._send(play, act, base)
            except ShareDBError as error:
                self._problem(play, error.message)
                return
            self.latencies.append(time.monotonic() - sent)
            self.ops += 1
            if not self._is_as_recorded(play, act, answer):
                return

    def _is_as_recorded(self, play: DocPlay, act: Act, answer: JSONObject) -> bool:
        """Whether the server answered as it did then; if not, the rest cannot be played."""
        error = answer.get("error")
        if act.version is None:
            self.refused += error is not None
            if error is None:
                self._problem(play, f"an op of {act.author} was refused, and now was not")
            return error is not None
        if error is not None:
            text = error.get("message") if isinstance(error, dict) else error
            self._problem(play, f"op {act.version} was refused: {text}")
            return False
        if answer["v"] != act.version - play.shift:
            got = answer["v"] + play.shift
            self._problem(play, f"op {act.version} was committed as op {got}: somebody else writes")
            return False
        return True

    async def _compare(self, play: DocPlay) -> None:
        if play.end is None:
            return
        found = await self._fetch(play)
        wanted = replace(play.end, meta=None)
        if found.version != wanted.version - play.shift:
            at = found.version + play.shift
            self._problem(play, f"ended at version {at}, recorded was {wanted.version}")
        elif found.type_uri != wanted.type_uri or not json_equal(found.data, wanted.data):
            places = [
                format_path(difference.path) for difference in diff_values(wanted.data, found.data)
            ]
            self._problem(play, f"became something else than recorded, at {', '.join(places[:3])}")

    def report(self, plays: list[DocPlay]) -> JSONObject:
        """Return what happened, for machines."""
        times = sorted(self.latencies)
        return {
            "docs": len(plays),
            "ops": self.ops,
            "refused": self.refused,
            "authors": self.authors,
            "seconds": round(self.seconds, 3),
            "ops_per_second": round(self.ops / self.seconds, 1) if self.seconds else 0,
            "ack_ms": {
                name: round(1000 * times[min(int(part * len(times)), len(times) - 1)], 2)
                for name, part in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
                if times
            },
            "same": not self.problems,
            "problems": self.problems,
            "notes": [f"{play.name}: {note}" for play in plays for note in play.notes],
        }
