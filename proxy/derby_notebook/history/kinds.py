"""What an op does to a notebook, in the few words that a reader of its history needs. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag
from typing import Any, Final

from sharedb_py.ops import Op
from sharedb_py.ot.utf16 import length
from sharedb_py.replay.opinfo import author_of, time_of
from sharedb_py.replay.timeline import DocKey, Record

__all__ = ["Kind", "Run", "author_name", "is_typing", "kind_of", "record_of", "run_of", "typed"]


class Kind(IntFlag):
    """What an op does; one may do several things."""

    SOURCE = 1
    OUTPUT = 2
    ASKED = 4
    RAN = 8
    MOVED = 16
    CREATED = 32
    DELETED = 64
    SETTINGS = 128
    BACKGROUND = 256
    """What only tells how things stand: who is in a cell, what is saved, how the kernel is."""


# Plain numbers: a long history is gone through in a moment.
_CREATED, _DELETED, _BACKGROUND = int(Kind.CREATED), int(Kind.DELETED), int(Kind.BACKGROUND)
_SOURCE, _ASKED, _RAN, _SETTINGS = (
    int(kind) for kind in (Kind.SOURCE, Kind.ASKED, Kind.RAN, Kind.SETTINGS)
)
_CELL_FIELDS: Final = {
    "source": _SOURCE,
    "outputs": int(Kind.OUTPUT),
    "execution_count": int(Kind.OUTPUT),
    "_weight": int(Kind.MOVED),
    "metadata": _SETTINGS,
    "cell_type": _SETTINGS,
    "attachments": _SETTINGS,
    "id": _SETTINGS,
}


@dataclass(frozen=True, slots=True)
class Run:
    """A run that ended: whose, when it began and ended (ms), how, and the cell's count."""

    user: str
    started: float | None
    ended: float
    outcome: str


def _components(op: Op) -> Iterator[dict[str, Any]]:
    components = op.get("op")
    for component in components if isinstance(components, list) else ():
        if isinstance(component, dict) and isinstance(component.get("p"), list):
            yield component


def kind_of(collection: str, op: Op) -> int:
    """Return what an op of a notebook's documents does, as the bits of a :class:`Kind`."""
    if "create" in op:
        return _CREATED
    if "del" in op:
        return _DELETED
    kind = 0
    for component in _components(op):
        kind |= _cell_kind(component) if collection == "cells" else _notebook_kind(component)
    return kind or _BACKGROUND


def _cell_kind(component: dict[str, Any]) -> int:
    path = component["p"]
    field, new = (path[0] if path else None), component.get("oi")
    if field == "_state" and new == "run":
        return _ASKED
    if path == ["_run"] and isinstance(new, dict) and new.get("ended") is not None:
        return _RAN
    return _CELL_FIELDS.get(str(field), _BACKGROUND)


def _notebook_kind(component: dict[str, Any]) -> int:
    path = component["p"]
    told = path[:1] == ["name"] or path[:2] == ["contents", "metadata"]
    return _SETTINGS if told else _BACKGROUND


def run_of(op: Op) -> Run | None:
    """Return the run that an op on a cell ends, if it ends one."""
    for component in _components(op):
        record = component.get("oi")
        if component["p"] == ["_run"] and isinstance(record, dict) and record.get("ended"):
            outcome = str(record.get("outcome") or "ok")
            return Run(
                str(record.get("user") or ""), record.get("started"), record["ended"], outcome
            )
    return None


def typed(op: Op) -> tuple[int, int]:
    """Return how many code units an op on a cell adds to the source, and takes from it."""
    added = removed = 0
    for component in _components(op):
        if component["p"][:1] == ["source"]:
            for key, value in component.items():
                if isinstance(value, str) and key in ("si", "oi"):
                    added += length(value)
                elif isinstance(value, str) and key in ("sd", "od"):
                    removed += length(value)
    return added, removed


def author_name(op: Op) -> str:
    """Return who made an op: a user, ``service`` or ``disk``; else the source."""
    meta = op.get("m")
    user = meta.get("user") if isinstance(meta, dict) else None
    if isinstance(user, str) and user:
        return user
    author = author_of(op)
    if author.user is None and author.src:
        # Before users were noted, the service's own connections told by their names.
        own = author.src.partition("-")[0]
        if own in ("service", "disk") and "-" in author.src:
            return own
    return author.name


def record_of(key: DocKey, op: Op) -> Record:
    """Return what the timeline takes of an op."""
    kind = _SOURCE if is_typing(op) else kind_of(key[0], op)
    return Record(key, op["v"], time_of(op), author_name(op), kind)


def is_typing(op: Op) -> bool:
    """Whether an op on a cell is one edit of its source, as almost all are."""
    edits = op.get("op")
    if type(edits) is not list or len(edits) != 1 or type(edits[0]) is not dict:
        return False
    path = edits[0].get("p")
    return type(path) is list and len(path) == 2 and path[0] == "source"
