"""The server, as an application makes it: ``Backend(db=…)``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharedb_py import inprocess
from sharedb_py.engine import Engine

__all__ = ["Backend"]


class Backend(Engine):
    """A ShareDB server to build on: hooks, projections, documents, and clients of its own.

    ``sharedb_py.asgi.ShareDBApp`` lets clients in over websockets;
    :meth:`connect` is a client in the same process.
    """

    def connect(
        self, *, custom: Mapping[str, Any] | None = None, req: Any = None
    ) -> inprocess.InProcessConnection:
        """Return a connection of this process: ``async with backend.connect() as connection``.

        ``custom`` is added to what hooks see as ``agent.custom`` before the
        ``connect`` hooks run, ``req`` is what they see as the request. Entering
        raises what a ``connect`` hook raises.
        """
        return inprocess.connect(self, custom=custom, req=req)
