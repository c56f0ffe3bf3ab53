"""The page by keyboard: Jupyter's keys do what a Jupyter user expects."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from playwright.async_api import expect

from tests.e2e.conftest import OpenNotebook
from tests.e2e.notebook_page import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(300)]


async def test_cells_are_inserted_removed_and_brought_back(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("one"), new_code_cell("two"))
    await page.command(0, "b")
    await page.expect_sources("one", "", "two")
    await page.keys("Enter")
    await page.type("between")
    await page.keys("Escape", "a", "Enter")
    await page.type("before it")
    await page.expect_sources("one", "before it", "between", "two")
    await page.keys("Escape", "d", "d")
    await page.expect_sources("one", "between", "two")
    await page.keys("d", "d", "z")
    await page.expect_sources("one", "between", "two")


async def test_several_cells_are_cut_copied_and_pasted(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(*(new_code_cell(text) for text in "abcd"))
    await page.command(0, "Shift+ArrowDown")
    await expect(page.page.locator(".cell[data-chosen]")).to_have_count(2)
    await page.keys("x")
    await page.expect_sources("c", "d")
    await page.keys("j", "v")
    await page.expect_sources("c", "d", "a", "b")
    await page.keys("c", "Shift+V")
    await page.expect_sources("c", "d", "a", "b", "b")
    await page.keys("Control+a", "d", "d")
    await expect(page.cells).to_have_count(0, timeout=PATIENCE)
    await page.keys("z")
    await page.expect_sources("c", "d", "a", "b", "b")


async def test_split_and_merge(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("first\nsecond"), new_code_cell("third"))
    await page.focus(0)
    await page.keys("Control+Home", "ArrowDown", "Control+Shift+Minus")
    await page.expect_sources("first", "second", "third")
    await page.keys("Escape")
    await page.command(0, "Shift+J", "Shift+J", "Shift+M")
    await page.expect_sources("first\nsecond\nthird")


async def test_types_and_headings(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("A title"))
    await page.command(0, "2")
    await page.expect_sources("## A title")
    await expect(page.cell(0)).to_have_attribute("data-cell-type", "markdown")
    await page.keys("Control+Enter")
    await expect(page.cell(0).locator("h2")).to_have_text("A title")
    await page.keys("r")
    await expect(page.cell(0)).to_have_attribute("data-cell-type", "raw")
    await page.keys("y")
    await expect(page.cell(0)).to_have_attribute("data-cell-type", "code")


async def test_running_goes_on_to_the_next_cell(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("print(6*7)"), new_markdown_cell("text"))
    await page.focus(0)
    await page.keys("Shift+Enter")
    await expect(page.outputs(0)).to_contain_text("42", timeout=60_000)
    await expect(page.cell(1)).to_be_focused()
    await page.keys("Shift+Enter")
    await expect(page.cells).to_have_count(3)
    await expect(page.cell(2).locator(".cm-content")).to_be_focused(timeout=PATIENCE)
    await page.type("7*6")
    await page.keys("Alt+Enter")
    await expect(page.outputs(2)).to_contain_text("42", timeout=PATIENCE)
    await expect(page.cells).to_have_count(4)


async def test_arrows_go_from_cell_to_cell_through_their_texts(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("one\ntwo"), new_code_cell("three"))
    await page.focus(1)
    await page.keys("Control+Home", "ArrowUp")
    await expect(page.cell(0).locator(".cm-content")).to_be_focused(timeout=PATIENCE)
    await page.keys("End")
    await page.type("!")
    await page.expect_sources("one\ntwo!", "three")
    await page.keys("ArrowDown", "Home")
    await page.type(">")
    await page.expect_sources("one\ntwo!", ">three")


async def test_the_palette_finds_and_runs_a_command(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("one"))
    await page.focus(0)
    await page.keys("Control+Shift+P")
    await page.type("cell below")
    await expect(page.page.locator(".palette [aria-selected=true]")).to_contain_text("Insert")
    await page.keys("Enter")
    await page.expect_sources("one", "")
    await page.command(0, "p", "Escape")
    await expect(page.cell(0)).to_be_focused()


async def test_help_lists_the_keys_and_gives_the_focus_back(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("one"))
    await page.command(0, "h")
    help_dialog = page.page.get_by_role("dialog", name="Keys")
    await expect(help_dialog).to_contain_text("Split the cell at the caret")
    await page.keys("Escape")
    await expect(help_dialog).to_have_count(0)
    await expect(page.cell(0)).to_be_focused()


async def test_outputs_and_line_numbers_are_shown_and_hidden(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("print(1)\nprint(2)"))
    await page.run(0)
    await expect(page.outputs(0)).to_contain_text("2", timeout=60_000)
    await page.command(0, "o")
    await expect(page.outputs(0)).to_be_hidden()
    await page.page.reload()
    await page.ready()
    await expect(page.outputs(0)).to_be_hidden(timeout=PATIENCE)
    await page.command(0, "o", "l")
    await expect(page.outputs(0)).to_be_visible()
    await expect(page.cell(0).locator(".cm-lineNumbers")).to_be_visible()


async def test_restarting_asks_first(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("x = 5"), new_code_cell("print(x)"))
    await page.run(0)
    await expect(page.cell(0)).to_contain_text("[1]", timeout=60_000)
    await page.command(1, "0", "0")
    await expect(page.page.get_by_role("alertdialog")).to_contain_text("Restart the kernel?")
    await page.keys("Enter")
    await expect(page.page.locator(".toast.done")).to_contain_text("restarted", timeout=60_000)
    await page.run(1)
    await expect(page.outputs(1)).to_contain_text("NameError", timeout=60_000)


async def test_cells_are_dragged_by_their_side_one_or_several(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(*(new_code_cell(text) for text in "abcde"))

    async def drag(index: int, below: int) -> None:
        box = await page.cell(below).bounding_box()
        assert box is not None
        side = page.cell(index).locator(".side")
        target = {"x": 20, "y": box["height"] - 3}
        await side.drag_to(page.cell(below), target_position=target)  # type: ignore[arg-type]

    await drag(0, 2)
    await page.expect_sources("b", "c", "a", "d", "e")
    await page.command(0, "Shift+J")
    await drag(0, 3)
    await page.expect_sources("a", "d", "b", "c", "e")
    await expect(page.page.locator(".cell[data-chosen]")).to_have_count(2)
    await page.command(2)
    await expect(page.page.locator(".cell[data-chosen]")).to_have_count(0)
