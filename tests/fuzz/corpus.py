"""Valid frames of every action, as clients send them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

__all__ = ["ACTIONS", "DOCS", "Corpus"]

DOCS: Final = [["fuzz", f"d{number}"] for number in range(6)]
"""The json0 documents that the frames read and write; nobody else writes these."""

TEXT: Final = ["text", "t1"]
"""One of a type that the original client does not bring along."""
DATA: Final[list[Any]] = [
    {"text": "abc😀", "list": [1, "x", [2]], "map": {"a": {"b": None}}, "n": 0},
    {"n": 1.5, "list": []},
    [1, 2, 3],
    "plain",
    None,
    7,
]
COMPONENTS: Final[list[dict[str, Any]]] = [
    {"p": ["n"], "na": 1},
    {"p": ["text", 0], "si": "é"},
    {"p": ["text", 0], "sd": "a"},
    {"p": ["list", 0], "li": {"x": 1}},
    {"p": ["list", 0], "ld": 1},
    {"p": ["list", 1], "ld": "x", "li": "y"},
    {"p": ["list", 0], "lm": 1},
    {"p": ["map", "a"], "oi": {"b": 2}},
    {"p": ["map", "a"], "od": {"b": None}},
    {"p": ["map", "a"], "od": 1, "oi": [1]},
    {"p": ["text"], "t": "text0", "o": [{"p": 0, "i": "z"}]},
    {"p": [], "od": 7, "oi": {"text": "", "list": [], "map": {}, "n": 0}},
    {"p": [0], "li": 5},
]
QUERIES: Final[list[dict[str, Any]]] = [
    {},
    {"n": {"$gt": 0}},
    {"$sort": {"n": 1}, "$limit": 3},
    {"$or": [{"n": 1}, {"text": {"$exists": True}}], "$skip": 1},
    {"list": {"$in": [1, "x"]}, "$count": True},
    {"$distinct": {"field": "n"}},
    {"text": {"$regex": "^a.c", "$options": "i"}},
    {"_id": {"$ne": "d1"}, "n": {"$not": {"$lt": 3}}},
]


class Corpus:
    """Makes valid frames, at random."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.seq = 0

    def frame(self, action: str | None = None) -> dict[str, Any]:
        """Return a frame of an action, or of any."""
        action = action or self.chance.choice(ACTIONS)
        return {"a": action, **_MAKERS[action](self)}

    def _doc(self) -> dict[str, Any]:
        collection, doc_id = self.chance.choice([*DOCS, TEXT])
        return {"c": collection, "d": doc_id}

    def _version(self) -> dict[str, Any]:
        return {"v": self.chance.choice([None, None, 0, 1, 2, 3, 40])}

    def _next(self) -> int:
        self.seq += 1
        return self.seq

    def _op(self) -> dict[str, Any]:
        chance, doc = self.chance, self._doc()
        is_text = doc["c"] == TEXT[0]
        kind = chance.random()
        body: dict[str, Any]
        if kind < 0.2 and is_text:
            body = {"create": {"type": "text-unicode", "data": "abc"}}
        elif kind < 0.2:
            body = {"create": {"type": "json0", "data": chance.choice(DATA)}}
        elif kind < 0.26:
            body = {"del": True}
        elif is_text:
            body = {"op": [1, "xy", {"d": 1}]}
        else:
            body = {"op": [chance.choice(COMPONENTS) for _ in range(chance.randrange(1, 4))]}
        return {**doc, **self._version(), "seq": self._next(), "x": {}, **body}

    def _bulk(self) -> dict[str, Any]:
        ids = self.chance.sample([doc_id for _, doc_id in DOCS], 3)
        if self.chance.random() < 0.5:
            return {"c": "fuzz", "b": ids}
        return {"c": "fuzz", "b": {doc_id: self.chance.choice([0, 1, 3]) for doc_id in ids}}

    def _query(self) -> dict[str, Any]:
        query = {"id": self._next() % 40, "c": "fuzz", "q": self.chance.choice(QUERIES), "o": {}}
        if self.chance.random() < 0.3:
            query["r"] = [["d0", 1], ["d1", None]]
        return query

    def _presence(self) -> dict[str, Any]:
        say = {"ch": "room", "id": self.chance.choice("pq"), "p": {"at": 3}, "pv": self._next()}
        if self.chance.random() < 0.3:
            say |= {**self._doc(), "v": 1, "t": "http://sharejs.org/types/text-unicode"}
        return say

    def _handshake(self) -> dict[str, Any]:
        client_id = self.chance.choice(
            [None, "".join(self.chance.choices("0123456789abcdef", k=32))]
        )
        return {"id": client_id, "protocol": 1, "protocolMinor": 2}


_MAKERS: Final[dict[str, Callable[[Corpus], dict[str, Any]]]] = {
    "hs": Corpus._handshake,
    "pp": lambda corpus: {},
    **{action: lambda corpus: {**corpus._doc(), **corpus._version()} for action in ("f", "s")},
    "u": Corpus._doc,
    **dict.fromkeys(("bf", "bs", "bu"), Corpus._bulk),
    "op": Corpus._op,
    "qf": Corpus._query,
    "qs": Corpus._query,
    "qu": lambda corpus: {"id": corpus._next() % 40},
    "nf": lambda corpus: {"id": corpus._next(), **corpus._doc(), **corpus._version()},
    "nt": lambda corpus: {"id": corpus._next(), **corpus._doc(), "ts": 1.7e12},
    "p": Corpus._presence,
    "ps": lambda corpus: {"ch": "room", "seq": corpus._next()},
    "pu": lambda corpus: {"ch": "room", "seq": corpus._next()},
    "pr": lambda corpus: {"ch": "room"},
}

ACTIONS: Final = [*_MAKERS, *(["op"] * 8), "qs", "qf", "p"]
"""Every action; those with more inside come up more often."""
