"""Which ops wrote what two states differ in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sharedb_py.errors import ShareDBError
from sharedb_py.ot.utf16 import length
from sharedb_py.replay.attribution import BEFORE, Attribution
from sharedb_py.replay.blaming import node_at
from sharedb_py.replay.diffing import Difference, diff_text, diff_values

__all__ = ["suspects"]


def suspects(attribution: Attribution, other: Any) -> list[int]:
    """Return the versions of the ops behind what ``other`` has differently.

    Those that wrote what is not in ``other``; where something is only in ``other``,
    those that wrote what stands around it.
    """
    surely: set[int] = set()
    perhaps: set[int] = set()
    for difference in diff_values(attribution.snapshot.data, other):
        for version, sure in _behind(attribution, difference):
            (surely if sure else perhaps).add(version)
    return sorted((surely or perhaps) - {BEFORE})


def _behind(attribution: Attribution, difference: Difference) -> Iterator[tuple[int, bool]]:
    path = difference.path
    try:
        if difference.is_text:
            node, text = node_at(attribution, path)
            yield from _behind_text(node.units(text), text, difference.after)
        elif difference.kind in ("removed", "changed"):
            node, _ = node_at(attribution, path)
            yield node.changed, True
        else:
            node, _ = node_at(attribution, path[:-1])
            yield node.changed, False
    except ShareDBError:
        return  # the element stands elsewhere in the replayed state


def _behind_text(units: Any, before: str, after: str) -> Iterator[tuple[int, bool]]:
    position = 0
    for part in diff_text(before, after):
        if part.kind == "add":
            for neighbour in (position - 1, position):
                if 0 <= neighbour < len(units):
                    yield units[neighbour], False
            continue
        end = position + length(part.text)
        if part.kind == "remove":
            for version in set(units[position:end]):
                yield version, True
        position = end
