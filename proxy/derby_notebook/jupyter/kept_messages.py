"""Lets Jupyter keep what a kernel says until whoever reads it has put it away.

A part of our Jupyter Server extension; :mod:`derby_notebook.jupyter.acknowledging`
says how a connection asks for it. All others are Jupyter's own, as ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final

from jupyter_server.services.kernels.connection.base import (
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from tornado.websocket import WebSocketClosedError

from derby_notebook.jupyter.acknowledging import ACKNOWLEDGE, KEEPS, RESENT

__all__ = ["KeepingConnection", "keep_messages"]

FRAMING: Final = "v1.kernel.websocket.jupyter.org"
"""Messages are kept for who speaks this: as bytes, as they are sent."""


class KeepingConnection(ZMQChannelsWebsocketConnection):
    """A connection whose messages are kept until they are acknowledged.

    When its websocket breaks it goes on to receive, until another of the same session
    takes over what it has, or another session asks for the same of its kernel.
    """

    _keeping: ClassVar[dict[str, KeepingConnection]] = {}
    """By kernel and session, those whose messages are kept."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        asks = self.websocket_handler.get_argument(KEEPS, "")
        offered = self.websocket_handler.request.headers.get("Sec-WebSocket-Protocol", "")
        self._keeps = bool(asks) and FRAMING in offered
        self._kept: deque[bytes] = deque()
        self._acknowledged = 0
        self._away = False
        self._ports: list[int] = []

    @property
    def subprotocol(self) -> str | None:
        """The framing; what is kept is framed so while there is no websocket, too."""
        if self._keeps:
            return FRAMING
        framing: str | None = super().subprotocol
        return framing

    def connect(self) -> asyncio.Future[None] | None:  # type: ignore[override]
        """Begin with what an earlier connection of the session has kept."""
        if not self._keeps:
            return super().connect()
        self._end_others()
        earlier = self._keeping.get(self.session_key)
        self._keeping[self.session_key] = self
        self._ports = list(self.kernel_manager.ports)
        if earlier is not None:
            self._kept = earlier._kept
        self._resend()
        if earlier is None or not earlier.channels or earlier._ports != self._ports:
            if earlier is not None:
                earlier._end()
            return super().connect()
        self._take_over(earlier)
        done: asyncio.Future[None] = asyncio.Future()
        done.set_result(None)
        return done

    def _take_over(self, earlier: KeepingConnection) -> None:
        earlier._forget_restarts()
        self.channels, earlier.channels = earlier.channels, {}
        self.multi_kernel_manager.notify_connect(self.kernel_id)
        self.multi_kernel_manager.add_restart_callback(self.kernel_id, self.on_kernel_restarted)
        self.multi_kernel_manager.add_restart_callback(
            self.kernel_id, self.on_restart_failed, "dead"
        )
        for stream in self.channels.values():
            stream.on_recv_stream(self.handle_outgoing_message)
        self._open_sockets.add(self)

    def _resend(self) -> None:
        parts: Iterable[Any] = ({"msg_type": RESENT}, {}, {}, {"messages": _ids(self._kept)})
        packed = [json.dumps(part).encode() for part in parts]
        first = serialize_msg_to_ws_v1(packed, RESENT)  # type: ignore[no-untyped-call]
        for frame in (first, *self._kept):
            self._send(frame)

    @property
    def write_message(self) -> Callable[..., Any]:
        """What messages are written with: kept, and sent while the websocket stands."""
        return self._keep if self._keeps else self.websocket_handler.write_message

    def _keep(self, frame: bytes, binary: bool = True) -> None:
        self._kept.append(frame)
        if not self._away:
            self._send(frame)

    def _send(self, frame: bytes) -> None:
        # Whether it arrived is what acknowledgements are for; that the line broke is told apart.
        with contextlib.suppress(WebSocketClosedError):
            _ = self.websocket_handler.write_message(frame, binary=True)

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        """Pass a message on to the kernel, unless it is an acknowledgement."""
        if self._keeps and isinstance(incoming_msg, bytes):
            channel, parts = _parts(incoming_msg)
            if channel == ACKNOWLEDGE:
                self._acknowledge(json.loads(parts[3])["count"])
                return
        super().handle_incoming_message(incoming_msg)

    def _acknowledge(self, count: int) -> None:
        while self._acknowledged < count and self._kept:
            self._kept.popleft()
            self._acknowledged += 1

    def disconnect(self) -> None:  # type: ignore[override]
        """The websocket is no more: go on to receive, if this is to be kept."""
        kernel_there = self.kernel_id in self.multi_kernel_manager
        if not kernel_there or self._keeping.get(self.session_key) is not self:
            self._forget()
            super().disconnect()  # type: ignore[no-untyped-call]
        elif not self._away:
            self._away = True
            self.multi_kernel_manager.notify_disconnect(self.kernel_id)
            if self._open_sessions.get(self.session_key) is self.websocket_handler:
                self._open_sessions.pop(self.session_key)
            self._open_sockets.discard(self)
            self._close_future.set_result(None)

    def _end_others(self) -> None:
        """Keep nothing for kernels that are gone, nor for who left this one to this session."""
        for key, other in list(self._keeping.items()):
            gone = other.kernel_id not in self.multi_kernel_manager
            if other._away and (gone or other.kernel_id == self.kernel_id):
                if key != self.session_key:
                    other._end()

    def _end(self) -> None:
        self._forget()
        self._forget_restarts()
        for stream in self.channels.values():
            if not stream.closed():
                stream.on_recv(None)
                stream.close()
        self.channels = {}

    def _forget(self) -> None:
        if self._keeping.get(self.session_key) is self:
            del self._keeping[self.session_key]

    def _forget_restarts(self) -> None:
        if self.kernel_id in self.multi_kernel_manager:
            manager = self.multi_kernel_manager
            manager.remove_restart_callback(self.kernel_id, self.on_kernel_restarted)
            manager.remove_restart_callback(self.kernel_id, self.on_restart_failed, "dead")


def _ids(frames: Iterable[bytes]) -> list[str]:
    return [json.loads(_parts(frame)[1][0])["msg_id"] for frame in frames]


def _parts(frame: bytes) -> tuple[str, list[bytes]]:
    found: tuple[str, list[bytes]] = deserialize_msg_from_ws_v1(frame)  # type: ignore[no-untyped-call]
    return found


def keep_messages(settings: dict[str, Any]) -> bool:
    """Let a server's connections to kernels keep messages for who asks; False if it has others."""
    own = settings.get("kernel_websocket_connection_class") is ZMQChannelsWebsocketConnection
    if own:
        settings["kernel_websocket_connection_class"] = KeepingConnection
    return own
