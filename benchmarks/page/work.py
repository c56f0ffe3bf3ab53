"""How smooth our page is with a thousand cells: scrolling, typing, outputs, other people.

python -m benchmarks.page.work [CELLS]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from benchmarks.page.browser import Meter, chromium
from benchmarks.page.notebooks import write_notebook
from benchmarks.page.servers import Derby

WATCH = """() => {
  const watch = window.watch = {long: [], frames: [], keys: []};
  const long = (list) => list.getEntries().forEach(({duration}) => watch.long.push(duration));
  new PerformanceObserver(long).observe({type: 'longtask'});
  let last = performance.now();
  const frame = (now) => {
    watch.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  addEventListener('keydown', ({timeStamp}) => requestAnimationFrame(() => {
    const {port1, port2} = new MessageChannel();
    port2.onmessage = () => watch.keys.push(performance.now() - timeStamp);
    port1.postMessage(null);
  }), {capture: true});
}"""
TAKE = """() => {
  const {long, frames, keys} = window.watch;
  const taken = {long: [...long], frames: [...frames], keys: [...keys]};
  long.length = frames.length = keys.length = 0;
  return taken;
}"""
SCROLL = """(step) => new Promise((resolve) => {
  const walk = () => {
    scrollBy(0, step);
    if (scrollY + innerHeight >= document.documentElement.scrollHeight - 2) return resolve();
    requestAnimationFrame(walk);
  };
  requestAnimationFrame(walk);
})"""


def share(values: list[float], part: float) -> float:
    """Return the value that a part of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0.0


class Report:
    """Measures one thing after the other on a page and prints a line for each."""

    def __init__(self, page: Page, meter: Meter) -> None:
        self.page = page
        self.meter = meter

    async def measure(self, name: str, work: Any, per: int = 1) -> None:
        """Do some work and print what it cost."""
        await self.page.evaluate(TAKE)
        before, started = await self.meter.busy_ms(), time.perf_counter()
        await work
        took, busy = time.perf_counter() - started, await self.meter.busy_ms() - before
        seen = await self.page.evaluate(TAKE)
        long, frames, keys = seen["long"], seen["frames"], seen["keys"]
        print(
            f"| {name} | {took:.2f} s | {busy / per:.1f} ms{' each' if per > 1 else ''} "
            f"| {len(long)}, longest {max(long, default=0):.0f} ms "
            f"| {share(frames, 0.5):.0f} / {share(frames, 0.99):.0f} ms "
            f"| {f'{share(keys, 0.5):.0f} / {share(keys, 0.99):.0f} ms' if keys else ''} |",
            flush=True,
        )


async def type_text(page: Page, text: str, pause: float = 0.05) -> None:
    for letter in text:
        await page.keyboard.type(letter)
        await asyncio.sleep(pause)


async def run(count: int, folder: Path, state: Path) -> None:
    write_notebook(folder / "many.ipynb", count)
    server = Derby(folder, state)
    server.launch()
    try:
        async with chromium() as browser:
            await measure_all(server, browser, count)
    finally:
        server.stop()


async def open_page(server: Derby, browser: Any) -> Page:
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page: Page = await context.new_page()
    await page.goto(server.sign_in())
    return page


async def measure_all(server: Derby, browser: Any, count: int) -> None:
    page = await open_page(server, browser)
    for kind in ("cold", "warm"):
        started = time.perf_counter()
        answer = await page.request.get(server.url("many.ipynb"))
        size = len(await answer.body())
        print(
            f"GET of the page, {kind}: {time.perf_counter() - started:.2f} s, {size / 1000:.0f} kB"
        )
    meter = await Meter.on(page)
    before, started = await meter.busy_ms(), time.perf_counter()
    await page.goto(server.url("many.ipynb"), wait_until="commit")
    await page.wait_for_function(
        "() => performance.getEntriesByName('first-contentful-paint').length"
    )
    print(f"first paint: {time.perf_counter() - started:.2f} s")
    await page.wait_for_function(
        "(count) => document.querySelectorAll('.cell').length === count", arg=count
    )
    print(f"all cells there: {time.perf_counter() - started:.2f} s")
    await page.wait_for_function(
        "() => !window.derbyNotebook.page.viewport.waiting.size", timeout=120_000
    )
    busy = await meter.busy_ms() - before
    print(f"all cells drawn: {time.perf_counter() - started:.2f} s, {busy:.0f} ms of main thread")
    print(await meter.memory())
    await page.evaluate(WATCH)
    report = Report(page, meter)
    print("\n| what | took | main thread | long tasks | frames p50/p99 | key to frame p50/p99 |")
    print("| --- | --- | --- | --- | --- | --- |")
    await report.measure("idle", asyncio.sleep(2))
    await report.measure("scroll through all", page.evaluate(SCROLL, 300))
    await page.evaluate("scrollTo(0, 0)")
    await report.measure("fly through all", page.evaluate(SCROLL, 3000))
    middle = await page.evaluate("(at) => derbyNotebook.page.order.ids[at]", count // 2 + 1)
    await page.evaluate("(id) => derbyNotebook.page.goTo(id)", middle)
    await page.keyboard.press("Enter")
    await page.wait_for_function("() => document.activeElement.closest('.cm-content')")
    letters = "some words typed into it "
    await report.measure("type", type_text(page, letters * 4), len(letters) * 4)
    await page.keyboard.press("Escape")
    await report.measure("insert 10 cells", press(page, "b", 10), 10)
    await report.measure("move a cell 10 times", press(page, "Control+Shift+ArrowUp", 10), 10)
    await report.measure("step down 20 cells", press(page, "ArrowDown", 20), 20)
    await report.measure("run 2000 lines of output", stream(page))
    other = await open_page(server, browser)
    await other.goto(server.url("many.ipynb"))
    await other.wait_for_selector(".cell.live .cm-content")
    await other.locator(".cell.code .cm-content").nth(1).click()
    await report.measure("a peer types 100 letters", type_text(other, letters * 4), 100)
    print(await meter.memory())


async def press(page: Page, key: str, times: int) -> None:
    for _ in range(times):
        await page.keyboard.press(key)
        await asyncio.sleep(0.1)


async def stream(page: Page) -> None:
    await page.keyboard.press("b")
    await page.keyboard.press("Enter")
    await page.wait_for_function("() => document.activeElement.closest('.cm-content')")
    await page.keyboard.insert_text(
        "import time\nfor n in range(2000):\n    print('line', n)\n    time.sleep(0.002)\n"
        "print('the ' + 'end')"
    )
    await page.keyboard.press("Control+Enter")
    await page.wait_for_function(
        "() => [...document.querySelectorAll('.outputs')]"
        ".some((box) => box.textContent.includes('the end'))",
        timeout=60_000,
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as home:
        folder, state = Path(home) / "work", Path(home) / "state"
        folder.mkdir()
        state.mkdir()
        asyncio.run(run(count, folder, state))


if __name__ == "__main__":
    main()
