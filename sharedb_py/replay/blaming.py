"""The pieces of a value and the ops they came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import MISSING
from sharedb_py.ot.json0.applying import child_key
from sharedb_py.ot.utf16 import length
from sharedb_py.replay.attribution import Attribution, Node, Units
from sharedb_py.replay.paths import Path, format_path

__all__ = ["Piece", "blame", "runs_of"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a string, an element of a list, a value of an object, or a single value.

    ``place`` is the run's first code unit, the element's index, the value's key, or
    None. ``origin`` is the version of the op that put it there (``BEFORE``: older
    than the log), ``changed`` of the last op that changed something in it.
    """

    place: Any
    value: Any
    origin: int
    changed: int


def node_at(attribution: Attribution, path: Path) -> tuple[Node, Any]:
    """Return what is known of the value at a path, and the value.

    Raises ``ShareDBError`` naming the part of the path that leads nowhere.
    """
    node, value = attribution.root, attribution.snapshot.data
    if value is MISSING:
        raise ShareDBError(f"There is no document at version {attribution.snapshot.version}")
    for depth, segment in enumerate(path):
        key = child_key(value, segment)
        if key is MISSING:
            raise ShareDBError(
                f"There is nothing at {format_path(path[: depth + 1])} "
                f"at version {attribution.snapshot.version}"
            )
        node, value = node.child(key), value[key]
    return node, value


def blame(attribution: Attribution, path: Path) -> list[Piece]:
    """Return the pieces of the value at a path, in order; raises ``ShareDBError`` if none is."""
    node, value = node_at(attribution, path)
    if isinstance(value, str):
        return list(runs_of(value, node.units(value)))
    if isinstance(value, list):
        kids = [node.child(index) for index in range(len(value))]
        return [
            Piece(index, item, kid.origin, kid.changed)
            for index, (item, kid) in enumerate(zip(value, kids, strict=True))
        ]
    if isinstance(value, dict):
        kids = [node.child(key) for key in value]
        return [
            Piece(key, item, kid.origin, kid.changed)
            for (key, item), kid in zip(value.items(), kids, strict=True)
        ]
    return [Piece(None, value, node.origin, node.changed)]


def runs_of(text: str, units: Units) -> Iterator[Piece]:
    """Yield the runs of a string that one op wrote each.

    A character of two code units is never cut: one whose halves come from two ops
    counts as the later one's, which made it what it is.
    """
    encoded = text.encode("utf-16-le", "surrogatepass")
    start = 0
    for origin, run in groupby(_unite_pairs(text, units)):
        end = start + sum(1 for _ in run)
        part = encoded[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")
        yield Piece(start, part, origin, origin)
        start = end


def _unite_pairs(text: str, units: Units) -> Units:
    if length(text) == len(text):
        return units
    united, position = units[:], 0
    for char in text:
        if char > "\uffff":
            united[position] = united[position + 1] = max(units[position], units[position + 1])
            position += 1
        position += 1
    return united
