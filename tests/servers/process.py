"""A server that lives as long as the tests: it ends when the pipe to them closes."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

__all__ = ["ServerProcess"]


class ServerProcess:
    """A server process on a loopback port, its output kept in ``log``.

    Its standard input is a pipe: servers of ours end when it closes, so that none
    outlives tests that were killed.
    """

    def __init__(self, argv: list[str], port: int, log: Path) -> None:
        self.argv = argv
        self.port = port
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self, patience: float = 60.0) -> None:
        """Start it and wait until its port takes connections."""
        assert not self.running, "already running"
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.argv, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.02)
            else:
                return
        self.kill()
        raise AssertionError(
            f"{self.argv} did not start:\n{self.log.read_text('utf-8', 'replace')}"
        )

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._finish()

    def stop(self) -> None:
        """End it as an operator would."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._finish()

    def _finish(self) -> None:
        assert self._process is not None
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None
