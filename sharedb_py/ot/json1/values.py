"""Reading parts of JSON documents, and changing containers without touching the original."""

from __future__ import annotations

from typing import Any

from sharedb_py.errors import OpNotApplied
from sharedb_py.jsonvalue import MISSING
from sharedb_py.ot.json1.tree import Key

__all__ = ["Draft", "child_of"]


def child_of(container: Any, key: Key) -> Any:
    """Return the value at a key; MISSING if there is none, or the container is of another kind."""
    if isinstance(key, int):
        if isinstance(container, list) and 0 <= key < len(container):
            return container[key]
        return MISSING
    return container.get(key, MISSING) if isinstance(container, dict) else MISSING


class Draft:
    """A value about to change; a container is copied once, before its first change.

    ``value`` is the original itself as long as nothing changed.
    """

    def __init__(self, value: Any) -> None:
        self.value = value
        self._is_own = False

    def child(self, key: Key) -> Any:
        """Return the value at a key, or MISSING."""
        return child_of(self.value, key)

    def set(self, value: Any) -> None:
        """Put another value in its place."""
        self.value, self._is_own = value, False

    def put(self, key: Key, value: Any) -> None:
        """Replace the value at a key, where there must be one; MISSING takes it out."""
        if self.child(key) is MISSING:
            raise OpNotApplied("There is nothing to change at this place")
        container = self._own(key)
        if value is MISSING:
            del container[key]
        else:
            container[key] = value

    def insert(self, key: Key, value: Any) -> None:
        """Put a value in; raises where another one is in the way or a list ends before."""
        container = self._own(key)
        if isinstance(key, int):
            if key > len(container):
                raise OpNotApplied("Cannot insert past the end of a list")
            container.insert(key, value)
        elif key in container:
            raise OpNotApplied("Cannot insert over a value: the op must remove it first")
        else:
            container[key] = value

    def _own(self, key: Key) -> Any:
        if isinstance(key, int):
            if not isinstance(self.value, list):
                raise OpNotApplied("An index leads into something that is no list")
        elif not isinstance(self.value, dict):
            raise OpNotApplied("A name leads into something that is no object")
        if not self._is_own:
            self.value, self._is_own = self.value.copy(), True
        return self.value
