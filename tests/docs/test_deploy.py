"""The deployment guide: its commands are run, and its files are what they are for."""

from __future__ import annotations

import asyncio
import configparser
import re
import shlex
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from derby_notebook.cli import parser
from sharedb_py.client.aio import connect
from tests.docs.blocks import blocks
from tests.docs.console import Shell, steps
from tests.running import ROOT, free_port
from tests.servers.mongo import database_url, mongo_url
from tests.servers.redis import prefix_of, redis_url

PAGE = ROOT / "docs" / "deploy.md"
FILES = {block.name: block.code for block in blocks(PAGE)}


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell in which the page's servers are those of the tests."""
    monkeypatch.setenv("PATH", sysconfig.get_path("scripts") + ":/usr/bin:/bin")
    port = str(free_port())
    places = {
        "mongodb://localhost/rooms": database_url(mongo_url(), tmp_path),
        "redis://localhost": f"{redis_url()}?prefix={prefix_of(tmp_path)}",
        ":8080": f":{port}",
        "--port 8080": f"--port {port}",
    }

    def localized(text: str) -> str:
        for place, ours in places.items():
            text = text.replace(place, ours)
        return text

    with ExitStack() as stack:
        yield Shell(tmp_path, stack, localized)


async def work(url: str) -> None:
    """Make two documents and an edit."""
    async with connect(url) as client:
        for name in ("one", "two"):
            await client.doc("notes", name).create({"text": name})
        doc = client.doc("notes", "one")
        await doc.fetch()
        await doc.submit([{"p": ["text", 0], "si": "number "}])


@pytest.mark.mongo
@pytest.mark.redis
@pytest.mark.timeout(180)
def test_the_page_tells_what_its_commands_print(shell: Shell) -> None:
    found = steps(PAGE)
    first = next(step for step in found if "export" in step.command)
    for step in found:
        if step is first:
            asyncio.run(work(shell.localized("ws://127.0.0.1:8080/channel")))
        shell.check(step)
    names = {step.command.split()[1] for step in found if "sharedb-py" in step.command}
    assert names == {"serve", "export", "import", "verify"}


def test_the_files_on_the_page_are_those_looked_at_here() -> None:
    assert FILES.keys() == {"notebook.service", "nginx.conf"}


def test_our_parser_takes_every_command_line_of_ours() -> None:
    text = PAGE.read_text("utf-8").replace("\\\n", " ")
    lines = re.findall(r"^derby-notebook .*$", text, re.MULTILINE)
    unit = configparser.RawConfigParser(strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(FILES["notebook.service"])
    lines.append(unit["Service"]["ExecStart"])
    assert len(lines) == 4
    for line in lines:
        _, *arguments = shlex.split(line, comments=True)
        parser().parse_args(arguments)
    inline = re.findall(r"`(--[a-z-]+)", text)
    known = parser().format_help()
    for option in set(inline) - {"--workers", "--repair", "--db"}:
        assert f"{option} " in known or f"{option}\n" in known or f"{option}]" in known, option


def test_the_balancer_does_what_the_page_says_it_must() -> None:
    conf = FILES["nginx.conf"]
    assert conf.count("{") == conf.count("}")
    wanted = ("Host $http_host", "X-Forwarded-For", "X-Forwarded-Proto", "Upgrade $http_upgrade")
    for header in wanted:
        assert f"proxy_set_header {header}" in conf
    [seconds] = re.findall(r"proxy_read_timeout (\d+)s;", conf)
    assert int(seconds) > 30, "shorter than the pause between two pings"


def test_every_place_that_the_page_names_is_there() -> None:
    text = PAGE.read_text("utf-8")
    for path in re.findall(r"`(tests/[\w./]+)`", text):
        assert (ROOT / path).exists(), path
    for link in re.findall(r"\]\(([^#)h][^)#]*)", text):
        assert (PAGE.parent / link).exists(), link
