"""Editing beyond typing: searching, attachments, languages, several carets."""

from __future__ import annotations

import base64
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.async_api import Locator, expect

from tests.e2e.conftest import NotebookServer, OpenNotebook
from tests.e2e.notebook_page import PATIENCE, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(300)]

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhf"
    "DwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


async def give(page: NotebookPage, how: str) -> None:
    """Paste or drop a picture where the caret is, as another program would."""
    await page.page.evaluate(
        """([data, how]) => {
          const bytes = Uint8Array.from(atob(data), (symbol) => symbol.charCodeAt(0));
          const carried = new DataTransfer();
          carried.items.add(new File([bytes], 'a dot.png', {type: 'image/png'}));
          const box = document.activeElement.getBoundingClientRect();
          const event = how === 'paste'
            ? new ClipboardEvent('paste', {clipboardData: carried, bubbles: true, cancelable: true})
            : new DragEvent('drop', {dataTransfer: carried, bubbles: true, cancelable: true,
                clientX: box.right - 5, clientY: box.bottom - 8});
          document.activeElement.dispatchEvent(event);
        }""",
        [PIXEL, how],
    )


async def test_find_and_replace_over_all_cells(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(
        new_code_cell("total = 1"), new_markdown_cell("The total."), new_code_cell("print(Total)")
    )
    await page.command(0, "f")
    await page.page.get_by_label("Find", exact=True).fill("total")
    count = page.page.locator(".find .count")
    await expect(count).to_have_text("1 of 3")
    await expect(page.cell(0).locator(".found.current")).to_have_text("total")
    await page.keys("Enter")
    await expect(count).to_have_text("2 of 3")
    await expect(page.cell(1).locator(".found.current")).to_have_text("total", timeout=PATIENCE)
    await page.page.get_by_label("Match case").click()
    await expect(count).to_have_text("2 of 2")
    await page.page.get_by_label("Replace with").fill("sum")
    await page.page.get_by_role("button", name="All", exact=True).click()
    await page.expect_sources("sum = 1", "The sum.", "print(Total)")
    await page.page.get_by_label("Regular expression").click()
    await page.page.get_by_label("Find", exact=True).fill(r"print\((\w+)\)")
    await page.page.get_by_label("Replace with").fill("show($1, $1)")
    await page.page.get_by_role("button", name="Replace", exact=True).click()
    await page.expect_sources("sum = 1", "The sum.", "show(Total, Total)")
    await page.page.get_by_label("Find", exact=True).focus()
    await page.keys("Escape")
    await expect(page.page.locator(".found")).to_have_count(0)


async def test_a_pasted_picture_becomes_an_attachment(
    open_notebook: OpenNotebook, notebook_server: NotebookServer, notebook_path: str
) -> None:
    page = await open_notebook(new_markdown_cell(""))
    await page.focus(0)
    await give(page, "paste")
    await page.expect_sources("![a-dot.png](attachment:a-dot.png)")
    await page.keys("Control+Enter")
    picture = page.cell(0).locator(".rendered img")
    await expect(picture).to_have_attribute("src", f"data:image/png;base64,{PIXEL}")
    await page.keys("Control+s")
    await expect(page.page.locator(".toast.done")).to_have_text("Saved.", timeout=PATIENCE)
    notebook = nbformat.read(notebook_server.folder / notebook_path, as_version=nbformat.NO_CONVERT)
    assert notebook.cells[0].attachments == {"a-dot.png": {"image/png": PIXEL}}
    assert base64.b64decode(PIXEL).startswith(b"\x89PNG")


async def test_a_dropped_picture_becomes_an_attachment_for_the_other_too(
    open_notebook: OpenNotebook,
) -> None:
    ann = await open_notebook(new_markdown_cell("Look: "), person="ann")
    ben = await open_notebook(person="ben")
    await ann.command(0, "Enter")
    await expect(ann.cell(0).locator(".cm-content")).to_be_focused(timeout=PATIENCE)
    await give(ann, "drop")
    await ann.expect_sources("Look: ![a-dot.png](attachment:a-dot.png)")
    picture = ben.cell(0).locator(".rendered img")
    await expect(picture).to_have_attribute("src", f"data:image/png;base64,{PIXEL}")
    await give(ann, "paste")
    await ben.expect_sources(
        "Look: ![a-dot.png](attachment:a-dot.png)![a-dot-1.png](attachment:a-dot-1.png)"
    )


async def test_brackets_match_and_the_kernels_language_is_used(
    open_notebook: OpenNotebook, notebook_server: NotebookServer, notebook_path: str
) -> None:
    cell = new_code_cell("function f(x)\n    x\nend")
    kernelspec = {"name": "julia-1.10", "display_name": "Julia", "language": "julia"}
    notebook = new_notebook(cells=[cell], metadata={"kernelspec": kernelspec})
    nbformat.write(notebook, notebook_server.folder / notebook_path)
    page = await open_notebook()
    await page.focus(0)
    await expect(page.cell(0).locator(".tok-keyword")).to_have_text(
        ["function", "end"], timeout=PATIENCE
    )
    await page.keys("Control+Home", "End")
    await expect(page.cell(0).locator(".cm-matchingBracket")).to_have_text(["(", ")"])


async def test_a_click_puts_the_caret_where_it_lands_and_selects_nothing(
    open_notebook: OpenNotebook,
) -> None:
    code = "\n".join(f"line_{number:02} = {number}" for number in range(12))
    page = await open_notebook(new_markdown_cell("# Tall\n\n" * 5), new_code_cell(code))
    await expect(page.cell(1)).to_have_class(re.compile(r"\blive\b"), timeout=PATIENCE)
    await page.command(0)
    await page.cell(1).locator(".cm-line").nth(6).click()
    await expect(page.cell(1).locator(".cm-content")).to_be_focused()
    assert await page.page.evaluate("() => getSelection().toString()") == ""
    await page.keys("Home")
    await page.type("# ")
    assert "\n# line_06 = 6\n" in (await page.sources())[1]


async def test_several_carets_type_at_once(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("x = 1\ny = x + x"))
    await page.focus(0)
    await page.keys("Control+Home", "Shift+ArrowRight", "Control+d", "Control+d")
    await page.type("wide")
    await page.expect_sources("wide = 1\ny = wide + wide")


async def test_code_is_coloured_and_indented_blocks_have_guides(
    open_notebook: OpenNotebook,
) -> None:
    page = await open_notebook(new_code_cell("def f():\n    return 1"))
    await page.focus(0)
    await expect(page.cell(0).locator(".tok-keyword").first).to_have_text("def")
    await expect(page.cell(0).locator(".cm-line.indented")).to_have_count(1)
    await page.keys("Control+End", "Enter")
    await page.type("(")
    await page.expect_sources("def f():\n    return 1\n    ()")


async def test_tab_completes_from_the_kernel_and_shift_tab_explains(
    open_notebook: OpenNotebook,
) -> None:
    page = await open_notebook(new_code_cell("unusual_name = 'text'"), new_code_cell(""))
    await page.run(0)
    await expect(page.cell(0)).to_contain_text("[1]", timeout=60_000)
    await page.focus(1)
    await page.type("unusual_na")
    await page.keys("Tab")
    await expect(page.page.locator(".cm-tooltip-autocomplete li").first).to_contain_text(
        "unusual_name", timeout=PATIENCE
    )
    # A list that has just opened takes no key: who types on did not mean it.
    opened = await page.page.evaluate("() => Date.now()")
    await page.page.wait_for_function("(opened) => Date.now() - opened > 75", arg=opened)
    await page.keys("Enter")
    await page.expect_sources("unusual_name = 'text'", "unusual_name")
    await page.keys("Shift+Tab")
    await expect(page.page.locator(".kernel-help")).to_contain_text("str", timeout=PATIENCE)


async def height_of(cell: Locator) -> float:
    box = await cell.bounding_box()
    assert box is not None
    return box["height"]


async def test_an_editor_has_the_room_that_its_text_takes(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("one"), new_code_cell("below"))
    fits = """() => [...document.querySelectorAll('.editor.enclosed')].every((place) => {
      const [outer, inner] = [place, place.firstChild].map((box) => box.getBoundingClientRect());
      return Math.abs(outer.height - place.offsetHeight + place.clientHeight - inner.height) < 1;
    })"""
    enclosed = page.page.locator(".editor.enclosed")
    await expect(enclosed).to_have_count(2)
    await page.focus(0)
    await page.keys("End", *["Enter"] * 6)
    await page.type("a long line " * 30)
    await page.page.wait_for_function(fits)
    height = await height_of(page.cell(0))
    assert height > 180
    await page.page.set_viewport_size({"width": 500, "height": 800})
    await page.page.wait_for_function(fits)
    assert await height_of(page.cell(0)) > height, "the line wraps more often"
    await page.keys("Control+a", "Delete")
    await page.page.wait_for_function(fits)
    assert await height_of(page.cell(0)) < 80
