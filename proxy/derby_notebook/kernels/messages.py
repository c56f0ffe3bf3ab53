"""Messages to and from a kernel, in the websocket framing v1. Pure.

A frame is a little-endian uint64 n, n uint64 offsets from its start, then the parts:
channel name, header, parent header, metadata, content, buffers.
"""

from __future__ import annotations

import json
import struct
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

__all__ = ["SUBPROTOCOL", "KernelMessage", "decode", "encode", "execution", "of_session", "request"]

SUBPROTOCOL: Final = "v1.kernel.websocket.jupyter.org"


@dataclass(frozen=True)
class KernelMessage:
    """One message; ``buffers`` are raw bytes."""

    channel: str
    header: dict[str, Any]
    content: dict[str, Any]
    parent: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    buffers: tuple[bytes, ...] = ()

    @property
    def kind(self) -> str:
        """The message's type, such as ``stream``."""
        return str(self.header.get("msg_type", ""))

    @property
    def id(self) -> str:
        """The message's own id."""
        return str(self.header.get("msg_id", ""))

    @property
    def parent_id(self) -> str:
        """The id of the request that caused it, or an empty string."""
        return str(self.parent.get("msg_id", ""))


def request(channel: str, kind: str, content: dict[str, Any], session: str) -> KernelMessage:
    """Return a new request."""
    header = {
        "msg_id": uuid.uuid4().hex,
        "session": session,
        "username": "derby-notebook",
        "date": datetime.now(UTC).isoformat(),
        "msg_type": kind,
        "version": "5.3",
    }
    return KernelMessage(channel, header, content)


def execution(code: str, session: str) -> KernelMessage:
    """Return a request to run a cell, which may ask for input; the next one runs if it fails."""
    content = {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": True,
        "stop_on_error": False,
    }
    return request("shell", "execute_request", content, session)


def of_session(message: KernelMessage, session: str) -> KernelMessage:
    """Return a request as a session's own."""
    return replace(message, header={**message.header, "session": session})


def encode(message: KernelMessage) -> bytes:
    """Return a message as a v1 frame."""
    dicts = (message.header, message.parent, message.metadata, message.content)
    parts = [message.channel.encode(), *(json.dumps(part).encode() for part in dicts)]
    parts.extend(message.buffers)
    count = len(parts) + 1
    offsets = [8 * (count + 1)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    return struct.pack(f"<{count + 1}Q", count, *offsets) + b"".join(parts)


def decode(frame: bytes) -> KernelMessage:
    """Return a v1 frame's message; raises ``ValueError`` for a malformed one."""
    try:
        (count,) = struct.unpack_from("<Q", frame)
        offsets = struct.unpack_from(f"<{count}Q", frame, 8)
        parts = [frame[a:b] for a, b in pairwise(offsets)]
        channel, header, parent, metadata, content, *buffers = parts
        return KernelMessage(
            channel.decode(),
            json.loads(header),
            json.loads(content),
            json.loads(parent),
            json.loads(metadata),
            tuple(buffers),
        )
    except (struct.error, OverflowError, MemoryError) as error:
        raise ValueError(f"Malformed kernel frame: {error}") from error
