"""What a look at a notebook's file says. Pure."""

from __future__ import annotations

from enum import Enum
from typing import Any

__all__ = ["PROBLEMS", "FileState", "judge"]


class FileState(Enum):
    """How the file is, compared with what is known of it."""

    SAME = "same"
    CHANGED = "changed"
    READ_ONLY = "read-only"
    MISSING = "missing"
    NOT_A_FILE = "not-a-file"


PROBLEMS = {
    "missing": (
        "The file is gone: it was deleted or moved. Your cells are kept here; "
        "save to write the file anew"
    ),
    "not-a-file": "There is a folder where the file was. Your cells are kept here",
    "read-only": (
        "The file may only be read. Your changes are kept here and saved once it may be written"
    ),
    "unreadable": (
        "The file was replaced by something that is no notebook. It is left as it is; "
        "your cells are kept here. Mend the file, or save to write over it"
    ),
}
"""What people are told, by reason."""


def judge(model: dict[str, Any] | None, known_hash: str | None) -> FileState:
    """Return how the file is that a contents model, None: nothing, tells of."""
    if model is None:
        return FileState.MISSING
    if model.get("type") == "directory":
        return FileState.NOT_A_FILE
    if model.get("hash") != known_hash:
        return FileState.CHANGED
    return FileState.SAME if model.get("writable", True) else FileState.READ_ONLY
