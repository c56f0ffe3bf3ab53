"""What hooks are given, in one place: to annotate ``async def hook(context: SubmitRequest)``."""

from __future__ import annotations

from sharedb_py.middleware import (
    Action,
    AgentInfo,
    ConnectContext,
    Context,
    OpContext,
    PresenceContext,
    QueryContext,
    ReadSnapshotsContext,
    ReceiveContext,
    ReplyContext,
)
from sharedb_py.submit import SubmitRequest

__all__ = [
    "Action",
    "AgentInfo",
    "ConnectContext",
    "Context",
    "OpContext",
    "PresenceContext",
    "QueryContext",
    "ReadSnapshotsContext",
    "ReceiveContext",
    "ReplyContext",
    "SubmitRequest",
]
