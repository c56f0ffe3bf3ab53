"""What a SQLite file promises beyond the contract: kill -9, several processes, odd files."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from sharedb_py.db import open_db
from sharedb_py.db.sqlite import SQLiteDB
from sharedb_py.errors import DatabaseError
from sharedb_py.milestones import open_milestones
from sharedb_py.ops import replay
from sharedb_py.snapshot import empty_snapshot
from tests.contract.sqlite_writer import COLLECTION, DOCS
from tests.contract.writing import create, entry, write
from tests.running import ROOT

PLENTY = 90.0


@contextmanager
def writer(path: Path, name: str, *rounds: int) -> Iterator[subprocess.Popen[str]]:
    """A process that writes to the file; killed on leaving if it still runs."""
    argv = [sys.executable, "-m", "tests.contract.sqlite_writer", str(path), name]
    with subprocess.Popen(
        [*argv, *map(str, rounds)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def acknowledged(lines: list[str]) -> list[tuple[str, int]]:
    """What a writer's lines say is on the disk; a line that was cut off says nothing."""
    words = [line.split() for line in lines if line.endswith("\n")]
    return [(line[0], int(line[1])) for line in words if len(line) == 2]


async def check(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Assert that a file is whole and each log replays to its snapshot; return the logs."""
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db = SQLiteDB(path)
    try:
        logs = {}
        for doc_id in DOCS:
            snapshot = await db.get_snapshot(COLLECTION, doc_id)
            ops = await db.get_ops(COLLECTION, doc_id, None, None)
            assert [op["v"] for op in ops] == list(range(snapshot.version))
            assert replay(empty_snapshot(doc_id), ops) == snapshot
            assert len({(op["src"], op["seq"]) for op in ops}) == len(ops)
            logs[doc_id] = ops
        return logs
    finally:
        await db.close()


@pytest.mark.timeout(300)
async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    known: set[tuple[str, int]] = set()
    for number, after in enumerate([1, 7, 12, 60, 95, 300]):
        with writer(path, f"writer{number}") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            lines = [process.stdout.readline() for _ in range(after)]
            process.kill()
            lines += process.stdout.readlines()
        fresh = acknowledged(lines)
        assert len(fresh) >= after
        assert not known & set(fresh), "a version was given out twice"
        known |= set(fresh)
        logs = await check(path)
        there = {(doc_id, op["v"]) for doc_id, ops in logs.items() for op in ops}
        assert known <= there, "an acknowledged op is gone"
        for doc_id, ops in logs.items():
            whose = {op["v"]: op["src"] for op in ops}
            assert all(whose[v] == f"writer{number}" for name, v in fresh if name == doc_id)


@pytest.mark.timeout(300)
async def test_two_processes_write_to_one_file_at_a_time(tmp_path: Path) -> None:
    path, rounds = tmp_path / "store.sqlite", 40
    with writer(path, "left", rounds) as left, writer(path, "right", rounds) as right:
        outputs = [
            await asyncio.to_thread(each.communicate, None, PLENTY) for each in (left, right)
        ]
    assert (left.returncode, right.returncode) == (0, 0)
    logs = await check(path)
    said = {
        name: acknowledged(output.splitlines(keepends=True))
        for name, (output, _) in zip(("left", "right"), outputs, strict=True)
    }
    assert not set(said["left"]) & set(said["right"])
    assert sum(map(len, said.values())) == 2 * rounds * 2 * len(DOCS)
    for name, pairs in said.items():
        assert all(logs[doc_id][version]["src"] == name for doc_id, version in pairs)
    assert all(len(ops) == 4 * rounds for ops in logs.values())


@pytest.mark.timeout(300)
async def test_a_killed_writer_holds_up_no_other(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with writer(path, "killed") as killed, writer(path, "lives") as lives:
        for process in (killed, lives):
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        lines = [killed.stdout.readline() for _ in range(20)]  # type: ignore[union-attr]
        killed.kill()
        lines += killed.stdout.readlines()  # type: ignore[union-attr]
        for _ in range(60):
            assert lives.stdout is not None
            assert lives.stdout.readline()
    logs = await check(path)
    for doc_id, version in acknowledged(lines):
        assert logs[doc_id][version]["src"] == "killed"


@pytest.mark.timeout(300)
async def test_several_processes_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from sharedb_py.db.sqlite import SQLiteDB\n"
        "sys.stdin.readline()\n"
        "db = SQLiteDB(sys.argv[1])\n"
        "asyncio.run(db.close())\n"
    )
    for number in range(3):
        path = tmp_path / f"store{number}.sqlite"
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", program, str(path)],
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(6)
        ]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        errors = [process.communicate(timeout=PLENTY)[1] for process in processes]
        assert errors == [""] * len(processes)
        assert [process.returncode for process in processes] == [0] * len(processes)


async def test_a_file_and_its_folder_are_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "ünï cödé.sqlite"
    db = open_db(f"sqlite:///{path}")
    await write(db, "dogs", "fido", create(1))
    await db.close()
    assert path.is_file()


async def test_the_settings_that_make_it_durable_are_on(tmp_path: Path) -> None:
    db = SQLiteDB(tmp_path / "store.sqlite")
    for thread in (db._reader, db._writer):
        [mode] = await thread.run(thread.connection.execute("PRAGMA journal_mode").fetchone)
        [synchronous] = await thread.run(thread.connection.execute("PRAGMA synchronous").fetchone)
        assert (mode, synchronous) == ("wal", 2)
    await db.close()


def not_a_database(folder: Path) -> Path:
    path = folder / "notes.txt"
    path.write_text("These are notes and no database. " * 100)
    return path


def a_folder(folder: Path) -> Path:
    path = folder / "folder.sqlite"
    path.mkdir()
    return path


def below_a_file(folder: Path) -> Path:
    path = folder / "file"
    path.write_text("")
    return path / "store.sqlite"


def of_a_newer_version(folder: Path) -> Path:
    path = folder / "newer.sqlite"
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("PRAGMA user_version = 99")
    return path


@pytest.mark.parametrize("make", [not_a_database, a_folder, below_a_file, of_a_newer_version])
def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path, make: Any) -> None:
    path = make(tmp_path)
    for opener in (open_db, open_milestones):
        with pytest.raises(DatabaseError) as caught:
            opener(f"sqlite:///{path}")
        assert str(path) in caught.value.message
        assert "\n" not in caught.value.message


def test_a_newer_file_says_what_to_do_and_is_left_as_it_is(tmp_path: Path) -> None:
    path = of_a_newer_version(tmp_path)
    with pytest.raises(DatabaseError, match=r"newer version.*update"):
        SQLiteDB(path)
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("PRAGMA user_version").fetchone() == (99,)
        assert plain.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


@pytest.mark.parametrize("url", ["sqlite:", "sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_url_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(DatabaseError, match="names no file"):
        open_db(url)
    with pytest.raises(DatabaseError, match="names no file"):
        open_milestones(url)


@pytest.mark.parametrize("url", ["", "x", "nosuch:///x", "/tmp/x.sqlite"])
def test_an_unknown_url_names_what_is_known(url: str) -> None:
    with pytest.raises(DatabaseError, match=r"memory, .*sqlite"):
        open_db(url)


def test_an_unknown_url_is_not_shown_with_its_password() -> None:
    with pytest.raises(DatabaseError) as caught:
        open_db("nosuch://ann:secret@host/name")
    assert "secret" not in caught.value.message


async def test_a_closed_database_says_so(tmp_path: Path) -> None:
    db = SQLiteDB(tmp_path / "store.sqlite")
    await db.close()
    for ask in (
        db.get_snapshot("dogs", "fido"),
        db.get_ops("dogs", "fido", 0, None),
        db.query("dogs", {}),
        db.commit([entry("dogs", empty_snapshot("fido"), create(1))]),
    ):
        with pytest.raises(DatabaseError, match="closed"):
            await ask


async def test_closing_finishes_what_was_begun(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    db = SQLiteDB(path)
    batches = [[entry("dogs", empty_snapshot(f"d{n}"), create(n))] for n in range(50)]
    begun = [asyncio.ensure_future(db.commit(batch)) for batch in batches]
    await asyncio.sleep(0)
    await db.close()
    assert await asyncio.gather(*begun) == [[True]] * 50
    db = SQLiteDB(path)
    assert (await db.query("dogs", {"$count": True})).extra == 50
    await db.close()


async def test_a_failing_disk_is_a_database_error_and_stores_nothing(tmp_path: Path) -> None:
    db = SQLiteDB(tmp_path / "store.sqlite")
    await write(db, "dogs", "small", create("x"))
    [pages] = await db._writer.run(db._writing.execute("PRAGMA page_count").fetchone)
    await db._writer.run(lambda: db._writing.execute(f"PRAGMA max_page_count = {pages + 5}"))
    big = entry("dogs", empty_snapshot("big"), create("x" * 2**20))
    rest = entry("dogs", empty_snapshot("rest"), create("y"))
    with pytest.raises(DatabaseError, match="full"):
        await db.commit([rest, big])
    assert await db.get_snapshots("dogs", ["big", "rest"]) == {
        "big": empty_snapshot("big"),
        "rest": empty_snapshot("rest"),
    }
    assert await db.commit([rest]) == [True]
    await db.close()


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
async def test_what_is_no_json_is_refused_and_harms_nothing(tmp_path: Path, value: float) -> None:
    db = SQLiteDB(tmp_path / "store.sqlite")
    await write(db, "dogs", "fido", create({"name": "Fido"}))
    with pytest.raises(DatabaseError):
        await db.commit([entry("dogs", empty_snapshot("x"), create({"name": value}))])
    assert (await db.query_poll("dogs", {"name": "Fido"})).ids == ["fido"]
    await db.close()


async def test_an_error_does_not_tell_clients_where_the_file_lies(tmp_path: Path) -> None:
    db = SQLiteDB(tmp_path / "store.sqlite")
    bad = entry("dogs", empty_snapshot(chr(0xD83D)), create(1))
    with pytest.raises(DatabaseError) as caught:
        await db.commit([bad])
    assert str(tmp_path) not in caught.value.message
    await db.close()


async def test_a_new_file_is_not_for_others_to_write(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    db = SQLiteDB(path)
    assert not path.stat().st_mode & stat.S_IWOTH
    await db.close()
