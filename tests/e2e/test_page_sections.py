"""Sections fold under their headings: for one person, with all that is done to the heading."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from playwright.async_api import Locator, expect

from tests.e2e.conftest import OpenNotebook
from tests.e2e.notebook_page import PATIENCE, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.jupyter]

CELLS = (
    new_markdown_cell("# Load"),
    new_code_cell("one = 1\none"),
    new_markdown_cell("## Clean"),
    new_code_cell("one + 1"),
    new_markdown_cell("# Plot"),
    new_code_cell("3"),
)
LOAD, ONE, CLEAN, TWO, PLOT, THREE = range(6)


def shown(page: NotebookPage) -> Locator:
    return page.page.locator(".cell:visible")


async def expect_shown(page: NotebookPage, *indexes: int) -> None:
    """Wait until just these of the cells are to be seen."""
    for index in range(len(CELLS)):
        visible = index in indexes
        await expect(page.cell(index)).to_be_visible(visible=visible, timeout=PATIENCE)


async def test_a_section_folds_for_one_person_and_stays_so(open_notebook: OpenNotebook) -> None:
    ann = await open_notebook(*CELLS)
    ben = await open_notebook()
    await ann.command(LOAD, "ArrowLeft")
    await expect_shown(ann, LOAD, PLOT, THREE)
    told = ann.cell(LOAD).locator(".folded-section")
    await expect(told).to_have_text("3 cells folded: show")
    caret = ann.cell(LOAD).locator(".fold-section")
    await expect(caret).to_have_attribute("aria-expanded", "false")
    await expect_shown(ben, *range(6))

    await ann.keys("ArrowDown")
    await expect(ann.cell(PLOT)).to_be_focused()
    await ann.keys("ArrowUp")
    await expect(ann.cell(LOAD)).to_be_focused()
    await ann.page.wait_for_function("() => !derbyNotebook.page.model.root.connection.hasPending()")
    await ann.page.reload()
    await expect_shown(ann, LOAD, PLOT, THREE)

    await told.click()
    await expect_shown(ann, *range(6))
    await ann.cell(CLEAN).hover()
    await ann.cell(CLEAN).locator(".fold-section").click()
    await expect_shown(ann, LOAD, ONE, CLEAN, PLOT, THREE)


async def test_the_arrows_go_from_heading_to_heading(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(*CELLS)
    await page.command(TWO, "ArrowLeft")
    await expect(page.cell(CLEAN)).to_be_focused()
    await page.keys("ArrowLeft", "ArrowLeft")
    await expect(page.cell(LOAD)).to_be_focused()
    await expect_shown(page, LOAD, ONE, CLEAN, PLOT, THREE)
    await page.keys("ArrowLeft", "ArrowRight")
    await expect_shown(page, LOAD, ONE, CLEAN, PLOT, THREE)
    await page.keys("ArrowRight")
    await expect(page.cell(CLEAN)).to_be_focused()
    await page.keys("ArrowRight", "ArrowRight")
    await expect(page.cell(PLOT)).to_be_focused()
    await expect_shown(page, *range(6))


async def test_what_is_done_to_a_folded_heading_is_done_to_its_section(
    open_notebook: OpenNotebook,
) -> None:
    ann = await open_notebook(*CELLS)
    ben = await open_notebook()
    load, one, clean, two, plot, three = await ann.ids()
    await ann.command(LOAD, "ArrowLeft", "Control+Enter")
    await expect(ben.outputs(TWO)).to_have_text("2", timeout=60_000)
    await expect(ben.outputs(ONE)).to_have_text("1")
    await ann.keys("Control+Shift+ArrowDown")
    for page in (ann, ben):
        await page.expect_order(plot, load, one, clean, two, three)
    await expect(ann.cell(1)).to_be_focused()
    await expect(shown(ann)).to_have_count(2)  # what comes last is now of this section
    await ann.keys("d", "d")
    for page in (ann, ben):
        await page.expect_order(plot)
    await expect(ann.page.locator(".toast").first).to_contain_text("5 cells removed")
    await ann.keys("z")
    await ben.expect_sources("# Plot", "# Load", "one = 1\none", "## Clean", "one + 1", "3")


async def test_what_is_looked_for_or_gone_to_is_shown(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(*CELLS)
    await page.command(PLOT, "ArrowLeft")
    await page.command(LOAD, "ArrowLeft")
    await expect_shown(page, LOAD, PLOT)
    await page.keys("f")
    await expect(page.page.locator("#find-input")).to_be_focused()
    await page.type("one +")
    await expect_shown(page, LOAD, ONE, CLEAN, TWO, PLOT)
    await page.keys("Escape")
    await expect(page.cell(TWO).locator(".cm-content")).to_be_focused()
    await page.keys("Escape", "ArrowLeft", "ArrowLeft", "b")  # a new cell in a folded section
    await expect(page.cells).to_have_count(7)
    await expect(shown(page)).to_have_count(6)
    await expect(page.cell(3)).to_be_focused()


async def test_who_is_in_a_folded_section_is_shown_at_its_heading(
    open_notebook: OpenNotebook,
) -> None:
    ann = await open_notebook(*CELLS)
    ben = await open_notebook()
    await ann.command(LOAD, "ArrowLeft")
    await ben.focus(TWO)
    await expect(ann.cell(LOAD).locator(".who .chip")).to_have_count(1, timeout=PATIENCE)
    await ann.page.locator(".people li:not(.me) .person").click()
    await expect(ann.page.locator(".following")).to_be_visible()
    await expect_shown(ann, LOAD, PLOT, THREE)
    await ann.cell(LOAD).locator(".folded-section").click()
    await expect(ann.cell(TWO).locator(".who .chip")).to_have_count(1)
    await expect(ann.cell(LOAD).locator(".who .chip")).to_have_count(0)


async def test_a_heading_that_somebody_types_ends_the_section(open_notebook: OpenNotebook) -> None:
    ann = await open_notebook(*CELLS)
    ben = await open_notebook()
    await ben.command(LOAD, "ArrowLeft")
    await ann.focus(TWO)
    await ann.keys("Escape", "m", "1")
    await expect(ben.cell(LOAD).locator(".folded-section")).to_have_text("2 cells folded: show")
    await expect_shown(ben, LOAD, TWO, PLOT, THREE)


async def test_what_jupyter_lab_has_folded_in_the_file_is_folded(
    open_notebook: OpenNotebook,
) -> None:
    folded = new_markdown_cell("# Load", metadata={"heading_collapsed": True})
    page = await open_notebook(folded, *CELLS[1:])
    await expect_shown(page, LOAD, PLOT, THREE)
