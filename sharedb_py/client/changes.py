"""What listeners are told, and how they are kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from sharedb_py.errors import ShareDBError

__all__ = ["Change", "Done", "Listeners", "PresenceChange", "QueryChange"]

log = logging.getLogger(__name__)

T = TypeVar("T")

Done: TypeAlias = Callable[[ShareDBError | None], None]
"""Called once, when what was asked for has happened (None) or failed."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a document as it is seen here; made already when a listener is told.

    ``op`` is an edit's op, a create's data or None. ``local`` changes were made
    through this connection; ``src`` is the source of a remote one. A ``load`` is
    a state taken from the server as a whole: a fetch, or a refused op undone.
    """

    kind: Literal["op", "create", "delete", "load"]
    op: Any
    local: bool
    src: str | None


@dataclass(frozen=True, slots=True)
class QueryChange:
    """One change of a live query's results; ``ids`` came, went or moved to ``index``."""

    kind: Literal["insert", "remove", "move", "extra", "load"]
    index: int = 0
    ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PresenceChange:
    """Somebody's presence changed: ``value`` is None when it is gone."""

    id: str
    value: Any


class Listeners(Generic[T]):
    """Functions to call with every change, in the order they were added."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[T], None]] = []

    def add(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Add a listener, and return what removes it."""
        self._listeners.append(listener)

        def remove() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return remove

    def tell(self, change: T) -> None:
        """Call every listener; what one raises is logged and stops nobody else."""
        for listener in list(self._listeners):
            try:
                listener(change)
            except Exception:
                log.exception("A listener failed")
