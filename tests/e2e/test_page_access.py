"""The page for everybody: nothing serious by axe, usable by keyboard alone, and on paper."""

from __future__ import annotations

from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from playwright.async_api import expect

from tests.e2e.conftest import NotebookServer, OpenNotebook, OpenPage
from tests.e2e.notebook_page import PATIENCE, NotebookPage
from tests.running import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(300)]

AXE = ROOT / "client" / "node_modules" / "axe-core" / "axe.min.js"
TABLE = (
    '<table border="1" class="dataframe"><thead><tr><th></th><th>mean</th></tr></thead>'
    "<tbody><tr><th>a</th><td>1</td></tr></tbody></table>"
)
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>'
TRACE = ["\x1b[31mKeyError\x1b[0m", "\x1b[32m----> 1\x1b[0m \x1b[43mx[1]\x1b[49m"]
# IPython colours a traceback's code with some of 256 colours.
TRACE += [f"\x1b[1;38;5;{color}mcolor {color}\x1b[0m" for color in (17, 28, 124, 130, 226, 241)]
TRACE += ["a long line " * 40]
CELLS = [
    new_markdown_cell("# Title\n\nText with `code`, $x^2$, a [link](https://example.org).\n\n> so"),
    new_code_cell("x = 1  # one\nprint('two')", execution_count=1),
    new_code_cell("t", outputs=[new_output("display_data", {"text/html": TABLE})]),
    new_code_cell("p", outputs=[new_output("display_data", {"image/svg+xml": PICTURE})]),
    new_code_cell("j", outputs=[new_output("display_data", {"application/json": {"a": [1]}})]),
    new_code_cell("e", outputs=[new_output("error", ename="E", evalue="x", traceback=TRACE)]),
    new_code_cell("l", outputs=[new_output("stream", name="stdout", text="line\n" * 100)]),
    new_markdown_cell("$$" + " + ".join(f"x_{{{place}}}" for place in range(60)) + "$$"),
]


SETTLED = """() => Promise.allSettled(document.getAnimations()
  .filter((animation) => animation.effect.getComputedTiming().endTime !== Infinity)
  .map((animation) => animation.finished))"""
"""Colours on their way are no one's colours; what blinks for good is looked at as it is."""


