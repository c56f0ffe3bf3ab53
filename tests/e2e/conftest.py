"""A real server, real kernels and real browsers for the tests of the whole product."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest
import pytest_asyncio
from nbformat.v4 import new_notebook
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.e2e.notebook_page import PATIENCE, NotebookPage
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
    # The address bar's menu is a page of its own with a renderer for each window: 0.6 s of
    # processor time that nobody sees. The list takes the place of Playwright's own.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,DestroyProfileOnBrowserClose,"
    "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,"
    "ThirdPartyStoragePartitioning,OptimizationHints",
]

expect.set_options(timeout=PATIENCE)

OpenPage = Callable[..., Awaitable[Page]]
OpenNotebook = Callable[..., Awaitable[NotebookPage]]


def install_bash(spec: Path) -> None:
    """Write the specification of a second kind of kernel."""
    spec.mkdir(parents=True, exist_ok=True)
    kernel = {
        "argv": [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"],
        "display_name": "Bash",
        "language": "bash",
        "env": {"PS1": "$"},
    }
    (spec / "kernel.json").write_text(json.dumps(kernel))


class NotebookServer(Program):
    """``derby-notebook`` on a folder of its own, with its port and database kept over restarts."""

    def __init__(self, folder: Path, state: Path, *options: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.token = ""
        install_bash(state / "share" / "kernels" / "bash")
        # A copy: Jupyter and Lab leave things of their own beside it.
        config = shutil.copytree(Path(__file__).parent / "jupyter_config", state / "config")
        super().__init__(
            "derby-notebook",
            *(str(folder), "--port", str(self.port), "--no-browser"),
            *("--db", f"sqlite:///{state}/rooms.sqlite", *options),
            log=state / "log",
            ready=rf"http://localhost:{self.port}/\S*token=([\w-]+)",
            patience=100,
            env={
                "JUPYTER_CONFIG_DIR": str(config),
                "JUPYTER_PATH": str(state / "share"),
                "IPYTHONDIR": str(state / "ipython"),
            },
        )

    def launch(self) -> None:
        """Start, or start again, and learn the token that lets a browser in."""
        self.token = self.start()[1]

    def url(self, path: str) -> str:
        """Return the address of a page, signed in by its token."""
        return f"http://localhost:{self.port}/{path}?token={self.token}"

    def end_kernels(self) -> None:
        """Shut down all kernels, so that they do not gather from test to test."""
        headers = {"Authorization": f"token {self.token}"}
        base = f"http://localhost:{self.port}"
        with httpx.Client(base_url=base, headers=headers, timeout=60) as jupyter:
            for kernel in jupyter.get("/api/kernels").json():
                jupyter.delete(f"/api/kernels/{kernel['id']}")


def serving(home: Path, *options: str) -> Iterator[NotebookServer]:
    """Run a server on a folder below ``home`` until the fixture ends."""
    folder, state = home / "work", home / "state"
    folder.mkdir()
    state.mkdir()
    server = NotebookServer(folder, state, *options)
    try:
        server.launch()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotebookServer]:
    """One server for all tests, which have their own notebooks in it; ``vic`` may only look."""
    yield from serving(tmp_path_factory.mktemp("shared"), "--role", "vic=viewer")


@pytest.fixture
def notebook_server(shared_server: NotebookServer) -> Iterator[NotebookServer]:
    """The shared server; the kernels that a test started end with it."""
    yield shared_server
    shared_server.end_kernels()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[NotebookServer]:
    """A server that the test may kill and start again."""
    yield from serving(tmp_path)


@pytest.fixture
def notebook_path(request: pytest.FixtureRequest) -> str:
    """The name of a notebook that only this test uses."""
    return re.sub(r"\W+", "-", request.node.name).strip("-") + ".ipynb"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let all of these tests run in one event loop, the one that their browser is in."""
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("asyncio"):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests of a process: to start one takes longer than many a test."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on the PATH")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """Open an address in a profile of its own, as a person if one is named."""
    async with AsyncExitStack() as stack:

        async def open_one(
            url: str, width: int = 1280, height: int = 900, person: str = "", **kind: Any
        ) -> Page:
            profile = await browser.new_context(viewport={"width": width, "height": height}, **kind)
            stack.push_async_callback(profile.close)
            profile.set_default_timeout(PATIENCE)
            if person:
                origin = "/".join(url.split("/")[:3])
                await profile.add_cookies([{"name": "person", "value": person, "url": origin}])
            page = await profile.new_page()
            await page.goto(url)
            return page

        yield open_one


@pytest.fixture
def open_notebook(
    notebook_server: NotebookServer, open_page: OpenPage, notebook_path: str
) -> OpenNotebook:
    """Open a notebook of the given cells, or the one that is there, in a browser of its own."""

    async def open_one(
        *cells: nbformat.NotebookNode,
        server: NotebookServer = notebook_server,
        metadata: dict[str, Any] | None = None,
        **kind: Any,
    ) -> NotebookPage:
        if cells:
            notebook = new_notebook(cells=list(cells), metadata=metadata or {})
            nbformat.write(notebook, server.folder / notebook_path)
        page = NotebookPage(await open_page(server.url(f"notebooks/{notebook_path}"), **kind))
        await page.ready()
        return page

    return open_one
