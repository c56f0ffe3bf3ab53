"""Takes the pictures of the page that the README and the guides show.

Needs a Jupyter kernel ``python3`` with matplotlib, pandas and ipywidgets:

    python docs/images/take.py [FOLDER OF KERNELS, as in JUPYTER_PATH]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.async_api import Browser, async_playwright, expect

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.e2e.conftest import CHROMIUM, QUIET, NotebookServer  # noqa: E402
from tests.e2e.notebook_page import NotebookPage  # noqa: E402

END_OF_LAST = "[...document.querySelectorAll('.cell')].at(-1).getBoundingClientRect().bottom"
NAME = "temperatures.ipynb"
CELLS = [
    new_markdown_cell(
        "# City temperatures\n\nDaily means of three cities over a year, and how well a *seasonal* "
        "model fits them."
    ),
    new_code_cell(
        "import numpy as np\nimport pandas as pd\n\n"
        "rng = np.random.default_rng(7)\n"
        'days = pd.date_range("2025-01-01", periods=365)\n'
        'CITIES = {"Oslo": (7.0, 12.5), "Lisbon": (17.4, 6.3), "Naples": (16.8, 8.4)}\n\n'
        "def year(mean: float, swing: float) -> np.ndarray:\n"
        '    """A wave over the year, with weather on top."""\n'
        "    season = -np.cos(2 * np.pi * (np.arange(365) - 20) / 365)\n"
        "    return mean + swing * season + rng.normal(0, 1.6, 365)  # °C"
    ),
    new_code_cell(
        "temps = pd.DataFrame({city: year(*shape) for city, shape in CITIES.items()}, index=days)\n"
        'temps.agg(["mean", "std", "min", "max"]).round(1)'
    ),
    new_code_cell(
        "axes = temps.rolling(7).mean().plot(figsize=(8.4, 2.9), lw=1.8)\n"
        'axes.set(ylabel="°C", title="Weekly means")\naxes.grid(alpha=0.3)'
    ),
    new_markdown_cell(
        "## The model\n\n"
        "$$T(t) = \\bar T + A \\cos\\left(\\frac{2\\pi (t - t_0)}{365}\\right) + \\varepsilon_t,"
        " \\qquad \\varepsilon_t \\sim \\mathcal{N}(0, \\sigma^2)$$"
    ),
    new_code_cell(
        "from ipywidgets import HTML, HBox, IntSlider\n\n"
        'window, left = IntSlider(7, 1, 60, description="days"), HTML()\n\n'
        "def smooth(change=None):\n"
        "    noise = temps.rolling(window.value).mean().diff().std().mean()\n"
        '    left.value = f"<b>{noise:.2f} °C</b> from day to day"\n\n'
        'window.observe(smooth, "value")\nsmooth()\nHBox([window, left])'
    ),
]


@contextmanager
def served(kernels: str):
    """Serve the notebook from a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as home:
        folder, state = Path(home) / "work", Path(home) / "state"
        folder.mkdir()
        state.mkdir()
        nbformat.write(new_notebook(cells=CELLS), folder / NAME)
        server = NotebookServer(folder, state)
        if kernels:
            server.env = {**(server.env or {}), "JUPYTER_PATH": kernels}
        server.launch()
        try:
            yield server
        finally:
            server.stop()


async def opened(browser: Browser, server: NotebookServer, person: str, **kind) -> NotebookPage:
    """Open the notebook as somebody."""
    context = await browser.new_context(**kind)
    origin = f"http://localhost:{server.port}"
    await context.add_cookies([{"name": "person", "value": person, "url": origin}])
    page = NotebookPage(await context.new_page())
    await page.page.goto(server.url(f"notebooks/{NAME}"))
    await page.ready()
    return page


async def take(page: NotebookPage, name: str) -> None:
    """Keep a picture of what a page shows."""
    await page.page.mouse.move(2, 400)
    await expect(page.page.locator(".toast")).to_have_count(0, timeout=30_000)
    await page.page.screenshot(path=HERE / f"{name}.png")


async def at(page: NotebookPage, index: int, line: int, *keys: str) -> None:
    """Put the caret into a line of a cell, and press keys there."""
    await page.focus(index)
    await page.keys("Control+Home", *["ArrowDown"] * line, *keys)


async def talk(page: NotebookPage, *messages: str) -> None:
    """Write messages to the others, with the chat open."""
    await page.press("chat")
    for message in messages:
        await page.page.get_by_label("Message", exact=True).fill(message)
        await page.keys("Enter")
    await page.page.get_by_role("button", name="Close the chat").click()


async def main(kernels: str) -> None:
    with served(kernels) as server:
        async with AsyncExitStack() as stack:
            playwright = await stack.enter_async_context(async_playwright())
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            stack.push_async_callback(browser.close)
            wide = {"width": 1280, "height": 940}
            ann = await opened(browser, server, "ann", viewport=wide, color_scheme="light")
            await ann.press("run-all")
            await expect(ann.cell(5)).to_contain_text("[4]", timeout=120_000)
            await expect(ann.cell(5).locator(".widget-slider")).to_be_visible(timeout=30_000)
            await ann.saved()
            ben = await opened(browser, server, "ben", viewport=wide, color_scheme="dark")
            cyd = await opened(
                browser, server, "cyd", viewport={"width": 390, "height": 800}, has_touch=True
            )
            await talk(ben, "Is the rolling mean centred? See `temps.rolling(7)`.")
            await talk(
                cyd, "No, it lags by three days:", "$$\\bar x_t = \\frac17 \\sum_i x_{t-i}$$"
            )
            await ann.command(0)
            await at(cyd, 2, 0, "End", "ArrowLeft", "ArrowLeft")
            await at(ben, 1, 8, "Home", *["Shift+End"])
            await at(ann, 1, 5, "End")
            await expect(ann.page.locator(".toast")).to_have_count(0, timeout=30_000)
            await at(ben, 1, 9, "Home", *["Shift+End"])
            await ann.page.evaluate("scrollTo(0, 0)")
            await take(ann, "notebook-light")
            await take(cyd, "notebook-phone")
            await ben.press("chat")
            await expect(ben.cell(5).locator(".widget-slider")).to_be_visible(timeout=30_000)
            await at(ben, 5, 4, "End")
            await ben.page.evaluate("scrollBy(0, 2000)")
            await ben.page.evaluate(f"scrollBy(0, ({END_OF_LAST}) - innerHeight + 30)")
            await at(ann, 5, 5, "End")
            await take(ben, "notebook-dark")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else ""))
