"""Chromium, and what it says about the work of a page's main thread."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, CDPSession, Page, async_playwright

__all__ = ["Meter", "chromium"]

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Yield the distribution's own browser."""
    path = next(
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


class Meter:
    """Reads a page's counters: processor time of its main thread, memory, elements."""

    def __init__(self, page: Page, session: CDPSession) -> None:
        self.page = page
        self._session = session

    @classmethod
    async def on(cls, page: Page) -> Meter:
        """Start counting on a page."""
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable", {"timeDomain": "threadTicks"})
        return cls(page, session)

    async def read(self) -> dict[str, float]:
        """Return all counters as they stand."""
        found: dict[str, Any] = await self._session.send("Performance.getMetrics")
        return {metric["name"]: metric["value"] for metric in found["metrics"]}

    async def busy_ms(self) -> float:
        """Return the processor time that tasks of the main thread took so far."""
        return (await self.read())["TaskDuration"] * 1000

    async def memory(self) -> dict[str, float]:
        """Return what is held once garbage is gone."""
        await self._session.send("HeapProfiler.collectGarbage")
        read = await self.read()
        return {
            "heap MB": read["JSHeapUsedSize"] / 1e6,
            "elements": read["Nodes"],
            "listeners": read["JSEventListeners"],
        }
