"""What a json0 component becomes after another (protocol section 11.4).

The numbered steps are those of the protocol. ``index`` is the place in a path up
to which the two components walk together; -1 stands for the root, where neither
has a segment.
"""

from __future__ import annotations

import math
from typing import Any

from sharedb_py.jsonvalue import MISSING
from sharedb_py.ot.base import Side
from sharedb_py.ot.json0.applying import apply, list_index
from sharedb_py.ot.json0.components import (
    Component,
    Op,
    append,
    from_text,
    is_text_edit,
    subtype_of,
    to_text,
)
from sharedb_py.ot.text0 import Text0, text0

__all__ = ["transform_component"]


def _operand_length(component: Component) -> int:
    """The path's length, one more where the component works inside the value it names."""
    inside = component.get("na") is not None or bool(component.get("t"))
    return len(component["p"]) + inside


def _common_index(a: Component, b: Component) -> int | None:
    """The index at which ``a`` acts, if ``b`` walks the same path up to there."""
    a_length, b_length = _operand_length(a), _operand_length(b)
    if a_length == 0:
        return -1
    if b_length == 0:
        return None
    for index in range(a_length - 1):
        if index >= b_length - 1 or _at(a, index) != _at(b, index):
            return None
    return a_length - 1


def _at(component: Component, index: int) -> Any:
    path = component["p"]
    return path[index] if 0 <= index < len(path) else MISSING


def _number(segment: Any) -> float:
    """A segment as JavaScript compares it with a number; NaN never compares true."""
    index = list_index(segment)
    return math.nan if index is None else index


def _less(a: Any, b: Any) -> bool:
    """JavaScript's ``<``: by letters between two strings, by number otherwise."""
    if isinstance(a, str) and isinstance(b, str):
        return a < b
    return _number(a) < _number(b)


def _at_most(a: Any, b: Any) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        return a <= b
    return _number(a) <= _number(b)


def _loosely_equal(a: Any, b: Any) -> bool:
    return bool(a == b) or _number(a) == _number(b)


def _shift(component: Component, index: int, *steps: int) -> None:
    """Move the segment at an index, which makes it a number; one that is no index stays."""
    segment = list_index(_at(component, index))
    if any(steps) and segment is not None:
        component["p"][index] = segment + sum(steps)


def _shift_target(component: Component, *steps: int) -> None:
    target = list_index(component["lm"])
    if any(steps) and target is not None:
        component["lm"] = target + sum(steps)


def transform_component(dest: Op, component: Component, other: Component, side: Side) -> None:
    """Append to ``dest`` what ``component`` becomes after ``other``: none, one or more."""
    c = {**component, "p": list(component["p"])}
    index, reverse = _common_index(other, c), _common_index(c, other)
    _edit_deleted_value(c, other, reverse)
    if index is None:
        append(dest, c)
        return
    if is_text_edit(c) and is_text_edit(other):
        _transform_text(dest, c, other, side)
        return
    if subtype := subtype_of(other):
        _transform_subtype(dest, c, other, subtype, side)
        return
    same = _operand_length(c) == _operand_length(other)
    if "na" in other and other["na"] is not None:
        keep = True
    elif "li" in other and "ld" in other:
        keep = _after_list_replace(c, other, index, same, side)
    elif "li" in other:
        keep = _after_list_insert(c, other, index, same, side)
    elif "ld" in other:
        keep = _after_list_delete(c, other, index, same)
    elif "lm" in other:
        keep = _after_list_move(c, other, index, same, side)
    elif "oi" in other and "od" in other:
        keep = _after_object_replace(c, other, index, same, side)
    elif "oi" in other:
        keep = _after_object_insert(dest, c, other, index, side)
    elif "od" in other:
        keep = _after_object_delete(c, other, index, same)
    else:
        keep = True
    if keep:
        append(dest, c)


def _edit_deleted_value(c: Component, other: Component, reverse: int | None) -> None:
    """Step 1: what ``c`` deletes was edited inside meanwhile; its copy follows."""
    own = _operand_length(c)
    if reverse is None or _operand_length(other) <= own:
        return
    if not _loosely_equal(_at(c, reverse), _at(other, reverse)):
        return
    key = "ld" if "ld" in c else "od" if "od" in c else None
    if key:
        c[key] = apply(c[key], [{**other, "p": other["p"][own:]}])


def _transform_text(dest: Op, c: Component, other: Component, side: Side) -> None:
    """Steps 3 and 4 for two string edits in the ``si``/``sd`` form."""
    mine, theirs = from_text(c), from_text(other)
    for edit in text0.transform(mine["o"], theirs["o"], side):
        append(dest, to_text(mine["p"], edit))


