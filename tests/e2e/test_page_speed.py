"""How much the page loads, and how it holds up with a thousand cells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.async_api import expect

from tests.e2e.conftest import NotebookServer, OpenPage
from tests.e2e.notebook_page import PATIENCE, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(300)]

MOST_SCRIPT = 250_000


def write(path: Path, count: int) -> None:
    cells = [
        new_markdown_cell(f"## Step {number}\n\nSome *text*.")
        if number % 4 == 0
        else new_code_cell(f"def step_{number}(x):\n    return x + {number}\n\nstep_{number}(1)")
        for number in range(count)
    ]
    nbformat.write(new_notebook(cells=cells), path)


# What was asked for before the cells were in the document is what their first paint needs.
LOADED = """() => {
  const drawn = performance.getEntriesByName('notebook-drawn')[0].startTime;
  const scripts = performance.getEntriesByType('resource').filter(({name}) => name.endsWith('.js'));
  return scripts.map(({name, startTime, transferSize, decodedBodySize}) => ({
    name: name.split('/').pop(), early: startTime < drawn,
    wire: transferSize, text: decodedBodySize
  }));
}"""


async def test_the_first_paint_of_200_cells_needs_little_script(
    notebook_server: NotebookServer, open_page: OpenPage, notebook_path: str
) -> None:
    write(notebook_server.folder / notebook_path, 200)
    page = await open_page(notebook_server.url(f"notebooks/{notebook_path}"))
    await expect(page.locator(".cell h2").first).to_have_text("Step 0", timeout=PATIENCE)
    loaded = await page.evaluate(LOADED)
    early = [script for script in loaded if script["early"]]
    names = " ".join(script["name"] for script in early)
    assert "app-" in names
    assert "markdown-" in names
    assert "editor-" not in names
    assert "katex-" not in names
    wire = sum(script["wire"] for script in early)

    assert all(script["wire"] > 0 for script in early), "nothing came from a cache"
    assert wire < MOST_SCRIPT
    assert wire < sum(script["text"] for script in early) / 3, "it was compressed on the wire"


async def test_renderers_come_when_they_are_needed(
    notebook_server: NotebookServer, open_page: OpenPage, notebook_path: str
) -> None:
    path = notebook_server.folder / notebook_path
    nbformat.write(new_notebook(cells=[new_code_cell("1 + 1"), new_code_cell("")]), path)
    page = await open_page(notebook_server.url(f"notebooks/{notebook_path}"))
    notebook = NotebookPage(page)
    await notebook.ready()
    await notebook.focus(0)

    async def names() -> str:
        return " ".join(script["name"] for script in await page.evaluate(LOADED))

    assert "editor-" in await names()
    for renderer in ("markdown-", "render-", "katex-"):
        assert renderer not in await names()
    await notebook.command(1, "m", "Enter")
    await notebook.type("Euler: $e^{i\\pi} = -1$")
    await notebook.keys("Shift+Enter")
    await expect(notebook.cell(1).locator(".rendered .katex")).to_be_visible(timeout=PATIENCE)
    assert "markdown-" in await names()
    await notebook.run(0)
    await expect(notebook.outputs(0)).to_have_text("2", timeout=60_000)
    assert "render-" in await names()


OpenLong = Callable[[int], Awaitable[NotebookPage]]


@pytest.fixture
def open_long(notebook_server: NotebookServer, open_page: OpenPage, notebook_path: str) -> OpenLong:
    """Open a notebook of so many cells, all of them there."""

    async def open_it(count: int) -> NotebookPage:
        write(notebook_server.folder / notebook_path, count)
        page = NotebookPage(await open_page(notebook_server.url(f"notebooks/{notebook_path}")))
        await page.ready()
        await expect(page.cells).to_have_count(count, timeout=60_000)
        return page

    return open_it


async def test_a_thousand_cells_hold_editors_only_where_one_looks(
    open_long: OpenLong,
) -> None:
    page = await open_long(1000)
    live = page.page.locator(".cell.live")
    await page.focus(1)
    await page.keys("Control+End")
    await page.type(" # typed")
    assert await live.count() < 60
    await page.keys("Escape", "Control+End")
    last = page.cell(999)
    await expect(last).to_be_focused()
    await expect(last).to_be_in_viewport()
    await expect(last.locator(".tok-keyword").first).to_have_text("def", timeout=PATIENCE)
    await page.focus(999)
    assert await live.count() < 60
    await page.keys("Escape", "Control+Home", "ArrowDown", "Enter")
    await expect(page.cell(1).locator(".cm-content")).to_be_focused(timeout=PATIENCE)
    await page.keys("Control+z")
    await expect(page.cell(1)).not_to_contain_text("# typed")  # the undo history was kept


WOKEN_BY_SCROLLING = """() => new Promise((resolve) => {
  const live = () => document.querySelectorAll('.cell.live');
  const before = new Set(live());
  const woken = new Set();
  let frames = 0;
  const walk = () => {
    for (const cell of live()) if (!before.has(cell)) woken.add(cell);
    if (++frames > 60) return resolve(woken.size);
    scrollBy(0, 150);
    requestAnimationFrame(walk);
  };
  requestAnimationFrame(walk);
})"""


async def test_editors_come_where_scrolling_ends_and_not_on_the_way(
    open_long: OpenLong,
) -> None:
    page = await open_long(200)
    await expect(page.cell(1).locator(".cm-editor")).to_be_visible(timeout=PATIENCE)
    await page.page.wait_for_function("() => !window.derbyNotebook.page.waking.queue.length")
    assert await page.page.evaluate(WOKEN_BY_SCROLLING) == 0
    await page.page.wait_for_function(
        """() => [...document.querySelectorAll('.cell.live')]
          .some((cell) => cell.getBoundingClientRect().top > 0)""",
        timeout=PATIENCE,
    )


# Cells that the browser lays out and paints, and those that the page keeps watching.
LAID_OUT = """() => [...document.querySelectorAll('.cell')]
  .filter((cell) => cell.checkVisibility({contentVisibilityAuto: true})).length"""
WATCHED = "() => window.derbyNotebook.page.viewport.around.size"
# The cells as they stand on the page, block by block, if each stands in one and none is overlong.
PLACED = """() => {
  const blocks = [...document.querySelector('main').shadowRoot.querySelectorAll('[part~=block]')]
    .map((slot) => slot.assignedElements().map((cell) => cell.dataset.cellId));
  return blocks.every((ids) => ids.length && ids.length <= 16) ? blocks.flat() : [];
}"""


# Where style containment comes or goes, Chromium goes through the whole document.
CONTAINED = """() => {
  const contained = (element) => getComputedStyle(element).contain.includes('style');
  const {shadowRoot} = document.querySelector('main');
  return {
    layers: [...document.querySelectorAll('.cm-layer')].map(contained),
    blocks: [...shadowRoot.querySelectorAll('[part~=block]')].map(contained),
  };
}"""


async def test_of_a_thousand_cells_only_those_near_the_window_are_laid_out(
    open_long: OpenLong,
) -> None:
    page = await open_long(1000)
    few = "(count) => { const few = ({COUNT})(); return few > 5 && few < count; }"
    for place in ("Home", "End", "Home"):
        await page.keys("Escape", f"Control+{place}")
        for count in (LAID_OUT, WATCHED):
            await page.page.wait_for_function(
                few.replace("{COUNT}", count), arg=80, timeout=PATIENCE
            )
        assert await page.page.evaluate(PLACED) == await page.ids()
    await page.focus(1)
    contained = await page.page.evaluate(CONTAINED)
    assert contained["layers"]
    assert not any(contained["layers"])
    assert all(contained["blocks"])


async def test_cells_stay_in_blocks_and_in_order_as_they_come_move_and_go(
    open_long: OpenLong,
) -> None:
    page = await open_long(60)
    ids = await page.ids()
    await page.command(6)
    for keys, count in (
        (["Control+Shift+ArrowDown"] * 4, 60),  # out of its block and into the next
        (["b"] * 20, 80),
        (["d", "d"] * 30, 50),
        (["z"], 51),
    ):
        await page.keys(*keys)
        await expect(page.cells).to_have_count(count, timeout=PATIENCE)
        placed = await page.ids()
        assert placed != ids
        assert await page.page.evaluate(PLACED) == placed
        assert await page.page.locator(".cell:focus").is_visible()
        ids = placed
