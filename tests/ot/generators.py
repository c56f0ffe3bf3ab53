"""Random documents and ops, for the laws and for the comparison with the reference types.

Every generator takes a ``random.Random``: one seed, one case. Strings mix ASCII,
accents and astral characters; edits fall between the halves of a surrogate pair as
JavaScript editors make them fall.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from sharedb_py.ot import types
from sharedb_py.ot.utf16 import length, slice_units
from tests.ot.json1_cases import json1_doc, json1_op, json1_position
from tests.ot.rich_text_cases import rich_text_doc, rich_text_op, rich_text_range
from tests.ot.texts import text_unicode_op, words

__all__ = ["CASES", "LAX_CASES", "PLACES", "Case", "json0_doc", "json0_op", "text0_doc", "text0_op"]

KEYS = ["source", "outputs", "x", "y", "5"]


def text0_doc(rng: Random) -> str:
    """Return a text to edit."""
    return words(rng, 6)


def text0_component(rng: Random, text: str) -> dict[str, Any]:
    """Return an edit that fits a text."""
    size = length(text)
    start = rng.randint(0, size)
    if size and rng.random() < 0.5:
        return {"p": start, "d": slice_units(text, start, rng.randint(start, size))}
    return {"p": start, "i": words(rng, 2)}


def text0_op(rng: Random, text: str) -> list[dict[str, Any]]:
    """Return up to three edits, one after the other."""
    op: list[dict[str, Any]] = []
    for _ in range(rng.randint(0, 3)):
        component = text0_component(rng, text)
        op.append(component)
        text = types["text0"].apply(text, [component])
    return op


def json0_doc(rng: Random, depth: int = 3) -> Any:
    """Return a JSON value, with more containers near its root."""
    kind = rng.choice(["list", "object", "object"]) if depth > 1 else rng.choice(["leaf", "list"])
    if depth == 0 or kind == "leaf":
        return rng.choice([None, True, 0, 1, 3, -7, 0.5, "", words(rng), words(rng)])
    values = [json0_doc(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    return values if kind == "list" else dict(zip(rng.sample(KEYS, 3), values, strict=False))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """Return every value in a document with the path to it, the root included."""
    found = [(path, value)]
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        found += places(item, (*path, key))
    return found


def json0_component(rng: Random, doc: Any) -> dict[str, Any]:
    """Return a component that fits a document, of any kind that some place in it allows."""
    path, value = rng.choice(places(doc))
    if isinstance(value, str) and rng.random() < 0.9:
        edit = text0_component(rng, value)
        if "i" in edit:
            return {"p": [*path, edit["p"]], "si": edit["i"]}
        return {"p": [*path, edit["p"]], "sd": edit["d"]}
    if isinstance(value, (int, float)) and not isinstance(value, bool) and rng.random() < 0.9:
        return {"p": list(path), "na": rng.choice([1, 2, -3, 0, 0.5])}
    if isinstance(value, list):
        return _list_component(rng, list(path), value)
    if isinstance(value, dict):
        return _object_component(rng, list(path), value)
    return {"p": [], "od": doc, "oi": json0_doc(rng, 2)}


def _list_component(rng: Random, path: list[Any], value: list[Any]) -> dict[str, Any]:
    kind = rng.choice(["li", "ld", "replace", "lm"]) if value else "li"
    if kind == "li":
        return {"p": [*path, rng.randint(0, len(value))], "li": json0_doc(rng, 1)}
    index = rng.randrange(len(value))
    if kind == "lm":
        return {"p": [*path, index], "lm": rng.randrange(len(value))}
    if kind == "ld":
        return {"p": [*path, index], "ld": value[index]}
    return {"p": [*path, index], "ld": value[index], "li": json0_doc(rng, 1)}


def _object_component(rng: Random, path: list[Any], value: dict[str, Any]) -> dict[str, Any]:
    key = rng.choice(KEYS)
    component: dict[str, Any] = {"p": [*path, key]}
    if key in value:
        component["od"] = value[key]
    if key not in value or rng.random() < 0.5:
        component["oi"] = json0_doc(rng, 2)
    return component


def json0_op(rng: Random, doc: Any) -> list[dict[str, Any]]:
    """Return up to three components, each made for what the ones before it left."""
    op: list[dict[str, Any]] = []
    for _ in range(rng.randint(0, 3)):
        component = json0_component(rng, doc)
        op.append(component)
        doc = types["json0"].apply(doc, [component])
    return op


def json0_lax_op(rng: Random, doc: Any) -> list[dict[str, Any]]:
    """Return an op as careless clients send it: the reference takes much that fits no document.

    Indices lie out of range, segments have the wrong type, texts are edited in both
    notations, and deleted values are not quite those in the document.
    """
    op = json0_op(rng, doc) or [json0_component(rng, doc)]
    return [_careless(rng, component) for component in op]


def _careless(rng: Random, component: dict[str, Any]) -> dict[str, Any]:
    changed = {**component, "p": list(component["p"])}
    if rng.random() < 0.3 and ("si" in changed or "sd" in changed):
        edit = {"p": changed["p"].pop(), "i" if "si" in changed else "d": "x"}
        edit[next(reversed(edit))] = changed.get("si", changed.get("sd"))
        return {"p": changed["p"], "t": "text0", "o": [edit]}
    if rng.random() < 0.3 and changed["p"] and not {"si", "sd", "na"} & changed.keys():
        segment = changed["p"][-1]
        other = [0, 1, 7, -1, str(segment)] if isinstance(segment, int) else ["x", "5", 5]
        changed["p"][-1] = rng.choice(other)
    if rng.random() < 0.2 and "lm" in changed:
        changed["lm"] = rng.choice([0, 9, "1"])
    for key in ("od", "ld"):  # Racer gives its copies an id that the stored value lacks
        if isinstance(changed.get(key), dict) and rng.random() < 0.5:
            changed[key] = {**changed[key], "id": "r1"}
    return changed


Case = tuple[Callable[[Random], Any], Callable[[Random, Any], Any]]

CASES: dict[str, Case] = {
    "json0": (json0_doc, json0_op),
    "json1": (json1_doc, json1_op),
    "rich-text": (rich_text_doc, rich_text_op),
    "text0": (text0_doc, text0_op),
    "text-unicode": (text0_doc, text_unicode_op),
}
"""By type: how to make a document, and an op that fits it."""

PLACES: dict[str, Callable[[Random, Any], Any]] = {
    "json1": json1_position,
    "rich-text": rich_text_range,
}
"""By type: how to choose a place in a document that ops move."""

LAX_CASES: dict[str, Case] = {"json0": (json0_doc, json0_lax_op)}
"""The same, with ops that the reference takes although they do not fit."""
