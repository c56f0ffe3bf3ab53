"""Random documents and ops for json1: everything moves everywhere, and is edited on the way.

Every generator takes a ``random.Random``: one seed, one case.
"""

from __future__ import annotations

from random import Random
from typing import Any

from sharedb_py.jsonvalue import MISSING
from sharedb_py.ot.json1 import Op, Path, json1
from sharedb_py.ot.json1.conflicts import edit_op, insert_op, move_op, remove_op
from sharedb_py.ot.json1.subtypes import number
from sharedb_py.ot.text_unicode import text_unicode
from tests.ot.texts import text_unicode_op

__all__ = ["json1_doc", "json1_op", "json1_position"]

NAMES = ["a", "b", "x", "y", "\U0001f600", "\uffff"]


def json1_doc(rng: Random, depth: int = 3) -> Any:
    """Return a document, mostly of containers."""
    kind = rng.choice(["list", "object", "object"]) if depth > 1 else rng.choice(["leaf", "list"])
    if depth == 0 or kind == "leaf":
        return rng.choice([None, True, 0, 1, -7, 0.5, "", "abc", "字😀de", "hello"])
    size = rng.randint(0, 4) if depth < 3 else rng.randint(1, 4)
    values = [json1_doc(rng, depth - 1) for _ in range(size)]
    return values if kind == "list" else dict(zip(rng.sample(NAMES, 4), values, strict=False))


def json1_op(rng: Random, doc: Any, more: float = 0.5) -> Op:
    """Return up to a handful of changes, each made for what the ones before it left, as one op."""
    op: Op = None
    before = doc
    while True:
        part = _part(rng, doc)
        doc = json1.apply(doc, part)
        op = json1.compose(op, part)
        if rng.random() > more:
            break
    respelled: Op = _respelled(rng, json1.make_invertible(op, before) if rng.random() < 0.3 else op)
    return respelled


def _respelled(rng: Random, op: Any) -> Any:
    """Return the op with some edits in the long form, which names the type."""
    if isinstance(op, list):
        return [_respelled(rng, item) for item in op]
    if isinstance(op, dict) and rng.random() < 0.3:
        for short, name in (("ena", "number"), ("es", text_unicode.uri)):
            if short in op:
                op = {**op, "et": name, "e": op[short]}
                del op[short]
    return op


def json1_position(rng: Random, doc: Any) -> Path:
    """Return the path of some value in a document, or of a place in a text."""
    path = _path(rng, doc)
    value = _at(doc, path)
    return [*path, rng.randint(0, len(value))] if isinstance(value, str) else path


def _keys(value: Any) -> list[Any]:
    if isinstance(value, list):
        return list(range(len(value)))
    return sorted(value) if isinstance(value, dict) else []


def _path(rng: Random, doc: Any, deeper: float = 0.8) -> Path:
    path: Path = []
    while (keys := _keys(doc)) and rng.random() < deeper:
        key = rng.choice(keys)
        path.append(key)
        doc = doc[key]
    return path


def _at(doc: Any, path: Path) -> Any:
    for key in path:
        doc = doc[key]
    return doc


def _free_path(rng: Random, doc: Any) -> Path | None:
    """Return a path at which something can be put."""
    if doc is MISSING:
        return []
    path = _path(rng, doc)
    while path and not isinstance(_at(doc, path), (list, dict)):
        path.pop()
    container = _at(doc, path)
    if isinstance(container, list):
        return [*path, rng.randint(0, len(container))]
    if not isinstance(container, dict):
        return None
    free = [name for name in NAMES if name not in container]
    return [*path, rng.choice(free)] if free else None


def _part(rng: Random, doc: Any) -> Op:
    kind = "insert" if doc is MISSING else rng.choice(["remove", "insert", "move", "move", "edit"])
    if kind == "insert":
        free = _free_path(rng, doc)
        return None if free is None else insert_op(free, json1_doc(rng, rng.randint(0, 2)))
    path = _path(rng, doc)
    value = _at(doc, path)
    if kind == "move":
        return _move(rng, doc, path)
    if kind == "edit":
        if isinstance(value, str):
            return edit_op(path, text_unicode, text_unicode_op(rng, value)) if value else None
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return edit_op(path, number, rng.choice([0, 1, 2, -3, 0.5]))
    return remove_op(path) if path or rng.random() < 0.1 else None


def _move(rng: Random, doc: Any, path: Path) -> Op:
    if not path:
        return None
    free = _free_path(rng, json1.apply(doc, remove_op(path)))
    return None if free is None else move_op(path, free)
