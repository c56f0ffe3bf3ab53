"""What a json0 op's paths may hold, and how old ones are read (protocol 4.6 and 11.7)."""

from __future__ import annotations

from typing import Any, Final

from sharedb_py.errors import ErrorCode, OpBadlyFormed, OpNotApplied, ShareDBError
from sharedb_py.jsonvalue import MAX_DEPTH, RESERVED_NAMES, depth_exceeds
from sharedb_py.ot.json0.applying import apply, child_key, list_index
from sharedb_py.ot.json0.components import Component, Op

__all__ = ["check_paths", "check_submitted", "normalize_legacy"]

UNSAFE_INTEGER: Final = 2**53
"""From here on JavaScript writes a number, and so the key it names, in another way."""


def check_submitted(op: Any) -> None:
    """Raise ``OpBadlyFormed`` or ``OpNotApplied`` for an op that no client may submit."""
    if not isinstance(op, list):
        raise OpBadlyFormed("json0 op must be an array")
    for component in op:
        if not isinstance(component, dict) or not isinstance(component.get("p"), list):
            raise OpBadlyFormed("Missing path")
        for segment in component["p"]:
            if type(segment) is int and abs(segment) < UNSAFE_INTEGER:
                continue
            if type(segment) is not str or segment in RESERVED_NAMES:
                raise OpNotApplied("Invalid path segment")
        _check_list_edit(component)
        _check_depth(component)


def _check_list_edit(component: Component) -> None:
    """Refuse places in a list that JavaScript takes for something else, such as its length."""
    if not component.keys() & {"li", "ld", "lm"}:
        return
    if not component["p"]:
        raise OpNotApplied("Referenced element not a list")
    places = [component["p"][-1]]
    if "lm" in component:
        places.append(component["lm"])
    if any(type(place) is float or list_index(place) is None for place in places):
        raise OpNotApplied("Invalid list index")


def _check_depth(component: Component) -> None:
    """Refuse what would nest a document deeper than a message may be: it could not be sent."""
    room = MAX_DEPTH - len(component["p"])
    if any(depth_exceeds(component[key], room) for key in ("li", "oi") if key in component):
        raise OpNotApplied("The document would be nested too deeply")


def check_paths(op: Any) -> None:
    """Raise ``OpNotApplied`` if a committed op's path names what JavaScript must not touch."""
    for component in op if isinstance(op, list) else ():
        path = component.get("p") if isinstance(component, dict) else None
        for segment in path if isinstance(path, list) else ():
            if _names(segment) & RESERVED_NAMES:
                raise OpNotApplied("Invalid path segment")


def _names(segment: Any) -> set[str]:
    """The property names that JavaScript may take a segment for: ``["x"]`` is cast to ``x``."""
    while isinstance(segment, list) and len(segment) == 1:
        segment = segment[0]
    return {segment} if isinstance(segment, str) else set()


def normalize_legacy(data: Any, op: Any) -> Any:
    """Return an old op with its segments typed by the document it applies to.

    A list's segments become numbers and an object's strings, ``lm`` a number.
    Anything that is not a list of components is an op that does nothing.
    """
    if not isinstance(op, list):
        return []
    scratch, result = data, []
    for component in op:
        if not isinstance(component, dict) or not isinstance(component.get("p"), list):
            continue
        try:
            result.append(_normalize_component(scratch, component))
            if len(op) > 1:
                scratch = apply(scratch, [result[-1]])
        except ShareDBError as error:
            raise OpNotApplied(
                "Cannot normalize legacy json0 op",
                ErrorCode.OT_LEGACY_JSON0_OP_CANNOT_BE_NORMALIZED,
            ) from error
    return result


def _normalize_component(data: Any, component: Component) -> Component:
    path: list[Any] = []
    container = data
    for segment in component["p"]:
        if isinstance(container, list):
            index = list_index(segment)
            segment = segment if index is None else index
        elif isinstance(container, dict):
            segment = str(segment)
        key = child_key(container, segment)
        container = container[key] if isinstance(key, (str, int)) else None
        path.append(segment)
    normalized: Op = [{**component, "p": path}]
    if isinstance(component.get("lm"), str):
        normalized[0]["lm"] = list_index(component["lm"])
    return normalized[0]
