"""Documents and moments as people name them: ``cells/c1@120``, ``cells/c1@2h``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sharedb_py.errors import ShareDBError

__all__ = ["Moment", "Target", "format_time", "parse_duration", "parse_moment", "parse_target"]

_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d|w)")
_EPOCH_MS: Final = 10**11  # larger whole numbers are times: no document has that many ops


@dataclass(frozen=True, slots=True)
class Moment:
    """A version, or a time in ms since the epoch; one of the two is set."""

    version: int | None = None
    time: float | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A document at a moment; without one, as it is now."""

    collection: str
    doc_id: str
    moment: Moment | None = None

    @property
    def name(self) -> str:
        """The document as people write it."""
        return f"{self.collection}/{self.doc_id}"


def parse_duration(text: str) -> float:
    """Read ``90s``, ``15m``, ``2h``, ``3d`` or ``1w`` as milliseconds; raises ``ShareDBError``."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ShareDBError(f"{text!r} is no duration; write 90s, 15m, 2h, 3d or 1w")
    return float(found[1]) * _UNITS[found[2]] * 1000


def _find_moment(text: str, now: float) -> Moment | None:
    text = text.strip()
    if text.isascii() and text.isdigit():
        number = int(text)
        return Moment(time=number) if number >= _EPOCH_MS else Moment(version=number)
    if text == "now":
        return Moment(time=now)
    ago = text.removesuffix("ago").strip().removeprefix("-")
    if _DURATION.fullmatch(ago):
        return Moment(time=now - parse_duration(ago))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return Moment(time=moment.timestamp() * 1000)


def parse_moment(text: str, now: float) -> Moment:
    """Read a version, an ISO time (local unless it names a zone), or ``2h`` (that long ago).

    ``now`` is in ms since the epoch. Raises ``ShareDBError`` for what is none of them.
    """
    found = _find_moment(text, now)
    if found is None:
        raise ShareDBError(
            f"{text!r} is no version and no time; write 120, 2026-01-31T09:30, "
            "or 2h for so long ago"
        )
    return found


def parse_target(text: str, now: float) -> Target:
    """Read ``COLLECTION/ID``, ``COLLECTION/ID@VERSION`` or ``COLLECTION/ID@TIME``.

    What follows an ``@`` and is no moment belongs to the id; so does an ``@`` before a
    last one with nothing after it: ``users/ana@5@`` is the document ``ana@5``.
    """
    collection, slash, rest = text.partition("/")
    if not (collection and slash and rest):
        raise ShareDBError(f"{text!r} names no document; write COLLECTION/ID")
    doc_id, at, moment = rest.rpartition("@")
    if at and doc_id:
        if not moment:
            return Target(collection, doc_id)
        found = _find_moment(moment, now)
        if found is not None:
            return Target(collection, doc_id, found)
    return Target(collection, rest)


def format_time(ms: float | None, *, exact: bool = False) -> str:
    """Write a time in the local zone; ``exact`` with milliseconds. None is unknown."""
    if ms is None:
        return "-"
    whole, rest = divmod(round(ms), 1000)
    text = datetime.fromtimestamp(whole).strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{rest:03}" if exact else text
