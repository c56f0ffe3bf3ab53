"""A real server, real kernels and real browsers for the tests of the whole product."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_notebook
from playwright.async_api import Page, async_playwright

from tests.e2e.notebook_page import NotebookPage
from tests.running import Program, free_port

CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

OpenPage = Callable[..., Awaitable[Page]]
OpenNotebook = Callable[..., Awaitable[NotebookPage]]


class NotebookServer(Program):
    """``derby-notebook`` on a folder of its own, with its port and database kept over restarts."""

    def __init__(self, folder: Path, state: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.token = ""
        super().__init__(
            "derby-notebook",
            *(str(folder), "--port", str(self.port), "--no-browser"),
            *("--db", f"sqlite:///{state}/rooms.sqlite"),
            log=state / "log",
            ready=rf"http://localhost:{self.port}/\S*token=([\w-]+)",
        )

    def launch(self) -> None:
        """Start, or start again, and learn the token that lets a browser in."""
        self.token = self.start()[1]

    def url(self, path: str) -> str:
        """Return the address of a page, signed in by its token."""
        return f"http://localhost:{self.port}/{path}?token={self.token}"


@pytest.fixture
def notebook_server(tmp_path: Path) -> Iterator[NotebookServer]:
    folder, state = tmp_path / "work", tmp_path / "state"
    folder.mkdir()
    state.mkdir()
    server = NotebookServer(folder, state)
    server.launch()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
async def open_page() -> AsyncIterator[OpenPage]:
    """Open an address in a browser process of its own."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on the PATH")
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())

        async def open_one(url: str, width: int = 1280, height: int = 900, **kind: Any) -> Page:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            stack.push_async_callback(browser.close)
            page = await browser.new_page(viewport={"width": width, "height": height}, **kind)
            await page.goto(url)
            return page

        yield open_one


@pytest.fixture
def open_notebook(notebook_server: NotebookServer, open_page: OpenPage) -> OpenNotebook:
    """Open a notebook of the given cells, or the one that is there, in a browser of its own."""

    async def open_one(*cells: nbformat.NotebookNode, **kind: Any) -> NotebookPage:
        path = notebook_server.folder / "page.ipynb"
        if cells:
            nbformat.write(new_notebook(cells=list(cells)), path)
        page = NotebookPage(await open_page(notebook_server.url("notebooks/page.ipynb"), **kind))
        await page.ready()
        return page

    return open_one
