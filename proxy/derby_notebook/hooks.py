"""Where applications hook into changes: ``@hooks.on("change", "cells.*._state")``."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar, get_args

from sharedb_py.ops import Op

__all__ = ["Change", "Event", "Hooks", "changes"]

log = logging.getLogger(__name__)

Event: TypeAlias = Literal["change", "create", "delete"]


@dataclass(frozen=True)
class Change:
    """What happened: where in which document, by which source, and the op as it was committed."""

    event: Event
    collection: str
    doc_id: str
    path: tuple[str, ...]
    op: Op

    @property
    def value(self) -> Any:
        """The new value where a whole one was set, or the document that was created; else None."""
        if self.event == "create":
            return self.op["create"].get("data")
        for component in self.op.get("op") or ():
            if tuple(map(str, component["p"])) == self.path and "oi" in component:
                return component["oi"]
        return None


Hook: TypeAlias = Callable[[Change], Awaitable[None] | None]
HookT = TypeVar("HookT", bound=Hook)


class Hooks:
    """Callbacks by event and by a pattern such as ``cells.*._state``; ``**`` is any rest."""

    def __init__(self) -> None:
        self._hooks: list[tuple[Event, tuple[str, ...], Hook]] = []
        self._told: asyncio.Queue[Op] = asyncio.Queue()

    def on(self, event: Event, pattern: str) -> Callable[[HookT], HookT]:
        """Call the decorated function, or coroutine function, after each such change.

        Changes are told in the order in which they were committed, whoever made
        them; a hook that raises is logged, and the others are called. Raises
        ``ValueError`` for an event that is none.
        """
        if event not in get_args(Event):
            raise ValueError(f"No event {event!r}; there are {', '.join(get_args(Event))}")

        def add(hook: HookT) -> HookT:
            self._hooks.append((event, tuple(pattern.split(".")), hook))
            return hook

        return add

    def tell(self, op: Op) -> None:
        """Have the hooks called for a published op, after those of all told before."""
        self._told.put_nowait(op)

    async def work(self) -> None:
        """Call hooks, one after the other, for ever."""
        while True:
            op = await self._told.get()
            for hook, change in self.matching(op):
                try:
                    result = hook(change)
                    if inspect.isawaitable(result):
                        await result
                except Exception:
                    log.exception("A hook on %s.%s failed", change.collection, change.doc_id)

    def matching(self, op: Op) -> Iterator[tuple[Hook, Change]]:
        """Yield who is to be told what of a published op."""
        if not self._hooks:
            return
        for change in changes(op):
            place = (change.collection, change.doc_id, *change.path)
            for event, pattern, hook in self._hooks:
                if event == change.event and matches(pattern, place):
                    yield hook, change


def changes(op: Op) -> Iterator[Change]:
    """Yield the changes that a published op makes, one for each place it touches."""
    collection, doc_id = op["c"], op["d"]
    if "create" in op:
        if op["create"]:
            yield Change("create", collection, doc_id, (), op)
    elif "del" in op:
        yield Change("delete", collection, doc_id, (), op)
    else:
        paths = dict.fromkeys(tuple(map(str, part["p"])) for part in op.get("op") or ())
        for path in paths:
            yield Change("change", collection, doc_id, path, op)


def matches(pattern: tuple[str, ...], place: tuple[str, ...]) -> bool:
    """Whether a pattern names a place: ``*`` is any one step, a last ``**`` any number."""
    if pattern and pattern[-1] == "**":
        pattern, place = pattern[:-1], place[: len(pattern) - 1]
    return len(pattern) == len(place) and all(
        step in ("*", part) for step, part in zip(pattern, place, strict=True)
    )
