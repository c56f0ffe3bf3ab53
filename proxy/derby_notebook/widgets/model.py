"""One widget model between its kernel and its document. Pure.

The kernel has the last word on a key, but for what people have written since: a
message of the kernel's that may be older than that is not believed. Which it is, the
kernel's echo tells, or its return to idle.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Model"]


class Model:
    """What the kernel has, what its document may lack, and what the kernel is still to be told."""

    def __init__(self, comm_id: str, state: dict[str, Any], cell: str | None = None) -> None:
        self.comm_id = comm_id
        self.state = state
        self.cell = cell
        """The cell in whose run it was made, as far as is known."""
        self.dirty: set[str] = set()
        """The keys in which the document may differ from this."""
        self.seen = ""
        """The id of the last message that has its part in this."""
        self.unheard: set[str] = set()
        """The keys that people wrote last before this process was there: was the kernel told?"""
        self._waiting: dict[str, Any] = {}
        self._told: dict[str, str] = {}
        self._outstanding: dict[str, set[str]] = {}

    @property
    def waits(self) -> bool:
        """Whether the kernel is to be told something."""
        return bool(self._waiting)

    @property
    def current(self) -> dict[str, Any]:
        """What the document is to say: the kernel's state, and what people wrote since."""
        return {**self.state, **self._waiting}

    # What the kernel says

    def receive(
        self,
        state: dict[str, Any],
        parent_id: str = "",
        *,
        echo: bool = False,
        answer: bool = False,
    ) -> set[str]:
        """Take the kernel's values; return the keys that it changed by them.

        ``parent_id`` is the message that made the kernel speak; ``echo``: it
        repeats what it was told by that; ``answer``: it was told by that, but not by this process.
        """
        changed = set()
        for key, value in state.items():
            told = self._told.get(key)
            if key in self._waiting or told not in (None, parent_id):
                continue  # it did not know yet what a person has written
            if answer and key in self.unheard:
                continue  # it may not have known
            self.unheard.discard(key)
            if echo and told == parent_id:
                del self._told[key]
            self.state[key] = value
            self.dirty.add(key)
            changed.add(key)
        return changed

    def processed(self, message_id: str) -> bool:
        """The kernel is done with a message; return whether it was one of ours."""
        keys = self._outstanding.pop(message_id, None)
        if keys is None:
            return False
        for key in [key for key, told in self._told.items() if told == message_id]:
            del self._told[key]
        self.dirty |= keys
        return True

    # What it is to be told

    def write(self, key: str, value: Any) -> None:
        """Somebody wrote a key."""
        self._waiting[key] = value
        self.unheard.discard(key)

    def take(self, message_id: str, *, at_once: bool = False) -> dict[str, Any] | None:
        """Return what to tell the kernel in a message of this id, None for nothing now.

        One message is on its way at a time, and what comes meanwhile gathers; but not if it
        must go ``at_once``.
        """
        if not self._waiting or (self._outstanding and not at_once):
            return None
        state, self._waiting = self._waiting, {}
        self.state.update(state)
        self._outstanding[message_id] = set(state)
        self._told |= dict.fromkeys(state, message_id)
        return state

    def replace(self, key: str, value: Any) -> None:
        """The kernel set a key that is otherwise ours to tell: nothing older is to reach it."""
        self.state[key] = value
        self.dirty.add(key)
        self._waiting.pop(key, None)
        if self._told.pop(key, None) is not None:
            self._waiting[key] = value  # what is on its way brings back the old value

    def lost(self) -> None:
        """What the kernel has not processed by now it never will: it is to be told again."""
        again = {key: self.state[key] for key in self._told}
        self._waiting = {**again, **self._waiting}
        self._outstanding.clear()
        self._told.clear()
