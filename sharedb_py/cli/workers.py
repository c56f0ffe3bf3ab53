"""``serve --workers N``: several processes behind one listening socket.

The parent serves nobody. It starts the workers, starts one anew that ends by
itself, replaces them one after the other at SIGHUP, and ends with them. A worker
is the same command with ``--worker FD``; it ends when its standard input does, so
that none outlives a parent that was killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Final

from sharedb_py.errors import ShareDBError

__all__ = ["READY", "Workers", "end_with_parent"]

log = logging.getLogger(__name__)

READY: Final = "ready"
"""The line with which a worker says that it takes connections."""
PATIENCE: Final = 60.0
STOP_WITHIN: Final = 15.0
MAX_PAUSE: Final = 10.0


class Worker:
    """One worker process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.ready = asyncio.Event()
        self.ended = asyncio.create_task(self._follow())

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    async def _follow(self) -> int:
        """Pass on what it prints until it ends; returns its exit status."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            text = line.decode("utf-8", "replace")
            if text.strip() == READY:
                self.ready.set()
            else:
                sys.stdout.write(text)
                sys.stdout.flush()
        return await self._process.wait()

    async def is_ready(self) -> bool:
        """Wait until it takes connections; returns False if it ends or takes too long instead."""
        ready = asyncio.create_task(self.ready.wait())
        await asyncio.wait(
            {ready, self.ended}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED
        )
        ready.cancel()
        return self.ready.is_set() and not self.ended.done()

    async def stop(self) -> None:
        """Let it finish what it accepted, and end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        _, left = await asyncio.wait({self.ended}, timeout=STOP_WITHIN)
        if left:
            log.warning("Worker %d does not stop and is killed", self.pid)
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self.ended


class Workers:
    """The parent of the workers."""

    def __init__(self, arguments: Sequence[str], count: int, listener: socket.socket) -> None:
        self._arguments = arguments
        self._count = count
        self._listener = listener
        self._slots: list[Worker | None] = [None] * count
        self._stopping = asyncio.Event()
        self._replacing = asyncio.Lock()

    async def run(self, serving: Callable[[], None]) -> None:
        """Keep the workers running until SIGINT or SIGTERM; calls ``serving`` when all do.

        Raises ``ShareDBError`` if they cannot be started at all.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        tasks: list[asyncio.Task[None]] = []
        try:
            started = await asyncio.gather(*map(self._fill, range(self._count)))
            if not all(started):
                raise ShareDBError("A worker did not start")
            tasks = [asyncio.create_task(self._keep(slot)) for slot in range(self._count)]
            loop.add_signal_handler(
                signal.SIGHUP, lambda: tasks.append(asyncio.create_task(self._replace_all()))
            )
            serving()
            await self._stopping.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(worker.stop() for worker in self._slots if worker is not None))

    async def _start(self) -> Worker:
        descriptor = self._listener.fileno()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from sharedb_py.cli import main; main()"),
            *(*self._arguments, "--worker", str(descriptor)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=(descriptor,),
            start_new_session=True,  # a Ctrl-C is the parent's to pass on
        )
        return Worker(process)

    async def _fill(self, slot: int) -> bool:
        """Put a new worker in the place of an old one, which stops once the new one is ready."""
        old, new = self._slots[slot], await self._start()
        if not await new.is_ready():
            await new.stop()
            return False
        self._slots[slot] = new
        if old is not None and not old.ended.done():
            await old.stop()
        return True

    async def _keep(self, slot: int) -> None:
        pause = 0.1
        while True:
            worker = self._slots[slot]
            assert worker is not None
            status = await asyncio.shield(worker.ended)
            async with self._replacing:
                if self._slots[slot] is not worker:
                    continue  # it was replaced
                log.warning("Worker %d ended with status %d; a new one starts", worker.pid, status)
                pause = 0.1 if await self._fill(slot) else min(pause * 2, MAX_PAUSE)
            if self._slots[slot] is worker:
                await asyncio.sleep(pause)

    async def _replace_all(self) -> None:
        async with self._replacing:
            log.info("Replacing %d workers", self._count)
            for slot in range(self._count):
                if not await self._fill(slot):
                    log.error("A new worker did not start; the old one stays")
                    return


async def end_with_parent(stop: Callable[[], None]) -> None:
    """Call ``stop`` when the standard input ends, which only the parent's end brings about."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    stop()
