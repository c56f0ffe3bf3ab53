"""What a kernel asks of the page beside outputs: help in a pager, text for a next cell. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["next_weight", "pager", "text_ops"]


def pager(payloads: list[dict[str, Any]], user: str | None, at: int) -> dict[str, Any] | None:
    """Return what a cell's ``_pager`` shows: the texts of ``?`` and ``%page``, joined."""
    pages = [item["data"] for item in payloads if item.get("source") == "page" and "data" in item]
    if not pages:
        return None
    data: dict[str, Any] = {}
    for page in pages:
        for mime, text in page.items():
            data[mime] = data[mime] + "\n" + text if mime in data else text
    return {"user": user, "at": at, "data": data}


def next_weight(weights: Mapping[str, float], cell: str) -> float:
    """Return a weight that puts a new cell right below one."""
    own = weights[cell]
    below = [weight for weight in weights.values() if weight > own]
    return (own + min(below)) / 2 if below else own + 1000


def text_ops(before: str, after: str) -> list[dict[str, Any]]:
    """Return the op that replaces a cell's whole source."""
    removed = [{"p": ["source", 0], "sd": before}] if before else []
    return removed + ([{"p": ["source", 0], "si": after}] if after else [])
