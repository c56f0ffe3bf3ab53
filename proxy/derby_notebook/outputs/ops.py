"""Outputs as ops on a cell's document. Pure."""

from __future__ import annotations

from typing import Any

from derby_notebook.outputs.references import Blobs, take_out
from sharedb_py.jsonvalue import json_equal
from sharedb_py.ot.utf16 import length

__all__ = ["display_op", "outputs_op"]


def outputs_op(before: list[Any], after: list[Any]) -> list[dict[str, Any]]:
    """Return the json0 op on a cell that turns its outputs from one list into the other.

    What was only added to a stream is an insert at its end; other texts that
    change are replaced whole, with no copy of the old one in the op.
    """
    op: list[dict[str, Any]] = []
    both = min(len(before), len(after))
    for at in range(both):
        op += _item_op(before[at], after[at], at)
    op += [{"p": ["outputs", both], "ld": None} for _ in before[both:]]
    op += [{"p": ["outputs", both + at], "li": item} for at, item in enumerate(after[both:])]
    return op


def _item_op(before: Any, after: Any, at: int) -> list[dict[str, Any]]:
    if json_equal(before, after):
        return []
    if not _same_kind(before, after):
        return [{"p": ["outputs", at], "ld": None, "li": after}]
    op = []
    for key in sorted({*before, *after}):
        if key not in after:
            op.append({"p": ["outputs", at, key], "od": None})
        elif key == "text" and after[key].startswith(before[key]):
            grown = after[key][len(before[key]) :]
            if grown:
                op.append({"p": ["outputs", at, key, length(before[key])], "si": grown})
        elif key not in before or not json_equal(before[key], after[key]):
            op.append({"p": ["outputs", at, key], "oi": after[key]})
    return op


def _same_kind(before: Any, after: Any) -> bool:
    kind = after.get("output_type")
    return (
        isinstance(before, dict)
        and before.get("output_type") == kind
        and (kind != "stream" or before.get("name") == after.get("name"))
        and isinstance(before.get("text", ""), str)
        and isinstance(after.get("text", ""), str)
    )


def display_op(
    outputs: list[Any], updates: dict[str, dict[str, Any]], blobs: Blobs
) -> list[dict[str, Any]]:
    """Return the op that shows new data in those of a cell's outputs that show a display.

    What is large of the data is put into ``blobs``.
    """
    after = [_updated(output, at, updates, blobs) for at, output in enumerate(outputs)]
    return outputs_op(outputs, after)


def _updated(output: Any, at: int, updates: dict[str, dict[str, Any]], blobs: Blobs) -> Any:
    update = updates.get(output.get("_display", "")) if isinstance(output, dict) else None
    if update is None:
        return output
    shown = {"data": update.get("data") or {}, "metadata": update.get("metadata") or {}}
    return {**output, **take_out(shown, at, blobs)}
