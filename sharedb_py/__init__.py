"""ShareDB for Python: an asyncio JSON-OT sync server for ShareDB's clients."""

from sharedb_py.backend import Backend
from sharedb_py.errors import ErrorCode, ShareDBError
from sharedb_py.snapshot import Snapshot

__all__ = ["Backend", "ErrorCode", "ShareDBError", "Snapshot"]
