"""The notebook page as a person uses it: what a test clicks, types and reads."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

__all__ = ["NotebookPage"]

PATIENCE = 20_000


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
        await self.cell(index).locator(".cm-content").click()

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
