"""What ops say of the states they were made for, and words for where states differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from sharedb_py.jsonvalue import MISSING, json_equal
from sharedb_py.ops import Op
from sharedb_py.ot import types
from sharedb_py.ot.json0 import normalize_legacy
from sharedb_py.ot.json0.applying import child_key
from sharedb_py.ot.json0.components import from_text, is_text_edit
from sharedb_py.ot.utf16 import length, splice
from sharedb_py.replay.diffing import Difference, diff_text, diff_values
from sharedb_py.replay.paths import Path, format_path, value_at
from sharedb_py.snapshot import Snapshot

__all__ = ["brief", "expected_by", "places", "replaced", "with_value"]

MAX_PLACES: Final = 3


def brief(value: Any) -> str:
    if value is MISSING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"


def _place(difference: Difference) -> str:
    where = format_path(difference.path)
    if difference.is_text:
        start, mine, theirs = _first_change(difference.before, difference.after)
        return f"{where} at {start}: {brief(mine)} replayed, {brief(theirs)} stored"
    if difference.kind == "moved":
        return f"{where}: moved from [{difference.source}]"
    return f"{where}: {brief(difference.before)} replayed, {brief(difference.after)} stored"


def _first_change(before: str, after: str) -> tuple[int, str, str]:
    """Return where two texts differ first, in code units, and what each has there."""
    position, sides = 0, {"remove": "", "add": ""}
    for part in diff_text(before, after):
        if part.kind != "keep":
            sides[part.kind] = part.text
        elif any(sides.values()):
            break
        else:
            position += length(part.text)
    return position, sides["remove"], sides["add"]


def places(replayed: Any, stored: Any) -> str:
    found: list[str] = []
    for difference in diff_values(replayed, stored):
        if len(found) == MAX_PLACES:
            return f" ({'; '.join(found)}; …)"
        found.append(_place(difference))
    return f" ({'; '.join(found)})" if found else ""


def replaced(data: Any, op: Any) -> Iterator[tuple[Path, Any, Any]]:
    """Yield where an op says it replaces something else than what is there."""
    components = normalize_legacy(data, op)
    for number, component in enumerate(components):
        for key in ("od", "ld"):
            if key in component:
                found = value_at(data, component["p"])
                if not _is_alike(component[key], found):
                    yield tuple(component["p"]), component[key], found
        if number + 1 < len(components):
            data = types["json0"].apply(data, [component])


def _is_alike(said: Any, found: Any) -> bool:
    """Whether a client may have meant what is there: Racer's copies have an ``id`` of their own."""
    if isinstance(said, dict) and isinstance(found, dict):
        said = {key: value for key, value in said.items() if key in found or key != "id"}
        return said.keys() == found.keys() and all(_is_alike(said[k], found[k]) for k in found)
    return found is not MISSING and json_equal(said, found)


def expected_by(before: Snapshot, op: Op) -> tuple[Snapshot, Snapshot] | None:
    """Return the state before an op, and the same with the text that the op wants to delete.

    For a string edit that fits everywhere but in its text; None for others.
    """
    components = op.get("op")
    component = components[0] if isinstance(components, list) and components else None
    if not isinstance(component, dict):
        return None
    path: list[Any] = []
    edit = component
    if isinstance(component.get("p"), list):
        component = from_text(component) if is_text_edit(component) else component
        path = component["p"]
        edits = component.get("o")
        edit = edits[0] if isinstance(edits, list) and edits else {}
    text, wanted = value_at(before.data, path), edit.get("d")
    if not isinstance(text, str) or not isinstance(wanted, str):
        return None
    changed = splice(text, edit["p"], edit["p"] + length(wanted), wanted)
    return before, replace(before, data=with_value(before.data, path, changed))


def with_value(data: Any, path: Sequence[Any], value: Any) -> Any:
    """Return a copy of a document with another value at a path that exists."""
    if not path:
        return value
    key = child_key(data, path[0])
    copied = data.copy()
    copied[key] = with_value(data[key], path[1:], value)
    return copied
