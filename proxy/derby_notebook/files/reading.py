"""A notebook's file as it is now: its cells, whether to trust them, what is large put aside."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from derby_notebook.files.docs import parse_notebook
from derby_notebook.jupyter.api import JupyterAPI
from derby_notebook.outputs.references import Blobs, take_out_all
from derby_notebook.widgets.saved import without_widgets

__all__ = ["FileNotebook", "NotANotebook", "may_run", "read_notebook"]


class NotANotebook(Exception):
    """The path holds something that cannot be opened as a notebook."""


@dataclass(frozen=True)
class FileNotebook:
    """What a file holds."""

    model: dict[str, Any]
    """What Jupyter says of the file: ``path``, ``last_modified``, ``writable``, ``hash``."""

    content: dict[str, Any]
    """The notebook in the newest format, references in the place of large values."""

    blobs: Blobs
    """What they refer to."""

    older: bool
    """Whether the file itself is of an older format."""

    blank: bool
    """Whether the file is empty, which is read as a notebook without cells."""

    metadata: dict[str, Any]
    """The notebook's metadata as the file has it, the states of widgets included."""

    widgets: dict[str, Any]
    """These states, by model; ``content`` is without them."""

    trusted: tuple[bool, ...]
    """For each cell, whether Jupyter trusts what it shows."""

    @property
    def cells(self) -> list[dict[str, Any]]:
        """The cells, with ``_trusted`` where what they show is."""
        pairs = zip(self.content["cells"], self.trusted, strict=True)
        return [{**cell, "_trusted": True} if trusted else cell for cell, trusted in pairs]


async def read_notebook(api: JupyterAPI, path: str) -> FileNotebook:
    """Read a file; raises ``NotANotebook`` saying why it is none, or ``JupyterError``."""
    model = await api.contents(path, type="file", format="text", hash=1)
    text = model.pop("content")
    try:
        notebook = parse_notebook(text)
    except ValueError as error:
        raise NotANotebook(f"{path} cannot be read as a notebook: {error}") from error
    blobs: Blobs = {}
    cells = [take_out_all(cell, blobs) for cell in notebook["cells"]]
    trusted = await _trusted(api, path, model.get("hash"), cells)
    metadata, widgets = without_widgets(notebook["metadata"])
    content = {**notebook, "cells": cells, "metadata": metadata}
    return FileNotebook(
        model=model,
        content=content,
        blobs=blobs,
        older=_is_older(text),
        blank=not text.strip(),
        metadata=notebook["metadata"],
        widgets=widgets,
        trusted=trusted,
    )


def may_run(cell: dict[str, Any]) -> bool:
    """Whether a cell shows what might run or load something, and so needs trust. Pure."""
    return any(
        isinstance(output, dict) and output.get("output_type") in ("display_data", "execute_result")
        for output in cell.get("outputs") or ()
    )


async def _trusted(
    api: JupyterAPI, path: str, file_hash: Any, cells: list[dict[str, Any]]
) -> tuple[bool, ...]:
    """Ask Jupyter, which keeps signatures of what ran here, where it matters."""
    nothing = tuple(False for _ in cells)
    if not any(map(may_run, cells)):
        return nothing
    model = await api.contents(path, type="notebook", content=1, hash=1)
    found = model["content"].get("cells") or []
    if model.get("hash") != file_hash or len(found) != len(cells):
        return nothing  # it was written meanwhile: whoever looks next sees that
    return tuple(bool((cell.get("metadata") or {}).get("trusted")) for cell in found)


def _is_older(text: str) -> bool:
    if not text.strip():
        return False
    content = json.loads(text)
    return (content["nbformat"], content.get("nbformat_minor", 0)) < (4, 5)
