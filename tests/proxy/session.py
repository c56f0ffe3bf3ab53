"""One notebook behind a server, as a browser and its websocket see it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import nbformat

from sharedb_py.client.aio.websocket import WebSocketConnection, connect
from tests.proxy.conftest import DerbyServer, JupyterServer
from tests.proxy.live import eventually

__all__ = ["POST", "Session", "ended", "put", "session_on", "until"]

POST = {"X-Requested-With": "derby-notebook"}


class Session:
    """One notebook behind a server that is killed and started again."""

    def __init__(self, server: DerbyServer, browser: httpx.AsyncClient, path: Path) -> None:
        self.server = server
        self.browser = browser
        self.path = path
        self.notebook = ""

    async def open(self) -> None:
        name = self.path.relative_to(self.server.jupyter.folder)
        page = await self.browser.get(f"notebooks/{name}")
        assert page.status_code == 200, page.text
        found = re.search(r'"notebookId": "(\w+)"', page.text)
        assert found
        self.notebook = found[1]

    def line(self) -> WebSocketConnection:
        cookies = "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())
        return connect(f"ws{self.server.url[4:]}channel", headers={"Cookie": cookies})

    async def cells(self, client: WebSocketConnection) -> list[Any]:
        docs = (await client.query("cells", {"_notebook": self.notebook})).docs
        for doc in docs:
            await doc.subscribe()
        return sorted(docs, key=lambda doc: (doc.data["_weight"], doc.id))

    def sources(self) -> list[str]:
        notebook = nbformat.read(self.path, nbformat.NO_CONVERT)
        nbformat.validate(notebook)
        return [cell["source"] for cell in notebook["cells"]]

    async def until_saved(self, *expected: str) -> None:
        async def same() -> bool:
            try:
                return self.sources() == list(expected)
            except nbformat.reader.NotJSONError:
                return False  # Jupyter is just writing it

        try:
            await eventually(same)
        except AssertionError:
            assert self.sources() == list(expected)


@asynccontextmanager
async def session_on(jupyter: JupyterServer, path: Path, state: Path) -> AsyncIterator[Session]:
    """Open a notebook behind a server of its own, which may be killed and started again."""
    with DerbyServer(jupyter, state) as server:
        async with aclosing(await server.browser()) as browser:
            session = Session(server, browser, path)
            await session.open()
            yield session


async def until(holds: Any, what: str = "") -> None:
    async def ask() -> bool:
        return bool(holds())

    await eventually(ask, what)


def ended(doc: Any) -> bool:
    return bool((doc.data.get("_run") or {}).get("ended"))


async def put(doc: Any, text: str) -> None:
    """Replace a cell's source."""
    old = doc.data["source"]
    await doc.submit([{"p": ["source", 0], "sd": old}, {"p": ["source", 0], "si": text}])
