"""``jslink``: which keys follow which without the kernel. Pure.

A link is a model as others are, carried out by one side only: were it every browser
that shows it, they would answer each other for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sharedb_py.jsonvalue import json_equal

__all__ = ["consequences", "is_link"]

_KINDS = ("LinkModel", "DirectionalLinkModel")

End = tuple[str, str]


def is_link(state: Mapping[str, Any]) -> bool:
    """Whether a model links two others."""
    return state.get("_model_name") in _KINDS and (
        state.get("_model_module") == "@jupyter-widgets/controls"
    )


def consequences(
    states: Mapping[str, Mapping[str, Any]], changed: Iterator[End] | list[End]
) -> Iterator[tuple[str, str, Any]]:
    """Yield model, key and value of all that is to follow what changed; each key once."""
    pairs = list(_pairs(states))
    values = {end: states[end[0]].get(end[1]) for pair in pairs for end in pair}
    waiting, set_already = list(changed), set(changed)
    while waiting:
        source = waiting.pop(0)
        for end, follower in pairs:
            if end != source or follower in set_already:
                continue
            set_already.add(follower)
            waiting.append(follower)
            if not json_equal(values[follower], values[source]):
                values[follower] = values[source]
                yield (*follower, values[source])


def _pairs(states: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[End, End]]:
    for state in states.values():
        if not is_link(state):
            continue
        source, target = _end(state.get("source")), _end(state.get("target"))
        if source is None or target is None or not {source[0], target[0]} <= states.keys():
            continue
        yield source, target
        if state["_model_name"] == "LinkModel":
            yield target, source


def _end(value: Any) -> End | None:
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(v, str) for v in value):
        return None
    return value[0].removeprefix("IPY_MODEL_"), value[1]
