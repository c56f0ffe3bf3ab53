"""Places in a document, as people write them: ``outputs[0].text``."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import MISSING
from sharedb_py.ot.json0.applying import child_key

__all__ = ["Path", "format_path", "is_inside", "parse_path", "value_at"]

Path = tuple[Any, ...]
"""Keys and list indexes from the root; ``()`` is the document itself."""

_PLAIN: Final = re.compile(r"[^\W\d][\w-]*")
_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(-?\d+)\]|\[(\"(?:[^\"\\]|\\.)*\")\]")


def parse_path(text: str) -> Path:
    """Read ``source``, ``outputs[0].text``, ``["a.b"].c`` or ``.`` (the document).

    A JSON array of keys and indexes is read too. Raises ``ShareDBError`` for what is none.
    """
    if text in ("", "."):
        return ()
    array = _json_array(text)
    if array is not None:
        return array
    path: list[Any] = []
    position = 0
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise ShareDBError(f"Cannot read the path {text!r} from {text[position:]!r} on")
        name, index, quoted = step.groups()
        if quoted is not None:
            path.append(json.loads(quoted))
        else:
            path.append(int(index) if index is not None else name)
        position = step.end()
    return tuple(path)


def _json_array(text: str) -> Path | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if isinstance(value, list) and all(type(item) in (str, int) for item in value):
        # ["a"] is both an array and a step; they mean the same.
        return tuple(value)
    return None


def format_path(path: Sequence[Any]) -> str:
    """Write a path as :func:`parse_path` reads it."""
    text = ""
    for segment in path:
        if isinstance(segment, int):
            text += f"[{segment}]"
        elif isinstance(segment, str) and _PLAIN.fullmatch(segment):
            text += f".{segment}" if text else segment
        else:
            text += f"[{json.dumps(segment)}]"
    return text or "."


def value_at(data: Any, path: Sequence[Any]) -> Any:
    """Return what is at a path, or MISSING."""
    for segment in path:
        key = child_key(data, segment)
        if key is MISSING:
            return MISSING
        data = data[key]
    return data


def is_inside(path: Sequence[Any], outer: Sequence[Any]) -> bool:
    """Whether ``path`` names the place ``outer`` or one in it."""
    return len(path) >= len(outer) and all(
        str(a) == str(b) for a, b in zip(path, outer, strict=False)
    )
