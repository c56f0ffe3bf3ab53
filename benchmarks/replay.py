"""How fast old states are reached: a document of 100,000 ops, here and on Node.

    python benchmarks/replay.py [FOLDER]

Node runs if it is on the PATH and the npm packages of tests/interop are installed.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sharedb_py.archive import Archive
from sharedb_py.db import open_db
from sharedb_py.milestones import open_milestones
from sharedb_py.ops import Op
from sharedb_py.replay.folding import fold
from sharedb_py.snapshot import empty_snapshot

ROOT = Path(__file__).parents[1]
OPS = 100_000
EVERY = 1000
VERSIONS = (500, OPS // 2 + 500, OPS - 1)


def history() -> list[Op]:
    """Two people typing in a cell, mostly one character after the other."""
    rng = random.Random(7)
    create = {"type": "http://sharejs.org/types/JSONv0", "data": {"source": "", "outputs": []}}
    ops: list[Op] = [{"v": 0, "src": "a", "seq": 1, "create": create, "m": {"ts": 0}}]
    size = cursor = 0
    for version in range(1, OPS):
        if rng.random() < 0.02:
            cursor = rng.randint(0, size)
        if size > 8000 and cursor and rng.random() < 0.5:
            cursor, size = cursor - 1, size - 1
            edit = {"p": ["source", cursor], "sd": "x"}
        else:
            edit = {"p": ["source", cursor], "si": "x"}
            cursor, size = cursor + 1, size + 1
        src = "a" if rng.random() < 0.7 else "b"
        meta = {"ts": version * 200}
        ops.append({"v": version, "src": src, "seq": version, "op": [edit], "m": meta})
    return ops


async def store(url: str, ops: list[Op], milestones: bool) -> Archive:
    """Put the document into a new database."""
    archive = Archive(open_db(url), open_milestones(url))
    snapshot = empty_snapshot("d")
    for start in range(0, OPS, EVERY):
        part = ops[start : start + EVERY]
        meta = {"mtime": part[-1]["m"]["ts"], "_create": {"src": "a", "seq": 1, "v": 0}}
        snapshot = replace(fold(snapshot, part), meta=meta)
        await archive.db.restore("docs", "d", part, snapshot)
        if milestones:
            await archive.milestones.save("docs", snapshot)
    return archive


async def timed(what: str, work: Awaitable[Any], ops: int | None = None) -> None:
    """Print how long something takes."""
    begun = time.perf_counter()
    await work
    seconds = time.perf_counter() - begun
    speed = f"  {ops / seconds:>10,.0f} ops/s" if ops else ""
    print(f"{what:<46} {1000 * seconds:>7.0f} ms{speed}", flush=True)


async def measure(folder: Path) -> None:
    """Measure ours."""
    ops = history()
    (folder / "ops.json").write_text(json.dumps(ops))
    begun = time.perf_counter()
    fold(empty_snapshot("d"), ops)
    print(f"replay in memory: {OPS / (time.perf_counter() - begun):,.0f} ops/s")
    for name in ("without milestones", f"a milestone every {EVERY}"):
        url = f"sqlite:///{folder / name.replace(' ', '-')}.sqlite"
        archive = await store(url, ops, "every" in name)
        for version in VERSIONS:
            work = archive.at_version("docs", "d", version)
            replayed = None if "every" in name else version
            await timed(f"SQLite, {name}: show @{version}", work, replayed)
        found = archive.bisect("docs", "d", lambda s: s.version >= 77_777, None, OPS)
        await timed(f"SQLite, {name}: bisect", found)
        await archive.close()
    archive = Archive(open_db(url), open_milestones(url))
    await timed("SQLite: verify", archive.verify("docs", "d"), OPS)
    await timed("SQLite: blame", archive.attribution("docs", "d", OPS), OPS)
    await archive.close()


def measure_node(folder: Path) -> None:
    """Measure ShareDB's own fetchSnapshot, with the ops in Node's memory."""
    modules = ROOT / "tests" / "interop" / "node_modules"
    if shutil.which("node") is None or not modules.exists():
        print("Node: not here")
        return
    script = Path(__file__).with_name("replay_node.js")
    arguments = ["node", str(script), str(folder / "ops.json"), *map(str, VERSIONS)]
    subprocess.run(arguments, env={**os.environ, "NODE_PATH": str(modules)}, check=True)


def main() -> None:
    """Measure in a folder of one's own, or in a new one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else name)
        asyncio.run(measure(folder))
        measure_node(folder)


main()
