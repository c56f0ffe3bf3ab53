"""The client for asyncio; :func:`connect` goes over a websocket.

A connection in the server's own process is made by ``sharedb_py.inprocess.connect``.
"""

from sharedb_py.client.aio.connection import Connection, QueryResults
from sharedb_py.client.aio.doc import Doc
from sharedb_py.client.aio.presence import Presence
from sharedb_py.client.aio.query import LiveQuery
from sharedb_py.client.aio.streams import Stream
from sharedb_py.client.aio.websocket import connect
from sharedb_py.client.changes import Change, PresenceChange, QueryChange

__all__ = [
    "Change",
    "Connection",
    "Doc",
    "LiveQuery",
    "Presence",
    "PresenceChange",
    "QueryChange",
    "QueryResults",
    "Stream",
    "connect",
]
