"""When two notebooks are the same. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from derby_notebook.outputs.references import by_digest
from derby_notebook.widgets.saved import without_widgets
from sharedb_py.jsonvalue import json_equal

__all__ = ["digest_of", "same_cells", "same_notebook"]


def digest_of(content: dict[str, Any]) -> str:
    """Return what tells a notebook from others."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def same_notebook(found: dict[str, Any], ours: dict[str, Any], *, ids: bool = True) -> bool:
    """Whether two notebooks hold the same cells and metadata, large values by digest.

    The states of widgets do not count: those that nobody shows need not be kept.
    Without ``ids``, those of ``found`` do not count where the file has none: each
    reading gives its cells others. They are told from ids that somebody changed
    by none of them being known.
    """
    cells = found["cells"]
    if not ids and len(cells) == len(ours["cells"]) and not _shares_ids(found, ours):
        pairs = zip(cells, ours["cells"], strict=True)
        cells = [{**cell, "id": other["id"]} for cell, other in pairs]
    theirs, mine = (without_widgets(each["metadata"])[0] for each in (found, ours))
    return json_equal(theirs, mine) and same_cells(cells, ours["cells"])


def same_cells(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    """Whether two lists hold the same cells, large values by digest."""
    return json_equal([*map(by_digest, one)], [*map(by_digest, other)])


def _shares_ids(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool({cell["id"] for cell in one["cells"]} & {cell["id"] for cell in other["cells"]})
