"""The comm messages of ipywidgets' protocol 2: what is sent, and what came. Pure.

What is to be sent is of no session yet.
"""

from __future__ import annotations

from typing import Any, Final

from derby_notebook.kernels.messages import KernelMessage, request
from derby_notebook.widgets.buffers import joined, split

__all__ = [
    "CONTROL",
    "WIDGET",
    "close",
    "comms_request",
    "custom",
    "open_control",
    "request_states",
    "state_of",
    "states_of",
    "update",
]

WIDGET: Final = "jupyter.widget"
CONTROL: Final = "jupyter.widget.control"
CONTROL_VERSION: Final = "1.0.0"


def _message(
    kind: str,
    content: dict[str, Any],
    *,
    message_id: str = "",
    buffers: list[bytes] | None = None,
    metadata: dict[str, Any] | None = None,
) -> KernelMessage:
    made = request("shell", kind, content, "")
    header = {**made.header, "msg_id": message_id or made.id}
    return KernelMessage("shell", header, content, {}, metadata or {}, tuple(buffers or ()))


def update(comm_id: str, state: dict[str, Any], message_id: str) -> KernelMessage:
    """Return the message that tells a model's kernel some keys; raises ``ValueError``."""
    holed, paths, buffers = split(state)
    data = {"method": "update", "state": holed, "buffer_paths": paths}
    content = {"comm_id": comm_id, "data": data}
    return _message("comm_msg", content, message_id=message_id, buffers=buffers)


def custom(comm_id: str, sent: dict[str, Any]) -> KernelMessage:
    """Return a view's own message, of the id that it has; raises ``ValueError``."""
    buffers = split(sent.get("buffers") or [])[2]
    content = {"comm_id": comm_id, "data": {"method": "custom", "content": sent["content"]}}
    return _message("comm_msg", content, message_id=sent["id"], buffers=buffers)


def comms_request() -> KernelMessage:
    """Return the question which models there are."""
    return _message("comm_info_request", {"target_name": WIDGET})


def open_control(comm_id: str) -> KernelMessage:
    """Return the message that opens the comm over which all states can be had."""
    content = {"comm_id": comm_id, "target_name": CONTROL, "data": {}}
    return _message("comm_open", content, metadata={"version": CONTROL_VERSION})


def request_states(comm_id: str) -> KernelMessage:
    """Return the question for the states of all models."""
    content = {"comm_id": comm_id, "data": {"method": "request_states"}}
    return _message("comm_msg", content)


def close(comm_id: str) -> KernelMessage:
    """Return the message that ends a comm."""
    return _message("comm_close", {"comm_id": comm_id, "data": {}})


def state_of(message: KernelMessage) -> dict[str, Any]:
    """Return the state that a message brought, as JSON; raises ``ValueError``."""
    data = message.content.get("data") or {}
    state = joined(data.get("state") or {}, data.get("buffer_paths") or [], message.buffers)
    if not isinstance(state, dict):
        raise ValueError("A state is an object")
    return state


def states_of(message: KernelMessage) -> dict[str, dict[str, Any]]:
    """Return all models' states of an ``update_states``; raises ``ValueError``."""
    data = message.content.get("data") or {}
    states = joined(data.get("states") or {}, data.get("buffer_paths") or [], message.buffers)
    if not isinstance(states, dict):
        raise ValueError("States are an object")
    return {comm_id: entry["state"] for comm_id, entry in states.items() if "state" in entry}
