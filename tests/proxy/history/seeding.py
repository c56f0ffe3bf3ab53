"""Long histories of notebooks, put straight into a database as if people had made them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from sharedb_py.db import DB
from sharedb_py.ops import Op, apply_op
from sharedb_py.ot.json0 import json0
from sharedb_py.replay.folding import fold
from sharedb_py.snapshot import Snapshot, empty_snapshot

__all__ = ["Author", "History", "notebook_doc", "plain_cell", "seed", "state_after"]

START = 1_760_000_000_000.0
WORDS = "mean total frame plot table select where group value index count rows of the in".split()
GAPS = (35, 60, 90, 110, 150, 220)


@dataclass
class Author:
    """One connection of one user."""

    user: str
    src: str
    seq: int = 0


@dataclass
class History:
    """Ops of documents as they are made, with a clock that goes on with each of them."""

    notebook: str
    clock: float = START
    ops: dict[tuple[str, str], list[Op]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def add(self, collection: str, doc_id: str, author: Author, gap: float, **change: Any) -> None:
        """Add an op made ``gap`` ms after the last one."""
        self.clock += gap
        author.seq += 1
        log = self.ops.setdefault((collection, doc_id), [])
        meta = {"ts": self.clock, "user": author.user}
        log.append({"src": author.src, "seq": author.seq, "v": len(log), **change, "m": meta})

    def create_cell(self, cell: str, weight: float, author: Author, kind: str = "code") -> None:
        """Add an empty cell."""
        data = plain_cell(cell, self.notebook, weight, cell_type=kind)
        self.texts[cell] = ""
        self.add("cells", cell, author, 800, create={"type": json0.uri, "data": data})

    def type(self, cell: str, author: Author, text: str, at: int, gap: float = 60) -> None:
        """Type into a cell's source, at once."""
        before = self.texts[cell]
        self.texts[cell] = before[:at] + text + before[at:]
        self.add("cells", cell, author, gap, op=[{"p": ["source", at], "si": text}])

    def erase(self, cell: str, author: Author, at: int, count: int, gap: float = 60) -> None:
        """Delete from a cell's source."""
        before = self.texts[cell]
        self.texts[cell] = before[:at] + before[at + count :]
        op = [{"p": ["source", at], "sd": before[at : at + count]}]
        self.add("cells", cell, author, gap, op=op)

    def run(self, cell: str, author: Author, service: Author, count: int, text: str) -> None:
        """Run a cell, from the question to its output."""

        def run(ended: float | None) -> dict[str, Any]:
            told = {"user": author.user, "asked": self.clock, "started": self.clock}
            return {**told, "ended": ended, **({"outcome": "ok"} if ended else {})}

        def edit(who: Author, gap: float, *parts: dict[str, Any]) -> None:
            self.add("cells", cell, who, gap, op=list(parts))

        edit(author, 300, {"p": ["_state"], "od": "idle", "oi": "run"})
        edit(
            service,
            5,
            {"p": ["_state"], "oi": "busy"},
            {"p": ["_run"], "oi": run(None)},
            {"p": ["outputs"], "oi": []},
        )
        output = {"output_type": "stream", "name": "stdout", "text": text}
        edit(service, 40, {"p": ["outputs", 0], "li": output})
        edit(
            service,
            5,
            {"p": ["_state"], "oi": "idle"},
            {"p": ["_run"], "oi": run(self.clock + 5)},
            {"p": ["execution_count"], "oi": count},
        )

    async def store(self, db: DB) -> None:
        """Write all documents, each with the snapshot that its ops lead to."""
        for (collection, doc_id), ops in self.ops.items():
            meta = {"ctime": ops[0]["m"]["ts"], "mtime": ops[-1]["m"]["ts"]}
            meta["_create"] = {key: ops[0][key] for key in ("src", "seq", "v")}
            snapshot = fold(empty_snapshot(doc_id), ops)
            snapshot = Snapshot(doc_id, snapshot.version, snapshot.type_uri, snapshot.data, meta)
            for start in range(0, len(ops), 5000):
                some = ops[start : start + 5000]
                last = snapshot if start + 5000 >= len(ops) else None
                await db.restore(collection, doc_id, some, last)


def plain_cell(cell: str, notebook: str, weight: float, **fields: Any) -> dict[str, Any]:
    """Return a cell's document: an empty cell of code, but for some fields."""
    return {
        "id": cell,
        "cell_type": "code",
        "source": "",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "_notebook": notebook,
        "_weight": weight,
        "_state": "idle",
        **fields,
    }


def notebook_doc(path: str) -> dict[str, Any]:
    """Return a notebook's document as the service makes it."""
    return {
        "name": path,
        "contents": {"path": path, "metadata": {}, "nbformat": 4, "nbformat_minor": 5},
        "session": {"kernel": {"status": "none"}},
        "_save": {"state": "saved", "at": 0},
    }


async def seed(db: DB, notebook: str, length: int, prefix: str = "cell") -> History:
    """Write a notebook of that many ops by three people, the same ones every time."""
    randomly = random.Random(8)
    history = History(notebook)
    service = Author("service", "service-5eed")
    people = [Author(name, f"{name}-5eed") for name in ("ann", "ben", "eva")]
    data = notebook_doc("long.ipynb")
    history.add("notebooks", notebook, service, 0, create={"type": json0.uri, "data": data})
    cells = [f"{prefix}-{number:03}" for number in range(40)]
    for number, cell in enumerate(cells, 1):
        history.create_cell(cell, number * 1000, people[0])
    made, count = len(cells) + 1, 0
    while made < length:
        author = randomly.choice(people)
        cell = cells[min(int(randomly.expovariate(0.15)), len(cells) - 1)]
        text = history.texts[cell]
        at = randomly.randint(0, len(text))
        if len(text) > 3000:
            history.erase(cell, author, 0, 1000, gap=randomly.choice(GAPS))
            made += 1
            continue
        for letter in " ".join(randomly.choices(WORDS, k=randomly.randint(1, 8))) + "\n":
            if made == length:
                break
            history.type(cell, author, letter, at, randomly.choice(GAPS))
            at, made = at + 1, made + 1
        if randomly.random() < 0.15 and made + 4 <= length:
            count += 1
            history.run(cell, author, service, count, f"{count} rows\n")
            made += 4
        history.clock += randomly.choice((500, 3000, 9000, 60_000))
    await history.store(db)
    return history


def state_after(ops: list[Op], version: int, doc_id: str) -> Snapshot:
    """Return a document after so many ops, applied one by one."""
    snapshot = empty_snapshot(doc_id)
    for op in ops[:version]:
        snapshot = apply_op(snapshot, op)
    return snapshot
