"""Our page beside JupyterLab with jupyter-collaboration: same machine, same notebooks, by turns.

    python -m benchmarks.page.compare [ROUNDS]

Installs JupyterLab into an environment of its own under ``.cache`` on first use. Each
round opens a file that its server has not seen in a browser that has nothing cached (cold),
then opens it again in the same browser (warm), and types into its first code cell.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import Browser, Page

from benchmarks.page.browser import Meter, chromium
from benchmarks.page.notebooks import write_notebook
from benchmarks.page.servers import Derby, Lab, lab_environment

COUNTS = (200, 1000)
LETTERS = "some words typed into it " * 4
PATIENCE = 120_000

# The editor of the first code cell, on either page; a click wakes it where it sleeps.
EDITORS = {
    Derby.name: ".cell.code .editor",
    Lab.name: ".jp-Notebook .jp-CodeCell .jp-InputArea-editor",
}
# The browser forgets what came after the first 250 files, which JupyterLab alone exceeds.
REMEMBER_ALL = "performance.setResourceTimingBufferSize(10_000)"
SCRIPTS = """() => performance.getEntriesByType('resource')
  .filter(({name}) => /\\.m?js(\\?|$)/.test(name))
  .reduce(([wire, text], {transferSize, decodedBodySize}) =>
    [wire + transferSize, text + decodedBodySize], [0, 0])"""
TYPED = """(mark) => [...document.querySelectorAll('.cm-content')]
  .some((editor) => editor.textContent.includes(mark))"""
DRAWN = "() => document.querySelectorAll('*').length"
FOCUSED = "() => Boolean(document.activeElement && document.activeElement.closest('.cm-content'))"

Figures = dict[tuple[str, int, str], list[float]]


async def type_first(page: Page, server: Derby | Lab, url: str, mark: str) -> float:
    """Return the seconds from navigation until a letter typed into the first code cell shows."""
    started = time.perf_counter()
    await page.goto(url, wait_until="commit", timeout=PATIENCE)
    editor = page.locator(EDITORS[server.name]).first
    await editor.click(timeout=PATIENCE)
    await page.wait_for_function(FOCUSED, timeout=PATIENCE, polling="raf")
    await page.keyboard.type(mark)
    await page.wait_for_function(TYPED, arg=mark, timeout=PATIENCE, polling="raf")
    return time.perf_counter() - started


async def settle(meter: Meter) -> float:
    """Wait until the page has done what it still does after it opened; return the seconds.

    Else it would be taken for the cost of typing. A page that never rests has had a minute.
    """
    started = time.perf_counter()
    rested = 0
    while rested < 3 and time.perf_counter() - started < 60:
        before = await meter.busy_ms()
        await asyncio.sleep(1)
        rested = rested + 1 if await meter.busy_ms() - before < 60 else 0
    return time.perf_counter() - started


async def keystroke_ms(page: Page, meter: Meter) -> float:
    """Return the main thread's processor time per key, without what it does when idle."""
    pause = 0.06
    before = await meter.busy_ms()
    started = time.perf_counter()
    for letter in LETTERS:
        await page.keyboard.type(letter)
        await asyncio.sleep(pause)
    took, busy = time.perf_counter() - started, await meter.busy_ms() - before
    before = await meter.busy_ms()
    await asyncio.sleep(took)
    idle = await meter.busy_ms() - before
    return (busy - idle) / len(LETTERS)


async def one_round(
    browser: Browser, server: Derby | Lab, path: str, count: int, figures: Figures
) -> None:
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        await context.add_init_script(REMEMBER_ALL)
        page = await context.new_page()
        await page.goto(server.sign_in())

        def note(what: str, value: float) -> None:
            figures.setdefault((server.name, count, what), []).append(value)

        note("cold, s", await type_first(page, server, server.url(path), "§"))
        wire, text = await page.evaluate(SCRIPTS)
        note("script on the wire, kB", wire / 1000)
        note("script, kB", text / 1000)
        note("elements by then", await page.evaluate(DRAWN))
        await page.close()
        page = await context.new_page()
        note("warm, s", await type_first(page, server, server.url(path), "¶"))
        meter = await Meter.on(page)
        note("until it rests, s", await settle(meter))
        note("main thread per key, ms", await keystroke_ms(page, meter))
        note("heap, MB", (await meter.memory())["heap MB"])
    finally:
        await context.close()


def shown(values: list[float]) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    digits = (
        0
        if middle >= 100 or all(value == int(value) for value in values)
        else 1
        if middle >= 10
        else 2
    )
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def show(figures: Figures) -> None:
    print(f"\n| cells | what | {Derby.name} | {Lab.name} | ratio |")
    print("| ---: | --- | ---: | ---: | ---: |")
    for name, count, what in figures:
        if name != Derby.name or (Lab.name, count, what) not in figures:
            continue
        ours, theirs = figures[name, count, what], figures[Lab.name, count, what]
        ratio = statistics.median(theirs) / statistics.median(ours)
        print(f"| {count} | {what} | {shown(ours)} | {shown(theirs)} | {ratio:.1f} |")


async def compare(rounds: int, home: Path) -> None:
    environment, versions = lab_environment()
    folder = home / "work"
    folder.mkdir()
    servers: list[Derby | Lab] = [Derby(folder, home), Lab(folder, home, environment)]
    figures: Figures = {}
    for server in servers:
        server.launch()
    try:
        async with chromium() as browser:
            print(f"{versions}, Chromium {browser.version}, {rounds} rounds")
            for turn in range(rounds):
                for count in COUNTS:
                    for server in servers if turn % 2 == 0 else servers[::-1]:
                        path = f"{server.name.lower()}-{count}-{turn}.ipynb"
                        write_notebook(folder / path, count)
                        await one_round(browser, server, path, count, figures)
                        print(".", end="", flush=True)
        show(figures)
    finally:
        for server in servers:
            server.stop()


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as home:
        asyncio.run(compare(rounds, Path(home)))


if __name__ == "__main__":
    main()
