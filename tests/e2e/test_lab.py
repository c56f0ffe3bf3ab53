"""JupyterLab through us: files, kernels and terminals, as if we were not there."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.async_api import expect

from tests.e2e.conftest import NotebookServer, OpenPage
from tests.e2e.notebook_page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(300)]

SLOW = 60_000


async def test_a_cell_runs_in_lab_and_what_lab_saves_is_on_our_page(
    notebook_server: NotebookServer, open_page: OpenPage, notebook_path: str
) -> None:
    path = notebook_server.folder / notebook_path
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}  # Lab asks else
    nbformat.write(new_notebook(cells=[new_code_cell("6 * 7")], metadata=kernel), path)
    ours = NotebookPage(await open_page(notebook_server.url(f"notebooks/{notebook_path}")))
    await ours.ready()
    lab = await open_page(notebook_server.url(f"lab/tree/{notebook_path}"))
    cell = lab.locator(".jp-Notebook .jp-CodeCell").first
    await expect(cell).to_be_visible(timeout=SLOW)
    # Asked to run before its kernel is there, Lab drops the run.
    await expect(lab.get_by_role("button", name="| Idle")).to_be_visible(timeout=SLOW)
    await cell.click()
    await lab.get_by_role("button", name="Run this cell and advance").click()
    await expect(lab.locator(".jp-OutputArea-output").first).to_contain_text("42", timeout=SLOW)
    await cell.locator(".cm-content").click()
    await lab.keyboard.press("End")
    await lab.keyboard.type(" # in Lab")
    await lab.keyboard.press("Control+s")
    await ours.expect_sources("6 * 7 # in Lab", "")  # advancing, Lab made another cell
    await expect(ours.outputs(0)).to_contain_text("42")
    assert notebook_server.token not in await lab.content()
