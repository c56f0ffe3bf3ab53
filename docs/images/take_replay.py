"""Takes the pictures of the replay page: a morning's work of three people, made up op by op.

python docs/images/take_replay.py [FOLDER FOR THE PICTURES]
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import uuid
from pathlib import Path

from playwright.async_api import Browser, async_playwright

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from derby_notebook.files.opening import path_key  # noqa: E402
from sharedb_py.db.sqlite import SQLiteDB  # noqa: E402
from sharedb_py.ot.json0 import json0  # noqa: E402
from tests.e2e.conftest import CHROMIUM, QUIET, NotebookServer  # noqa: E402
from tests.e2e.replay_page import ReplayPage  # noqa: E402
from tests.proxy.history.seeding import Author, History, notebook_doc  # noqa: E402

NAME = "penguins.ipynb"
ANN, BEN, EVA = Author("ann", "a"), Author("ben", "b"), Author("eva", "e")
SERVICE = Author("service", "service-1")
PEOPLE = {"ann": ("Ann", "#2563c9"), "ben": ("Ben", "#b4407a"), "eva": ("Eva", "#1a7f4b")}

TITLE = "# Penguins of Palmer Station\n\nHow heavy are they, and does the *bill* tell the species?"
LOAD = (
    "import pandas as pd\n\n"
    'birds = pd.read_csv("penguins.csv").dropna()\n'
    'birds.groupby("species").size()'
)
MEAN = (
    "def heaviest(table, count=3):\n"
    '    """The heaviest birds of each species."""\n'
    '    ranked = table.sort_values("body_mass", ascending=False)\n'
    '    return ranked.groupby("species").head(count)'
)
CALL = 'heaviest(birds)["body_mass"].mean()'
PLOT = 'birds.plot.scatter("bill_length", "bill_depth", c="color")'
SIZES = "species\nAdelie       146\nChinstrap     68\nGentoo       119\ndtype: int64\n"


def plot() -> str:
    """Return a scatter plot as SVG."""
    draw = random.Random(3)
    dots = []
    for color, x, y in (("#e8833a", 110, 70), ("#8e5bc4", 270, 62), ("#2f8f83", 250, 150)):
        for _ in range(60):
            at = f'cx="{draw.gauss(x, 26):.0f}" cy="{draw.gauss(y, 18):.0f}"'
            dots.append(f'<circle {at} r="3.4" fill="{color}" fill-opacity=".7"/>')
    frame = '<path d="M40 10V205H400" fill="none" stroke="#888"/>'
    names = (
        '<text x="170" y="230" font-size="13" fill="#555">bill length (mm)</text>'
        '<text x="-150" y="20" font-size="13" fill="#555" transform="rotate(-90)">bill depth</text>'
    )
    size = 'viewBox="0 0 420 240" width="420" height="240"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{frame}{names}{"".join(dots)}</svg>'


class Morning:
    """Types and runs as people do, pauses and all."""

    def __init__(self, notebook: str) -> None:
        self.history = History(notebook)
        self.random = random.Random(5)
        self.runs = 0

    def cell(self, number: int) -> str:
        """Return the id of a cell."""
        return f"{self.history.notebook}-{number}"

    def write(self, cell: int, who: Author, text: str, at: int = 0) -> None:
        """Type a text, letter by letter."""
        for offset, letter in enumerate(text):
            gap = self.random.choice((50, 70, 90, 110, 160, 240))
            self.history.type(self.cell(cell), who, letter, at + offset, gap)

    def replace(self, cell: int, who: Author, old: str, new: str) -> None:
        """Delete a text with the Backspace key, and type another."""
        at = self.history.texts[self.cell(cell)].index(old)
        for offset in reversed(range(len(old))):
            self.history.erase(self.cell(cell), who, at + offset, 1, 80)
        self.write(cell, who, new, at)

    def run(self, cell: int, who: Author, text: str = "", **data: str) -> None:
        """Run a cell that prints a text, or shows data."""
        self.runs += 1
        name = self.cell(cell)
        self.history.run(name, who, SERVICE, self.runs, text)
        if data:
            mime = {"svg": "image/svg+xml", "plain": "text/plain"}
            shown = {mime[key]: value for key, value in data.items()}
            output = {"output_type": "display_data", "data": shown, "metadata": {}}
            op = [{"p": ["outputs"], "oi": [output]}]
            self.history.add("cells", name, SERVICE, 3, op=op)

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.history.clock += seconds * 1000


def morning(notebook: str) -> Morning:
    """Return the history of a notebook that three people made."""
    work = Morning(notebook)
    history = work.history
    create = {"type": json0.uri, "data": notebook_doc(NAME)}
    history.add("notebooks", notebook, SERVICE, 0, create=create)
    history.create_cell(work.cell(1), 1000, ANN, "markdown")
    work.write(1, ANN, TITLE)
    work.pause(20)
    history.create_cell(work.cell(2), 2000, BEN)
    work.write(2, BEN, LOAD)
    work.run(2, BEN, SIZES)
    work.pause(300)
    history.create_cell(work.cell(3), 3000, ANN)
    work.write(3, ANN, MEAN)
    history.create_cell(work.cell(4), 4000, EVA)
    work.write(4, EVA, CALL)
    work.run(3, ANN)
    work.run(4, EVA, plain="5477.8")
    work.pause(4000)
    history.create_cell(work.cell(5), 5000, EVA)
    work.write(5, EVA, PLOT)
    work.run(5, EVA, svg=plot())
    work.pause(30)
    work.replace(3, BEN, "count=3", "count=10")
    work.pause(8)
    work.replace(
        3, EVA, "The heaviest birds of each species", "The `count` heaviest of each species"
    )
    work.run(4, BEN, plain="5291.7")
    work.pause(60)
    work.replace(2, ANN, ".size()", '["body_mass"].median()')
    work.run(2, ANN, "species\nAdelie       3700.0\nChinstrap    3700.0\nGentoo       5050.0\n")
    return work


async def store(server: NotebookServer, history: History) -> None:
    """Put the morning and its people into the server's database."""
    mapping = {"notebook": history.notebook, "path": NAME}
    history.add(
        "notebookPaths", path_key(NAME), SERVICE, 0, create={"type": json0.uri, "data": mapping}
    )
    for user, (name, color) in PEOPLE.items():
        data = {"name": name, "color": color}
        history.add("users", user, SERVICE, 0, create={"type": json0.uri, "data": data})
    db = SQLiteDB(server.log.parent / "rooms.sqlite")
    try:
        await history.store(db)
    finally:
        await db.close()


