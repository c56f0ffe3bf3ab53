"""A JupyterHub spawns us: its people sign in there and meet on one of their notebooks."""

from __future__ import annotations

import re
from collections.abc import Iterator

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.hub import JupyterHub
from tests.e2e.notebook_page import PATIENCE, NotebookPage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.jupyter,
    pytest.mark.node,
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterHub]:
    """A hub on which alice's server runs."""
    hub = JupyterHub(tmp_path_factory.mktemp("hub"))
    with hub:
        home = hub.homes / "alice"
        home.mkdir()
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}  # Lab asks else
        notebook = new_notebook(cells=[new_code_cell("6 * 7")], metadata=kernel)
        nbformat.write(notebook, home / "page.ipynb")
        hub.spawn("alice")
        yield hub


async def sign_in(page: Page, name: str) -> None:
    await page.get_by_label("Username").fill(name)
    await page.get_by_label("Password").fill("any")
    await page.get_by_role("button", name="Sign in").click()


async def enter(open_page: OpenPage, hub: JupyterHub, name: str) -> Page:
    """Go to alice's notebook as somebody who is signed in nowhere yet."""
    page = await open_page(f"{hub.url}/user/alice/notebooks/page.ipynb")
    await sign_in(page, name)
    if name != "alice":
        # The hub asks once whether somebody else's server may know who they are.
        await page.get_by_role("button", name="Authorize").click()
    return page


async def test_people_of_a_hub_meet_on_a_notebook(hub: JupyterHub, open_page: OpenPage) -> None:
    alice = NotebookPage(await enter(open_page, hub, "alice"))
    await alice.ready()
    assert alice.page.url == f"{hub.url}/user/alice/notebooks/page.ipynb"
    ben = NotebookPage(await enter(open_page, hub, "ben"))
    await ben.ready()
    await expect(alice.page.locator(".people li")).to_have_count(2, timeout=PATIENCE)
    titles = [
        await person.get_attribute("title")
        for person in await alice.page.locator(".people .person").all()
    ]
    assert {re.split(r"\W", str(title))[0] for title in titles} == {"alice", "ben"}
    await ben.focus(0)
    await ben.keys("End")
    await ben.type(" + 1")
    await alice.expect_sources("6 * 7 + 1")
    await alice.run(0)
    await expect(ben.outputs(0)).to_contain_text("43", timeout=PATIENCE)
    assert "Authorization" not in hub.output()
    state = hub.homes / "alice" / ".derby-notebook"
    assert oct(state.stat().st_mode & 0o777) == "0o700"
    assert not (state / "token").exists(), "the hub's token is in no file"


async def test_a_viewer_by_the_hubs_name_reads_only(hub: JupyterHub, open_page: OpenPage) -> None:
    vic = NotebookPage(await enter(open_page, hub, "vic"))
    await vic.ready()
    await expect(vic.cell(0)).to_contain_text("6 * 7")
    said = await vic.page.evaluate(
        """async () => {
          const options = {method: 'DELETE'};
          return (await fetch('/user/alice/api/contents/page.ipynb', options)).text();
        }"""
    )
    assert "You may read here" in said
    assert (hub.homes / "alice" / "page.ipynb").is_file()


async def test_whom_the_hub_does_not_let_in_we_do_not(hub: JupyterHub, open_page: OpenPage) -> None:
    page = await open_page(f"{hub.url}/user/alice/notebooks/page.ipynb")
    await sign_in(page, "carl")
    await expect(page.locator("body")).to_contain_text("403", timeout=PATIENCE)
    closed = await page.evaluate(
        """() => new Promise((resolve) => {
          const socket = new WebSocket(`ws://${location.host}/user/alice/channel`);
          socket.onclose = () => resolve(true);
          socket.onmessage = () => resolve(false);
        })"""
    )
    assert closed


async def test_lab_works_behind_both_proxies(hub: JupyterHub, open_page: OpenPage) -> None:
    """Its server is given the token that Lab would use by itself: cookies must do."""
    page = await open_page(f"{hub.url}/user/alice/lab/tree/page.ipynb")
    await sign_in(page, "alice")
    cell = page.locator(".jp-Notebook .jp-CodeCell").first
    await expect(cell).to_be_visible(timeout=60_000)
    # Asked to run before its kernel is there, Lab drops the run.
    await expect(page.get_by_role("button", name="| Idle")).to_be_visible(timeout=60_000)
    await cell.click()
    await page.keyboard.press("Control+Enter")
    output = page.locator(".jp-OutputArea-output").first
    await expect(output).to_contain_text("4", timeout=60_000)
