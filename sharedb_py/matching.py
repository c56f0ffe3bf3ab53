"""Matching in memory, done once for all clients that follow an equal query."""

from __future__ import annotations

from json import dumps
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakValueDictionary

from sharedb_py.db.base import DB, LiveQuery
from sharedb_py.jsonvalue import JSONObject
from sharedb_py.snapshot import Snapshot

__all__ = ["Matching", "matching_of"]


class Matching:
    """A live query that remembers its last answer: the next client asks about the same snapshot."""

    def __init__(self, live: LiveQuery) -> None:
        self._live = live
        self._asked: Snapshot | None = None
        self._matches = False
        self._key: Any = None
        self.ordered = live.ordered

    def matches(self, snapshot: Snapshot) -> bool:
        """Whether the document belongs to the results."""
        if snapshot is not self._asked:
            self._matches = self._live.matches(snapshot)
            self._key = None
            self._asked = snapshot
        return self._matches

    def sort_key(self, snapshot: Snapshot) -> Any:
        """A key that orders the results; equal ones are ordered by id."""
        if snapshot is not self._asked:
            return (self._live.sort_key(snapshot), snapshot.id)
        if self._key is None:
            self._key = (self._live.sort_key(snapshot), snapshot.id)
        return self._key


_SHARED: Final[WeakKeyDictionary[DB, WeakValueDictionary[tuple[str, str], Matching]]] = (
    WeakKeyDictionary()
)


def matching_of(db: DB, collection: str, query: JSONObject) -> Matching | None:
    """Return the matching of a query, shared while anybody follows it; None: it must be polled."""
    shared = _SHARED.setdefault(db, WeakValueDictionary())
    key = (collection, dumps(query))
    found = shared.get(key)
    if found is None:
        live = db.live_query(collection, query)
        if live is None:
            return None
        found = shared[key] = Matching(live)
    return found
