"""A cell is moved while somebody types in it, and by two people at once: nothing typed is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from nbformat.v4 import new_code_cell
from playwright.async_api import expect

from tests.e2e.conftest import NotebookServer, OpenNotebook
from tests.e2e.notebook_page import NotebookPage
from tests.e2e.waiting import until, until_saved

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(300)]

DOWN, UP = "Control+Shift+ArrowDown", "Control+Shift+ArrowUp"

# The cells as shown, and the versions of all that the page knows; none while an op is on its way.
KNOWN = """() => {
  const {page} = window.derbyNotebook;
  const {connection} = page.model.root;
  const docs = Object.values(connection.collections.cells || {});
  return [
    [...document.querySelectorAll('.cell')].map((cell) => cell.dataset.cellId),
    connection.hasPending() ? null : docs.map(({id, version}) => `${id} ${version}`).sort()
  ];
}"""


async def agree(*pages: NotebookPage) -> list[str]:
    """Wait until all pages have all ops of all cells; return the ids in the order shown."""
    found: list[list[Any]] = []

    async def agreed() -> list[str] | None:
        found[:] = [await page.page.evaluate(KNOWN) for page in pages]
        ids, versions = found[0]
        return ids if versions and all(known == found[0] for known in found) else None

    return await until(agreed, lambda: f"the pages differ: {found}")


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
            ids = await ben.ids()
            at = ids.index(start)
            await ben.command(at, key)
            moved = ben.cell(at + (1 if key == DOWN else -1))
            await expect(moved).to_have_attribute("data-cell-id", start)

    await asyncio.gather(ann.type(typed, delay=15), move_about())
    assert await agree(ann, ben) == [second, third, start]
    await asyncio.gather(*(page.expect_sources("b", "c", f"start{typed}") for page in (ann, ben)))
    focused = await ann.page.evaluate(
        "() => document.activeElement.closest('.cell')?.dataset.cellId"
    )
    assert focused == start, "she is still in her cell"
    await until_saved(notebook_server.folder / notebook_path, "b", "c", f"start{typed}")


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
    names.sort(key=lambda name: order.index(cells[name]))
    await until_saved(notebook_server.folder / notebook_path, *names)
