"""Many clients of two languages on shared documents, over lines that break: all converge."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sharedb_py.client.aio import connect
from sharedb_py.jsonvalue import json_equal
from sharedb_py.ops import replay
from sharedb_py.snapshot import empty_snapshot
from tests.running import Program, free_port
from tests.seeds import RecordProperty, announce, seed_of, size_of
from tests.soak.cutting_proxy import CuttingProxy
from tests.soak.editors import Editors

JAVASCRIPT, PYTHON = 8, 4
CLIENTS = JAVASCRIPT + PYTHON
OPS = size_of("SOAK_OPS", 20_000)
SEED = seed_of("SOAK")
DOCS = [["soak", name] for name in ("one", "two", "three", "four")]
START = {"text": "", "list": [], "map": {}, "n": 0}

pytestmark = [pytest.mark.node, pytest.mark.timeout(60 + OPS // 20)]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "soak.sqlite"


@pytest.fixture
def port(database: Path, tmp_path: Path) -> Iterator[int]:
    port = free_port()
    with Program(
        *("sharedb-py", "serve", "--db", f"sqlite:///{database}", "--port", str(port)),
        log=tmp_path / "log",
        ready=f":{port}/",
    ) as server:
        yield port
        assert "Traceback" not in server.output(), server.output()


def ops_of(database: Path, collection: str, doc_id: str) -> list[dict[str, Any]]:
    """Return a document's op log, as it is stored."""
    connection = sqlite3.connect(database)
    try:
        rows = connection.execute(
            "SELECT op FROM ops WHERE collection = ? AND id = ? ORDER BY v", (collection, doc_id)
        )
        return [json.loads(text) for (text,) in rows]
    finally:
        connection.close()


async def test_all_clients_converge_and_every_op_is_committed_once(
    port: int, database: Path, record_property: RecordProperty
) -> None:
    announce(record_property, f"SHAREDB_SOAK_SEED={SEED} SHAREDB_SOAK_OPS={OPS}")
    started = asyncio.get_running_loop().time()
    async with connect(f"ws://127.0.0.1:{port}/channel") as connection:
        for collection, doc_id in DOCS:
            await connection.doc(collection, doc_id).create(START)
    proxy = CuttingProxy(port, SEED, lifetime=(5_000, 300_000))
    url = f"ws://127.0.0.1:{await proxy.start()}/channel"
    shares = [OPS // CLIENTS + (number < OPS % CLIENTS) for number in range(CLIENTS)]
    clients = Editors(url, SEED, ops=shares, javascript=JAVASCRIPT, edits=DOCS)
    try:
        async with clients:
            await clients.started()
            done = await clients.finished()
            proxy.cutting = False
            edited = asyncio.get_running_loop().time()

            logs = {f"{c}.{d}": ops_of(database, c, d) for c, d in DOCS}
            states = await clients.states({name: len(ops) for name, ops in logs.items()})
    finally:
        await proxy.close()

    assert [each["refused"] for each in done] == [0] * CLIENTS, f"seed {SEED}"
    assert [each["acked"] for each in done] == shares
    assert sum(len(ops) for ops in logs.values()) == OPS + len(DOCS)
    for name, ops in logs.items():
        assert [op["v"] for op in ops] == list(range(len(ops))), f"seed {SEED}: {name}"
        sources = {(op["src"], op["seq"]) for op in ops}
        assert len(sources) == len(ops), f"seed {SEED}: an op of {name} was committed twice"
        final = replay(empty_snapshot(name), ops)
        for number, state in enumerate(states):
            where = f"seed {SEED}: client {number}, {name}"
            assert state[name]["version"] == len(ops), where
            assert json_equal(state[name]["data"], final.data), where
    if OPS >= 10_000:
        assert min(proxy.cuts[kind] for kind in ("anywhere", "acknowledgement", "request")) > 0
    announce(record_property, f"{OPS} ops in {edited - started:.1f} s, cuts: {dict(proxy.cuts)}")
