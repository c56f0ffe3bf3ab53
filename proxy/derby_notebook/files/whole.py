"""A notebook's documents as the file they make: large values in it, and its format as Jupyter's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import nbformat
import nbformat.v4

from derby_notebook.documents import Documents
from derby_notebook.files.docs import in_order, to_notebook
from derby_notebook.outputs.references import put_back, references
from derby_notebook.widgets.saved import with_widgets
from derby_notebook.widgets.storing import whole_state
from sharedb_py.snapshot import Snapshot

__all__ = ["file_text", "marked", "read_documents", "whole_notebook"]


async def whole_notebook(documents: Documents, content: dict[str, Any]) -> dict[str, Any]:
    """Return a file's content with its large values in it; one that is lost is said to be."""
    names = set(references([cell.get("outputs") for cell in content["cells"]]))
    found = {name: await documents.blobs.get(name) for name in names}
    kept = {name: data for name, data in found.items() if data is not None}
    return {**content, "cells": [put_back(cell, kept) for cell in content["cells"]]}


def marked(content: dict[str, Any], docs: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a file's content that tells Jupyter which cells to trust; it signs the whole. Pure.

    The marks are Jupyter's own, and it takes them off before it writes the file.
    """
    cells = [
        {**cell, "metadata": {**cell["metadata"], "trusted": True}}
        if cell["cell_type"] == "code" and doc.get("_trusted")
        else cell
        for cell, (_, doc) in zip(content["cells"], in_order(docs), strict=True)
    ]
    return {**content, "cells": cells}


async def read_documents(
    documents: Documents, notebook_id: str
) -> tuple[Snapshot, list[Snapshot], dict[str, Any]]:
    """Return a notebook's document, its cells', and the file's content that they make.

    What is out of line stands in it as the documents refer to it.
    """
    notebook = await documents.get("notebooks", notebook_id)
    cells = await documents.find("cells", {"_notebook": notebook_id})
    contents = notebook.data["contents"] if notebook.exists else {}
    content = to_notebook(contents, {cell.id: cell.data for cell in cells})
    widgets = await documents.find("widgets", {"_notebook": notebook_id})
    content["metadata"] = with_widgets(
        content["metadata"],
        [
            {**widget.data, "state": await whole_state(documents, widget.data["state"])}
            for widget in widgets
        ],
        [cell.data.get("outputs") for cell in cells],
    )
    return notebook, cells, content


async def file_text(documents: Documents, content: dict[str, Any]) -> str:
    """Return the text of a file with this content, as Jupyter writes it."""
    whole = await whole_notebook(documents, content)
    text: str = nbformat.v4.writes(nbformat.from_dict(whole))
    return text + "\n"
