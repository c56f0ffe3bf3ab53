"""The menus, the tools at a cell, and the list of people: by mouse and by keyboard."""

from __future__ import annotations

import asyncio

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from playwright.async_api import expect

from tests.e2e.conftest import NotebookServer, OpenNotebook
from tests.e2e.notebook_page import PATIENCE, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(300)]


async def choose(page: NotebookPage, menu: str, item: str) -> None:
    """Choose an item of a menu with the mouse."""
    await page.page.get_by_role("menuitem", name=menu, exact=True).click()
    await page.page.locator(".menu").get_by_role("menuitem", name=item).first.click()


async def test_the_menus_are_used_by_keyboard(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("one"), new_code_cell("two"))
    focused = page.page.locator(":focus")
    await page.page.get_by_role("menuitem", name="File", exact=True).focus()
    await page.keys("ArrowRight", "ArrowDown")
    menu = page.page.get_by_role("menu", name="Edit")
    await expect(menu).to_be_visible()
    await expect(menu.get_by_role("menuitem", name="Bring back")).to_be_disabled()
    await expect(focused).to_contain_text("Cut cells")
    await page.keys("ArrowRight", "ArrowRight")
    await expect(focused).to_contain_text("Insert a cell above")
    await page.keys("ArrowDown", "Enter")
    await page.expect_sources("one", "", "two")
    await expect(page.page.get_by_role("menu")).to_have_count(0)
    await page.page.get_by_role("menuitem", name="Help", exact=True).focus()
    await page.keys("Enter", "a")
    await expect(focused).to_contain_text("All commands")
    await page.keys("Escape")
    await expect(focused).to_have_text("Help")


async def test_a_menu_stays_open_when_the_header_moves_under_the_pointer(
    open_notebook: OpenNotebook,
) -> None:
    page = await open_notebook(new_code_cell("one"))
    edit, view = (
        page.page.get_by_role("menuitem", name=name, exact=True) for name in ("Edit", "View")
    )
    await edit.click()
    await page.page.locator(".menus").evaluate(
        """(menus) => {
          menus.style.translate = `-${menus.querySelector('[data-menu=Edit]').offsetWidth}px`;
        }"""
    )
    await page.page.wait_for_function(
        "() => document.querySelector('[data-menu=View] .menu-title').matches(':hover')"
    )
    await expect(page.page.get_by_role("menu", name="Edit")).to_be_visible()
    await view.hover(position={"x": 5, "y": 5})
    await expect(page.page.get_by_role("menu", name="View")).to_be_visible()


async def test_everything_of_the_menus_acts_on_the_cell_in_hand(
    open_notebook: OpenNotebook,
) -> None:
    printed = [new_output("stream", name="stdout", text="shown\n")]
    page = await open_notebook(new_code_cell("one two", outputs=printed), new_code_cell("three"))
    await page.focus(0)
    await page.keys("Control+Home", *["ArrowRight"] * 4)
    await choose(page, "Edit", "Split the cell")
    await page.expect_sources("one ", "two", "three")
    await page.command(1)
    await choose(page, "Edit", "Merge cells")
    await page.expect_sources("one ", "two\nthree")
    await choose(page, "Edit", "Make it a markdown cell")
    await expect(page.cell(1)).to_have_attribute("data-cell-type", "markdown")
    await page.command(0)
    await choose(page, "View", "Fold or show sources")
    await expect(page.cell(0).locator(".editor")).to_be_hidden()
    await page.cell(0).locator(".folded-source").click()
    await expect(page.cell(0).locator(".editor")).to_be_visible()
    await expect(page.outputs(0)).to_contain_text("shown")
    await page.command(0)
    await choose(page, "Run", "Clear the cells’ outputs")
    await expect(page.outputs(0)).to_be_empty(timeout=PATIENCE)
    await choose(page, "Insert", "Insert a raw cell below")
    await expect(page.cell(1)).to_have_attribute("data-cell-type", "raw")


async def test_the_notebook_is_downloaded_as_it_is_on_the_page(
    open_notebook: OpenNotebook, notebook_path: str
) -> None:
    page = await open_notebook(new_code_cell("one"))
    await page.focus(0)
    await page.keys("End")
    await page.type(" more")
    async with page.page.expect_download() as downloading:
        await choose(page, "File", "Download the notebook")
    download = await downloading.value
    assert download.suggested_filename == notebook_path
    notebook = nbformat.read(await download.path(), as_version=nbformat.NO_CONVERT)
    assert [cell.source for cell in notebook.cells] == ["one more"]


