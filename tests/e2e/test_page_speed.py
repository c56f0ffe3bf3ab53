"""How much the page loads, and how it holds up with a thousand cells."""

from __future__ import annotations

import gzip

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.async_api import Response, expect

from tests.e2e.conftest import NotebookServer, OpenPage
from tests.e2e.notebook_page import PATIENCE, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(180)]

MOST_SCRIPT = 250_000


def write(server: NotebookServer, count: int) -> None:
    cells = [
        new_markdown_cell(f"## Step {number}\n\nSome *text*.")
        if number % 4 == 0
        else new_code_cell(f"def step_{number}(x):\n    return x + {number}\n\nstep_{number}(1)")
        for number in range(count)
    ]
    nbformat.write(new_notebook(cells=cells), server.folder / "many.ipynb")


async def test_the_first_paint_of_200_cells_needs_little_script(
    notebook_server: NotebookServer, open_page: OpenPage
) -> None:
    write(notebook_server, 200)
    page = await open_page(notebook_server.url("tree"))
    scripts: dict[str, bytes] = {}

    async def keep(response: Response) -> None:
        if response.request.resource_type == "script" or response.url.endswith(".js"):
            scripts[response.url] = await response.body()

    await page.route("**/editor-*.js", lambda route: route.abort())
    page.on("response", keep)
    await page.goto(f"http://localhost:{notebook_server.port}/notebooks/many.ipynb")
    await expect(page.locator(".cell h2").first).to_have_text("Step 0", timeout=PATIENCE)
    await expect(page.locator(".cell").nth(1)).to_contain_text("def step_1")
    needed = [body for url, body in scripts.items() if "/derby/static/" in url]
    assert needed
    assert sum(len(gzip.compress(body)) for body in needed) < MOST_SCRIPT


async def test_a_thousand_cells_hold_editors_only_where_one_looks(
    notebook_server: NotebookServer, open_page: OpenPage
) -> None:
    write(notebook_server, 1000)
    page = NotebookPage(await open_page(notebook_server.url("notebooks/many.ipynb")))
    await page.ready()
    await expect(page.cells).to_have_count(1000, timeout=60_000)
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
