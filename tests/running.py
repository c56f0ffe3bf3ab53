"""Starts the project's own programs as a user would, on free loopback ports."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sysconfig
import time
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["ROOT", "Program", "free_port"]

ROOT = Path(__file__).parents[1]
SCRIPTS = Path(sysconfig.get_path("scripts"))


def free_port() -> int:
    """Return a loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Program:
    """One of the project's commands as a child process, its output kept in ``log``.

    Started by ``start`` or on entering a ``with`` block, which waits until the
    output has a line that matches ``ready``; ended on leaving, by its own id.
    """

    def __init__(
        self,
        command: str,
        *arguments: str,
        log: Path,
        ready: str,
        patience: float = 60.0,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        scripts: Path = SCRIPTS,
    ) -> None:
        self.argv = [str(scripts / command), *arguments]
        self.log = log
        self.ready = re.compile(ready)
        self.patience = patience
        self.cwd = cwd
        self.env = env
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self.process is not None, "not started"
        return self.process.pid

    def start(self) -> re.Match[str]:
        """Start the program and return the match of its ready line."""
        assert self.process is None or self.process.poll() is not None, "already running"
        written = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.cwd,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(self.env or {})},
            )
        try:
            return self._until_ready(self.process, written)
        except BaseException:
            self.kill()
            raise

    def _until_ready(self, process: subprocess.Popen[bytes], written: int) -> re.Match[str]:
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            output_text = self.output()[written:]
            found = self.ready.search(output_text)
            if found:
                return found
            if process.poll() is not None:
                raise AssertionError(f"{self.argv} ended by itself:\n{self.output()}")
            time.sleep(0.02)
        raise AssertionError(f"{self.argv} was not ready in time:\n{self.output()}")

    def output(self) -> str:
        """Return all that the program has printed, over every start."""
        return self.log.read_bytes().decode("utf-8", "replace") if self.log.exists() else ""

    def kill(self) -> None:
        """End the program as a crash would: SIGKILL, with no time to clean up."""
        assert self.process is not None, "not started"
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End the program as Ctrl-C would; return its exit status."""
        assert self.process is not None, "not started"
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"{self.argv} ignored Ctrl-C:\n{self.output()}") from None
        return self.process.returncode

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
