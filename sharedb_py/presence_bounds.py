"""How much one client may say of itself by presence, and how fast: pure decisions.

ShareDB has no such bounds; honest clients do not come near them.
"""

from __future__ import annotations

from typing import Final

from sharedb_py.errors import ShareDBError
from sharedb_py.messages import Message
from sharedb_py.recent import size_of

__all__ = ["MAX_CHANNEL_NAME", "MAX_REMEMBERED", "Pace", "Said", "check_channel_name"]

MAX_REMEMBERED: Final = 1000
"""How many presences one client may have at a time, channels it may listen to, documents it may
be present in."""
MAX_CHANNEL_NAME: Final = 4096
"""How many characters the name of a presence channel may have."""


def check_channel_name(name: str) -> None:
    """Raise ``ShareDBError`` for a name too long to keep for every channel of a client."""
    if len(name) > MAX_CHANNEL_NAME:
        raise ShareDBError(
            f"The name of a presence channel may have {MAX_CHANNEL_NAME} characters, "
            f"not {len(name)}"
        )


class Said:
    """What a client last said under each of its presence ids, bounded in number and in bytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._said: dict[tuple[str, str], tuple[Message, int]] = {}
        self._bytes = 0

    def remember(self, presence: Message) -> None:
        """Keep a presence in place of an earlier one of its id, or forget that one for None.

        What is overtaken by a later one is not kept. Raises ``ShareDBError`` if it is too much;
        what was said before stands then.
        """
        key = (presence["ch"], presence["id"])
        last, freed = self._said.get(key, (None, 0))
        if last is not None and (presence.get("pv") or 0) < (last.get("pv") or 0):
            return
        if presence["p"] is None:
            if last is not None:
                self._forget(key)
            return
        if last is None and len(self._said) >= MAX_REMEMBERED:
            raise ShareDBError(f"A client may have {MAX_REMEMBERED} presences at a time")
        size = size_of(presence)
        if self._bytes - freed + size > self._max_bytes:
            raise ShareDBError(
                f"A client's presences may take {self._max_bytes} bytes together; "
                f"with this one they take {self._bytes - freed + size}"
            )
        self._said[key] = (presence, size)
        self._bytes += size - freed

    def take(self, channel: str | None = None) -> list[Message]:
        """Forget and return all, or those of one channel."""
        keys = [key for key in self._said if channel is None or key[0] == channel]
        return [self._forget(key) for key in keys]

    def _forget(self, key: tuple[str, str]) -> Message:
        message, size = self._said.pop(key)
        self._bytes -= size
        return message


class Pace:
    """Says how long a client that goes on faster than it may has to wait before its next word."""

    def __init__(self, per_second: float, at_once: int) -> None:
        self._step = 1 / per_second
        self._ahead = at_once * self._step
        self._due = float("-inf")

    def wait(self, now: float) -> float:
        """Count one message at a time in seconds; return after how many more it may be heard."""
        self._due = max(self._due, now - self._ahead) + self._step
        return max(0.0, self._due - now)
