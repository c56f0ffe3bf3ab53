"""What cells show: every kind of output, safe whatever it holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from playwright.async_api import expect

from tests.e2e.conftest import NotebookServer, OpenNotebook
from tests.e2e.notebook_page import PATIENCE
from tests.e2e.waiting import waiting_for

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(300)]


PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhf"
    "DwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
DOT = "/9j/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUV"


def shows(data: dict[str, Any]) -> nbformat.NotebookNode:
    cell: nbformat.NotebookNode = new_code_cell("show()")
    cell.outputs = [new_output("display_data", data)]
    return cell


async def test_formulas_are_set_in_markdown_and_in_outputs(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(
        new_markdown_cell("Costs $5 and $6.\n\nInline $a_1^2 + b_1^2$ and\n\n$$\n\\sum_i x_i\n$$"),
        shows({"text/latex": "$\\displaystyle \\frac{1}{2}$", "text/plain": "1/2"}),
    )
    rendered = page.cell(0).locator(".rendered")
    await expect(rendered.locator(".katex")).to_have_count(2, timeout=PATIENCE)
    await expect(rendered.locator(".katex-display")).to_have_count(1)
    await expect(rendered.locator("p").first).to_have_text("Costs $5 and $6.")
    await expect(page.outputs(1).locator(".katex .mfrac")).to_be_visible(timeout=PATIENCE)


async def test_json_is_a_tree_and_colours_and_links_show_in_text(
    open_notebook: OpenNotebook,
) -> None:
    page = await open_notebook(
        shows({"application/json": {"name": "x", "deep": {"inner": [1, 2]}}, "text/plain": "{}"}),
        new_code_cell(
            "print()",
            outputs=[
                new_output(
                    "stream", name="stdout", text="\x1b[31mred\x1b[0m https://example.org/a. <b>\n"
                )
            ],
        ),
        shows({"text/markdown": "**strong**"}),
    )
    tree = page.outputs(0)
    await expect(tree.locator(".json-string")).to_have_text('"x"', timeout=PATIENCE)
    await tree.locator("summary").nth(1).click()
    await expect(tree).to_contain_text("inner")
    await expect(page.outputs(1).locator(".ansi-red-fg")).to_have_text("red")
    await expect(page.outputs(1).locator("a")).to_have_attribute("href", "https://example.org/a")
    await expect(page.outputs(1)).to_contain_text("<b>")
    await expect(page.outputs(2).locator("strong")).to_have_text("strong")


async def test_scripts_from_the_file_never_run_and_run_in_a_sandbox_when_asked(
    open_notebook: OpenNotebook,
) -> None:
    html = (
        "<p id=shown>before</p><script>document.getElementById('shown').textContent ="
        " 'ran in ' + window.origin</script>"
    )
    page = await open_notebook(
        shows({"text/html": html}),
        shows({"text/html": "<img src=x onerror=\"document.title='owned'\"><b>kept</b>"}),
        new_markdown_cell("<script>document.title='owned'</script>\n\n*text*"),
        shows({"image/svg+xml": "<svg onload=\"document.title='owned'\"><circle r=5 /></svg>"}),
    )
    await expect(page.outputs(0)).to_contain_text("were not run", timeout=PATIENCE)
    await expect(page.outputs(1).locator("b")).to_have_text("kept")
    await page.outputs(0).get_by_role("button", name="in a sandbox").click()
    frame = page.outputs(0).frame_locator("iframe")
    await expect(frame.locator("#shown")).to_have_text("ran in null", timeout=PATIENCE)
    assert await page.page.title() != "owned"
    await expect(page.cell(2).locator("em")).to_have_text("text")


async def test_scripts_of_ones_own_run_are_in_a_sandbox_at_once(
    open_notebook: OpenNotebook,
) -> None:
    page = await open_notebook(
        new_code_cell(
            "from IPython.display import HTML\n"
            "HTML('<div id=made></div><script>made.textContent = 6*7</script>')"
        )
    )
    await page.run(0)
    made = page.outputs(0).frame_locator("iframe").locator("#made")
    await expect(made).to_have_text("42", timeout=60_000)


async def test_a_run_says_how_long_it_took_and_long_outputs_scroll(
    open_notebook: OpenNotebook, tmp_path: Path
) -> None:
    go_on = tmp_path / "go on"
    page = await open_notebook(
        new_code_cell(f"{waiting_for(go_on)}\nfor i in range(200): print(i)"),
        new_code_cell("print('next')"),
    )
    await page.run(0)
    await page.run(1)
    await expect(page.cell(1).locator(".ran")).to_have_text("1st in line", timeout=60_000)
    go_on.touch()
    await expect(page.outputs(0)).to_contain_text("199", timeout=60_000)
    await expect(page.cell(0).locator(".ran")).to_have_text(
        re.compile(r"^\d+(\.\d)? m?s$"), timeout=PATIENCE
    )
    title = await page.cell(0).locator(".ran").get_attribute("title")
    assert title is not None
    assert title.startswith("Run by Anonymous ")
    heights = await page.outputs(0).evaluate("box => [box.clientHeight, box.scrollHeight]")
    assert heights[0] < heights[1]
    await page.command(0, "Shift+O")
    heights = await page.outputs(0).evaluate("box => [box.clientHeight, box.scrollHeight]")
    assert heights[0] == heights[1]


async def test_right_to_left_text_reads_from_the_right(
    open_notebook: OpenNotebook, notebook_server: NotebookServer
) -> None:
    page = await open_notebook(
        new_markdown_cell("שלום עולם"), new_code_cell("# שלום"), new_markdown_cell("English")
    )
    direction = "element => getComputedStyle(element).direction"
    await expect(page.cell(0).locator("p")).to_be_visible(timeout=PATIENCE)
    assert await page.cell(0).locator("p").evaluate(direction) == "rtl"
    assert await page.cell(2).locator("p").evaluate(direction) == "ltr"


async def test_a_chart_is_drawn_without_evaluating_anything(open_notebook: OpenNotebook) -> None:
    chart = {
        "mark": "bar",
        "data": {"values": [{"x": "a", "y": 2}, {"x": "b", "y": 5}]},
        "transform": [{"calculate": "datum.y * 2", "as": "twice"}],
        "encoding": {"x": {"field": "x"}, "y": {"field": "twice", "type": "quantitative"}},
        "usermeta": {"embedOptions": {"actions": True}},
    }
    page = await open_notebook(shows({"application/vnd.vegalite.v5+json": chart, "text/plain": ""}))
    svg = page.outputs(0).locator(".vega svg")
    await expect(svg.locator("[aria-roledescription=bar]")).to_have_count(2, timeout=PATIENCE)
    await expect(svg).to_contain_text("10")
    await expect(page.outputs(0).locator("details")).to_have_count(0)


async def test_pictures_keep_their_size_and_have_a_name(open_notebook: OpenNotebook) -> None:
    cell = shows({"image/png": PIXEL, "text/plain": "<Figure size 1x1>"})
    cell.outputs[0].metadata = {"image/png": {"width": 40, "height": 30}}
    page = await open_notebook(cell, shows({"image/jpeg": DOT, "text/plain": "a red dot"}))
    picture = page.outputs(0).locator("img")
    await expect(picture).to_have_attribute("src", f"data:image/png;base64,{PIXEL}")
    assert await picture.evaluate("img => [img.clientWidth, img.clientHeight]") == [40, 30]
    await expect(picture).to_have_attribute("alt", "Output picture")
    await expect(page.outputs(1).locator("img")).to_have_attribute("alt", "a red dot")


async def test_input_is_asked_of_everybody_and_the_first_answer_counts(
    open_notebook: OpenNotebook,
) -> None:
    code = (
        "import getpass\nprint('hello', input('Name? '))\nprint(len(getpass.getpass('Secret: ')))"
    )
    ann = await open_notebook(new_code_cell(code), person="ann")
    ben = await open_notebook(person="ben")
    await ann.run(0)
    question = ben.cell(0).get_by_label("Name?")
    await expect(question).to_be_visible(timeout=60_000)
    await expect(ann.cell(0).get_by_label("Name?")).to_be_focused()
    await question.fill("world")
    await question.press("Enter")
    await expect(ann.outputs(0)).to_contain_text("hello world", timeout=PATIENCE)
    secret = ann.cell(0).get_by_label("Secret:")
    await expect(secret).to_have_attribute("type", "password", timeout=PATIENCE)
    await secret.fill("12345")
    await secret.press("Enter")
    await expect(ben.outputs(0)).to_contain_text("5", timeout=PATIENCE)
    await expect(ben.cell(0).locator(".ask form")).to_have_count(0)
    assert "12345" not in await ben.page.content()
