"""Histories as they come about: several clients at work on one document at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

from sharedb_py.backend import Backend
from sharedb_py.client.aio import Connection, Doc
from sharedb_py.db import DB
from sharedb_py.errors import ShareDBError
from sharedb_py.inprocess import connect
from sharedb_py.jsonvalue import copy_json
from sharedb_py.milestones import MilestoneDB
from sharedb_py.ot import types
from tests.ot.generators import json0_doc, json0_op, text0_doc, text0_op
from tests.replay.stores import Store

__all__ = ["Seen", "live_history", "serving", "work"]

TYPES = ["json0", "json0", "text0", "text-unicode"]


class _Lent:
    """An adapter that a backend may use and not close."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def close(self) -> None:
        """It stays open for whoever lent it."""


def serving(store: Store, interval: int | None = None) -> Backend:
    """Return a backend on a store, which stays open when the backend is closed."""
    store.milestones.interval = interval
    return Backend(cast(DB, _Lent(store.db)), milestones=cast(MilestoneDB, _Lent(store.milestones)))


@dataclass
class Seen:
    """What a client saw: the type's URI and the data (None: no document) at each version."""

    states: dict[int, tuple[str | None, Any]] = field(default_factory=lambda: {0: (None, None)})

    @property
    def last(self) -> int:
        return max(self.states)


def unicode_op(rng: Random, text: str) -> list[Any]:
    """Return a text-unicode op that fits."""
    position = rng.randint(0, len(text))
    op: list[Any] = [position] if position else []
    if position < len(text) and rng.random() < 0.5:
        op.append({"d": rng.randint(1, len(text) - position)})
    else:
        op.append(rng.choice(["x", "字", "😀", "hello "]))
    return op


def random_doc(rng: Random, type_name: str) -> Any:
    """Return the data of a new document."""
    return json0_doc(rng) if type_name == "json0" else text0_doc(rng)


def random_op(rng: Random, type_uri: str, data: Any) -> Any:
    """Return an op that fits a document."""
    name = types[type_uri].name
    makers = {"json0": json0_op, "text0": text0_op, "text-unicode": unicode_op}
    return makers[name](rng, copy_json(data))


def is_whole(value: Any) -> bool:
    """Whether no string in a value holds half a surrogate pair."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def act(rng: Random, doc: Doc, halves: bool) -> asyncio.Future[None]:
    """Do one thing to a document that a user might do."""
    if not doc.exists:
        type_name = rng.choice(TYPES)
        return doc.create(random_doc(rng, type_name), type_name)
    if rng.random() < 0.05:
        return doc.delete()
    assert doc.type_uri is not None
    op = random_op(rng, doc.type_uri, doc.data)
    while not halves and not is_whole([op, types[doc.type_uri].apply(doc.data, op)]):
        op = random_op(rng, doc.type_uri, doc.data)
    return doc.submit(op)


async def settled(pending: list[asyncio.Future[None]]) -> None:
    """Wait until every op is acknowledged or refused: others may have been faster."""
    for result in await asyncio.gather(*pending, return_exceptions=True):
        if isinstance(result, BaseException) and not isinstance(result, ShareDBError):
            raise result


async def live_history(
    store: Store,
    rng: Random,
    steps: int,
    doc_id: str = "d",
    interval: int | None = 7,
    *,
    halves: bool = True,
) -> Seen:
    """Let three clients work on ``docs/<doc_id>`` while a fourth watches; return what it saw."""
    backend = serving(store, interval)
    seen = Seen()
    try:
        async with connect(backend) as watcher:
            watched = watcher.doc("docs", doc_id)
            await watched.subscribe()

            def note(_: object) -> None:
                if watched.version is not None:
                    seen.states[watched.version] = (watched.type_uri, copy_json(watched.data))

            watched.on_change(note)
            clients = [connect(backend) for _ in range(3)]
            await work(rng, clients, doc_id, steps, halves=halves and store.keeps_halves)
            await watched.fetch()
            note(None)
    finally:
        await backend.close()
    return seen


async def work(
    rng: Random,
    clients: Sequence[Connection],
    doc_id: str,
    steps: int,
    *,
    halves: bool = True,
) -> None:
    """Let clients that are not connected yet work on one document, at once."""
    docs: list[Doc] = []
    opened: list[Connection] = []
    try:
        for client in clients:
            opened.append(await client.__aenter__())
            docs.append(client.doc("docs", doc_id))
            await docs[-1].subscribe()
        pending: list[asyncio.Future[None]] = []
        for _ in range(steps):
            pending.append(act(rng, rng.choice(docs), halves))
            if rng.random() < 0.4:
                await settled(pending)
                pending.clear()
            elif rng.random() < 0.5:
                await asyncio.sleep(0)
        await settled(pending)
    finally:
        for client in opened:
            await client.close()
