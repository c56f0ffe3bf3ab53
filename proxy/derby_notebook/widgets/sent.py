"""Views' own messages on their way to the kernel: each is to get there once. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["SentMessages"]

REMEMBERED: Final = 1000


class SentMessages:
    """Which messages are on their way, over which line, and which the kernel has dealt with."""

    def __init__(self) -> None:
        self._models: dict[str, str] = {}
        self._lines: dict[str, int] = {}
        self._handled: list[tuple[str, str]] = []
        self._done: deque[str] = deque(maxlen=REMEMBERED)

    def begin(self, message_id: str, comm_id: str) -> bool:
        """A model's message is to be sent; False if it is on its way, or was dealt with."""
        if message_id in self._models or message_id in self._done:
            return False
        self._models[message_id] = comm_id
        return True

    def sent(self, message_id: str, line: int | None) -> None:
        """A message went over a line; None: it did not go, and may be begun again."""
        if line is None:
            self._models.pop(message_id, None)
        elif message_id in self._models:
            self._lines[message_id] = line

    def lost(self, line: int) -> None:
        """What went over lines before this one, and was not dealt with, may be begun again."""
        for message_id in [sent for sent, over in self._lines.items() if over < line]:
            del self._models[message_id], self._lines[message_id]

    def processed(self, message_id: str) -> bool:
        """The kernel is done with a message; return whether it was one of these."""
        comm_id = self._models.pop(message_id, None)
        self._lines.pop(message_id, None)
        if comm_id is not None:
            self.handled(comm_id, message_id)
        return comm_id is not None

    def handled(self, comm_id: str, message_id: str) -> None:
        """A model's message, whoever sent it, needs no sending any more."""
        self._handled.append((comm_id, message_id))
        if message_id not in self._done:
            self._done.append(message_id)

    def take_handled(self) -> dict[str, set[str]]:
        """Return, once, what has been dealt with since, by model."""
        found: dict[str, set[str]] = {}
        for comm_id, message_id in self._handled:
            found.setdefault(comm_id, set()).add(message_id)
        self._handled.clear()
        return found

    def clear(self) -> None:
        """The kernel is gone, and all that it was sent with it."""
        self._models.clear()
        self._lines.clear()
        self._handled.clear()
