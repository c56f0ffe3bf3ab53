"""Two browsers on one notebook, through a real Jupyter Server, kernel and database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.async_api import expect

from tests.e2e.conftest import NotebookServer, OpenPage
from tests.e2e.notebook_page import PATIENCE, NotebookPage
from tests.e2e.waiting import notebook_in, until, until_saved

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(300)]

SVG = (
    "from IPython.display import SVG, display\n"
    'display(SVG(\'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40">'
    '<circle id="dot" cx="20" cy="20" r="15" fill="teal"/></svg>\'))'
)


def write_notebook(path: Path, *cells: nbformat.NotebookNode) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=list(cells)), path)
    return path


async def two_on(
    server: NotebookServer, open_page: OpenPage, name: str
) -> tuple[NotebookPage, NotebookPage]:
    pages = await asyncio.gather(*(open_page(server.url(f"notebooks/{name}")) for _ in range(2)))
    ann, ben = (NotebookPage(page) for page in pages)
    await asyncio.gather(ann.ready(), ben.ready())
    return ann, ben


async def until_equal_text(ann: NotebookPage, ben: NotebookPage, index: int, length: int) -> str:
    texts = ["", ""]

    async def equal() -> str | None:
        texts[:] = [await page.text(index) for page in (ann, ben)]
        return texts[0] if texts[0] == texts[1] and len(texts[0]) == length else None

    return await until(equal, lambda: f"the pages differ or lack text: {texts}")


async def test_both_type_into_one_cell_at_once_and_agree(
    notebook_server: NotebookServer, open_page: OpenPage
) -> None:
    path = write_notebook(notebook_server.folder / "shared.ipynb", new_code_cell("#"))
    ann, ben = await two_on(notebook_server, open_page, "shared.ipynb")
    await ann.focus(0)
    await ben.focus(0)
    await ann.page.keyboard.press("Control+Home")
    await ben.page.keyboard.press("Control+End")
    await asyncio.gather(
        ann.type("# ann types here. " * 17, delay=6), ben.type("ben writes there; " * 17, delay=7)
    )
    text = await until_equal_text(ann, ben, 0, 2 * 18 * 17 + 1)
    assert sorted(text) == sorted("# ann types here. " * 17 + "#" + "ben writes there; " * 17)
    await until_saved(path, text)
    await ann.page.reload()
    await ann.ready()
    assert await ann.text(0) == text


async def test_both_type_at_one_place_with_astral_characters(
    notebook_server: NotebookServer, open_page: OpenPage
) -> None:
    path = write_notebook(notebook_server.folder / "place.ipynb", new_code_cell(""))
    ann, ben = await two_on(notebook_server, open_page, "place.ipynb")
    await ann.focus(0)
    await ben.focus(0)
    await asyncio.gather(ann.type("a😀" * 100, delay=5), ben.type("𝄞b" * 100, delay=5))
    text = await until_equal_text(ann, ben, 0, 400)
    assert {symbol: text.count(symbol) for symbol in "a😀𝄞b"} == dict.fromkeys("a😀𝄞b", 100)
    await until_saved(path, text)


async def test_cells_added_moved_and_removed_by_one_show_for_the_other(
    notebook_server: NotebookServer, open_page: OpenPage
) -> None:
    path = write_notebook(
        notebook_server.folder / "cells.ipynb", new_code_cell("one"), new_code_cell("two")
    )
    ann, ben = await two_on(notebook_server, open_page, "cells.ipynb")
    await ann.focus(0)
    await ann.press("insert-below")
    await expect(ben.cells).to_have_count(3, timeout=PATIENCE)
    await ann.focus(1)
    await ann.type("three")
    await expect(ben.cell(1).locator(".cm-content")).to_have_text("three", timeout=PATIENCE)
    added = (await ann.ids())[1]
    await ann.press("move-down")
    await expect(ben.cells.nth(2)).to_have_attribute("data-cell-id", added, timeout=PATIENCE)
    assert await ann.ids() == await ben.ids()
    await until_saved(path, "one", "two", "three")
    await ben.focus(0)
    await ben.press("remove")
    await expect(ann.cells).to_have_count(2, timeout=PATIENCE)
    assert await ann.ids() == await ben.ids()
    await until_saved(path, "two", "three")


async def test_what_one_runs_both_see_and_the_file_keeps(
    notebook_server: NotebookServer, open_page: OpenPage
) -> None:
    path = write_notebook(
        notebook_server.folder / "run.ipynb",
        new_markdown_cell("# Title"),
        new_code_cell("print(6*7)"),
        new_code_cell(SVG),
        new_code_cell("1/0"),
    )
    ann, ben = await two_on(notebook_server, open_page, "run.ipynb")
    for page in (ann, ben):
        await expect(page.cell(0).locator("h1")).to_have_text("Title", timeout=PATIENCE)
    for index in (1, 2, 3):
        await ann.run(index)
    for page in (ann, ben):
        await expect(page.outputs(1)).to_contain_text("42", timeout=60_000)
        await expect(page.outputs(2).locator("svg circle, img").first).to_be_visible(
            timeout=PATIENCE
        )
        await expect(page.outputs(3)).to_contain_text("ZeroDivisionError", timeout=PATIENCE)
        await expect(page.cell(1)).to_contain_text("[1]", timeout=PATIENCE)
    await ann.saved()

    def with_outputs() -> nbformat.NotebookNode | None:
        notebook = notebook_in(path)
        if notebook is None or not all(cell["outputs"] for cell in notebook["cells"][1:]):
            return None
        return notebook

    notebook = await until(with_outputs, "all outputs in the file")
    outputs = [cell.get("outputs", []) for cell in notebook["cells"]]
    assert outputs[1] == [{"name": "stdout", "output_type": "stream", "text": "42\n"}]
    assert "<svg" in outputs[2][0]["data"]["image/svg+xml"]
    assert outputs[3][0]["ename"] == "ZeroDivisionError"
    assert [cell.get("execution_count") for cell in notebook["cells"]] == [None, 1, 2, 3]
    assert not any(key.startswith("_") for cell in notebook["cells"] for key in cell)


async def test_after_kill_9_the_browsers_come_back_and_nothing_is_missing(
    own_server: NotebookServer, open_page: OpenPage
) -> None:
    path = write_notebook(own_server.folder / "crash.ipynb", new_code_cell(""))
    ann, ben = await two_on(own_server, open_page, "crash.ipynb")
    await ann.focus(0)
    await ann.type("before the crash; ")
    await expect(ben.cell(0).locator(".cm-content")).to_contain_text(
        "before the crash;", timeout=PATIENCE
    )
    own_server.kill()
    await expect(ann.page.locator('[data-connection="connected"]')).to_have_count(
        0, timeout=PATIENCE
    )
    await ann.type("typed while it was down; ")
    own_server.launch()
    await asyncio.gather(ann.connected(), ben.connected())
    await ann.type("after it")
    whole = "before the crash; typed while it was down; after it"
    for page in (ann, ben):
        await expect(page.cell(0).locator(".cm-content")).to_have_text(whole, timeout=PATIENCE)
    await until_saved(path, whole)


@pytest.mark.parametrize(
    "name", ["plain.ipynb", "with space.ipynb", "Üben/höhere Größe.ipynb", "a/b/c.ipynb"]
)
async def test_a_path_opens_whatever_its_letters(
    notebook_server: NotebookServer, open_page: OpenPage, name: str
) -> None:
    write_notebook(notebook_server.folder / name, new_code_cell("hello = 1"))
    page = NotebookPage(await open_page(notebook_server.url(f"notebooks/{name}")))
    await page.ready()
    assert await page.text(0) == "hello = 1"


async def test_a_page_that_is_no_notebook_says_so(
    notebook_server: NotebookServer, open_page: OpenPage
) -> None:
    (notebook_server.folder / "notes.txt").write_text("just text")
    (notebook_server.folder / "broken.ipynb").write_text("{half")
    for name in ("missing.ipynb", "notes.txt", "broken.ipynb"):
        page = await open_page(notebook_server.url(f"notebooks/{name}"))
        await expect(page.locator("h1")).to_be_visible(timeout=PATIENCE)
        await expect(page.locator("body")).to_contain_text(name)
        await expect(page.locator('a[href*="/tree"]').first).to_be_visible()
