"""Random documents, ops and selections for rich-text."""

from __future__ import annotations

from random import Random
from typing import Any

from sharedb_py.ot.utf16 import length, slice_units
from tests.ot.texts import words

__all__ = ["rich_text_doc", "rich_text_op", "rich_text_range", "units"]

FORMATS: dict[str, list[Any]] = {
    "bold": [True, True, None],
    "color": ["red", "blue", None],
    "list": [1, True, {"level": 1}, {"level": 2}],
}


def _attributes(rng: Random, *, removing: bool) -> dict[str, Any]:
    """Return an ``attributes`` key, or nothing at all."""
    if rng.random() < 0.5:
        return {}
    chosen = {name: rng.choice(FORMATS[name]) for name in rng.sample(list(FORMATS), 2)}
    kept = {name: value for name, value in chosen.items() if removing or value is not None}
    return {"attributes": kept} if kept or rng.random() < 0.2 else {}


def _insert(rng: Random, *, removing: bool = False) -> dict[str, Any]:
    embed = {"image": rng.choice(["a", "b"])}
    value = embed if rng.random() < 0.2 else words(rng, 2) or "\n"
    return {"insert": value, **_attributes(rng, removing=removing)}


def rich_text_doc(rng: Random) -> dict[str, Any]:
    """Return a document; its neighbours are not always merged, as editors would."""
    return {"ops": [_insert(rng) for _ in range(rng.randint(0, 5))]}


def _size(doc: dict[str, Any]) -> int:
    values = [component["insert"] for component in doc["ops"]]
    return sum(length(value) if isinstance(value, str) else 1 for value in values)


def rich_text_op(rng: Random, doc: dict[str, Any]) -> Any:
    """Return changes that fit a document, some of them between the halves of a character."""
    left = _size(doc)
    op: list[dict[str, Any]] = []
    for _ in range(rng.randint(0, 5)):
        kind = rng.choice(["insert", "retain", "delete"]) if left else "insert"
        if kind == "insert":
            op.append(_insert(rng, removing=True))
            continue
        size = rng.randint(1, min(left, 4))
        left -= size
        attributes = _attributes(rng, removing=True) if kind == "retain" else {}
        op.append({kind: size, **attributes})
    return op if rng.random() < 0.1 else {"ops": op}


def rich_text_range(rng: Random, doc: dict[str, Any]) -> dict[str, Any] | None:
    """Return a selection, with something of the application's own; or none."""
    if rng.random() < 0.05:
        return None
    index = rng.randint(0, _size(doc))
    return {"index": index, "length": rng.randint(0, _size(doc) - index), "name": "Ada"}


def units(doc: dict[str, Any]) -> list[Any]:
    """Return what a document shows, one code unit or embed after the other, each with its formats.

    The reference does not merge all neighbours that are alike: two documents may show the same.
    """
    found = []
    for component in doc["ops"]:
        value = component["insert"]
        size = length(value) if isinstance(value, str) else 1
        parts = [
            slice_units(value, i, i + 1) if isinstance(value, str) else value for i in range(size)
        ]
        found += [[part, component.get("attributes") or {}] for part in parts]
    return found