async def opened(browser: Browser, server: NotebookServer, **kind) -> ReplayPage:
    """Open the history."""
    page = ReplayPage(await browser.new_page(**kind))
    await page.page.goto(server.url(f"replay/{NAME}"))
    await page.ready()
    return page


async def back_to(page: ReplayPage, text: str) -> None:
    """Step back, burst by burst, until the marked text holds this."""
    await page.keys("2")
    while text not in "".join(await page.page.locator("ins.wrote").all_text_contents()):
        await page.step("ArrowLeft")


async def take(page: ReplayPage, folder: Path, name: str) -> None:
    """Keep a picture of what a page shows."""
    await page.page.mouse.move(2, 400)
    for toast in await page.page.locator(".toast .tool").all():
        await toast.click()
    await page.page.wait_for_timeout(400)
    await page.page.screenshot(path=folder / f"{name}.png")


async def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as home:
        work, state = Path(home) / "work", Path(home) / "state"
        work.mkdir()
        state.mkdir()
        server = NotebookServer(work, state)
        server.launch()
        try:
            await store(server, morning(uuid.uuid4().hex).history)
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
                await pictures(browser, server, folder)
                await browser.close()
        finally:
            server.stop()


async def pictures(browser: Browser, server: NotebookServer, folder: Path) -> None:
    """Take them all."""
    wide = {"width": 1280, "height": 900}
    light = await opened(browser, server, viewport=wide, color_scheme="light")
    await back_to(light, "`count`")
    await light.page.evaluate("scrollTo(0, 0)")
    await take(light, folder, "replay-light")
    await light.keys("d")
    await light.page.locator(".diff-cell").first.wait_for()
    await take(light, folder, "replay-compare")
    dark = await opened(browser, server, viewport=wide, color_scheme="dark")
    await back_to(dark, "10")
    await dark.cells.nth(2).hover()
    await dark.cells.nth(2).get_by_role("button", name="History of this cell").click()
    await dark.page.locator(".changes button").first.wait_for()
    await take(dark, folder, "replay-dark")
    await dark.keys("Escape", "r")
    await take(dark, folder, "replay-runs")
    phone = await opened(browser, server, viewport={"width": 360, "height": 760}, has_touch=True)
    await back_to(phone, "`count`")
    await take(phone, folder, "replay-phone")
    blame = await opened(browser, server, viewport=wide, color_scheme="light")
    await blame.keys("b")
    await blame.page.locator(".blamed").first.wait_for()
    await take(blame, folder, "replay-blame")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE))
