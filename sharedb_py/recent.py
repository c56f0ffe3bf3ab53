"""The last ops of a document in use: what an op that comes late is transformed against."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, Final

from sharedb_py.ops import Op

__all__ = ["RecentOps", "size_of"]

MAX_OPS: Final = 500
MAX_BYTES: Final = 2**20


def size_of(value: Any) -> int:
    """Return roughly how many bytes a JSON value occupies."""
    return len(repr(value))


class RecentOps:
    """Consecutive ops up to the last one, as many as are worth their memory."""

    def __init__(self) -> None:
        self.weight = 0
        self._ops: deque[tuple[Op, int]] = deque()

    def extend(self, ops: Iterable[Op]) -> int:
        """Add ops that were committed; returns their size."""
        added = 0
        for op in ops:
            size = size_of(op)
            # A copy: what hooks do to a request later does not change what was committed.
            self._ops.append((dict(op), size))
            added += size
        self.weight += added
        while len(self._ops) > MAX_OPS or self.weight > MAX_BYTES:
            self.weight -= self._ops.popleft()[1]
        return added

    def since(self, version: int, end: int) -> list[Op] | None:
        """Return the ops with versions in [version, end), or None if some are not held."""
        if version >= end:
            return []
        if not self._ops or version < self._ops[0][0]["v"]:
            return None
        return [op for op, _ in self._ops if version <= op["v"] < end]

    def clear(self) -> None:
        """Forget them: another process may have committed since."""
        self._ops.clear()
        self.weight = 0
