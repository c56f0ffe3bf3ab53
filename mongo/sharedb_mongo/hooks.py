"""Hooks of the adapter's own, such as for a shard key: ``sharedb-mongo``'s middleware."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from sharedb_py.ops import Op

__all__ = ["ACTIONS", "Hooks", "LookupContext", "WriteContext"]

ACTIONS: Final = ("beforeCreate", "beforeOverwrite", "beforeSnapshotLookup")


@dataclass
class WriteContext:
    """What ``beforeCreate`` and ``beforeOverwrite`` may change: the document and the guard."""

    collection: str
    document: dict[str, Any]
    op: Op
    query: dict[str, Any]


@dataclass
class LookupContext:
    """What ``beforeSnapshotLookup`` may change: the filter, and options of ``find``."""

    collection: str
    query: dict[str, Any]
    find_options: dict[str, Any] = field(default_factory=dict)


class Hooks:
    """Functions, or coroutine functions, run in the order they were added."""

    def __init__(self) -> None:
        self._hooks: dict[str, list[Callable[[Any], Any]]] = defaultdict(list)

    def use(self, action: str, hook: Callable[[Any], Any]) -> None:
        """Add a hook; raises ``ValueError`` for an unknown action."""
        if action not in ACTIONS:
            raise ValueError(f"Unrecognized action name {action}; known are {', '.join(ACTIONS)}")
        self._hooks[action].append(hook)

    def has(self, action: str) -> bool:
        """Whether any hook would run."""
        return bool(self._hooks.get(action))

    async def run(self, action: str, context: Any) -> None:
        """Run the hooks; what they raise ends the action."""
        for hook in self._hooks.get(action, ()):
            result = hook(context)
            if inspect.isawaitable(result):
                await result
