"""Moments of a notebook as links carry them: ``2026-03-12T14:03:27.512Z``. Pure.

A moment is behind all ops of its millisecond, unless it says behind how many: ``…Z~2``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from sharedb_py.errors import ShareDBError
from sharedb_py.replay.timeline import Timeline

__all__ = ["format_moment", "parse_moment"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT: Final = re.compile(r"([^~]+?)(?:~(\d{1,9}))?")


def format_moment(timeline: Timeline, position: int) -> str:
    """Return the moment of a position; empty if there is no history."""
    time = timeline.time_at(position)
    if time is None:
        return ""
    ms = int(time // 1)
    first, last = timeline.span(ms, ms + 1)
    text = (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")
    behind = "" if position == last else f"~{position - first}"
    return text.replace("+00:00", "Z") + behind


def parse_moment(timeline: Timeline, text: str) -> int:
    """Return the position of a moment; raises ``ShareDBError`` for a text that is none."""
    found = _MOMENT.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)
        time = datetime.fromisoformat(found[1])
        ms = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000
    except (ValueError, OverflowError):
        raise ShareDBError(f"{text!r} is no moment; write 2026-03-12T14:03:27.512Z") from None
    first, last = timeline.span(round(ms), round(ms) + 1)
    return last if found[2] is None else min(first + int(found[2]), last)
