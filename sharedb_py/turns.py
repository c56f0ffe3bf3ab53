"""Turns: work about one thing begins in the order in which it came, other work at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TypeAlias

__all__ = ["Key", "Turn", "Turns"]

Key: TypeAlias = tuple[str, str]


class Turn:
    """A place in the order, held until :meth:`end`."""

    def __init__(self, turns: Turns, keys: Sequence[Key], earlier: list[asyncio.Future[None]]):
        self._turns = turns
        self._keys = keys
        self._earlier = earlier
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def come(self) -> None:
        """Wait until all earlier turns about the same things have ended."""
        for future in self._earlier:
            await future

    def end(self) -> None:
        """Let the next one have its turn; may be called twice."""
        if not self.ended.done():  # the loop may be closing
            self.ended.set_result(None)
        self._turns.forget(self._keys, self.ended)


class Turns:
    """Hands out turns."""

    def __init__(self) -> None:
        self._tails: dict[Key, asyncio.Future[None]] = {}

    def busy(self, keys: Iterable[Key]) -> bool:
        """Whether a turn about any of these things has not ended."""
        return bool(self._tails) and any(key in self._tails for key in keys)

    def take(self, keys: Sequence[Key]) -> Turn:
        """Return the next turn about these things; whoever takes it must end it."""
        turn = Turn(self, keys, [self._tails[key] for key in keys if key in self._tails])
        self._tails.update(dict.fromkeys(keys, turn.ended))
        return turn

    def forget(self, keys: Iterable[Key], ended: asyncio.Future[None]) -> None:
        """Note that a turn ended, if it was the last; for :class:`Turn`."""
        for key in keys:
            if self._tails.get(key) is ended:
                del self._tails[key]
