"""An op that a client sent: handed to its document, and answered when it is decided."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sharedb_py.engine import Engine
from sharedb_py.errors import OpAlreadySubmitted, ShareDBError
from sharedb_py.messages import Message, build_op, build_reply, op_of_message
from sharedb_py.middleware import AgentInfo
from sharedb_py.ops import Op
from sharedb_py.submit import SubmitRequest

__all__ = ["Sender", "SentOp"]


class Sender(AgentInfo, Protocol):
    """The client's agent, as far as its ops are concerned."""

    backend: Engine
    protocol: tuple[float, float]

    def enter(self) -> None:
        """Count one more message that is being handled."""

    def leave(self) -> None:
        """Count one less."""

    def send(self, message: Message) -> None:
        """Send a message."""

    def send_error(self, request: Message, error: BaseException) -> None:
        """Answer a request with an error."""

    async def reply(self, request: Message, result: Message | None) -> None:
        """Answer a request, passing the hooks."""


class SentOp:
    """One op from its message to its answer; no task is made for it unless a hook needs one."""

    __slots__ = ("_agent", "_message", "_request")

    def __init__(self, agent: Sender, message: Message) -> None:
        """Raises ``ShareDBError`` for a message without an op."""
        name = agent.backend.resolve(message["c"])
        extra = message.get("x")
        self._agent = agent
        self._message = message
        self._request = SubmitRequest(
            agent=agent,
            index=name.index,
            collection=name.collection,
            id=message["d"],
            op=op_of_message(message, agent.src),
            projection=name.projection,
            extra=extra if isinstance(extra, dict) else None,
            protocol=agent.protocol,
        )

    def submit(self) -> None:
        """Hand the op to its document; raises ``ShareDBError`` for a malformed one."""
        backend, request = self._agent.backend, self._request
        try:
            backend.prepare(request)
        except ShareDBError as error:
            backend.emit("submitRequestEnd", error, request)
            raise
        self._agent.enter()
        if backend.middleware.has("submit"):
            backend.spawn(self._submit_hooked())
        else:
            backend.submit(request, self._decided)

    async def _submit_hooked(self) -> None:
        backend, request = self._agent.backend, self._request
        try:
            await backend.middleware.run("submit", request)
        except Exception as error:
            self._decided(request, error)
            return
        backend.submit(request, self._decided)

    def _decided(self, request: SubmitRequest, error: BaseException | None) -> None:
        """Answer an op that was committed or refused."""
        agent, backend = self._agent, self._agent.backend
        agent.leave()
        if error is not None and not isinstance(error, OpAlreadySubmitted):
            backend.emit("submitRequestEnd", error, request)
            agent.send_error(self._message, error)
        elif any(backend.middleware.has(action) for action in ("afterWrite", "reply", "op")):
            # What a hook must learn of a commit it learns, whoever leaves meanwhile.
            backend.spawn(self._acknowledge_hooked(error))
        else:
            ops = [] if error else request.ops
            if request.projection is not None:
                ops = [request.projection.op(op) for op in ops]
            self._told_of(error)
            self._send_missed(ops)
            agent.send(build_reply(self._message, _acknowledgement(request)))

    async def _acknowledge_hooked(self, error: BaseException | None) -> None:
        agent, request, backend = self._agent, self._request, self._agent.backend
        name = backend.resolve(request.index)
        try:
            shown = []
            if error is None:
                await backend.middleware.run("afterWrite", request)
                shown = [
                    await backend.reader.show_op(agent, name, request.id, op) for op in request.ops
                ]
        except Exception as raised:
            backend.emit("submitRequestEnd", raised, request)
            agent.send_error(self._message, raised)
            return
        self._told_of(error)
        self._send_missed(shown)
        try:
            await agent.reply(self._message, _acknowledgement(request))
        except Exception as raised:
            agent.send_error(self._message, raised)

    def _told_of(self, error: BaseException | None) -> None:
        """Tell observers of an op that is acknowledged: it is committed, now or before."""
        backend, request = self._agent.backend, self._request
        if error is None:
            backend.emit("timing", "submit.total", request.elapsed, request)
        backend.emit("submitRequestEnd", error, request)

    def _send_missed(self, ops: Iterable[Op]) -> None:
        for op in ops:
            self._agent.send(build_op(self._request.index, self._request.id, op))


def _acknowledgement(request: SubmitRequest) -> Message:
    op = request.op
    reply: Message = {"src": op["src"], "seq": op["seq"], "v": op["v"]}
    if request.fixups:
        reply["fixup"] = request.fixups
    return reply
