"""The commands of docs/replay.md are run, one after the other, and print what the page says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.replay.stores import environment
from tests.running import ROOT, Program, free_port

PAGE = ROOT / "docs" / "replay.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
PORT = re.compile(r"(?<=:)(?:8081|909\d)\b|(?<=--port )(?:8081|909\d)\b")


@dataclass(frozen=True)
class Step:
    """A command, and what the page says it prints."""

    command: str
    output: str


def steps() -> list[Step]:
    found = []
    for block in BLOCK.findall(PAGE.read_text("utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append(Step(command, output.rstrip("\n")))
    return found


def as_pattern(output: str) -> str:
    """The page's output with … for what differs from run to run."""
    return ".*".join(re.escape(part) for part in output.split("…"))


class Shell:
    """Runs the commands of the page in one folder, its ports replaced by free ones."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.settings: dict[str, str] = {}
        self.ports: dict[str, str] = {}

    def localized(self, text: str) -> str:
        return PORT.sub(lambda found: self.ports.setdefault(found[0], str(free_port())), text)

    def run(self, step: Step) -> str:
        command = self.localized(step.command)
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            self.settings[name] = value
            return ""
        if command.endswith(" &"):
            return self.start(command.removesuffix(" &"), self.localized(step.output))
        ended = subprocess.run(
            shlex.split(command),
            cwd=self.folder,
            env=environment(**self.settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return ended.stdout.rstrip("\n")

    def start(self, command: str, ready: str) -> str:
        name, *arguments = shlex.split(command)
        log = self.folder / f"log{time.monotonic_ns()}"
        settings = environment(**self.settings)
        program = Program(
            name, *arguments, log=log, ready=re.escape(ready), cwd=self.folder, env=settings
        )
        self.stack.enter_context(program)
        return program.output().rstrip("\n")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    scripts = sysconfig.get_path("scripts")
    monkeypatch.setenv("PATH", scripts + ":/usr/local/bin:/usr/bin:/bin")
    (tmp_path / "docs").mkdir()
    example = (ROOT / "docs" / "replay-example.jsonl").read_bytes()
    (tmp_path / "docs" / "replay-example.jsonl").write_bytes(example)
    with ExitStack() as stack:
        yield Shell(tmp_path, stack)


@pytest.mark.timeout(180)
def test_the_page_tells_what_its_commands_print(shell: Shell) -> None:
    found = steps()
    commands = {step.command.split()[1] for step in found if step.command.startswith("sharedb-py")}
    every = "log show diff blame bisect verify export import record play compact purge serve"
    assert commands | {"diff"} == set(every.split())
    for step in found:
        printed = shell.run(step)
        wanted = as_pattern(shell.localized(step.output))
        assert re.fullmatch(wanted, printed, re.DOTALL), f"$ {step.command}\n{printed}"
