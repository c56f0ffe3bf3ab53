"""Deltas: lists of components, read piece by piece and built up in canonical form.

A component is one of ``{"insert": text or embed}``, ``{"retain": length}`` and
``{"delete": length}``; the first two may carry ``attributes``. Lengths count UTF-16
code units; an embed, any object, has length 1. A document is a delta of inserts.
"""

from __future__ import annotations

from math import inf
from typing import Any, Final, Literal, TypeAlias

from sharedb_py.errors import OpBadlyFormed
from sharedb_py.jsonvalue import is_number, json_equal
from sharedb_py.ot.utf16 import join, length, slice_units

__all__ = ["Component", "Delta", "Kind", "Reader", "chop", "components_of", "kind_of", "push"]

Component: TypeAlias = dict[str, Any]
Delta: TypeAlias = list[Component]
Kind: TypeAlias = Literal["insert", "retain", "delete"]

KINDS: Final[tuple[Kind, ...]] = ("insert", "retain", "delete")


def components_of(delta: Any) -> Delta:
    """Return the components of ``{"ops": […]}`` or of a bare list, each checked.

    Raises ``OpBadlyFormed`` for what no editor makes; the reference takes it as it comes.
    """
    if isinstance(delta, dict):
        delta = delta.get("ops")
    if not isinstance(delta, list):
        raise OpBadlyFormed("rich-text op must be an object with an array of ops")
    for component in delta:
        _check(component)
    return delta


def _check(component: Any) -> None:
    kinds = [kind for kind in KINDS if kind in component] if isinstance(component, dict) else []
    if len(kinds) != 1:
        raise OpBadlyFormed("rich-text component must have one of insert, retain and delete")
    value = component[kinds[0]]
    if kinds[0] == "insert":
        if not isinstance(value, dict) and not (isinstance(value, str) and value):
            raise OpBadlyFormed("rich-text insert must be a text, not empty, or an object")
    elif not is_number(value) or value <= 0 or value != int(value):
        raise OpBadlyFormed(f"rich-text {kinds[0]} must be a whole number from 1 on")
    if not isinstance(component.get("attributes") or {}, dict):
        raise OpBadlyFormed("rich-text attributes must be an object")


def kind_of(component: Component) -> Kind:
    """Return which kind of component it is."""
    return next(kind for kind in KINDS if kind in component)


def _size(component: Component) -> int:
    kind = kind_of(component)
    value = component[kind]
    if kind != "insert":
        return int(value)
    return length(value) if isinstance(value, str) else 1


def push(delta: Delta, component: Component) -> None:
    """Add a component to a delta under construction, merging it with the last if they are alike.

    Of an insert and a delete at one place the insert goes first: the order makes no difference.
    """
    place = len(delta)
    if delta and kind_of(delta[-1]) == "delete":
        if "delete" in component:
            delta[-1] = {"delete": delta[-1]["delete"] + component["delete"]}
            return
        if "insert" in component:
            place -= 1
    merged = _merged(delta[place - 1], component) if place else None
    if merged is None:
        delta.insert(place, component)
    else:
        delta[place - 1] = merged


def _merged(last: Component, component: Component) -> Component | None:
    """Return two neighbours as one component, or None if they are not alike."""
    if not json_equal(last.get("attributes"), component.get("attributes")):
        return None
    before, after = last.get("insert"), component.get("insert")
    if isinstance(before, str) and isinstance(after, str):
        return {**component, "insert": join(before, after)}
    if "retain" in last and "retain" in component:
        return {**component, "retain": last["retain"] + component["retain"]}
    return None


def chop(delta: Delta) -> Delta:
    """Return a delta without the retain at its end that changes nothing."""
    if delta and "retain" in delta[-1] and not delta[-1].get("attributes"):
        delta.pop()
    return delta


class Reader:
    """Hands out a delta's components piece by piece; past its end it retains without end."""

    def __init__(self, delta: Delta) -> None:
        self._delta = delta
        self._index = -1
        self._advance()

    def _advance(self) -> None:
        self._index += 1
        self._offset = 0
        self.done = self._index >= len(self._delta)
        """Whether all components are handed out."""
        self._size = inf if self.done else _size(self._delta[self._index])
        self.kind: Kind = "retain" if self.done else kind_of(self._delta[self._index])
        """The kind of the next component."""

    @property
    def left(self) -> float:
        """How much is left of the next component; infinite at the end."""
        return self._size - self._offset

    @property
    def next_is_plain(self) -> bool:
        """Whether a component is left and has no attributes, not even none."""
        return not self.done and self._delta[self._index].get("attributes") is None

    def take(self, most: float = inf) -> Component:
        """Return the next component, or the first part of it that is no longer than ``most``."""
        if self.done:
            return {"retain": most}
        component, start = self._delta[self._index], self._offset
        end = min(start + most, self._size)
        if end == self._size:
            kind = self.kind
            self._advance()
        else:
            kind = self.kind
            self._offset = int(end)
        value = component[kind]
        if kind != "insert":
            value = int(end) - start
        elif isinstance(value, str):
            value = slice_units(value, start, int(end))
        if kind != "delete" and component.get("attributes") is not None:
            return {kind: value, "attributes": component["attributes"]}
        return {kind: value}

    def rest(self) -> Delta:
        """Return all that is left."""
        if self.done:
            return []
        if self._offset == 0:
            return self._delta[self._index :]
        first = self.take()
        return [first, *self._delta[self._index :]]
