"""Components of a json0 op, and how an op grows by one (protocol sections 11.2 and 11.3)."""

from __future__ import annotations

import math
from typing import Any, Final, TypeAlias

from sharedb_py.errors import OpBadlyFormed
from sharedb_py.jsonvalue import is_number
from sharedb_py.ot.text0 import Text0, text0

__all__ = [
    "SUBTYPES",
    "Component",
    "Op",
    "add_numbers",
    "append",
    "compose",
    "from_text",
    "invert",
    "is_text_edit",
    "normalize",
    "require_paths",
    "subtype_of",
    "to_text",
]

Component: TypeAlias = dict[str, Any]
Op: TypeAlias = list[Component]

SUBTYPES: Final[dict[str, Text0]] = {text0.name: text0}
"""The types that a component's ``t`` may name."""


def subtype_of(component: Component) -> Text0 | None:
    """Return the type that edits the value a component names, if it is a known one."""
    name = component.get("t")
    return SUBTYPES.get(name) if isinstance(name, str) else None


def is_text_edit(component: Component) -> bool:
    """Whether it is a string insert or delete in the ``si``/``sd`` form."""
    return component.get("si") is not None or component.get("sd") is not None


def from_text(component: Component) -> Component:
    """Return a ``si``/``sd`` component as a ``text0`` one, its position taken off the path."""
    edit: Component = {"p": component["p"][-1] if component["p"] else None}
    if component.get("si") is not None:
        edit["i"] = component["si"]
    if component.get("sd") is not None:
        edit["d"] = component["sd"]
    return {"p": component["p"][:-1], "t": text0.name, "o": [edit]}


def to_text(path: list[Any], edit: Component) -> Component:
    """Return one ``text0`` edit of the string at a path in the ``si``/``sd`` form."""
    key, value = ("si", edit["i"]) if edit.get("i") is not None else ("sd", edit["d"])
    return {"p": [*path, edit["p"]], key: value}


def _is_same_scalar(a: Any, b: Any) -> bool:
    """JavaScript's ``===`` between values that were cloned: objects never are the same."""
    if isinstance(a, (dict, list)) or isinstance(b, (dict, list)):
        return False
    if is_number(a) and is_number(b):
        return bool(a == b)
    return type(a) is type(b) and a == b


def add_numbers(a: Any, b: Any) -> int | float:
    """Return the sum as JavaScript has it, whose numbers are all 64-bit floats."""
    if not is_number(a) or not is_number(b):
        raise OpBadlyFormed("na must be a number")
    try:
        total = float(a) + float(b)
    except OverflowError:
        raise OpBadlyFormed("na must fit in 64 bits") from None
    whole = isinstance(a, int) and isinstance(b, int)
    return int(total) if whole and math.isfinite(total) else total


def append(dest: Op, component: Component) -> None:
    """Add a component to an op under construction, merging it with the last where it can be."""
    if not dest:
        dest.append(component)
        return
    last = dest[-1]
    if is_text_edit(component) and is_text_edit(last):
        _append_text_edit(dest, last, component)
        return
    if last["p"] != component["p"]:
        dest.append(component)
        return
    subtype = subtype_of(component)
    if subtype and last.get("t") == component["t"]:
        dest[-1] = {**last, "o": subtype.compose(last.get("o"), component.get("o"))}
    elif last.get("na") is not None and component.get("na") is not None:
        dest[-1] = {"p": last["p"], "na": add_numbers(last["na"], component["na"])}
    elif (
        "li" in last
        and "li" not in component
        and "ld" in component
        and _is_same_scalar(component["ld"], last["li"])
    ):
        _drop_insert(dest, last, "li", "ld")
    elif "od" in last and "oi" not in last and "oi" in component and "od" not in component:
        dest[-1] = {**last, "oi": component["oi"]}
    elif "oi" in last and "od" in component:
        if "oi" in component:
            dest[-1] = {**last, "oi": component["oi"]}
        else:
            _drop_insert(dest, last, "oi", "od")
    elif "lm" in component and component["p"] and component["p"][-1] == component["lm"]:
        pass
    else:
        dest.append(component)


def _drop_insert(dest: Op, last: Component, insert: str, delete: str) -> None:
    """What was inserted is deleted again: keep only what the last component deleted."""
    if delete in last:
        dest[-1] = {key: value for key, value in last.items() if key != insert}
    else:
        dest.pop()


def _append_text_edit(dest: Op, last: Component, component: Component) -> None:
    if last["p"][:-1] != component["p"][:-1]:
        dest.append(component)
        return
    edits = text0.compose(from_text(last)["o"], from_text(component)["o"])
    dest[-1:] = [to_text(last["p"][:-1], edit) for edit in edits]


def require_paths(op: Any) -> Op:
    """Return the op, or raise ``OpBadlyFormed`` unless it is a list of components with paths."""
    if not isinstance(op, list):
        raise OpBadlyFormed("json0 op must be an array")
    for component in op:
        if not isinstance(component, dict) or not isinstance(component.get("p"), list):
            raise OpBadlyFormed("Missing path")
    return op


def compose(first: Any, second: Any) -> Op:
    """Return one op that does what ``first`` and then ``second`` do."""
    result = list(require_paths(first))
    for component in require_paths(second):
        append(result, component)
    return result


def normalize(op: Any) -> Op:
    """Return the op as a list of merged components; a lone component counts as a list of one."""
    result: Op = []
    components = op if isinstance(op, list) else [op]
    for component in components:
        if not isinstance(component, dict):
            raise OpBadlyFormed("Missing path")
        append(result, {"p": [], **component})
    return result


def _invert_component(component: Component) -> Component:
    inverse: Component = {"p": component["p"]}
    subtype = subtype_of(component)
    if subtype:
        inverse |= {"t": component["t"], "o": subtype.invert(component.get("o"))}
    for key, opposite in (("si", "sd"), ("sd", "si"), ("oi", "od"), ("od", "oi")):
        if key in component:
            inverse[opposite] = component[key]
    for key, opposite in (("li", "ld"), ("ld", "li")):
        if key in component:
            inverse[opposite] = component[key]
    if "na" in component:
        inverse["na"] = add_numbers(0, component["na"]) * -1
    if "lm" in component and component["p"]:
        inverse["lm"] = component["p"][-1]
        inverse["p"] = [*component["p"][:-1], component["lm"]]
    return inverse


def invert(op: Any) -> Op:
    """Return the op that undoes ``op``."""
    return [_invert_component(component) for component in reversed(require_paths(op))]