def _transform_subtype(
    dest: Op, c: Component, other: Component, subtype: Text0, side: Side
) -> None:
    """Step 4: two ops of one subtype; of different ones, neither knows the other."""
    if c.get("t") == other["t"]:
        edits = subtype.transform(c.get("o"), other.get("o"), side)
        if not edits:
            return
        c["o"] = edits
    append(dest, c)


def _after_list_replace(c: Component, other: Component, index: int, same: bool, side: Side) -> bool:
    """Step 6."""
    if _at(other, index) != _at(c, index):
        return True
    if not same:
        return False
    if "ld" in c:
        if "li" not in c or side == "right":
            return False
        c["ld"] = other["li"]
    return True


def _after_list_insert(c: Component, other: Component, index: int, same: bool, side: Side) -> bool:
    """Step 7."""
    mine, theirs = _at(c, index), _at(other, index)
    if "li" in c and "ld" not in c and same and mine == theirs:
        if side == "right":
            _shift(c, index, 1)
    elif _at_most(theirs, mine):
        _shift(c, index, 1)
    if "lm" in c and same and _at_most(theirs, c["lm"]):
        _shift_target(c, 1)
    return True


def _after_list_delete(c: Component, other: Component, index: int, same: bool) -> bool:
    """Step 8."""
    mine, theirs = _at(c, index), _at(other, index)
    if "lm" in c and same:
        if mine == theirs:
            return False
        target = c["lm"]
        if _less(theirs, target) or (theirs == target and _less(mine, target)):
            _shift_target(c, -1)
    if _less(theirs, mine):
        _shift(c, index, -1)
    elif mine == theirs:
        if _operand_length(other) < _operand_length(c):
            return False
        if "ld" in c:
            if "li" not in c:
                return False
            del c["ld"]
    return True


def _after_list_move(c: Component, other: Component, index: int, same: bool, side: Side) -> bool:
    """Step 9."""
    if "lm" in c and same:
        return _move_after_move(c, other, index, side)
    mine, start, target = _at(c, index), _at(other, index), other["lm"]
    if "li" in c and "ld" not in c and same:
        _shift(c, index, -_less(start, mine), _less(target, mine))
    elif mine == start:
        c["p"][index] = target
    else:
        passed = _less(target, mine) or (mine == target and _less(target, start))
        _shift(c, index, -_less(start, mine), passed)
    return True


def _move_after_move(c: Component, other: Component, index: int, side: Side) -> bool:
    """Step 9a: all comparisons are with the places before either move."""
    start, target = _at(c, index), c["lm"]
    other_start, other_target = _at(other, index), other["lm"]
    if other_start == other_target:
        return True
    if start == other_start:
        if side == "right":
            return False
        c["p"][index] = other_target
        if start == target:
            c["lm"] = other_target
        return True
    shifts, target_shifts = [-_less(other_start, start)], []
    if _less(other_target, start):
        shifts.append(1)
    elif start == other_target and _less(other_target, other_start):
        shifts.append(1)
        if start == target:
            target_shifts.append(1)
    if _less(other_start, target) or (target == other_start and _less(start, target)):
        target_shifts.append(-1)
    if _less(other_target, target):
        target_shifts.append(1)
    elif target == other_target:
        moves_up = _less(start, target)
        if (moves_up and _less(other_start, other_target)) or (
            _less(target, start) and _less(other_target, other_start)
        ):
            target_shifts.append(side == "right")
        elif moves_up:
            target_shifts.append(1)
        elif target == other_start:
            target_shifts.append(-1)
    _shift(c, index, *shifts)
    _shift_target(c, *target_shifts)
    return True


def _after_object_replace(
    c: Component, other: Component, index: int, same: bool, side: Side
) -> bool:
    """Step 10."""
    if _at(other, index) != _at(c, index):
        return True
    if "oi" not in c or not same or side == "right":
        return False
    c["od"] = other["oi"]
    return True


def _after_object_insert(dest: Op, c: Component, other: Component, index: int, side: Side) -> bool:
    """Step 11."""
    if "oi" not in c or _at(other, index) != _at(c, index):
        return True
    if side == "right":
        return False
    append(dest, {"p": list(c["p"]), "od": other["oi"]})
    return True


def _after_object_delete(c: Component, other: Component, index: int, same: bool) -> bool:
    """Step 12."""
    if not _loosely_equal(_at(other, index), _at(c, index)):
        return True
    if not same or "oi" not in c:
        return False
    c.pop("od", None)
    return True
