"""Applies json0 ops to JSON documents (protocol section 11.2).

Only the containers on an op's path are copied; all else is shared between the
old document and the new one. The laxness of the published JavaScript type is
kept on purpose: clients and old data rely on it.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from sharedb_py.errors import OpBadlyFormed, OpNotApplied
from sharedb_py.jsonvalue import MISSING, is_number
from sharedb_py.ot.json0.components import (
    Component,
    add_numbers,
    from_text,
    is_text_edit,
    subtype_of,
)

__all__ = ["apply", "child_key", "list_index"]

_ROOT: Final = "data"
MAX_PADDING: Final = 10_000
"""How far past its end a list may be filled up with nulls."""

_INTEGER: Final = re.compile(r"-?[0-9]{1,16}")


def list_index(segment: Any) -> int | None:
    """Return the index a path segment names in a list: ``1``, ``1.0`` and ``"1"`` name one."""
    if isinstance(segment, float):
        return int(segment) if segment.is_integer() else None
    if isinstance(segment, int):
        return None if isinstance(segment, bool) else segment
    if isinstance(segment, str) and _INTEGER.fullmatch(segment):
        return int(segment)
    return None


def child_key(container: Any, segment: Any) -> Any:
    """Return the Python key of a segment in a container, or MISSING if nothing is there."""
    if isinstance(container, list):
        index = list_index(segment)
        return index if index is not None and 0 <= index < len(container) else MISSING
    if isinstance(container, dict):
        key = _object_key(segment)
        return key if key in container else MISSING
    return MISSING


def _object_key(segment: Any) -> str:
    """Return the key a segment names in an object: JavaScript casts numbers to strings."""
    if isinstance(segment, str):
        return segment
    if isinstance(segment, float) and segment.is_integer():
        return str(int(segment))
    return str(segment)


def _splice_start(segment: Any, size: int) -> int:
    """Return where ``Array.splice`` starts: negative counts from the end, past it is cut."""
    start = list_index(segment) or 0
    return max(size + start, 0) if start < 0 else min(start, size)


class _Draft:
    """A document being changed: copies each container once, the first time it is entered."""

    def __init__(self, snapshot: Any) -> None:
        self.root: dict[str, Any] = {_ROOT: snapshot}
        self._own: dict[int, Any] = {id(self.root): self.root}

    def enter(self, container: Any, segment: Any) -> Any:
        """Return the value at a segment, made the draft's own if it is a container."""
        key = child_key(container, segment)
        if key is MISSING:
            return MISSING
        value = container[key]
        if isinstance(value, (dict, list)) and id(value) not in self._own:
            value = value.copy()
            self._own[id(value)] = value
            container[key] = value
        return value


def _apply_component(draft: _Draft, component: Component) -> None:
    if is_text_edit(component):
        component = from_text(component)
    path = component["p"]
    target: Any = draft.root
    segment: Any = _ROOT
    for following in path:
        if target is None or target is MISSING:
            raise OpNotApplied("Path invalid")
        target, segment = draft.enter(target, segment), following
    subtype = subtype_of(component)
    if subtype and "o" in component:
        _replace(target, segment, lambda value: subtype.apply(value, component["o"]))
    elif "na" in component:
        _replace(target, segment, lambda value: _sum(value, component["na"]))
    elif "li" in component or "ld" in component:
        _change_list(_require(target, list, "list"), segment, component)
    elif "lm" in component:
        _move(_require(target, list, "list"), segment, component["lm"])
    elif "oi" in component:
        _require(target, dict, "object")[_object_key(segment)] = component["oi"]
    elif "od" in component:
        _require(target, dict, "object").pop(_object_key(segment), None)
    else:
        raise OpNotApplied("invalid / missing instruction in op")


def _require(target: Any, kind: type, name: str) -> Any:
    if not isinstance(target, kind):
        raise OpNotApplied(f"Referenced element not a{'n' * (name == 'object')} {name}")
    return target


def _replace(target: Any, segment: Any, change: Any) -> None:
    key = child_key(target, segment)
    target_value = MISSING if key is MISSING else target[key]
    value = change(target_value)
    target[key] = value


def _sum(value: Any, amount: Any) -> Any:
    if not is_number(value):
        raise OpNotApplied("Referenced element not a number")
    total = add_numbers(value, amount)
    return total if math.isfinite(total) else None


def _change_list(target: list[Any], segment: Any, component: Component) -> None:
    start = _splice_start(segment, len(target))
    if "ld" not in component:
        target.insert(start, component["li"])
    elif "li" not in component:
        del target[start : start + 1]
    else:
        index = list_index(segment)
        if index is not None and index >= 0:
            _check_reach(target, index)
            target.extend([None] * (index + 1 - len(target)))
            target[index] = component["li"]


def _check_reach(target: list[Any], index: int) -> None:
    """Refuse a replacement so far past the end that the padding would fill the memory."""
    if index > len(target) + MAX_PADDING:
        raise OpNotApplied(f"List index {index} is too far past the end")


def _move(target: list[Any], segment: Any, to: Any) -> None:
    source = list_index(segment)
    if source is not None and source == list_index(to):
        return
    key = child_key(target, segment)
    value = None if key is MISSING else target[key]
    start = _splice_start(segment, len(target))
    del target[start : start + 1]
    target.insert(_splice_start(to, len(target)), value)


def apply(snapshot: Any, op: Any) -> Any:
    """Return the document after an op; raises ``OpNotApplied`` and changes nothing if it can't be.

    A document whose root was deleted is None.
    """
    if not isinstance(op, list):
        raise OpBadlyFormed("json0 op must be an array")
    draft = _Draft(snapshot)
    for component in op:
        if not isinstance(component, dict) or not isinstance(component.get("p"), list):
            raise OpBadlyFormed("Missing path")
        _apply_component(draft, component)
    return draft.root.get(_ROOT)
