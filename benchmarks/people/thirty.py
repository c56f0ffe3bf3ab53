"""Thirty people in one notebook: what they wait for and what they cost the server.

    python -m benchmarks.people.thirty [--people N] [--seconds S] [--keys PER_SECOND]

Three people type into each of ten cells, each key an op and a cursor, and all follow everything.
By turns: ``derby-notebook`` with a browser that watches, ``derby-notebook`` alone, and, for the
protocol without a notebook, ``sharedb-py serve`` and npm ``sharedb`` in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from benchmarks.bare_servers import processor_seconds, server
from benchmarks.page.browser import Meter, chromium
from benchmarks.page.notebooks import write_notebook
from benchmarks.page.servers import Derby
from benchmarks.page.work import open_page, share
from benchmarks.people.typists import Seen, Typist
from tests.running import Program, free_port

CELLS = 10
HEAD = (
    "| server | acks/s | op ack p50/p99, ms | op to others p50/p99, ms "
    "| cursors heard/s | cursor to others p50/p99, ms "
    "| server's processor | browser's main thread |"
)


class Load:
    """So many people for so long."""

    def __init__(self, people: int, seconds: float, keys: float) -> None:
        self.people = people
        self.seconds = seconds
        self.keys = keys

    async def run(
        self, name: str, program: Program, typists: list[Typist], notebook: str, cells: list[str]
    ) -> None:
        """Have them type, and print a line up to what a browser paid."""
        for typist in typists:
            await typist.follow(notebook, cells)
        seen = Seen()
        for typist in typists:
            typist.seen = seen
        await asyncio.sleep(2)  # joining is not typing
        cpu, started = processor_seconds(program.pid), time.perf_counter()
        await asyncio.gather(
            *(
                typist.type(notebook, cells[number % CELLS], self.keys, started + self.seconds)
                for number, typist in enumerate(typists)
            )
        )
        took = time.perf_counter() - started
        cpu = processor_seconds(program.pid) - cpu
        await asyncio.sleep(1)
        if seen.errors:
            print(f"{len(seen.errors)} errors, the first: {seen.errors[0]}")
        print(
            f"| {name} | {len(seen.acks) / took:.0f} | {shown(seen.acks)} | {shown(seen.ops)} "
            f"| {len(seen.presences) / took:.0f} | {shown(seen.presences)} "
            f"| {cpu / took:.0%} ",
            end="",
            flush=True,
        )

    @asynccontextmanager
    async def typists(
        self, url: str, headers: dict[str, str] | None = None
    ) -> AsyncIterator[list[Typist]]:
        """Yield the people, connected."""
        all_of_them = [await Typist.come(url, at, headers or {}) for at in range(self.people)]
        try:
            yield all_of_them
        finally:
            for typist in all_of_them:
                await typist.leave()


def shown(seconds: list[float]) -> str:
    """Return the median and the 99th of a hundred, in milliseconds."""
    return f"{share(seconds, 0.5) * 1000:.1f} / {share(seconds, 0.99) * 1000:.0f}"


async def in_notebook(load: Load, home: Path, *, watched: bool) -> None:
    """Measure the notebook's server."""
    folder = home / "work"
    write_notebook(folder / "shared.ipynb", CELLS)
    derby = Derby(folder, home)
    derby.launch()
    try:
        async with httpx.AsyncClient(timeout=60) as http:
            await http.get(derby.sign_in())
            page = await http.get(derby.url("shared.ipynb"))
            found = re.search(r'"notebookId": "(\w+)"', page.text)
            assert found, "the page names no notebook"
            cookies = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
        url = f"ws://localhost:{derby.port}/channel"
        async with load.typists(url, {"Cookie": cookies}) as typists:
            cells = await typists[0].cells(found[1])
            name = "derby-notebook, a browser watches" if watched else "derby-notebook"
            if not watched:
                await load.run(name, derby, typists, found[1], cells)
                print("| |")
                return
            async with chromium() as browser:
                watching = await open_page(derby, browser)
                await watching.goto(derby.url("shared.ipynb"))
                await watching.wait_for_selector(".cell.code .cm-content")
                meter = await Meter.on(watching)
                before = await meter.busy_ms()
                started = time.perf_counter()
                await load.run(name, derby, typists, found[1], cells)
                busy = (await meter.busy_ms() - before) / (time.perf_counter() - started) / 1000
                print(f"| {busy:.0%} |")
    finally:
        derby.stop()


async def by_protocol(load: Load, home: Path, name: str, label: str) -> None:
    """Measure a server that knows of no notebooks."""
    port = free_port()
    with server(name, "memory:", port, home) as program:
        async with load.typists(f"ws://127.0.0.1:{port}/") as typists:
            cells = [f"cell{number}" for number in range(CELLS)]
            for cell in cells:
                await typists[0].create(cell, "print('hello')\n" * 5)
            await load.run(label, program, typists, "one", cells)
            print("| |")


async def run(load: Load, home: Path) -> None:
    print(f"{load.people} people, {CELLS} cells, {load.keys:g} keys a second each\n")
    print(HEAD + "\n|" + " --- |" * 8)
    await in_notebook(load, home / "watched", watched=True)
    await in_notebook(load, home / "alone", watched=False)
    await by_protocol(load, home / "python", "python", "sharedb-py serve")
    await by_protocol(load, home / "node", "node", "npm sharedb")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--keys", type=float, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        for name in ("watched/work", "alone/work", "python", "node"):
            (Path(home) / name).mkdir(parents=True)
        load = Load(options.people, options.seconds, options.keys)
        asyncio.run(run(load, Path(home)))


if __name__ == "__main__":
    main()
