"""What the documents of ``widgets`` hold, and how models refer to each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from derby_notebook.outputs.ops import outputs_op
from sharedb_py.jsonvalue import json_equal

__all__ = [
    "KEPT_KEYS",
    "VIEW",
    "document",
    "document_id",
    "model_names",
    "reachable",
    "shown",
    "state_op",
]

VIEW: Final = "application/vnd.jupyter.widget-view+json"
"""The MIME type of an output that shows a model."""

TARGET: Final = "jupyter.widget"
_REFERENCE: Final = "IPY_MODEL_"

KEPT_KEYS: Final = frozenset(
    {
        "_model_name",
        "_model_module",
        "_model_module_version",
        "_view_name",
        "_view_module",
        "_view_module_version",
    }
)
"""What a model is: these keys do not change, and nobody but the kernel writes them."""


def document_id(notebook_id: str, comm_id: str) -> str:
    """Return the id of a model's document; copies of a notebook have models of the same id."""
    return f"{notebook_id}-{comm_id}"


def model_names(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that say what class of whose makes the model."""
    names = ("model_name", "model_module", "model_module_version")
    return {name: state[f"_{name}"] for name in names if f"_{name}" in state}


def document(
    notebook_id: str,
    comm_id: str,
    state: dict[str, Any],
    *,
    cell: str | None = None,
    live: bool = True,
    names: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a model's document; ``names`` for a state that lacks them."""
    return {
        "comm_id": comm_id,
        "target_name": TARGET,
        **(names or {}),
        **model_names(state),
        "state": state,
        "_notebook": notebook_id,
        "_cell": cell,
        "_live": live,
        "_custom": [],
    }


def state_op(
    before: Mapping[str, Any], after: Mapping[str, Any], keys: Iterable[str]
) -> list[dict[str, Any]]:
    """Return the json0 op on a document that brings some keys of its state to other values."""
    op: list[dict[str, Any]] = []
    for key in sorted(keys):
        if key not in after:
            if key in before:
                op.append({"p": ["state", key], "od": None})
        elif key == "outputs" and _are_lists(before.get(key), after[key]):
            grown = outputs_op(before[key], after[key])
            op += [{**component, "p": ["state", *component["p"]]} for component in grown]
        elif key not in before or not json_equal(before[key], after[key]):
            op.append({"p": ["state", key], "oi": after[key]})
    return op


def _are_lists(*values: Any) -> bool:
    return all(isinstance(value, list) for value in values)


# Which models belong together


def shown(outputs: Any) -> Iterator[str]:
    """Yield the models that outputs show."""
    for output in outputs if isinstance(outputs, list) else ():
        data = output.get("data") if isinstance(output, dict) else None
        view = data.get(VIEW) if isinstance(data, dict) else None
        if isinstance(view, dict) and isinstance(view.get("model_id"), str):
            yield view["model_id"]


def references(value: Any) -> Iterator[str]:
    """Yield the models that a state refers to, at whatever depth."""
    if isinstance(value, str):
        if value.startswith(_REFERENCE):
            yield value.removeprefix(_REFERENCE)
    elif isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        yield from shown(value)
        for item in value:
            yield from references(item)


def reachable(states: Mapping[str, Mapping[str, Any]], start: Iterable[str]) -> set[str]:
    """Return the models that are needed to show some: all they refer to, and links among them."""
    found: set[str] = set()
    _follow(states, start, found)
    links = {
        comm_id: set(references([state.get("source"), state.get("target")]))
        for comm_id, state in states.items()
        if state.get("_view_name") is None
    }
    for comm_id, ends in links.items():
        if ends and ends <= found:
            _follow(states, [comm_id], found)
    return found


def _follow(states: Mapping[str, Mapping[str, Any]], start: Iterable[str], found: set[str]) -> None:
    waiting = list(start)
    while waiting:
        comm_id = waiting.pop()
        if comm_id in states and comm_id not in found:
            found.add(comm_id)
            waiting.extend(references(dict(states[comm_id])))
