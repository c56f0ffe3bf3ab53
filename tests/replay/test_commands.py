"""The commands as people and programs use them."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sysconfig
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharedb_py.cli import main
from sharedb_py.cli.terminal import printable
from sharedb_py.db import open_db
from sharedb_py.ops import Op, replay
from sharedb_py.snapshot import empty_snapshot
from tests.replay.stores import environment, open_store
from tests.replay.test_verify import END, log, state
from tests.servers.mongo import MONGO

COMMAND = str(Path(sysconfig.get_path("scripts")) / "sharedb-py")
HOUR = 3_600_000


def user_log() -> list[Op]:
    """The history of test_verify with users, an op an hour from 2026-01-01T00:00Z on."""
    start = 1_767_225_600_000
    ops = log()
    for op in ops:
        op["m"] = {"ts": start + op["v"] * HOUR, "user": {"name": "ana" if op["v"] % 2 else "ben"}}
    return ops


@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=MONGO)])
def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    monkeypatch.setenv("TZ", "UTC")

    async def fill() -> str:
        async with open_store(request.param, tmp_path) as store:
            await store.db.restore("c", "d", user_log(), state(END))
            await store.db.restore("c", "a@5", user_log(), replace(state(END), id="a@5"))
            return store.url

    return asyncio.run(fill())


class Run:
    """Runs a command here and gives back what it wrote."""

    def __init__(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.url, self.capsys = url, capsys

    def __call__(self, *arguments: str) -> str:
        main([*arguments, "--db", self.url])
        return self.capsys.readouterr().out

    def json(self, *arguments: str) -> list[Any]:
        return [json.loads(line) for line in self(*arguments, "--json").splitlines()]

    def refused(self, *arguments: str) -> str:
        with pytest.raises(SystemExit) as raised:
            main([*arguments, "--db", self.url])
        assert isinstance(raised.value.code, str)  # which exits with status 1
        assert "\n" not in raised.value.code
        return raised.value.code


@pytest.fixture
def run(database: str, capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(database, capsys)


# log


def test_log_has_a_line_for_each_op(run: Run) -> None:
    lines = run("log", "c/d").splitlines()
    assert len(lines) == END
    assert lines[3].split() == [
        *("3", "2026-01-01", "03:00:00", "ana", "65"),
        *("source", '-"quick"', "at", "4,", "source", '+"brown"', "at", "4"),
    ]


@pytest.mark.parametrize(
    ("options", "versions"),
    [
        (["--since", "7"], [7, 8, 9]),
        (["--until", "2"], [0, 1]),
        (["--since", "2026-01-01T07:00Z"], [7, 8, 9]),
        (["--since", "2026-01-01T06:30Z", "--until", "2026-01-01T08:00Z"], [7, 8]),
        (["--author", "ana"], [1, 3, 5, 7, 9]),
        (["--author", "b"], [1, 3, 5, 7, 9]),
        (["--path", "title"], [0, 5, 7]),
        (["--path", "tags[1]"], [0, 6, 9]),
        (["--path", "tags", "--author", "ben"], [0, 4, 6]),
        (["-n", "2"], [8, 9]),
        (["-n", "1", "--path", "source"], [8]),
    ],
)
def test_log_shows_what_is_asked_for(run: Run, options: list[str], versions: list[int]) -> None:
    assert [entry["v"] for entry in run.json("log", "c/d", *options)] == versions


def test_log_of_a_moment_ends_there(run: Run) -> None:
    assert len(run("log", "c/d@4").splitlines()) == 4


def test_log_says_of_each_op_what_programs_need(run: Run) -> None:
    entry = run.json("log", "c/d", "-n", "1")[0]
    assert entry["src"] == "b"
    assert entry["user"] == "ana"
    assert entry["kind"] == "edit"
    assert entry["size"] == len('[{"p":["tags",0],"lm":1}]')
    assert entry["summary"] == "tags[0] moved to [1]"


def test_log_follows_what_is_committed(database: str) -> None:
    command = [COMMAND, "log", "c/d", "--db", database, "-n", "1", "--follow", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment(PYTHONUNBUFFERED="1")
    ) as process:
        try:
            assert process.stdout is not None
            op: Op = {"v": END, "src": "z", "seq": 1, "op": [{"p": ["n"], "na": 5}], "m": {"ts": 1}}

            async def commit() -> None:
                db = open_db(database)
                try:
                    after = replay(await db.get_snapshot("c", "d", metadata=True), [op])
                    await db.restore("c", "d", [op], after)
                finally:
                    await db.close()

            watchdog = threading.Timer(20, process.kill)
            watchdog.start()
            assert json.loads(process.stdout.readline())["v"] == END - 1
            asyncio.run(commit())
            assert json.loads(process.stdout.readline())["summary"] == "n +5"
            watchdog.cancel()
        finally:
            process.kill()


# show and diff


@pytest.mark.parametrize(
    ("document", "path", "shown"),
    [
        ("c/d", "source", "the brown fox jumps"),
        ("c/d@2", "source", "the quick fox"),
        ("c/d@2026-01-01T01:30Z", "source", "the quick fox"),
        ("c/d@1767231000000", "source", "the quick fox"),
        ("c/d@8", "tags[1]", "small"),
        ("c/d", '["title"]', "On foxes"),
        ("c/a@5@", "title", "On foxes"),
        ("c/a@5@6", "title", "Foxes"),
    ],
)
def test_show_shows_a_moment(run: Run, document: str, path: str, shown: str) -> None:
    assert run("show", document, path, "--raw") == shown + "\n"
    assert run.json("show", document, path)[0]["data"] == shown


def test_show_shows_the_whole_document(run: Run) -> None:
    assert json.loads(run("show", "c/d@6")) == state(6).data
    [record] = run.json("show", "c/d@6")
    assert (record["v"], record["type"], record["data"]) == (6, state(6).type_uri, state(6).data)


def test_show_tells_that_there_is_nothing_yet(run: Run) -> None:
    assert "no document at version 0" in run("show", "c/d@0")
    assert "data" not in run.json("show", "c/d@0")[0]


def test_diff_marks_what_was_removed_and_added(run: Run) -> None:
    assert run("diff", "c/d@3", "c/d") == (
        "c/d@3 → c/d@10\n"
        "~ source:\n"
        "  @ line 1\n"
        "  - the [-quick-] fox\n"
        "  + the {+brown+} fox{+ jumps+}\n"
        '+ tags[0]: "small"\n'
        '+ tags[1]: "red"\n'
        '+ title: "On foxes"\n'
    )


def test_diff_of_one_moment_is_what_the_last_op_did(run: Run) -> None:
    assert run("diff", "c/d@10").splitlines()[1:] == ["> tags[0]: moved from [1]"]


def test_diff_tells_programs_the_same(run: Run) -> None:
    [record] = run.json("diff", "c/d@2", "c/d@4", "--path", "source")
    assert record["path"] == ["source"]
    assert record["text"] == [{"keep": 4}, {"remove": "quick"}, {"add": "brown"}, {"keep": 4}]


# blame and bisect


def test_blame_names_the_op_of_each_run(run: Run) -> None:
    found = run.json("blame", "c/d", "source")
    assert [(piece["value"], piece["v"], piece["user"]) for piece in found] == [
        ("the ", 1, "ana"),
        ("brown", 3, "ana"),
        (" fox", 1, "ana"),
        (" jumps", 8, "ben"),
    ]
    assert len(run("blame", "c/d", "source").splitlines()) == 2
    assert len(run("blame", "c/d", "source", "--each-op").splitlines()) == 4


def test_blame_follows_elements_that_move(run: Run) -> None:
    assert [(piece["value"], piece["v"]) for piece in run.json("blame", "c/d", "tags")] == [
        ("small", 6),
        ("red", 4),
    ]


@pytest.mark.parametrize(
    ("language", "expression", "version"),
    [
        ([], "'brown' in data['source']", 4),
        ([], "data['title']", 6),
        ([], "exists", 1),
        (["--jmespath"], "tags[?@ == 'small']", 7),
        (["--good", "2026-01-01T02:30Z"], "len(data['tags']) == 2", 7),
    ],
)
def test_bisect_names_the_first_bad_version(
    run: Run, language: list[str], expression: str, version: int
) -> None:
    [found] = run.json("bisect", "c/d", "--bad", expression, *language)
    assert found["v"] == version
    assert found["op"]["v"] == version - 1


# What cannot be done


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["log", "c/x"], "There is no document c/x"),
        (["show", "c"], "'c' names no document; write COLLECTION/ID"),
        (["show", "c/d@11"], "c/d has only reached version 10"),
        (["show", "c/d", "foo.bar"], "There is nothing at foo.bar in c/d at version 10"),
        (["show", "c/d", "a]"], "Cannot read the path 'a]' from ']' on"),
        (["log", "c/d", "--since", "soon"], "'soon' is no version and no time"),
        (["blame", "c/d", "title.x"], "There is nothing at title.x at version 10"),
        (["bisect", "c/d", "--bad", "1 +"], "'1 +' is no Python expression"),
        (["bisect", "c/d", "--bad", "[?", "--jmespath"], "'[?' is no JMESPath expression"),
        (["bisect", "c/d", "--bad", "data['x']"], "cannot be told at version 10: KeyError: 'x'"),
        (["bisect", "c/d", "--bad", "False"], "It does not hold at version 10 of c/d"),
        (["bisect", "c/d", "--bad", "True"], "It holds at version 0 of c/d already"),
        (["bisect", "c/d@3", "--bad", "x", "--good", "5"], "Version 5 is not before version 3"),
        (["verify", "x"], "There is no collection x"),
        (["import", "/nowhere.jsonl"], "Cannot read /nowhere.jsonl: No such file or directory"),
        (["export", "-o", "/nowhere/x"], "Cannot write /nowhere/x: No such file or directory"),
        (["export", "--resume"], "--resume goes on with a file: name it with -o FILE"),
        (["compact", "--before", "x"], "'x' is no version and no time"),
        (["compact", "--before", "1", "--min-age", "x"], "'x' is no duration"),
        (["play", "c/x", "--to", "ws://127.0.0.1:9"], "There is no document c/x"),
        (["play", "c/d", "--to", "ws://127.0.0.1:9"], "ws://127.0.0.1:9 is not to be reached"),
        (["play", "c/d", "--to", "nonsense"], "nonsense is not to be reached"),
    ],
)
def test_what_cannot_be_done_is_named_in_one_line(
    run: Run, arguments: list[str], reason: str
) -> None:
    assert reason in run.refused(*arguments)


def test_a_database_has_to_be_named_and_to_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHAREDB_DB", raising=False)
    with pytest.raises(SystemExit, match="Name the database"):
        main(["verify"])
    missing = tmp_path / "missing.sqlite"
    with pytest.raises(SystemExit, match=r"There is no database file .*missing\.sqlite"):
        main(["verify", "--db", f"sqlite:///{missing}"])
    assert not missing.exists()
    with pytest.raises(SystemExit, match="No database adapter for 'foo:'"):
        main(["verify", "--db", "foo:bar"])


def test_a_damaged_log_is_named_where_it_is_met(run: Run) -> None:
    async def damage() -> None:
        db = open_db(run.url)
        try:
            keys = [record.key async for record in db.stored_ops("c", "d", 5, 6)]
            await db.delete_ops("c", "d", keys)
        finally:
            await db.close()

    asyncio.run(damage())
    assert "The log of c/d is damaged" in run.refused("show", "c/d@8")
    assert "sharedb-py verify c/d" in run.refused("log", "c/d")
    assert run.refused("verify").endswith("1 of 2 documents damaged")


def test_a_wrong_option_is_named_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["log"], ["log", "c/d", "--foo"], ["nothing"], ["play", "x", "--speed", "0"]):
        with pytest.raises(SystemExit) as raised:
            main(arguments)
        assert raised.value.code == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


COMMANDS = "log show diff blame verify bisect export import record play compact purge".split()


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_a_manual(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main([name, "--help"])
    assert raised.value.code == 0
    text = capsys.readouterr().out
    sections = [line for line in text.splitlines() if line.isupper() and line[0] != " "]
    wanted = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES"]
    assert [section for section in sections if section in wanted] == wanted
    assert f"sharedb-py {name} - " in text
    assert max(map(len, text.splitlines())) <= 100


# Terminals


def on_terminal(*arguments: str, **settings: str) -> str:
    """Run a command on a terminal of its own and return all that it wrote there."""
    ours, theirs = pty.openpty()
    settings = {key: value for key, value in environment(**settings).items() if value}
    process = subprocess.Popen(
        [COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=settings
    )
    os.close(theirs)
    written = b""
    try:
        while data := os.read(ours, 65536):
            written += data
    except OSError:
        pass  # the last one that had the terminal open has closed it
    os.close(ours)
    assert process.wait(20) == 0
    return written.decode().replace("\r\n", "\n")


def test_there_are_colours_on_a_terminal_unless_unwanted(database: str) -> None:
    arguments = ("log", "c/d", "--db", database, "--no-pager")
    assert "\x1b[" in on_terminal(*arguments, NO_COLOR="", TERM="xterm")
    assert "\x1b[" not in on_terminal(*arguments, NO_COLOR="1", TERM="xterm")
    assert "\x1b[" not in on_terminal(*arguments, NO_COLOR="", TERM="dumb")


def test_the_pager_gets_what_is_written(database: str) -> None:
    arguments = ("show", "c/d", "title", "--raw", "--db", database)
    assert on_terminal(*arguments, PAGER="tr a-z A-Z") == "ON FOXES\n"
    assert on_terminal(*arguments, PAGER="tr a-z A-Z", NO_COLOR="1") == "ON FOXES\n"
    assert on_terminal(*arguments, "--no-pager", PAGER="tr a-z A-Z") == "On foxes\n"
    assert on_terminal(*arguments, PAGER="/no/such/pager") == "On foxes\n"
    assert on_terminal(*arguments, PAGER="head -c 0") == ""


def test_a_reader_who_has_seen_enough_is_no_failure(database: str) -> None:
    shell = f"{COMMAND} export --db {database} | head -n 1"
    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell], capture_output=True, text=True, check=False
    )
    assert ended.stderr == ""


def test_documents_cannot_steer_the_terminal(tmp_path: Path) -> None:
    nasty = "\x1b]0;owned\x07\x9b31m\u202egnihton\ud83d\r"

    async def fill() -> str:
        async with open_store("sqlite", tmp_path) as store:
            create: Op = {
                "v": 0,
                "src": nasty[:5],
                "seq": 1,
                "create": {"type": "http://sharejs.org/types/textv0", "data": nasty},
                "m": {"ts": 1, "user": nasty},
            }
            await store.db.restore("c", "d", [create], replay(empty_snapshot("d"), [create]))
            return store.url

    url = asyncio.run(fill())
    for command in ("log", "show", "blame", "diff"):
        written = on_terminal(
            command, "c/d@1" if command == "diff" else "c/d", "--db", url, PAGER="cat"
        )
        assert not set("\x1b\x07\x9b\u202e\r") & set(written), command
    assert printable(nasty).startswith("\\u001b]0;owned\\u0007\\u009b31m\\u202e")
