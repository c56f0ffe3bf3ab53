"""A server of one document that decides like the real one, and does nothing by itself."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from sharedb_py.errors import ShareDBError
from sharedb_py.messages import (
    Message,
    build_error,
    build_op,
    build_snapshot,
    encode,
    handshake,
    op_of_message,
    parse,
)
from sharedb_py.ops import Op, apply_op, is_same_source, normalize_type, transform_op
from sharedb_py.snapshot import Snapshot, empty_snapshot

__all__ = ["Line", "ModelServer"]


@dataclass(eq=False)
class Line:
    """One client's connection: what is on its way, in either direction."""

    to_server: deque[str] = field(default_factory=deque)
    to_client: deque[str] = field(default_factory=deque)
    subscribed: bool = False
    src: str = ""


class ModelServer:
    """Takes one message at a time from a line, and puts what it answers on the lines."""

    def __init__(self) -> None:
        self.log: list[Op] = []
        self.snapshot: Snapshot = empty_snapshot("d")
        self.lines: list[Line] = []
        self._clients = 0

    def connect(self) -> Line:
        """Greet a new client."""
        self._clients += 1
        line = Line(src=f"client{self._clients}")
        self.lines.append(line)
        self._send(line, handshake("init", line.src))
        return line

    def cut(self, line: Line) -> None:
        """Lose everything that is on its way."""
        self.lines.remove(line)

    @staticmethod
    def _send(line: Line, message: Message) -> None:
        line.to_client.append(encode(message))

    def step(self, line: Line) -> None:
        """Take the next message of a line."""
        message = parse(line.to_server.popleft())
        match message["a"]:
            case "hs":
                line.src = message["id"] or line.src
                self._send(line, handshake("hs", line.src))
            case "f" | "s":
                line.subscribed = line.subscribed or message["a"] == "s"
                self._read(line, message)
            case "op":
                try:
                    self._submit(line, message)
                except ShareDBError as error:
                    self._send(line, build_error(message, error))

    def _read(self, line: Line, message: Message) -> None:
        reply = {key: message[key] for key in "acd"}
        if message["v"] is None:
            reply["data"] = build_snapshot(self.snapshot)
        else:
            self._send_ops(line, self.log[message["v"] :])
        self._send(line, reply)

    def _send_ops(self, line: Line, ops: list[Op]) -> None:
        for op in ops:
            self._send(line, build_op("c", "d", op))

    def _submit(self, line: Line, message: Message) -> None:
        op = op_of_message(message, line.src)
        normalize_type(op)
        known = next((old for old in self.log if is_same_source(op, old)), None)
        if known is not None:
            self._acknowledge(line, known)
            return
        if op["v"] is None:
            op["v"] = self.snapshot.version
        missed = self.log[op["v"] :]
        for committed in missed:
            transform_op(self.snapshot, op, committed)
        self.snapshot = apply_op(self.snapshot, op)
        self.log.append(op)
        self._send_ops(line, missed)
        self._acknowledge(line, op)
        for other in self.lines:
            if other.subscribed and other.src != op["src"]:
                self._send_ops(other, [op])

    def _acknowledge(self, line: Line, op: Op) -> None:
        ack = {"a": "op", "c": "c", "d": "d", "v": op["v"], "src": op["src"], "seq": op["seq"]}
        self._send(line, ack)
