"""The commands of docs/replay.md are run, one after the other, and print what the page says."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.docs.console import Shell, steps
from tests.running import ROOT, free_port

PAGE = ROOT / "docs" / "replay.md"
PORT = re.compile(r"(?<=:)(?:8081|909\d)\b|(?<=--port )(?:8081|909\d)\b")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell in which the page's ports are free ones."""
    scripts = sysconfig.get_path("scripts")
    monkeypatch.setenv("PATH", scripts + ":/usr/local/bin:/usr/bin:/bin")
    (tmp_path / "docs").mkdir()
    example = (ROOT / "docs" / "replay-example.jsonl").read_bytes()
    (tmp_path / "docs" / "replay-example.jsonl").write_bytes(example)
    ports: dict[str, str] = {}

    def localized(text: str) -> str:
        return PORT.sub(lambda found: ports.setdefault(found[0], str(free_port())), text)

    with ExitStack() as stack:
        yield Shell(tmp_path, stack, localized)


@pytest.mark.timeout(180)
def test_the_page_tells_what_its_commands_print(shell: Shell) -> None:
    found = steps(PAGE)
    commands = {step.command.split()[1] for step in found if step.command.startswith("sharedb-py")}
    every = "log show diff blame bisect verify export import record play compact purge serve"
    assert commands | {"diff"} == set(every.split())
    for step in found:
        shell.check(step)
