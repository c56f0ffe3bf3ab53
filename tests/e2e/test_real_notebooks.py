"""Notebooks as people really have them: old formats, attachments, raw cells, nothing at all."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.async_api import expect

from tests.e2e.conftest import NotebookServer, OpenPage
from tests.e2e.notebook_page import PATIENCE, NotebookPage
from tests.e2e.waiting import notebook_in, until

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(300)]

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhf"
    "DwAChwGA60e6kgAAAABJRU5ErkJggg=="
)

VERSION_3: dict[str, Any] = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {"name": "old"},
    "worksheets": [
        {
            "metadata": {},
            "cells": [
                {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["An old heading"]},
                {
                    "cell_type": "code",
                    "language": "python",
                    "collapsed": False,
                    "metadata": {},
                    "prompt_number": 4,
                    "input": ["print('old')"],
                    "outputs": [
                        {"output_type": "stream", "stream": "stdout", "text": ["old\n"]},
                    ],
                },
            ],
        }
    ],
}

VERSION_4_0: dict[str, Any] = {
    "nbformat": 4,
    "nbformat_minor": 0,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "mine": {"x": 1}},
    "cells": [
        {"cell_type": "markdown", "metadata": {"kept": True}, "source": ["two\n", "lines"]},
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": 7,
            "source": ["6*7"],
            "outputs": [
                {
                    "output_type": "execute_result",
                    "execution_count": 7,
                    "metadata": {},
                    "data": {"text/plain": ["42"]},
                }
            ],
        },
    ],
}

VERSION_4_5: dict[str, Any] = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {
            "id": "picture",
            "cell_type": "markdown",
            "metadata": {},
            "source": "![dot](attachment:dot.png)",
            "attachments": {"dot.png": {"image/png": PIXEL}},
        },
        {"id": "raw-one", "cell_type": "raw", "metadata": {"format": "x"}, "source": "\\raw{}"},
    ],
}

NO_CELLS: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}


async def opened(
    server: NotebookServer, open_page: OpenPage, content: dict[str, Any] | None
) -> tuple[NotebookPage, Path]:
    name = f"real {uuid.uuid4()}.ipynb"
    path = server.folder / name
    path.write_text("" if content is None else json.dumps(content))
    page = NotebookPage(await open_page(server.url(f"notebooks/{name}")))
    await page.connected()
    return page, path


async def saved_with(path: Path, wanted: str) -> nbformat.NotebookNode:
    """Wait until the file holds a text, and return the valid notebook it is."""

    def saved() -> nbformat.NotebookNode | None:
        return notebook_in(path) if wanted in path.read_text() else None

    return await until(saved, lambda: f"{wanted!r} in the file: {path.read_text()}")


async def test_a_version_3_notebook_opens_and_is_saved_as_version_4(
    notebook_server: NotebookServer, open_page: OpenPage
) -> None:
    page, path = await opened(notebook_server, open_page, VERSION_3)
    await expect(page.cell(0).locator("h2")).to_have_text("An old heading", timeout=PATIENCE)
    await expect(page.outputs(1)).to_contain_text("old")
    await page.replace(1, "print('new')")
    notebook = await saved_with(path, "new")
    assert (notebook.nbformat, len(notebook.cells)) == (4, 2)
    assert notebook.cells[1].outputs[0].text == "old\n"


async def test_a_version_4_0_notebook_keeps_its_metadata_and_gains_ids(
    notebook_server: NotebookServer, open_page: OpenPage
) -> None:
    page, path = await opened(notebook_server, open_page, VERSION_4_0)
    await expect(page.outputs(1)).to_contain_text("42", timeout=PATIENCE)
    await page.replace(1, "7*6")
    notebook = await saved_with(path, "7*6")
    assert notebook.metadata["mine"] == {"x": 1}
    assert notebook.cells[0].metadata == {"kept": True}
    assert notebook.cells[0].source == "two\nlines"
    assert (notebook.nbformat_minor, len({cell.id for cell in notebook.cells})) == (5, 2)


async def test_attachments_show_and_raw_cells_and_ids_are_kept(
    notebook_server: NotebookServer, open_page: OpenPage
) -> None:
    page, path = await opened(notebook_server, open_page, VERSION_4_5)
    picture = page.cell(0).locator("img")
    await expect(picture).to_have_attribute("src", f"data:image/png;base64,{PIXEL}")
    await page.replace(1, "\\raw{changed}")
    notebook = await saved_with(path, "changed")
    assert [cell.id for cell in notebook.cells] == ["picture", "raw-one"]
    assert notebook.cells[0].attachments == VERSION_4_5["cells"][0]["attachments"]
    assert notebook.cells[1].metadata == {"format": "x"}


@pytest.mark.parametrize("content", [NO_CELLS, None], ids=["no cells", "an empty file"])
async def test_a_notebook_without_cells_can_be_filled(
    notebook_server: NotebookServer, open_page: OpenPage, content: dict[str, Any] | None
) -> None:
    page, path = await opened(notebook_server, open_page, content)
    if await page.cells.count() == 0:
        await page.press("insert-below")
    await expect(page.cells).to_have_count(1, timeout=PATIENCE)
    await page.replace(0, "first = 1")
    notebook = await saved_with(path, "first = 1")
    assert [cell.source for cell in notebook.cells] == ["first = 1"]
