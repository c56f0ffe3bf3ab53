"""Puts the text that ``%load`` and its like ask for into their cell, or into one below."""

from __future__ import annotations

import uuid
from typing import Any

from derby_notebook.documents import Documents
from derby_notebook.kernels.payloads import next_weight, text_ops

__all__ = ["set_next_inputs"]


async def set_next_inputs(
    documents: Documents, notebook_id: str, cell_id: str, payloads: list[dict[str, Any]]
) -> None:
    """Carry out the ``set_next_input`` payloads of a cell's run; a cell that is gone gets none."""
    for payload in payloads:
        if payload.get("source") != "set_next_input":
            continue
        text = str(payload.get("text", ""))
        cells = await documents.find("cells", {"_notebook": notebook_id})
        by_id = {cell.id: cell for cell in cells}
        cell = by_id.get(cell_id)
        if cell is None:
            return
        if payload.get("replace"):
            op = text_ops(cell.data.get("source") or "", text)
            await documents.edit("cells", cell.id, op, cell.version)
            continue
        weights = {other.id: other.data.get("_weight") or 0 for other in cells}
        new_id = uuid.uuid4().hex
        fresh: dict[str, Any] = {
            "id": new_id[:12],
            "cell_type": "code",
            "source": text,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "_notebook": notebook_id,
            "_weight": next_weight(weights, cell.id),
            "_state": "idle",
        }
        await documents.create("cells", new_id, fresh)
