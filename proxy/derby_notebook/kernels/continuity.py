"""Whether messages are missing between two lines to a kernel, as far as their ids tell. Pure.

Jupyter's own kernels number their messages: an id is a name that stays, the process's
id and a count (``jupyter_client.session.Session.msg_id``). Of the count, answers to
other front ends are left out; nothing else is. Ids of other kernels tell nothing.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Final

from derby_notebook.kernels.messages import KernelMessage

__all__ = ["Continuity"]

REMEMBERED: Final = 1000
_NUMBERED: Final = re.compile(r"(.+_\d+)_(\d+)")


class Continuity:
    """Sees every message, and every break; says where something may have got lost."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._last: dict[str, int] = {}
        """Of each series, the number of the last message on the stream of outputs."""
        self._broken = False

    def broke(self) -> None:
        """Note that what comes next came over another line, to which nothing was kept."""
        self._broken = True

    def mended(self) -> None:
        """Note that it may have come over another line, but nothing can be missing."""
        self._broken = False

    def saw(self, message_id: str) -> None:
        """Note that a message is known."""
        found = _NUMBERED.fullmatch(message_id)
        if found is not None:
            series, number = found[1], int(found[2])
            self._seen[series, number] = None
            self._last[series] = max(number, self._last.get(series, 0))
            while len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)

    def lacks(self, message: KernelMessage) -> bool:
        """Take a message; return whether something may be missing right before it."""
        lacking = self._broken and message.channel == "iopub" and self._missing(message.id)
        if message.channel == "iopub":
            self._broken = False
        self.saw(message.id)
        return lacking

    def _missing(self, message_id: str) -> bool:
        found = _NUMBERED.fullmatch(message_id)
        if found is None or found[1] not in self._last:
            return True
        series, last = found[1], self._last[found[1]]
        return any((series, number) not in self._seen for number in range(last + 1, int(found[2])))