async def test_a_small_window_has_all_menus_behind_one_button(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("one"), width=360, height=740)
    await expect(page.page.get_by_role("menubar")).to_be_hidden()
    await page.press("menu")
    menu = page.page.get_by_role("menu", name="Menu")
    for name in ("Download the notebook", "Merge cells", "Restart the kernel", "Keys"):
        await expect(menu.get_by_role("menuitem", name=name).first).to_be_attached()
    box = await menu.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    await menu.get_by_role("menuitem", name="Insert a text cell below").click()
    await expect(page.cell(1)).to_have_attribute("data-cell-type", "markdown")


async def test_the_tools_at_the_cell_in_hand_act_on_it(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(*(new_code_cell(text) for text in "abc"))
    tools = page.page.locator(".cell-tools")
    await page.command(1)
    await expect(page.cell(1).locator(".cell-tools")).to_be_visible()
    await expect(tools).to_have_count(1)
    await tools.get_by_role("button", name="Move cells up").click()
    await page.expect_sources("b", "a", "c")
    await expect(page.cell(0).locator(".cell-tools")).to_be_visible()
    await tools.get_by_role("button", name="Duplicate cells").click()
    await page.expect_sources("b", "b", "a", "c")
    await tools.get_by_role("button", name="Remove cells").click()
    await page.expect_sources("b", "a", "c")
    await page.command(0, "Shift+J")
    await expect(tools).to_have_count(0)


async def test_a_fence_in_markdown_is_coloured_by_its_language(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(
        new_markdown_cell("```py\nreturn 1\n```\n\n```js\nreturn 2\n```\n\n```nothing\nreturn\n```")
    )
    await expect(page.cell(0).locator("pre .tok-keyword")).to_have_text(
        ["return", "return"], timeout=PATIENCE
    )


async def test_many_people_are_in_a_menu_and_can_be_followed_from_it(
    open_notebook: OpenNotebook, notebook_server: NotebookServer
) -> None:
    cells = [new_code_cell("\n" * 12 + str(number)) for number in range(12)]
    page = await open_notebook(*cells, person="ann", width=400, height=700)
    ben, *_ = await asyncio.gather(*(open_notebook(person=name) for name in ("ben", "cyd", "dee")))
    more = page.page.locator(".people .more .person")
    await expect(more).to_have_text("+2", timeout=PATIENCE)
    await more.click()
    await expect(page.page.get_by_role("menuitem")).to_have_count(2)
    await page.keys("Escape")
    await page.page.locator(".people").get_by_title("Ben").click()
    await ben.focus(11)
    await expect(page.cell(11)).to_be_in_viewport(timeout=PATIENCE)
    colors = await page.page.locator(".people .person").evaluate_all(
        "people => people.map((person) => getComputedStyle(person).backgroundColor)"
    )
    assert len(set(colors)) == len(colors)


async def test_the_outline_follows_the_headings_and_goes_to_them(
    open_notebook: OpenNotebook,
) -> None:
    between = [new_code_cell("\n" * 30) for _ in range(3)]
    ann = await open_notebook(
        new_markdown_cell("# First\n\n## Within *it*"), *between, new_markdown_cell("## Last")
    )
    ben = await open_notebook()
    await ann.press("outline")
    outline = ann.page.get_by_role("navigation", name="Outline")
    headings = outline.locator("li")
    await expect(headings).to_have_text(["First", "Within it", "Last"])
    await outline.get_by_role("button", name="Last").click()
    await expect(ann.cell(4)).to_be_in_viewport()
    await expect(headings.nth(2).locator("button")).to_have_attribute("aria-current", "true")
    await ben.command(4, "Enter")
    await expect(ben.cell(4).locator(".cm-content")).to_be_focused(timeout=PATIENCE)
    await ben.keys("Control+End")
    await ben.type(" one")
    await expect(headings.last).to_have_text("Last one", timeout=PATIENCE)
    await ann.press("outline")
    await expect(outline).to_have_count(0)
