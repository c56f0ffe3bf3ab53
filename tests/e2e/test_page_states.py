"""What the page says of itself: saved or not, offline, read-only, nothing there."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from playwright.async_api import Route, expect

from tests.e2e.conftest import NotebookServer, OpenNotebook, OpenPage
from tests.e2e.notebook_page import PATIENCE, NotebookPage
from tests.e2e.waiting import until_saved, waiting_for

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(300)]


async def test_offline_is_said_without_moving_the_page(
    open_notebook: OpenNotebook, own_server: NotebookServer, notebook_path: str
) -> None:
    page = await open_notebook(new_code_cell("one"), server=own_server)
    before = await page.cell(0).bounding_box()
    own_server.kill()
    notice = page.page.locator(".notice.offline")
    await expect(notice).to_contain_text("Reconnecting", timeout=PATIENCE)
    await expect(page.page.locator(".saving")).to_contain_text("Offline")
    assert await page.cell(0).bounding_box() == before
    await page.focus(0)
    await page.keys("End")
    await page.type(" kept")
    own_server.launch()
    await expect(notice).to_have_count(0, timeout=60_000)
    await until_saved(own_server.folder / notebook_path, "one kept")
    await page.saved()


async def test_a_file_that_is_gone_is_said_and_written_anew_on_demand(
    open_notebook: OpenNotebook, notebook_server: NotebookServer, notebook_path: str
) -> None:
    page = await open_notebook(new_code_cell("kept"))
    path = notebook_server.folder / notebook_path
    path.unlink()
    notice = page.page.locator(".problem-notice")
    await expect(notice).to_contain_text("Not saved", timeout=PATIENCE)
    assert not path.exists()
    await notice.get_by_role("button", name="Save it anew").click()
    await page.page.get_by_role("alertdialog").get_by_role("button", name="Write it").click()
    await expect(notice).to_have_count(0, timeout=PATIENCE)
    await expect(page.page.locator(".saving")).to_contain_text("Saved")
    assert "kept" in path.read_text()


async def test_what_changes_in_the_file_comes_in_and_is_said(
    open_notebook: OpenNotebook, notebook_server: NotebookServer, notebook_path: str
) -> None:
    page = await open_notebook(new_code_cell("one"), new_code_cell("two"))
    path = notebook_server.folder / notebook_path
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].source = "two, from outside"
    nbformat.write(notebook, path)
    await page.expect_sources("one", "two, from outside")
    await expect(page.page.locator(".toast", has_text="changed outside")).to_be_visible()


async def test_a_renamed_notebook_takes_everybody_along_and_the_kernel_stays(
    open_notebook: OpenNotebook, notebook_server: NotebookServer, notebook_path: str
) -> None:
    ann = await open_notebook(new_code_cell("kept = 42"), new_code_cell("print(kept)"))
    ben = await open_notebook()
    await ann.run(0)
    await expect(ann.cell(0)).to_contain_text("[1]", timeout=60_000)
    await ann.page.locator("h1 .rename").click()
    field = ann.page.get_by_role("textbox", name="Rename the notebook")
    await expect(field).to_be_focused()
    await field.fill("a/b")
    await field.press("Enter")
    await expect(ann.page.locator(".toast.problem")).to_contain_text("A name cannot hold '/'")
    await ann.page.locator("h1 .rename").click()
    name = f"new näme {notebook_path[:20]}"
    await field.fill(name)
    await field.press("Enter")
    for page in (ann, ben):
        await expect(page.page.locator("h1")).to_have_text(name, timeout=PATIENCE)
        await expect(page.page).to_have_title(name)
    assert not (notebook_server.folder / notebook_path).exists()
    await ben.page.reload()
    await ben.ready()
    await ben.run(1)
    await expect(ann.outputs(1)).to_contain_text("42", timeout=PATIENCE)
    await ann.page.keyboard.press("Control+s")
    await expect(ann.page.locator(".toast.done")).to_have_text("Saved.", timeout=PATIENCE)
    assert "print(kept)" in (notebook_server.folder / f"{name}.ipynb").read_text()
    assert not (notebook_server.folder / notebook_path).exists()


async def test_another_kernel_is_chosen_from_the_menu(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("if true; then echo $((6 * 7)); fi"))
    kernel = page.page.locator(".kernel")
    await kernel.click()
    await page.page.get_by_role("menuitem", name="Bash").click()
    await expect(kernel).to_contain_text("Bash", timeout=PATIENCE)
    await page.focus(0)
    await expect(page.cell(0).locator(".tok-keyword").last).to_have_text("fi", timeout=PATIENCE)
    await page.run(0)
    await expect(page.outputs(0)).to_have_text("42", timeout=60_000)
    await expect(kernel).to_contain_text("idle", timeout=PATIENCE)


async def test_an_empty_notebook_invites_to_add_a_cell(
    notebook_server: NotebookServer, open_page: OpenPage
) -> None:
    (notebook_server.folder / "empty.ipynb").write_text("")
    page = NotebookPage(await open_page(notebook_server.url("notebooks/empty.ipynb")))
    await page.connected()
    await expect(page.page.locator(".empty")).to_contain_text("Nothing here yet")
    await page.page.get_by_role("button", name="Text", exact=True).click()
    await expect(page.cell(0)).to_have_attribute("data-cell-type", "markdown")
    await expect(page.cell(0).locator(".cm-content")).to_be_focused(timeout=PATIENCE)
    await page.type("# Hello")
    await page.keys("Shift+Enter")
    await expect(page.cell(0).locator("h1")).to_have_text("Hello")


async def test_a_viewer_sees_that_the_page_is_read_only(open_notebook: OpenNotebook) -> None:
    editor = await open_notebook(new_code_cell("one"), person="ann")
    viewer = await open_notebook(person="vic")
    page = viewer.page
    await expect(page.locator(".viewing")).to_contain_text("View only")
    await expect(page.locator('[data-action="run"], [data-action="remove"]')).to_have_count(0)
    await expect(page.locator('.add-bar, [data-action="cell-type"], .run-here')).to_have_count(0)
    await expect(page.get_by_role("menuitem", name="Run", exact=True)).to_have_count(0)
    await viewer.focus(0)
    await viewer.type("not taken")
    await viewer.keys("Escape", "b", "d", "d")
    await expect(page.locator(".toast", has_text="read-only")).to_be_visible()
    await viewer.press("chat")
    await expect(page.locator(".chat")).to_contain_text("No messages yet")
    await expect(page.locator(".chat-form")).to_have_count(0)
    await editor.focus(0)
    await editor.keys("End")
    await editor.type("!")
    await viewer.expect_sources("one!")
    await expect(viewer.cell(0).locator(".remote-caret")).to_have_attribute("data-person", "Ann")


async def test_errors_of_the_server_are_said_in_words(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("1"))
    await page.run(0)
    await expect(page.cell(0)).to_contain_text("[1]", timeout=60_000)

    async def fail(route: Route) -> None:
        await route.fulfill(status=502, body="Jupyter does not answer")

    await page.page.route("**/derby/notebooks/*/interrupt", fail)
    await page.press("interrupt")
    await expect(page.page.locator(".toast.problem")).to_contain_text("Jupyter does not answer")


async def test_the_kernel_pill_tells_what_the_kernel_does_and_how_far_a_run_is(
    open_notebook: OpenNotebook, tmp_path: Path
) -> None:
    go_on = tmp_path / "go on"
    page = await open_notebook(*(new_code_cell(waiting_for(go_on)) for _ in range(4)))
    kernel = page.page.locator(".kernel")
    await expect(kernel).to_contain_text("not started")
    await page.press("run-all")
    await expect(kernel.locator(".progress")).to_contain_text("of 4", timeout=60_000)
    await expect(kernel).to_contain_text("busy", timeout=60_000)
    go_on.touch()
    await expect(kernel).to_contain_text("idle", timeout=60_000)
    await expect(kernel.locator(".progress")).to_have_count(0)
    await expect(kernel).to_contain_text("Python 3")


async def test_colours_follow_ones_choice_over_a_reload(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("1"), color_scheme="light")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = await page.page.evaluate(ground)
    for _ in range(2):
        await page.command(0, "p")
        await page.type("light, dark")
        await page.keys("Enter")
    assert await page.page.evaluate(ground) != light
    await page.page.reload()
    await page.ready()
    assert await page.page.evaluate(ground) != light
    assert json.dumps(await page.sources()) == '["1"]'
