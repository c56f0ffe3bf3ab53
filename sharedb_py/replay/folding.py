"""Long logs replayed quickly: the same states as ``ops.replay`` gives, typing on a short way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sharedb_py.jsonvalue import RESERVED_NAMES
from sharedb_py.ops import Op
from sharedb_py.ops import replay as replay_ops
from sharedb_py.ot.json0 import json0
from sharedb_py.ot.utf16 import length, slice_units, splice
from sharedb_py.snapshot import Snapshot

__all__ = ["fold"]


def fold(snapshot: Snapshot, ops: Iterable[Op]) -> Snapshot:
    """Return the snapshot after committed ops; raises ``ShareDBError`` if one does not fit."""
    folding = _Folding(snapshot)
    for op in ops:
        folding.follow(op)
    return folding.snapshot


class _Folding:
    """A document on its way. Containers on the path of the string being typed in are its own.

    They are copied when typing at a place begins, and changed in place from then on;
    every other op makes new values, as ``apply`` does.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._version = snapshot.version
        self._place: list[Any] | None = None
        self._container: Any = None
        self._key: Any = None

    @property
    def snapshot(self) -> Snapshot:
        """The document now."""
        if self._version != self._snapshot.version:
            self._snapshot = replace(self._snapshot, version=self._version)
        return self._snapshot

    def follow(self, op: Op) -> None:
        """Apply the next op."""
        if not self._types(op):
            self._snapshot = replay_ops(self.snapshot, [op])
            self._place = None
        self._version = op["v"] + 1

    def _types(self, op: Op) -> bool:
        """Apply an op that is one edit of one string, as almost all are; False for another."""
        edits = op.get("op")
        if type(edits) is not list or len(edits) != 1 or "create" in op or "del" in op:
            return False
        edit = edits[0]
        if type(edit) is not dict or len(edit) != 2 or type(edit.get("p")) is not list:
            return False
        added, removed, path = edit.get("si"), edit.get("sd"), edit["p"]
        if not isinstance(added or removed, str) or len(path) < 2:
            return False
        position = path[-1]
        if type(position) is not int or position < 0 or not self._enter(path[:-1]):
            return False
        text = self._container[self._key]
        if added is not None:
            if text.isascii() and added.isascii():
                changed = text[:position] + added + text[position:]
            else:
                changed = splice(text, position, position, added)
        else:
            assert isinstance(removed, str)
            end = position + length(removed)
            if slice_units(text, position, end) != removed:
                return False
            changed = splice(text, position, end, "")
        self._container[self._key] = changed
        return True

    def _enter(self, place: list[Any]) -> bool:
        """Make the containers around a string our own; False where it is not plainly there."""
        if place == self._place:
            return True
        snapshot = self._snapshot
        if snapshot.type_uri != json0.uri or not _leads_to_text(snapshot.data, place):
            return False
        data = container = snapshot.data.copy()
        for segment in place[:-1]:
            container[segment] = container[segment].copy()
            container = container[segment]
        self._snapshot = replace(snapshot, data=data)
        self._place, self._container, self._key = place, container, place[-1]
        return True


def _leads_to_text(data: Any, place: list[Any]) -> bool:
    """Whether each segment is of the kind that its container has, and the last one a string's."""
    for segment in place:
        if type(data) is dict:
            if type(segment) is not str or segment in RESERVED_NAMES or segment not in data:
                return False
        elif type(data) is not list or type(segment) is not int or not 0 <= segment < len(data):
            return False
        data = data[segment]
    return type(data) is str
