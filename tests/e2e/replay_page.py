"""The replay page as a person uses it: what a test presses, drags and reads."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from tests.e2e.notebook_page import PATIENCE

__all__ = ["ReplayPage"]


class ReplayPage:
    """One browser's view of one notebook's history."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.cells = page.locator(".notebook .cell")
        self.slider = page.get_by_role("slider", name="Moment")

    async def ready(self) -> None:
        """Wait until the history is there, and the moment that the address names."""
        await self.page.locator("body[data-ready]").wait_for(timeout=PATIENCE)

    async def position(self) -> int:
        """Return how many ops lie before the moment that is shown, once it is."""
        await self.page.wait_for_function(
            "() => derbyReplay.state && derbyReplay.state.position === derbyReplay.position",
            timeout=PATIENCE,
        )
        found: int = await self.page.evaluate("() => derbyReplay.position")
        return found

    async def total(self) -> int:
        """Return how many ops there are."""
        found: int = await self.page.evaluate("() => derbyReplay.film.total")
        return found

    async def at(self, position: int) -> None:
        """Wait until a position is shown."""
        await self.page.wait_for_function(
            "(at) => derbyReplay.state.position === at && derbyReplay.position === at",
            arg=position,
            timeout=PATIENCE,
        )

    async def sources(self) -> list[str]:
        """Return what the cells show, as the state has it."""
        await self.position()
        found: list[str] = await self.page.evaluate(
            """() => [...derbyReplay.notebook.element.querySelectorAll('.cell')]
              .map((cell) => derbyReplay.notebook.views.get(cell.dataset.cellId).data.source)"""
        )
        return found

    async def text(self, index: int) -> str:
        """Return the text that is drawn in a cell, without what is marked as deleted."""
        found: str = await self.cells.nth(index).evaluate(
            """(cell) => [...cell.querySelectorAll('.cm-line')].map((line) => {
              const copy = line.cloneNode(true);
              for (const gone of copy.querySelectorAll('del')) gone.remove();
              return copy.textContent;
            }).join('\\n')"""
        )
        return found

    async def keys(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            await self.page.keyboard.press(key)

    async def step(self, key: str = "ArrowRight") -> int:
        """Press a key that goes to another moment; return its position."""
        before = await self.position()
        await self.keys(key)
        await self.page.wait_for_function(
            "(before) => derbyReplay.position !== before", arg=before, timeout=PATIENCE
        )
        return await self.position()

    async def drag(self, share: float) -> None:
        """Drag the slider to a share of its length."""
        box = await self.page.locator(".film-strip").bounding_box()
        assert box is not None
        across, down = box["x"] + 2, box["y"] + box["height"] / 2
        await self.page.mouse.move(across, down)
        await self.page.mouse.down()
        for part in range(1, 9):
            await self.page.mouse.move(box["x"] + box["width"] * share * part / 8, down)
        await self.page.mouse.up()

    def control(self, action: str) -> Locator:
        """Return one of the controls."""
        return self.page.locator(f'.dock [data-action="{action}"]')

    async def says(self, text: str) -> None:
        """Wait until a note says something."""
        await expect(self.page.locator(".toast").filter(has_text=text)).to_be_visible(
            timeout=PATIENCE
        )
