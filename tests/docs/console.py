"""The commands of a Markdown page, run one after the other as a reader would."""

from __future__ import annotations

import re
import shlex
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.replay.stores import environment
from tests.running import Program

__all__ = ["Shell", "Step", "as_pattern", "steps"]

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A command, and what the page says it prints."""

    command: str
    output: str


def steps(page: Path) -> list[Step]:
    """Return the commands of a page's ``console`` blocks, in order."""
    found = []
    for block in BLOCK.findall(page.read_text("utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append(Step(command, output.rstrip("\n")))
    return found


def as_pattern(output: str) -> str:
    """The page's output with … for what differs from run to run."""
    return ".*".join(re.escape(part) for part in output.split("…"))


class Shell:
    """Runs commands in one folder, with the addresses of the page replaced by ``localized``."""

    def __init__(self, folder: Path, stack: ExitStack, localized: Callable[[str], str]) -> None:
        self.folder = folder
        self.stack = stack
        self.localized = localized
        self.settings: dict[str, str] = {}

    def check(self, step: Step) -> None:
        """Run a step; it has to print what the page says."""
        printed = self.run(step)
        wanted = as_pattern(self.localized(step.output))
        assert re.fullmatch(wanted, printed, re.DOTALL), f"$ {step.command}\n{printed}"

    def run(self, step: Step) -> str:
        """Run a step and return what it printed; one that ends in ``&`` goes on."""
        command = self.localized(step.command)
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            self.settings[name] = value
            return ""
        if command.startswith("curl "):
            return httpx.get(command.removeprefix("curl ")).text.rstrip("\n")
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
        """Start a server and return what it printed by the time it was ready."""
        name, *arguments = shlex.split(command)
        log = self.folder / f"log{time.monotonic_ns()}"
        settings = environment(**self.settings)
        program = Program(
            name, *arguments, log=log, ready=re.escape(ready), cwd=self.folder, env=settings
        )
        self.stack.enter_context(program)
        return program.output().rstrip("\n")
