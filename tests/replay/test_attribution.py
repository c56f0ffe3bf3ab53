"""Blame against documents that say themselves which op wrote each of their parts.

Op number v inserts nothing but v: elements are the number, or lists of it, and characters
have it as their code point. So what blame says can be read off the document.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharedb_py.jsonvalue import copy_json
from sharedb_py.ops import Op
from sharedb_py.ot import types
from sharedb_py.ot.utf16 import length
from sharedb_py.replay.attribution import Attribution
from sharedb_py.replay.blaming import blame
from sharedb_py.snapshot import empty_snapshot
from tests.replay.test_histories import places

FIRST = {"plain": 0x4E00, "astral": 0x20000}


def char(version: int, plane: str) -> str:
    return chr(FIRST[plane] + version)


def signed(version: int, rng: Random, plane: str) -> Any:
    """A value that says which op brought it."""
    text = char(version, plane) * rng.randint(1, 3)
    return rng.choice([version, [version, version], {"k": version, "text": text}, text])


def component(rng: Random, data: Any, version: int, plane: str) -> dict[str, Any]:
    """Return an edit, move, insertion or deletion somewhere in a document."""
    path, value = rng.choice([found for found in places(data) if not isinstance(found[1], int)])
    at = list(path)
    if isinstance(value, str):
        index = rng.randint(0, len(value))
        position = length(value[:index])
        if index < len(value) and rng.random() < 0.4:
            return {"p": [*at, position], "sd": value[index : index + rng.randint(1, 3)]}
        added = char(version, plane) * rng.randint(1, 3)
        if rng.random() < 0.3:
            return {"p": at, "t": "text0", "o": [{"p": position, "i": added}]}
        return {"p": [*at, position], "si": added}
    if isinstance(value, dict):
        key = rng.choice(["k", "text", "more", "5"])
        if key in value and rng.random() < 0.3 and len(value) > 1:
            return {"p": [*at, key], "od": value[key]}
        return {"p": [*at, key], "oi": signed(version, rng, plane)}
    index = rng.randrange(len(value)) if value else 0
    kind = rng.choice(["lm", "lm", "ld", "both", "li"]) if value else "li"
    if kind == "lm":
        return {"p": [*at, index], "lm": rng.randrange(len(value))}
    if kind == "ld":
        return {"p": [*at, index], "ld": value[index]}
    if kind == "both":
        return {"p": [*at, index], "ld": value[index], "li": signed(version, rng, plane)}
    return {"p": [*at, rng.randint(0, len(value))], "li": signed(version, rng, plane)}


def check(found: Attribution, plane: str) -> None:
    """Compare blame with what the parts of the document say."""
    for path, value in places(found.snapshot.data):
        for piece in blame(found, path):
            if isinstance(value, str):
                assert set(piece.value) == {char(piece.origin, plane)}
            elif isinstance(piece.value, int):
                assert piece.origin == piece.value


@pytest.mark.parametrize("plane", ["plain", "astral"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_each_part_is_blamed_on_the_op_that_it_names(plane: str, seed: int) -> None:
    rng = Random(seed)
    found = Attribution(empty_snapshot("d"))
    for version in range(60):
        op: Op = {"v": version, "src": "s", "seq": version}
        if not found.snapshot.exists:
            data = {"list": [version, [version]], "text": char(version, plane)}
            op["create"] = {"type": types["json0"].uri, "data": data}
        elif rng.random() < 0.03:
            op["del"] = True
        else:
            components: list[dict[str, Any]] = []
            data = found.snapshot.data
            for _ in range(rng.randint(1, 3)):
                components.append(component(rng, copy_json(data), version, plane))
                data = types["json0"].apply(data, components[-1:])
            op["op"] = components
        found.follow(op)
        check(found, plane)


@pytest.mark.parametrize("type_name", ["text0", "text-unicode"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_each_character_of_a_text_is_blamed_on_its_op(type_name: str, seed: int) -> None:
    rng = Random(seed)
    found = Attribution(empty_snapshot("d"))
    create = {"type": types[type_name].uri, "data": char(0, "astral") * 5}
    found.follow({"v": 0, "create": create})
    for version in range(1, 50):
        op: list[Any] = []
        text = found.snapshot.data
        for _ in range(rng.randint(1, 3)) if type_name == "text0" else [0]:
            index = rng.randint(0, len(text))
            gone = text[index : index + rng.randint(1, 4)] if rng.random() < 0.5 else ""
            added = char(version, "astral") * rng.randint(1, 3)
            if type_name == "text0":
                position = length(text[:index])
                op.append({"p": position, "d": gone} if gone else {"p": position, "i": added})
                text = types["text0"].apply(found.snapshot.data, op)
            else:
                op += [index] if index else []
                op += [added, {"d": len(gone)}] if gone else [added]
        found.follow({"v": version, "op": op})
        check(found, "astral")
