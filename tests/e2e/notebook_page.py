"""The notebook page as a person uses it: what a test clicks, types and reads."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

__all__ = ["NotebookPage"]

PATIENCE = 60_000
"""How long, in ms, a test waits for what is to come, on a machine with much else to do."""


class NotebookPage:
    """One browser's view of one notebook."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.cells = page.locator(".cell")

    async def ready(self) -> None:
        """Wait until the page is painted and connected."""
        await expect(self.cells.first).to_be_visible(timeout=PATIENCE)
        await self.connected()

    async def connected(self) -> None:
        """Wait until the page says that it is connected."""
        await expect(self.page.locator('[data-connection="connected"]').first).to_be_attached(
            timeout=PATIENCE
        )

    def cell(self, index: int) -> Locator:
        """Return the cell at a place."""
        return self.cells.nth(index)

    async def ids(self) -> list[str]:
        """Return the ids of the cells, in the order shown."""
        found: list[str] = await self.cells.evaluate_all(
            "cells => cells.map(cell => cell.dataset.cellId)"
        )
        return found

    async def text(self, index: int) -> str:
        """Return the text in a cell's editor, line ends included."""
        return "\n".join(await self.cell(index).locator(".cm-line").all_text_contents())

    async def focus(self, index: int) -> None:
        """Put the caret into a cell's editor."""
        content = self.cell(index).locator(".cm-content")
        await content.click()
        await expect(content).to_be_focused(timeout=PATIENCE)

    async def type(self, text: str, delay: float = 0) -> None:
        """Type where the caret is."""
        await self.page.keyboard.type(text, delay=delay)

    async def replace(self, index: int, text: str) -> None:
        """Replace what a cell's editor holds."""
        await self.focus(index)
        await self.page.keyboard.press("Control+a")
        await self.page.keyboard.insert_text(text)

    async def run(self, index: int) -> None:
        """Run a cell with the keyboard, staying in it."""
        await self.focus(index)
        await self.page.keyboard.press("Control+Enter")

    async def command(self, index: int, *keys: str) -> None:
        """Take a cell in hand in command mode and press keys, one after the other."""
        await self.cell(index).locator(".side").click(position={"x": 4, "y": 30})
        for key in keys:
            await self.page.keyboard.press(key)

    async def keys(self, *keys: str) -> None:
        """Press keys, one after the other, wherever the keyboard is."""
        for key in keys:
            await self.page.keyboard.press(key)

    async def sources(self) -> list[str]:
        """Return what each cell's document holds, as this browser knows it."""
        found: list[str] = await self.page.evaluate(
            """() => {
              const {page} = window.derbyNotebook;
              return page.cellList().map((cell) => cell.source);
            }"""
        )
        return found

    async def expect_sources(self, *expected: str) -> None:
        """Wait until the cells hold exactly these texts."""
        await self.page.wait_for_function(
            """(expected) => {
              const found = window.derbyNotebook.page.cellList().map((cell) => cell.source);
              return JSON.stringify(found) === JSON.stringify(expected);
            }""",
            arg=list(expected),
            timeout=PATIENCE,
        )

    async def expect_order(self, *expected: str) -> None:
        """Wait until the cells are just these, by their ids, in this order."""
        await self.page.wait_for_function(
            """(expected) => [...document.querySelectorAll('.cell')]
              .map((cell) => cell.dataset.cellId).join() === expected""",
            arg=",".join(expected),
            timeout=PATIENCE,
        )

    async def press(self, action: str) -> None:
        """Press a toolbar button."""
        await self.page.locator(f'[data-action="{action}"]').first.click()

    def outputs(self, index: int) -> Locator:
        """Return the outputs of a cell."""
        return self.cell(index).locator(".outputs")

    async def saved(self) -> None:
        """Wait until the page says that everything is in the file."""
        await expect(self.page.locator('[data-save-state="saved"]').first).to_be_attached(
            timeout=PATIENCE
        )