async def violations(page: NotebookPage, *, covered: bool = False) -> list[str]:
    """Return what axe calls serious or critical, by WCAG 2.2 AA.

    Where a menu is open, what it lies over is ``covered``: half a button may look out below it.
    """
    await page.page.evaluate(AXE.read_text())
    await page.page.evaluate(SETTLED)
    found: dict[str, Any] = await page.page.evaluate(
        """(covered) => axe.run(document, {
          runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
          rules: {'target-size': {enabled: !covered}},
          resultTypes: ['violations']
        })""",
        covered,
    )
    return [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious(open_notebook: OpenNotebook, scheme: str) -> None:
    page = await open_notebook(*CELLS, color_scheme=scheme, bypass_csp=True)
    await expect(page.cell(0).locator(".katex")).to_be_visible(timeout=PATIENCE)
    await page.focus(1)
    assert await violations(page) == []
    await page.press("outline")
    await page.press("chat")
    await page.page.get_by_label("Message", exact=True).fill("hello")
    await page.keys("Enter")
    await expect(page.page.locator(".chat-text")).to_contain_text("hello", timeout=PATIENCE)
    assert await violations(page) == []
    await page.page.locator(".kernel").click()
    assert await violations(page, covered=True) == []
    await page.keys("Escape")
    await page.command(1, "f")
    await page.page.get_by_label("Find", exact=True).fill("t")
    assert await violations(page) == []
    await page.keys("Escape", "Escape")
    for keys in ("h", "p", "00"):
        await page.command(0, *keys)
        await expect(page.page.locator(".dialog")).to_be_visible()
        assert await violations(page) == []
        await page.keys("Escape")
    await page.page.get_by_role("menuitem", name="Edit", exact=True).click()
    await expect(page.page.get_by_role("menu", name="Edit")).to_be_visible()
    assert await violations(page, covered=True) == []
    await page.page.set_viewport_size({"width": 360, "height": 740})
    await page.press("menu")
    await expect(page.page.get_by_role("menu", name="Menu")).to_be_visible()
    assert await violations(page, covered=True) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious_on_a_viewers_page_with_others_on_it(
    open_notebook: OpenNotebook, scheme: str
) -> None:
    editor = await open_notebook(*CELLS, person="ann")
    viewer = await open_notebook(person="vic", color_scheme=scheme, bypass_csp=True)
    await editor.focus(1)
    await expect(viewer.cell(1).locator(".remote-caret")).to_be_attached(timeout=PATIENCE)
    await expect(viewer.cell(1).locator(".who li")).to_have_count(1)
    assert await violations(viewer) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious_while_something_is_wrong(
    open_notebook: OpenNotebook,
    notebook_server: NotebookServer,
    notebook_path: str,
    scheme: str,
) -> None:
    page = await open_notebook(*CELLS, color_scheme=scheme, bypass_csp=True)
    (notebook_server.folder / notebook_path).unlink()
    await expect(page.page.locator(".problem-notice")).to_be_visible(timeout=PATIENCE)
    await page.page.evaluate("() => derbyNotebook.page.toast('It did not work: try again.')")
    await expect(page.page.locator(".toast.problem")).to_be_visible()
    assert await violations(page) == []
    await page.page.evaluate("() => derbyNotebook.page.model.root.connection.close()")
    await expect(page.page.locator(".notice.offline")).to_be_visible(timeout=PATIENCE)
    assert await violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_error_page_is_accessible(
    notebook_server: NotebookServer, open_page: OpenPage, scheme: str
) -> None:
    url = notebook_server.url("notebooks/missing.ipynb")
    page = await open_page(url, bypass_csp=True, color_scheme=scheme)
    await expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE)
    assert await violations(NotebookPage(page)) == []


async def test_everything_is_reached_by_keyboard(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("one"))
    await page.page.locator(".home").focus()
    reached: list[str] = []
    for _ in range(40):
        reached.append(
            await page.page.evaluate(
                "() => document.activeElement.dataset.action"
                " || document.activeElement.className || document.activeElement.tagName"
            )
        )
        await page.keys("Tab")
    for wanted in (
        "saving",
        "person",
        "menu-title",
        "chat",
        "kernel",
        "insert-above",
        "run",
        "cell-type",
        "help",
    ):
        assert wanted in reached, reached
    assert any(name.startswith("cell ") for name in reached)
    await page.page.locator(".kernel").focus()
    await page.keys("Enter")
    items = page.page.locator("#kernel-menu").get_by_role("menuitem")
    await expect(items.first).to_be_focused()
    await page.keys("ArrowDown")
    await expect(items.filter(has_text="0 0")).to_be_focused()
    await page.keys("Escape")
    await expect(page.page.locator(".kernel")).to_be_focused()


@pytest.mark.parametrize("width", [1280, 700, 360])
async def test_nothing_is_wider_than_the_window(open_notebook: OpenNotebook, width: int) -> None:
    page = await open_notebook(*CELLS, new_code_cell("long_name = " * 60), width=width)
    await page.focus(1)
    wide = await page.page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= width


async def test_on_paper_there_is_only_the_notebook(open_notebook: OpenNotebook) -> None:
    long = "\n".join(str(number) for number in range(200))
    page = await open_notebook(
        *CELLS, new_code_cell("p", outputs=[new_output("stream", name="stdout", text=long)])
    )
    await page.page.emulate_media(media="print")
    await expect(page.page.locator(".bars")).to_be_hidden()
    await expect(page.page.locator(".add-bar")).to_be_hidden()
    heights = await page.outputs(len(CELLS)).evaluate("box => [box.clientHeight, box.scrollHeight]")
    assert heights[0] == heights[1]
