"""One database for Node and for us: each reads what the other wrote, and stores it alike."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bson import Int64, ObjectId
from pymongo import MongoClient

from sharedb_mongo import MongoDB
from sharedb_py.ops import replay
from sharedb_py.snapshot import empty_snapshot
from tests.running import Program
from tests.servers.mongo import FERRET, MONGO, database_url, ferret_url, mongo_url

HERE = Path(__file__).parent
Server = Callable[[], str]

pytestmark = [pytest.mark.node]


@pytest.fixture(
    params=[
        pytest.param(mongo_url, id="mongo", marks=MONGO),
        pytest.param(ferret_url, id="ferret", marks=FERRET),
    ]
)
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Name an empty database on a server and get its URL."""
    server: Server = request.param
    return lambda name: database_url(server(), tmp_path / name)


@pytest.fixture
def nested(new_database: Callable[[str], str], request: pytest.FixtureRequest) -> list[str]:
    """FerretDB stores no list within a list."""
    return [] if "ferret" in request.node.name else ["nested"]


def run(url: str, action: str, nested: list[str]) -> Any:
    """Let the JavaScript client do its part through a server, and return what it read."""
    ended = subprocess.run(
        ["node", "scenario.js", url, action, *nested],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout) if action == "read" else None


class Ours:
    """Our server on a database, at a websocket URL."""

    def __init__(self, database: str, log: Path) -> None:
        self.program = Program(
            "sharedb-py",
            *("serve", "--db", database, "--port", "0", "--milestone-interval", "3"),
            log=log,
            ready=r"at (ws://\S+)",
        )

    def __enter__(self) -> str:
        return self.program.start()[1]

    def __exit__(self, *error: object) -> None:
        self.program.stop()


def through(kind: str, database: str, action: str, nested: list[str], folder: Path) -> Any:
    """Do one part through Node's server or through ours, each started for it alone."""
    if kind == "node":
        return run(database, action, nested)
    with Ours(database, folder / "log") as url:
        return run(url, action, nested)


@pytest.mark.parametrize(
    ("first", "second"), [("node", "ours"), ("ours", "node")], ids=["node first", "ours first"]
)
def test_what_one_wrote_the_other_reads_and_goes_on_with(
    first: str,
    second: str,
    new_database: Callable[[str], str],
    nested: list[str],
    tmp_path: Path,
) -> None:
    database = new_database("rooms")
    through(first, database, "first", nested, tmp_path)
    read_by_first = through(first, database, "read", nested, tmp_path)
    assert through(second, database, "read", nested, tmp_path) == read_by_first
    through(second, database, "second", nested, tmp_path)
    read_by_second = through(second, database, "read", nested, tmp_path)
    assert through(first, database, "read", nested, tmp_path) == read_by_second
    assert read_by_second["docs"]["f"] == {"v": 6, "type": JSON0, "data": {"third": 1}}
    assert read_by_second["docs"]["a"]["data"]["n"] == 4.5
    for name, doc in read_by_second["docs"].items():
        assert read_by_second["versions"][name][-1] == doc
        assert read_by_second["history"][name]["end"] == doc


JSON0 = "http://sharejs.org/types/JSONv0"


def test_documents_ops_and_milestones_are_stored_alike_field_by_field(
    new_database: Callable[[str], str], nested: list[str], tmp_path: Path
) -> None:
    stored = {}
    for kind in ("node", "ours"):
        database = new_database(kind)
        for action in ("first", "second"):
            through(kind, database, action, nested, tmp_path)
        stored[kind] = dump(database)
    for name, records in stored["node"].items():
        ours = dict(stored["ours"][name])
        for key, record in records.items():
            assert ours.pop(key) == record, f"{name} {key}"
        assert ours == {}
    assert stored["node"].keys() == stored["ours"].keys() == {"notes", "o_notes", "m_notes"}
    assert len(stored["node"]["o_notes"]) == 32


async def test_our_replay_of_what_node_wrote_is_nodes_snapshot(
    new_database: Callable[[str], str], nested: list[str], tmp_path: Path
) -> None:
    database = new_database("rooms")
    for action in ("first", "second"):
        await asyncio.to_thread(through, "node", database, action, nested, tmp_path)
    db = MongoDB(database)
    for name in "abcdefgh":
        snapshot = await db.get_snapshot("notes", name)
        replayed = replay(empty_snapshot(name), await db.get_ops("notes", name, 0, None))
        assert replayed == snapshot
    await db.close()


# Stored records, with BSON's types spelled out and without what cannot be equal


def dump(database: str) -> dict[str, dict[str, Any]]:
    """Return every record of every collection by what names it."""
    with MongoClient[dict[str, Any]](database) as client:
        db = client.get_default_database()
        ops = {op["_id"]: f"op {op['d']} {op['v']}" for op in db["o_notes"].find()}
        return {
            name: {name_of(record): normal(record, ops) for record in db[name].find()}
            for name in db.list_collection_names()
        }


def name_of(record: dict[str, Any]) -> str:
    return str(record["_id"]) if "_type" in record else f"{record['d']} {record['v']}"


TIMES = {"ts", "mtime", "ctime"}


def normal(value: Any, ops: dict[Any, str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: normal(item, ops, name) for name, item in value.items()}
    if isinstance(value, list):
        return [normal(item, ops) for item in value]
    if key == "src" and isinstance(value, str):
        return "a client"
    if key in TIMES and isinstance(value, float):
        return "a time"
    if key == "_opLink" and value in ops:
        return "a link"
    if isinstance(value, ObjectId):
        return ops.get(value, "an id")
    types = {Int64: "int64", int: "int32", float: "double"}
    return (types[type(value)], value) if type(value) in types else value
