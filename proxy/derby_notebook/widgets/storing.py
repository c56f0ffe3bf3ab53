"""Reads and writes the states of widgets whose large values are beside the documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derby_notebook.documents import Documents
from derby_notebook.widgets.documents import document_id
from derby_notebook.widgets.large import blob_names, put_back, taken_out
from derby_notebook.widgets.saved import saved_documents

__all__ = ["create_saved", "keep_large", "whole_state"]


async def keep_large(documents: Documents, state: dict[str, Any]) -> dict[str, Any]:
    """Return a state as its document holds it, all that is large kept before."""
    blobs: dict[str, bytes] = {}
    held: dict[str, Any] = taken_out(state, blobs)
    for data in blobs.values():
        await documents.blobs.put(data)
    return held


async def whole_state(documents: Documents, state: dict[str, Any]) -> dict[str, Any]:
    """Return a document's state with its large values in it."""
    names = set(blob_names(state))
    if not names:
        return state
    found = {name: await documents.blobs.get(name) for name in names}
    whole: dict[str, Any] = put_back(
        state, {name: data for name, data in found.items() if data is not None}
    )
    return whole


async def create_saved(documents: Documents, notebook_id: str, saved: Mapping[str, Any]) -> None:
    """Make the documents of models whose states a file brought; those that are there stay."""
    for comm_id, model in saved_documents(notebook_id, saved).items():
        held = {**model, "state": await keep_large(documents, model["state"])}
        await documents.create("widgets", document_id(notebook_id, comm_id), held)
