"""Clients that edit at random, each in a process of its own: ``client.js`` and its Python twin."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.running import ROOT

__all__ = ["Editors"]

HERE = Path(__file__).parent
JAVASCRIPT = ["node", str(HERE / "client.js")], HERE.parent / "interop"
PYTHON = [sys.executable, "-m", "tests.soak.python_client"], ROOT


class Editors:
    """The clients, started and ended together: ``async with``.

    Each makes its number of ``ops`` on the documents it ``edits``; all also
    follow those they watch. The first ones are JavaScript.
    """

    def __init__(
        self,
        url: str,
        seed: int,
        *,
        ops: Sequence[int],
        javascript: int,
        edits: list[list[str]],
        watches: list[list[str]] | None = None,
        pause: int = 0,
    ) -> None:
        self._seed = seed
        self._javascript = javascript
        self._options = [
            {
                "url": f"{url}?client={number}",
                "seed": seed + number,
                "ops": count,
                "edits": edits,
                "watches": watches or [],
                "pause": pause,
            }
            for number, count in enumerate(ops)
        ]
        self._processes: list[asyncio.subprocess.Process] = []

    async def __aenter__(self) -> Self:
        for number, options in enumerate(self._options):
            command, folder = JAVASCRIPT if number < self._javascript else PYTHON
            process = await asyncio.create_subprocess_exec(
                *command,
                json.dumps(options),
                cwd=folder,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=2**26,
            )
            self._processes.append(process)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            if process.returncode is None and error is not None:
                process.kill()
        for process in self._processes:
            await process.wait()

    async def started(self) -> None:
        """Wait until all have subscribed."""
        await self._hear("ready")

    async def finished(self) -> list[dict[str, int]]:
        """Wait until all ops are answered; returns how many were ``acked``, ``refused``, cut."""
        return await self._hear("done")

    async def states(self, versions: dict[str, int]) -> list[dict[str, Any]]:
        """Return each client's documents, once they have reached these versions."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(json.dumps({"versions": versions}).encode() + b"\n")
        return await self._hear("docs")

    async def _hear(self, what: str) -> list[Any]:
        return [await self._hear_one(number, what) for number in range(len(self._processes))]

    async def _hear_one(self, number: int, what: str) -> Any:
        """Return what a client says under a name; anything else it says is a failure."""
        stdout = self._processes[number].stdout
        assert stdout is not None
        line = await stdout.readline()
        said = json.loads(line or b"{}")
        assert what in said, f"seed {self._seed}: client {number} said {line.decode()!r}"
        return said[what]
