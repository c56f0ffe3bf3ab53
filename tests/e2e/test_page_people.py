"""People on one page: who is here, where they are, what they say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from nbformat.v4 import new_code_cell
from playwright.async_api import expect

from tests.e2e.conftest import OpenNotebook
from tests.e2e.notebook_page import PATIENCE, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(300)]


async def two_on(
    open_notebook: OpenNotebook, *cells: Any, **kind: Any
) -> tuple[NotebookPage, NotebookPage]:
    ann = await open_notebook(*cells, **kind)
    ben = await open_notebook(**kind)
    for page in (ann, ben):
        await expect(page.page.locator(".people li")).to_have_count(2, timeout=PATIENCE)
    return ann, ben


async def caret_column(page: NotebookPage, index: int) -> int:
    """How many characters stand before another's caret, as this browser shows it."""
    column: int = await page.cell(index).evaluate(
        """(cell) => {
          const caret = cell.querySelector('.remote-caret');
          const range = document.createRange();
          range.setStart(caret.closest('.cm-line'), 0);
          range.setEndBefore(caret);
          return range.toString().length;
        }"""
    )
    return column


async def test_a_caret_and_a_selection_show_with_the_name_and_move_with_edits(
    open_notebook: OpenNotebook,
) -> None:
    ann, ben = await two_on(open_notebook, new_code_cell("alpha beta gamma"))
    await ann.focus(0)
    await ann.keys("Home", *["ArrowRight"] * 6, *["Shift+ArrowRight"] * 4)
    name = await ben.page.locator(".people li:not(.me) .person").get_attribute("title")
    caret = ben.cell(0).locator(".remote-caret")
    await expect(ben.cell(0).locator(".remote-selection")).to_have_text("beta", timeout=PATIENCE)
    shown = await caret.get_attribute("data-person")
    assert shown is not None
    assert name is not None
    assert name.startswith(shown)
    assert await caret_column(ben, 0) == 10
    await ben.focus(0)
    await ben.keys("Home")
    await ben.type("12345")
    await expect(ben.cell(0).locator(".remote-selection")).to_have_text("beta")
    assert await caret_column(ben, 0) == 15
    await expect(ann.cell(0).locator(".remote-caret")).to_be_attached(timeout=PATIENCE)
    opacity = "getComputedStyle(document.querySelector('.remote-caret'), '::after').opacity"
    await ben.keys("End")
    await ann.page.wait_for_function(f"() => Number({opacity}) > 0")
    await ann.page.wait_for_function(f"() => {opacity} === '0'")


async def test_a_mark_shows_in_which_cell_somebody_is_and_goes_when_they_leave(
    open_notebook: OpenNotebook,
) -> None:
    ann, ben = await two_on(open_notebook, new_code_cell("a"), new_code_cell("b"))
    await ann.command(1)
    await expect(ben.cell(1).locator(".who li")).to_have_count(1, timeout=PATIENCE)
    await expect(ben.cell(0).locator(".who li")).to_have_count(0)
    await ann.page.close()
    await expect(ben.page.locator(".people li")).to_have_count(1, timeout=PATIENCE)
    await expect(ben.cell(1).locator(".who li")).to_have_count(0)


async def test_a_click_on_somebody_goes_along_with_them(open_notebook: OpenNotebook) -> None:
    cells = [new_code_cell("\n" * 12 + str(number)) for number in range(20)]
    ann, ben = await two_on(open_notebook, *cells, height=600)
    await ben.page.locator(".people li:not(.me) .person").click()
    await expect(ben.page.locator(".following")).to_be_visible()
    await ann.page.locator(".cell").nth(19).scroll_into_view_if_needed()
    await ann.focus(19)
    await expect(ben.cell(19)).to_be_in_viewport(timeout=PATIENCE)
    await ben.page.mouse.wheel(0, -300)
    await expect(ben.page.locator(".following")).to_have_count(0)


async def test_who_joins_is_announced(open_notebook: OpenNotebook) -> None:
    ann = await open_notebook(new_code_cell("a"), person="ann")

    async def see_and_dismiss() -> None:
        await expect(ann.page.locator(".toast")).to_contain_text("Ben joined")
        await ann.page.locator(".toast").get_by_role("button", name="Dismiss").click()

    ben, _ = await asyncio.gather(open_notebook(person="ben"), see_and_dismiss())
    await ben.page.reload()
    await ben.ready()
    await expect(ann.page.locator(".people li")).to_have_count(2)
    await expect(ann.page.locator(".toast")).to_have_count(0)


async def test_messages_reach_the_other_with_their_markdown_and_count_as_unread(
    open_notebook: OpenNotebook,
) -> None:
    ann, ben = await two_on(open_notebook, new_code_cell("a"))
    await ann.press("chat")
    await ann.page.get_by_label("Message", exact=True).fill("see **this** and `that`")
    await ann.keys("Enter")
    await expect(ben.page.locator(".unread")).to_have_text("1", timeout=PATIENCE)
    await ben.press("chat")
    message = ben.page.locator(".chat-text").first
    await expect(message.locator("strong")).to_have_text("this", timeout=PATIENCE)
    await expect(message.locator("code")).to_have_text("that")
    await expect(ben.page.locator(".unread")).to_have_count(0)
    await ben.page.get_by_label("Message", exact=True).fill("<img src=x onerror=alert(1)>seen")
    await ben.keys("Enter")
    await expect(ann.page.locator(".chat-text").last).to_contain_text("seen", timeout=PATIENCE)
    assert await ann.page.locator(".chat-text [onerror]").count() == 0
    await ann.page.reload()
    await ann.ready()
    await ann.press("chat")
    await expect(ann.page.locator(".chat-text")).to_have_count(2, timeout=PATIENCE)


async def test_undo_takes_back_only_ones_own_typing(open_notebook: OpenNotebook) -> None:
    ann, ben = await two_on(open_notebook, new_code_cell("start"))
    await ann.focus(0)
    await ann.keys("End")
    await ann.type(" ann")
    await ben.expect_sources("start ann")
    await ben.focus(0)
    await ben.keys("Home")
    await ben.type("ben ")
    await ann.expect_sources("ben start ann")
    await ann.keys("Control+z")
    await asyncio.gather(ann.expect_sources("ben start"), ben.expect_sources("ben start"))
    await ann.keys("Control+y")
    await ben.expect_sources("ben start ann")
