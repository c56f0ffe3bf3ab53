"""Saves that meet something else: a Jupyter that dies, somebody who writes at that moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell

from derby_notebook.jupyter.api import JupyterAPI
from derby_notebook.service import NotebookService
from sharedb_py.backend import Backend
from tests.proxy.conftest import TOKEN, JupyterServer, write_notebook
from tests.proxy.live import Live
from tests.proxy.test_saving import edit_file, sources, until

pytestmark = [pytest.mark.jupyter]


class DyingServersAPI(JupyterAPI):
    """Asks a real server, which is ended at the moment at which it writes the file next."""

    def __init__(self, url: str, token: str, die: Callable[[], None]) -> None:
        super().__init__(url, token)
        self._die: Callable[[], None] | None = die

    async def save(
        self, path: str, notebook: dict[str, Any], replaces: str | None = None
    ) -> dict[str, Any]:
        if self._die is not None:
            self._die()
            self._die = None
        return await super().save(path, notebook, replaces)


@pytest.mark.parametrize("part", [0.0, 0.5], ids=["emptied", "half written"])
async def test_what_a_killed_jupyter_left_of_a_save_is_written_anew(
    own_jupyter: JupyterServer, part: float
) -> None:
    path = write_notebook(own_jupyter.folder / "a.ipynb", "first " * 100, "second " * 100, "last")

    def die() -> None:
        own_jupyter.kill()
        text = path.read_text()
        # What is typed comes at the end: up to there the new file is as the old one was.
        path.write_text(text[: int(len(text) * part)])

    backend = Backend()
    api = DyingServersAPI(own_jupyter.url, TOKEN, die)
    service = NotebookService(backend, api, watch_seconds=0.1)
    await service.start()
    try:
        live = await Live.open(service, own_jupyter.folder, path)
        await live.type(2, "typed at ")
        assert (await live.saved("error"))["reason"] == "unreachable"
        own_jupyter.start()
        await live.saved()
        assert sources(path) == ["first " * 100, "second " * 100, "typed at last"]
        assert not list(path.parent.glob("*replaced*"))
    finally:
        await service.close()
        await backend.close()
        await api.close()


class LateWritersAPI(JupyterAPI):
    """Asks a real server, before whose next save somebody else writes the file."""

    def __init__(self, url: str, token: str, write: Callable[[], None]) -> None:
        super().__init__(url, token)
        self._write: Callable[[], None] | None = write

    async def save(
        self, path: str, notebook: dict[str, Any], replaces: str | None = None
    ) -> dict[str, Any]:
        if self._write is not None:
            self._write()
            self._write = None
        return await super().save(path, notebook, replaces)


async def test_what_comes_between_the_last_look_and_the_save_is_merged(
    own_jupyter: JupyterServer,
) -> None:
    path = write_notebook(own_jupyter.folder / "a.ipynb", "first", "second")
    api = LateWritersAPI(
        own_jupyter.url, TOKEN, lambda: append_cell(path, new_markdown_cell("from outside"))
    )
    backend = Backend()
    service = NotebookService(backend, api)
    await service.start()
    try:
        live = await Live.open(service, own_jupyter.folder, path)
        await live.type(0, "typed ")
        await until(lambda: sources(path) == ["typed first", "second", "from outside"])
        assert [cell["source"] for _, cell in await live.cells()] == sources(path)
    finally:
        await service.close()
        await backend.close()
        await api.close()


def append_cell(path: Path, cell: nbformat.NotebookNode) -> None:
    edit_file(path, lambda notebook: notebook.cells.append(cell))
