"""What can be wrong with a frame, done to valid ones."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any, Final

from sharedb_py.jsonvalue import RESERVED_NAMES
from tests.fuzz.corpus import ACTIONS, Corpus

__all__ = ["Frame", "mutated"]

Frame = str | bytes
"""Bytes are sent as a binary frame, unless they are no UTF-8: those as text, which they are not."""

Place = tuple[Any, Any]
"""A container and a key of it."""

HUGE: Final = 50_000
NAMES: Final = [
    *sorted(RESERVED_NAMES),
    "",
    "\x00",
    ".",
    "$where",
    "a.b",
    "💥" * 30,
    "\ud800",
    "o_x",
]
NUMBERS: Final[list[Any]] = [
    *(-1, 0, -0.0, 0.5, 1e308, -1e308, 5e-324, 2**31, 2**53 - 1, 2**53, 2**63, -(2**63), 2**64),
    *(10**100, True),
]


def value(chance: random.Random) -> Any:
    """Return a value of any type."""
    return chance.choice(
        [
            *(None, True, False, "", "x", [], {}, [[]], [None], {"a": 1}, ["d0"], "NaN", "1"),
            chance.choice(NUMBERS),
            chance.choice(NAMES),
            {chance.choice(NAMES): chance.choice(NUMBERS)},
            [chance.choice(NAMES), chance.choice(NUMBERS)],
        ]
    )


def places(message: Any) -> list[Place]:
    """Return every place in a value, containers before what they hold."""
    found: list[Place] = []
    waiting = [message]
    while waiting:
        container = waiting.pop()
        keys = list(container) if isinstance(container, dict) else range(len(container))
        for key in keys:
            found.append((container, key))
            if isinstance(container[key], (dict, list)):
                waiting.append(container[key])
    return found


def nested(chance: random.Random, depth: int) -> Any:
    """Return something so many levels deep."""
    result: Any = chance.choice([1, "x", {}, None])
    for _ in range(depth):
        result = [result] if chance.random() < 0.5 else {"a": result}
    return result


# Each changes a message in place, at a random one of its places.


def drop(chance: random.Random, container: Any, key: Any) -> None:
    del container[key]


def retype(chance: random.Random, container: Any, key: Any) -> None:
    container[key] = value(chance)


def number(chance: random.Random, container: Any, key: Any) -> None:
    container[key] = chance.choice(NUMBERS)


def name(chance: random.Random, container: Any, key: Any) -> None:
    container[key] = chance.choice(NAMES)


def deepen(chance: random.Random, container: Any, key: Any) -> None:
    container[key] = nested(chance, chance.choice([2, 50, 190, 199, 201, 400]))


def enlarge(chance: random.Random, container: Any, key: Any) -> None:
    if chance.random() < 0.9:
        container[key] = chance.choice(["x" * 300, "😀\ud83d" * 100, list(range(300))])
    else:
        container[key] = chance.choice(
            ["x" * HUGE, ["d0"] * 5000, {str(i): 1 for i in range(2000)}]
        )


def rename(chance: random.Random, container: Any, key: Any) -> None:
    if isinstance(container, dict):
        other = chance.choice([*NAMES, "op", "create", "del", "v", "src", "seq", "id", "b", "zzz"])
        container[other] = container.pop(key)
    else:
        container.reverse()


def duplicate(chance: random.Random, container: Any, key: Any) -> None:
    if isinstance(container, list):
        container.insert(chance.randrange(len(container) + 1), container[key])
    else:
        container[key] = [container[key], container[key]]


def negate(chance: random.Random, container: Any, key: Any) -> None:
    current = container[key]
    if isinstance(current, (int, float)) and not isinstance(current, bool):
        container[key] = -current - 1
    elif isinstance(current, str):
        container[key] = current[::-1] + chance.choice(["\udc00", "'", '"', "\\"])
    else:
        container[key] = not current


def surrogate(chance: random.Random, container: Any, key: Any) -> None:
    if isinstance(container[key], str):
        at = chance.randrange(len(container[key]) + 1)
        half = chance.choice(["\ud800", "\udfff", "\ud83d"])
        container[key] = container[key][:at] + half + container[key][at:]
    else:
        container[key] = "\udbff"


CHANGES: Final[list[Callable[[random.Random, Any, Any], None]]] = [
    *(drop, drop, retype, retype, retype, number, name, deepen, enlarge, rename, duplicate),
    *(negate, surrogate),
]


def component(chance: random.Random, message: Any) -> None:
    """Change a component of an op, and keep it looking like one."""
    op = message.get("op")
    if not isinstance(op, list) or not op or not isinstance(op[-1], dict):
        message["op"] = [{"p": [value(chance)], "oi": value(chance)}]
        return
    target = chance.choice([each for each in op if isinstance(each, dict)])
    kind = chance.randrange(5)
    if kind == 0:
        target[chance.choice(["si", "sd", "na", "li", "ld", "lm", "oi", "od", "t", "o"])] = value(
            chance
        )
    elif kind == 1 and isinstance(target.get("p"), list):
        segments = ["text", "list", "map", "n", 0, 1, -1, 99, 2**31, "0", "length", value(chance)]
        target["p"].insert(chance.randrange(len(target["p"]) + 1), chance.choice(segments))
    elif kind == 2 and target.get("p"):
        target["p"] = target["p"][:-1] if isinstance(target["p"], list) else []
    elif kind == 3 and target:
        target[chance.choice(list(target))] = value(chance)
    else:
        op.extend(chance.choice(op) for _ in range(chance.choice([1, 3, 200])))


# Each changes the JSON text.


def truncate(chance: random.Random, text: str) -> Frame:
    return text[: chance.randrange(len(text))]


def no_number(chance: random.Random, text: str) -> Frame:
    token = chance.choice(
        ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 400, "0x10", "01"]
    )
    return text[:-1] + ',"zz2":' + token + "}"


def no_utf8(chance: random.Random, text: str) -> Frame:
    at = chance.randrange(len(text))
    return (
        text.encode()[:at] + chance.choice([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5"]) + b'"}'
    )


def binary(chance: random.Random, text: str) -> Frame:
    return text.encode()


def same_key_twice(chance: random.Random, text: str) -> Frame:
    key = chance.choice(["a", "c", "d", "v", "op", "id", "q", "b"])
    return text[:-1] + f',"{key}":{json.dumps(value(chance))}' + "}"


def no_object(chance: random.Random, text: str) -> Frame:
    return chance.choice(["null", "3", '"x"', "true", "[]", f"[{text}]", "", " ", "\ufeff" + text])


def very_deep(chance: random.Random, text: str) -> Frame:
    depth = chance.choice([1_000, 20_000])
    opening, closing = chance.choice([("[", "]"), ('{"a":', "}")])
    return text[:-1] + ',"zz3":' + opening * depth + "0" + closing * depth + "}"


def noise(chance: random.Random, text: str) -> Frame:
    at = chance.randrange(len(text))
    return text[:at] + chance.choice('{}[]",:\\0\x00') + text[at + 1 :]


def padding(chance: random.Random, text: str) -> Frame:
    return " \n\t" * 20 + text + " " * 300


TEXT_CHANGES: Final[list[Callable[[random.Random, str], Frame]]] = [
    *(truncate, no_number, no_utf8, binary, binary, same_key_twice, same_key_twice, no_object),
    *(very_deep, noise, padding),
]


def mutated(corpus: Corpus, marker: int) -> Frame:
    """Return the next frame; its last field, ``zz``, is the marker."""
    chance = corpus.chance
    message = json.loads(json.dumps(corpus.frame()))
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        if message.get("a") == "op" and chance.random() < 0.6:
            component(chance, message)
        elif found := places(message):
            inner = [place for place in found if place[0] is not message]
            container, key = chance.choice(inner if inner and chance.random() < 0.6 else found)
            chance.choice(CHANGES)(chance, container, key)
    if chance.random() < 0.03:
        message["a"] = chance.choice([*ACTIONS, "init", "q", "", "hs ", "__proto__"])
    message["zz"] = marker
    text = json.dumps(message)
    if chance.random() < 0.15:
        return chance.choice(TEXT_CHANGES)(chance, text)
    return text
