"""Widget states in a notebook's metadata, as ``jupyter-widgets/schema`` has them. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Final

from derby_notebook.widgets.buffers import joined, split
from derby_notebook.widgets.documents import document, reachable, shown
from sharedb_py.jsonvalue import json_equal

__all__ = [
    "STATE",
    "has_widgets",
    "plain_outputs",
    "saved_documents",
    "with_widgets",
    "without_widgets",
]

STATE: Final = "application/vnd.jupyter.widget-state+json"
"""The key below ``metadata.widgets``."""

_NAMES: Final = ("model_name", "model_module", "model_module_version")
_DECODERS: Final = {"base64": base64.b64decode, "hex": bytes.fromhex}


def without_widgets(metadata: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a notebook's metadata without its widgets' states, and these by model."""
    rest = dict(metadata)
    widgets = rest.get("widgets")
    if not isinstance(widgets, dict):
        return rest, {}
    saved = widgets.get(STATE)
    if not isinstance(saved, dict) or saved.get("version_major") != 2:
        return rest, {}
    others = {key: value for key, value in widgets.items() if key != STATE}
    if others:
        rest["widgets"] = others
    else:
        del rest["widgets"]
    state = saved.get("state")
    return rest, state if isinstance(state, dict) else {}


def has_widgets(metadata: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a file's metadata has all the states that another has; it may have more."""
    theirs, ours = without_widgets(metadata)[1], without_widgets(wanted)[1]
    return all(
        comm_id in theirs and json_equal(theirs[comm_id], entry) for comm_id, entry in ours.items()
    )


def saved_documents(notebook_id: str, saved: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the documents, by model, of states that a file brought; their kernel is gone.

    What is no model's state is left out.
    """
    documents = {}
    for comm_id, entry in saved.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("state"), dict):
            continue
        names = {name: entry[name] for name in _NAMES if isinstance(entry.get(name), str)}
        try:
            state = _with_buffers(entry["state"], entry.get("buffers") or [])
        except (KeyError, TypeError, ValueError):
            continue
        documents[comm_id] = document(notebook_id, comm_id, state, live=False, names=names)
    return documents


def _with_buffers(state: dict[str, Any], buffers: list[dict[str, Any]]) -> dict[str, Any]:
    paths = [buffer["path"] for buffer in buffers]
    found = [_DECODERS[buffer["encoding"]](buffer["data"]) for buffer in buffers]
    value: dict[str, Any] = joined(state, paths, found)
    return value


def with_widgets(
    metadata: Mapping[str, Any],
    documents: Iterable[Mapping[str, Any]],
    outputs: Iterable[Any],
) -> dict[str, Any]:
    """Return a notebook's metadata with the states of what its cells' outputs show."""
    models = {document["comm_id"]: document for document in documents}
    states = {comm_id: model["state"] for comm_id, model in models.items()}
    wanted = reachable(states, (model for items in outputs for model in shown(items)))
    if not wanted:
        return dict(metadata)
    state = {comm_id: _entry(models[comm_id]) for comm_id in sorted(wanted)}
    others = metadata.get("widgets")
    saved = {"state": state, "version_major": 2, "version_minor": 0}
    return {**metadata, "widgets": {**(others if isinstance(others, dict) else {}), STATE: saved}}


def _entry(model: Mapping[str, Any]) -> dict[str, Any]:
    state, paths, buffers = split(_for_files(model["state"]))
    entry = {name: model.get(name, "") for name in _NAMES} | {"state": state}
    if buffers:
        entry["buffers"] = [
            {"path": path, "encoding": "base64", "data": base64.b64encode(buffer).decode()}
            for path, buffer in zip(paths, buffers, strict=True)
        ]
    return entry


def _for_files(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state without what is ours in captured outputs, and that captures nothing."""
    if not isinstance(state.get("outputs"), list):
        return dict(state)
    return {
        **state,
        "outputs": plain_outputs(state["outputs"]),
        **({"msg_id": ""} if "msg_id" in state else {}),
    }


def plain_outputs(outputs: list[Any]) -> list[Any]:
    """Return captured outputs without what is ours in them."""
    return [
        {key: value for key, value in output.items() if key[:1] != "_"}
        if isinstance(output, dict)
        else output
        for output in outputs
    ]
