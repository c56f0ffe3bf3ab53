"""Everything works on a database that Node's ShareDB wrote, and says what Node says."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sharedb_py.archive import Archive
from sharedb_py.jsonvalue import MISSING, json_equal
from sharedb_py.ot.utf16 import join
from sharedb_py.replay.blaming import blame
from sharedb_py.replay.playing import play_of_log
from tests.replay.histories import serving
from tests.replay.servers import served
from tests.replay.stores import Store, environment, open_store
from tests.replay.test_commands import Run
from tests.replay.test_exporting import exported, imported
from tests.replay.test_histories import places
from tests.replay.test_playing import played
from tests.running import ROOT
from tests.servers.mongo import MONGO

MODULES = ROOT / "tests" / "interop" / "node_modules"
STEPS = 40

pytestmark = [pytest.mark.node, *MONGO]


@pytest.fixture(params=[1, 2, 3])
async def node(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Store, list[dict[str, Any]]]]:
    """A database with the history of ``docs/d`` that Node made, and the states that Node tells."""
    if shutil.which("node") is None or not (MODULES / "sharedb-mongo").exists():
        pytest.skip("needs Node.js and the npm packages of tests/interop")
    async with open_store("mongo", tmp_path) as store:
        script = Path(__file__).with_name("node_history.js")
        ended = subprocess.run(
            ["node", str(script), store.url, str(request.param), str(STEPS)],
            env=environment(NODE_PATH=str(MODULES)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        yield store, json.loads(ended.stdout)


async def test_each_version_is_what_node_says_it_was(
    node: tuple[Store, list[dict[str, Any]]],
) -> None:
    store, states = node
    archive = Archive(store.db, store.milestones)
    assert len(states) > STEPS
    for told in states:
        shown = await archive.at_version("docs", "d", told["v"])
        assert shown.type_uri == told["type"]
        assert json_equal(None if shown.data is MISSING else shown.data, told.get("data"))


async def test_a_database_that_node_wrote_is_sound(
    node: tuple[Store, list[dict[str, Any]]],
) -> None:
    store, states = node
    report = await Archive(store.db, store.milestones).verify("docs", "d")
    assert report.sound, report.findings
    assert report.ops == states[-1]["v"]
    assert report.milestones == states[-1]["v"] // 10


async def test_blame_and_bisect_read_what_node_wrote(
    node: tuple[Store, list[dict[str, Any]]],
) -> None:
    store, states = node
    archive = Archive(store.db, store.milestones)
    last = max(told["v"] for told in states if told.get("data") is not None)
    found = await archive.attribution("docs", "d", last)
    for path, value in places(found.snapshot.data):
        pieces = blame(found, path)
        if isinstance(value, str):
            assert join(*(piece.value for piece in pieces)) == value
    first = next(told["v"] for told in states if (told.get("data") or {}).get("title"))
    bisected = await archive.bisect("docs", "d", lambda s: s.version >= first, None, last)
    assert bisected.version == first
    assert bisected.after.data["title"]


async def test_what_node_wrote_moves_to_sqlite_and_is_played_again(
    node: tuple[Store, list[dict[str, Any]]], tmp_path: Path
) -> None:
    store, states = node
    lines = await exported(store)
    async with open_store("sqlite", tmp_path, "moved") as moved:
        assert (await imported(moved, lines)).whole
        archive = Archive(moved.db, moved.milestones)
        assert (await archive.verify("docs", "d")).sound
        start = await archive.at_version("docs", "d", 0)
        ops = [op async for op in archive.ops("docs", "d")]
        play = play_of_log("docs", start, ops, await archive.head("docs", "d"))
    async with open_store("memory", tmp_path) as target, served(serving(target)) as url:
        player = await played(url, play)
    assert player.problems == []
    assert player.ops == states[-1]["v"]


@pytest.mark.parametrize("node", [4], indirect=True)
def test_each_command_runs_on_what_node_wrote(
    node: tuple[Store, list[dict[str, Any]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, states = node
    run = Run(store.url, capsys)
    last, shown = states[-1]["v"], states[len(states) // 2]
    assert [line["v"] for line in run.json("log", "docs/d")] == list(range(last))
    [found] = run.json("show", f"docs/d@{shown['v']}")
    assert json_equal(found["data"], shown.get("data"))
    assert run.json("diff", f"docs/d@{last - 5}", "docs/d")
    assert run.json("verify")
    [first] = run.json("bisect", "docs/d", "--bad", f"version >= {shown['v']}")
    assert first["v"] == shown["v"]
    living = max(told["v"] for told in states if told.get("data") is not None)
    assert run.json("blame", f"docs/d@{living}")
    exported_to = tmp_path / "node.jsonl"
    run("export", "-o", str(exported_to))
    copy = Run(f"sqlite:///{tmp_path / 'copy.sqlite'}", capsys)
    copy("import", str(exported_to))
    assert copy.json("log", "docs/d") == run.json("log", "docs/d")
    run("compact", "docs/d", "--before", "10", "--min-age", "0s")
    assert [line["v"] for line in run.json("log", "docs/d")] == list(range(10, last))
    run("purge", "docs/d", "--yes")
    assert "There is no document docs/d" in run.refused("log", "docs/d")
