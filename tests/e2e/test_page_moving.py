"""A cell is moved while somebody types in it, and by two people at once: nothing typed is lost."""

from __future__ import annotations

import asyncio

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from tests.e2e.conftest import NotebookServer, OpenNotebook
from tests.e2e.notebook_page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(150)]

DOWN, UP = "Control+Shift+ArrowDown", "Control+Shift+ArrowUp"


async def agree(*pages: NotebookPage) -> list[str]:
    """Wait until all pages show the same cells in one order, and stay so; return the ids."""
    last: list[list[str]] = []
    for _ in range(100):
        found = [await page.ids() for page in pages]
        if found == last and all(ids == found[0] for ids in found):
            return found[0]
        last = found
        await asyncio.sleep(0.1)
    raise AssertionError(f"the pages differ: {last}")


async def test_a_cell_is_moved_about_while_somebody_types_in_it(
    open_notebook: OpenNotebook, notebook_server: NotebookServer, notebook_path: str
) -> None:
    ann = await open_notebook(*(new_code_cell(name) for name in ("start", "b", "c")))
    ben = await open_notebook()
    start, second, third = await agree(ann, ben)
    typed = "".join(f"{number}," for number in range(80))
    await ann.focus(0)
    await ann.keys("End")

    async def move_about() -> None:
        for key in (DOWN, DOWN, UP, UP, DOWN, DOWN):
            await ben.command((await ben.ids()).index(start), key)
            await ben.page.wait_for_timeout(150)

    await asyncio.gather(ann.type(typed, delay=15), move_about())
    assert await agree(ann, ben) == [second, third, start]
    await asyncio.gather(*(page.expect_sources("b", "c", f"start{typed}") for page in (ann, ben)))
    focused = await ann.page.evaluate(
        "() => document.activeElement.closest('.cell')?.dataset.cellId"
    )
    assert focused == start, "she is still in her cell"
    await ann.saved()
    saved = nbformat.read(notebook_server.folder / notebook_path, 4)
    assert [cell.source for cell in saved.cells] == ["b", "c", f"start{typed}"]


async def test_two_people_move_cells_at_once_and_agree_on_the_order(
    open_notebook: OpenNotebook, notebook_server: NotebookServer, notebook_path: str
) -> None:
    names = ["a", "b", "c", "d"]
    ann = await open_notebook(*(new_code_cell(name) for name in names))
    ben = await open_notebook()
    cells = dict(zip(names, await agree(ann, ben), strict=True))
    for mine, yours in (("a", "a"), ("b", "c"), ("d", "a"), ("c", "c")):
        ids = await agree(ann, ben)
        await asyncio.gather(
            ann.command(ids.index(cells[mine]), DOWN, DOWN),
            ben.command(ids.index(cells[yours]), UP, DOWN, DOWN),
        )
        assert sorted(await agree(ann, ben)) == sorted(cells.values())
    order = await agree(ann, ben)
    later = await open_notebook()
    assert await agree(ann, ben, later) == order
    await ann.saved()
    saved = nbformat.read(notebook_server.folder / notebook_path, 4)
    assert [cells[cell.source] for cell in saved.cells] == order
