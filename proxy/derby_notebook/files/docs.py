"""A notebook file as documents, and documents as a notebook file. Pure.

Keys that start with ``_`` are ours and never reach the file. A cell's document has
an id of its own; the id that the file knows is its ``id`` field, or, for a cell made
in the browser, the document's own.
"""

from __future__ import annotations

import json
import re
import uuid
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Final

import nbformat
import nbformat.v4

from derby_notebook.outputs.references import is_reference

__all__ = [
    "WEIGHT_STEP",
    "cell_doc",
    "cells_to_docs",
    "empty_notebook",
    "in_order",
    "parse_notebook",
    "to_notebook",
]

WEIGHT_STEP: Final = 1000
_CELL_ID: Final = re.compile(r"^[a-zA-Z0-9-_]{1,64}$")
_FIELDS: Final = {
    "code": ("metadata", "source", "outputs", "execution_count"),
    "markdown": ("metadata", "source", "attachments"),
    "raw": ("metadata", "source", "attachments"),
}


def empty_notebook() -> dict[str, Any]:
    """Return a notebook without cells."""
    return {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def parse_notebook(text: str) -> dict[str, Any]:
    """Return a file's notebook in the newest format; an empty file is an empty notebook.

    Raises ``ValueError`` saying why it is none.
    """
    if not text.strip():
        return empty_notebook()
    try:
        return upgrade(json.loads(text))
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(str(error)) from error


def upgrade(content: Any) -> dict[str, Any]:
    """Return a notebook of any version as 4.5, its texts as strings and every cell with an id."""
    if not isinstance(content, dict) or "nbformat" not in content:
        raise ValueError("it has no nbformat")
    text = json.dumps(content)
    if content["nbformat"] == 4:
        converted = nbformat.v4.reads(text)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what an old file lacks, which is mended here
            converted = nbformat.reads(text, as_version=4)
    notebook: dict[str, Any] = json.loads(json.dumps(converted))
    _check(notebook)
    if (content["nbformat"], content.get("nbformat_minor", 0)) < (4, 5):
        notebook["metadata"].pop("orig_nbformat", None)
        notebook["metadata"].pop("orig_nbformat_minor", None)
    notebook["nbformat_minor"] = max(5, notebook.get("nbformat_minor", 0))
    known: set[str] = set()
    for cell in notebook["cells"]:
        cell_id = cell.get("id")
        if not isinstance(cell_id, str) or not _CELL_ID.match(cell_id) or cell_id in known:
            cell["id"] = uuid.uuid4().hex[:12]
        known.add(cell["id"])
    return notebook


def _check(notebook: dict[str, Any]) -> None:
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise ValueError("it has no list of cells")
    if not isinstance(notebook.setdefault("metadata", {}), dict):
        raise ValueError("its metadata is no object")
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") not in _FIELDS:
            raise ValueError("it has a cell of no known type")
        if not isinstance(cell.setdefault("source", ""), str):
            raise ValueError("it has a cell whose source is no text")
        cell.setdefault("metadata", {})


def cells_to_docs(notebook: dict[str, Any], notebook_id: str) -> dict[str, dict[str, Any]]:
    """Return a document, by a new id, for each cell of an upgraded notebook."""
    docs: dict[str, dict[str, Any]] = {}
    for index, cell in enumerate(notebook["cells"], 1):
        docs[uuid.uuid4().hex] = {**cell_doc(cell, notebook_id), "_weight": index * WEIGHT_STEP}
    return docs


def cell_doc(cell: dict[str, Any], notebook_id: str) -> dict[str, Any]:
    """Return the document of a cell, but for its weight."""
    return {
        "outputs": [],
        "execution_count": None,
        **cell,
        "_notebook": notebook_id,
        "_state": "idle",
    }


def in_order(docs: Mapping[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Return cell documents as they stand in the notebook: by weight, equal ones by id."""
    return sorted(docs.items(), key=lambda item: (item[1].get("_weight") or 0, item[0]))


def to_notebook(contents: Mapping[str, Any], docs: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the file's content: valid nbformat 4.5, without our own keys.

    What is out of line stands in it as the documents refer to it.
    """
    known: set[str] = set()
    return {
        "cells": [_to_cell(doc_id, doc, known) for doc_id, doc in in_order(docs)],
        "metadata": contents.get("metadata") or {},
        "nbformat": 4,
        "nbformat_minor": max(5, contents.get("nbformat_minor") or 5),
    }


def _to_cell(doc_id: str, doc: dict[str, Any], known: set[str]) -> dict[str, Any]:
    kind = doc.get("cell_type")
    kind = kind if kind in _FIELDS else "raw"
    cell: dict[str, Any] = {"id": _cell_id(doc_id, doc, known), "cell_type": kind}
    cell |= {key: doc[key] for key in _FIELDS[kind] if key in doc}
    metadata = cell.get("metadata")
    cell["metadata"] = dict(metadata) if isinstance(metadata, dict) else {}
    cell["source"] = cell["source"] if isinstance(cell.get("source"), str) else ""
    if not isinstance(cell.get("attachments", {}), dict):
        del cell["attachments"]
    if kind == "code":
        cell["outputs"] = list(_outputs(cell.get("outputs")))
        count = cell.get("execution_count")
        cell["execution_count"] = count if isinstance(count, int) else None
        cell["metadata"].pop("trusted", None)
    return cell


_OUTPUT_FIELDS: Final[dict[str, dict[str, type]]] = {
    "stream": {"name": str, "text": str},
    "display_data": {"data": dict},
    "execute_result": {"data": dict},
    "error": {"ename": str, "evalue": str, "traceback": list},
}


def _outputs(outputs: Any) -> Iterable[dict[str, Any]]:
    """Yield the outputs that a file may hold, without what is not for files."""
    for output in outputs if isinstance(outputs, list) else ():
        if isinstance(output, dict) and _is_output(output):
            kept = {k: v for k, v in output.items() if k != "transient" and k[:1] != "_"}
            if "data" in kept:
                kept.setdefault("metadata", {})
            if kept["output_type"] == "execute_result":
                kept.setdefault("execution_count", None)
            yield kept


def _is_output(output: dict[str, Any]) -> bool:
    fields = _OUTPUT_FIELDS.get(output.get("output_type", ""))
    return fields is not None and all(
        isinstance(output.get(key), kind) or (key == "text" and is_reference(output.get(key)))
        for key, kind in fields.items()
    )


def _cell_id(doc_id: str, doc: dict[str, Any], known: set[str]) -> str:
    for candidate in (doc.get("id"), doc_id):
        if isinstance(candidate, str) and _CELL_ID.match(candidate) and candidate not in known:
            break
    else:
        candidate = uuid.uuid4().hex
    known.add(candidate)
    return candidate
