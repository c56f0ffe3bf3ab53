"""The replay page in a real browser: any moment, who did what, and back to it."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from playwright.async_api import expect

from derby_notebook.files.opening import path_key
from sharedb_py.db.sqlite import SQLiteDB
from sharedb_py.ot.json0 import json0
from tests.e2e.conftest import NotebookServer, OpenNotebook, OpenPage
from tests.e2e.notebook_page import PATIENCE, NotebookPage
from tests.e2e.replay_page import ReplayPage
from tests.e2e.test_page_access import violations
from tests.proxy.history.seeding import Author, History, notebook_doc, seed

log = logging.getLogger(__name__)

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(300)]

KIM, LOU = Author("kim", "a1"), Author("lou", "b1")
SERVICE = Author("service", "service-1")

OpenHistory = Callable[..., Awaitable[ReplayPage]]


async def store(server: NotebookServer, history: History, path: str) -> None:
    """Put a history into the server's database, as another process would."""
    mapping = {"notebook": history.notebook, "path": path}
    create = {"type": json0.uri, "data": mapping}
    history.add("notebookPaths", path_key(path), SERVICE, 0, create=create)
    db = SQLiteDB(server.log.parent / "rooms.sqlite")
    try:
        await history.store(db)
    finally:
        await db.close()


def small_history() -> History:
    """Two people, a run that fails its purpose, and a cell that somebody removes."""
    history = History(uuid.uuid4().hex)
    create = {"type": json0.uri, "data": notebook_doc("small.ipynb")}
    history.add("notebooks", history.notebook, SERVICE, 0, create=create)
    first, second = f"{history.notebook}-1", f"{history.notebook}-2"
    history.create_cell(first, 1000, KIM)
    history.create_cell(second, 2000, KIM)
    for at, letter in enumerate("print('hello')"):
        history.type(first, KIM, letter, at)
    history.clock += 5000
    history.run(first, KIM, SERVICE, 1, "hello\n")
    history.clock += 5000
    for at, letter in enumerate("goodbye = 1"):
        history.type(second, LOU, letter, at)
    history.clock += 5000
    history.erase(first, LOU, 7, 5)
    for at, letter in enumerate("world"):
        history.type(first, LOU, letter, 7 + at)
    history.clock += 5000
    history.run(first, LOU, SERVICE, 2, "world\n")
    history.clock += 60_000
    history.add("cells", second, LOU, 0, **{"del": True})
    return history


@pytest.fixture
def open_history(
    notebook_server: NotebookServer, open_page: OpenPage, notebook_path: str
) -> OpenHistory:
    """Open the history of the test's notebook, seeded if one is given, in a browser of its own."""

    async def open_one(
        history: History | None = None, query: str = "", ready: bool = True, **kind: object
    ) -> ReplayPage:
        if history is not None:
            await store(notebook_server, history, notebook_path)
        url = notebook_server.url(f"replay/{notebook_path}") + query
        page = ReplayPage(await open_page(url, **kind))
        if ready:
            await page.ready()
        return page

    return open_one


async def test_any_moment_is_a_slide_away(open_history: OpenHistory) -> None:
    page = await open_history(small_history())
    total = await page.total()
    assert await page.position() == total
    assert await page.sources() == ["print('world')"]
    await expect(page.cells.first.locator(".outputs")).to_have_text("world")
    await page.drag(0.0)
    await page.keys("Home")
    await page.at(0)
    await expect(page.page.get_by_role("heading", name="No cells yet")).to_be_visible()
    await page.drag(0.45)
    assert 0 < await page.position() < total
    assert (await page.sources())[0] == "print('hello')"
    await expect(page.cells.first.locator(".outputs")).to_have_text("hello")
    await page.keys("End")
    await page.at(total)
    assert await page.sources() == ["print('world')"]


async def test_steps_go_by_op_by_burst_and_by_run(open_history: OpenHistory) -> None:
    page = await open_history(small_history())
    await page.keys("Home")
    await page.at(0)
    for position in (1, 2, 3, 4):
        assert await page.step() == position
    assert await page.sources() == ["p", ""]
    assert await page.step("ArrowLeft") == 3
    await page.keys("2")
    position = await page.step()
    while "hello" not in (await page.sources())[0]:
        position = await page.step()
    assert await page.text(0) == "print('hello')"
    marked = page.cells.first.locator("ins.wrote")
    assert "".join(await marked.all_text_contents()) == "print('hello')"
    run = await page.step("Shift+ArrowRight")
    assert run > position
    await expect(page.cells.first.locator(".prompt")).to_have_text("[1]")
    assert await page.step("Shift+ArrowRight") > run
    await expect(page.cells.first.locator(".outputs")).to_have_text("world")
    assert await page.step("Shift+ArrowLeft") == run


async def test_what_was_deleted_shows_where_it_was(open_history: OpenHistory) -> None:
    page = await open_history(small_history())
    await page.keys("2", "End")
    while not await page.cells.first.locator("del.erased").count():
        await page.step("ArrowLeft")
    await expect(page.cells.first.locator("del.erased")).to_have_text("hello")
    await expect(page.cells.first.locator("del.erased")).to_have_attribute(
        "title", "lou deleted this"
    )
    await expect(page.page.locator(".dock .what")).to_contain_text("lou typed")


async def test_it_plays_to_the_end_and_stops(open_history: OpenHistory) -> None:
    page = await open_history(small_history())
    await page.page.get_by_label("Speed").select_option("100")
    await page.keys("Home")
    await page.at(0)
    await page.control("play").evaluate(
        """(button) => {
          window.played = new Promise((resolve) => new MutationObserver(() =>
            button.dataset.playing === 'true' && resolve()).observe(button, {attributes: true}));
        }"""
    )  # it may have come to its end before anybody looks again
    await page.control("play").click()
    await page.page.evaluate("() => window.played")
    await expect(page.control("play")).to_have_attribute("data-playing", "false", timeout=PATIENCE)
    assert await page.position() == await page.total()
    assert await page.sources() == ["print('world')"]


async def test_a_press_pauses_it_where_it_is(open_history: OpenHistory) -> None:
    page = await open_history(small_history())
    await page.keys("Home")
    await page.at(0)
    await page.keys("Space")
    await page.page.wait_for_function("() => derbyReplay.position > 3", timeout=PATIENCE)
    await page.keys("Space")
    await expect(page.control("play")).to_have_attribute("data-playing", "false")
    assert 3 < await page.position() < await page.total()


async def test_a_run_is_found_in_the_list_and_jumped_to(open_history: OpenHistory) -> None:
    page = await open_history(small_history())
    await page.control("runs").click()
    runs = page.page.get_by_role("dialog", name="Runs").get_by_role("listitem")
    await expect(runs).to_have_count(2)
    await expect(runs.last).to_contain_text("kim")
    await runs.last.get_by_role("button").click()
    await expect(page.cells.first.locator(".outputs")).to_have_text("hello")
    await expect(page.cells.first.locator(".prompt")).to_have_text("[1]")
    await expect(page.control("runs")).to_be_focused()


async def test_one_author_is_followed_alone(open_history: OpenHistory) -> None:
    page = await open_history(small_history())
    await page.keys("Home")
    await page.at(0)
    await page.page.locator('.author[data-author="lou"]').click()
    await expect(page.page.locator('.author[data-author="lou"]')).to_have_attribute(
        "aria-pressed", "true"
    )
    await expect(page.cells.nth(1).locator(".chip")).to_have_attribute("title", "lou")
    assert await page.sources() == ["print('hello')", "goodbye = 1"]
    await page.step()
    await expect(page.page.locator(".dock .what")).to_contain_text("lou")
    await page.page.locator('.author[data-author="lou"]').click()
    await expect(page.page.locator('.author[data-author="lou"]')).to_have_attribute(
        "aria-pressed", "false"
    )


async def test_two_moments_are_compared(open_history: OpenHistory) -> None:
    page = await open_history(small_history())
    await page.keys("Home", "Shift+ArrowRight")
    await expect(page.cells.first.locator(".outputs")).to_have_text("hello")
    await page.keys("d")
    diff = page.page.locator(".diff")
    changed = diff.locator(".diff-cell.changed")
    await expect(changed.locator("del")).to_have_text("hello")
    await expect(changed.locator("ins")).to_have_text("world")
    await expect(changed.locator(".diff-side").first).to_contain_text("hello")
    await expect(changed.locator(".diff-side").last).to_contain_text("world")
    await expect(page.page.get_by_role("slider", name="Compared with")).to_be_visible()
    await page.page.wait_for_url(lambda url: "from=" in url)
    address = page.page.url
    other = await open_history(query=address[address.index("?") :].replace("?", "&"))
    await expect(other.page.locator(".diff-cell.changed ins")).to_have_text("world")
    await page.keys("Escape")
    await expect(diff).to_be_hidden()
    await expect(page.cells.first).to_be_visible()


async def test_a_link_leads_to_the_moment(open_history: OpenHistory) -> None:
    page = await open_history(small_history())
    await page.keys("Home")
    await page.at(0)
    for _ in range(9):
        await page.step()
    await page.page.wait_for_function(
        "() => location.search.includes(derbyReplay.film.momentOf(9))", timeout=PATIENCE
    )
    query = page.page.url.partition("?")[2]
    other = await open_history(query=f"&{query}")
    assert await other.position() == await page.position() == 9
    assert await other.sources() == await page.sources()
    wrong = await open_history(query="&at=never", ready=False)
    await wrong.says("'never' is no moment")


async def test_who_wrote_what_is_told_for_a_cell(open_history: OpenHistory) -> None:
    page = await open_history(small_history())
    await page.cells.first.hover()
    await page.cells.first.get_by_role("button", name="History of this cell").click()
    panel = page.page.get_by_role("complementary", name="History of this cell")
    runs = panel.locator(".blame .wrote")
    await expect(runs.filter(has_text="world")).to_have_attribute("title", re.compile("^lou,"))
    assert "".join(await runs.all_text_contents()) == "print('world')"
    await expect(panel.locator(".shares")).to_contain_text("kim")
    changes = panel.locator(".changes button")
    await expect(changes.last).to_contain_text("kim")
    await changes.filter(has_text="+14").click()
    await expect(panel.locator(".blame")).to_have_text("print('hello')")
    await page.page.wait_for_url(lambda url: "cell=" in url)
    await page.keys("Escape")
    await expect(panel).to_be_hidden()
    await page.keys("b")
    blamed = page.cells.first.locator(".blamed")
    await expect(blamed.first).to_be_visible()
    assert "".join(await blamed.all_text_contents()) == "print('hello')"


async def test_a_restored_cell_is_there_for_everybody_at_once(
    open_notebook: OpenNotebook, open_history: OpenHistory
) -> None:
    live = await open_notebook(new_code_cell("one"), new_code_cell("two"), person="ina")
    await live.replace(0, "changed")
    await live.command(1, "d", "d")
    await live.expect_sources("changed")
    page = await open_history(person="udo")
    await page.keys("2")
    while await page.sources() != ["one", "two"]:
        await page.step("ArrowLeft")
    await page.cells.nth(1).hover()
    await page.cells.nth(1).get_by_role("button", name="Restore this cell").click()
    await page.says("The cell is as it was")
    await live.expect_sources("changed", "two")
    await page.control("restore").click()
    await page.page.get_by_role("button", name="Restore", exact=True).last.click()
    await page.says("The notebook is as it was")
    await live.expect_sources("one", "two")
    await page.page.locator(".toast").filter(has_text="The notebook").get_by_text("Undo").click()
    await live.expect_sources("changed", "two")
    await live.replace(0, "typing goes on")
    await live.expect_sources("typing goes on", "two")


async def test_what_others_do_meanwhile_comes_in_at_the_end(
    open_notebook: OpenNotebook, open_history: OpenHistory
) -> None:
    live = await open_notebook(new_markdown_cell("# Title"), new_code_cell("one"), person="ina")
    page = await open_history(person="udo")
    before = await page.total()
    await live.replace(1, "more")
    await page.page.wait_for_function(
        "(before) => derbyReplay.position > before", arg=before, timeout=PATIENCE
    )
    await page.page.wait_for_function(
        "() => derbyReplay.state.position === derbyReplay.film.total", timeout=PATIENCE
    )
    assert (await page.sources())[1] == "more"


async def test_the_history_button_leads_there_and_back(open_notebook: OpenNotebook) -> None:
    live = await open_notebook(new_code_cell("one"))
    await live.press("history")
    page = ReplayPage(live.page)
    await page.ready()
    assert await page.sources() == ["one"]
    await live.page.get_by_role("link", name="Back to the notebook").click()
    await NotebookPage(live.page).ready()


async def test_a_viewer_looks_and_restores_nothing(open_history: OpenHistory) -> None:
    page = await open_history(small_history(), person="vic")
    assert await page.step("ArrowLeft") == await page.total() - 1
    await expect(page.control("restore")).to_have_count(0)
    await expect(page.page.get_by_role("button", name="Restore this cell")).to_have_count(0)
    refused = await page.page.evaluate(
        "() => derbyReplay.asker.ask('restore', {position: 5}).catch((error) => error.message)"
    )
    assert refused == "You may read this notebook, not change or run it"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious_in_a_history(
    open_history: OpenHistory, scheme: str
) -> None:
    page = await open_history(small_history(), color_scheme=scheme, bypass_csp=True)
    await page.keys("2")
    for _ in range(3):
        await page.step("ArrowLeft")
    seen = NotebookPage(page.page)
    assert await violations(seen) == []
    await page.cells.first.hover()
    await page.cells.first.get_by_role("button", name="History of this cell").click()
    await expect(page.page.locator(".changes button").first).to_be_visible()
    assert await violations(seen) == []
    await page.keys("Escape", "d")
    await expect(page.page.locator(".diff")).to_be_visible()
    assert await violations(seen) == []
    await page.keys("Escape", "r")
    await expect(page.page.get_by_role("dialog", name="Runs")).to_be_visible()
    assert await violations(seen) == []


@pytest.mark.parametrize("width", [1280, 700, 360])
async def test_a_history_fits_into_the_window(open_history: OpenHistory, width: int) -> None:
    page = await open_history(small_history(), width=width, height=780)
    await page.step("ArrowLeft")
    wide = await page.page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= width
    for action in ("back", "play", "forward", "runs", "blame", "compare", "restore"):
        box = await page.control(action).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    dock = await page.page.locator(".dock").bounding_box()
    assert dock is not None
    assert dock["height"] < 300


async def test_all_controls_are_reached_by_keyboard(open_history: OpenHistory) -> None:
    page = await open_history(small_history())
    await page.page.locator(".home").focus()
    reached = []
    for _ in range(24):
        reached.append(
            await page.page.evaluate(
                "() => document.activeElement.dataset.action || document.activeElement.title"
                " || document.activeElement.getAttribute('aria-label')"
            )
        )
        await page.keys("Tab")
    for wanted in ("Follow only kim", "Moment", "back", "play", "Step by", "Speed", "compare"):
        assert wanted in reached, reached
    await page.slider.focus()
    await page.keys("Home")
    await page.at(0)
    await expect(page.slider).to_have_attribute("aria-valuenow", "0")
    await page.keys("PageUp")
    assert await page.position() > 0
    said = await page.slider.get_attribute("aria-valuetext")
    assert said is not None
    assert " of " in said


async def test_a_hundred_thousand_ops_open_at_once(
    notebook_server: NotebookServer,
    open_history: OpenHistory,
    notebook_path: str,
) -> None:
    notebook = uuid.uuid4().hex
    db = SQLiteDB(notebook_server.log.parent / "rooms.sqlite")
    try:
        await seed(db, notebook, 100_000, prefix=notebook)
    finally:
        await db.close()
    path = History(notebook)
    await store(notebook_server, path, notebook_path)
    started = time.perf_counter()
    page = await open_history(ready=False)
    await expect(page.cells.first.locator(".cm-line").first).to_be_visible(timeout=PATIENCE)
    painted = time.perf_counter() - started
    await page.ready()
    opened = time.perf_counter() - started
    assert await page.total() == 100_000
    started = time.perf_counter()
    await page.drag(0.5)
    middle = await page.position()
    slid = time.perf_counter() - started
    started = time.perf_counter()
    assert await page.step() == middle + 1
    stepped = time.perf_counter() - started
    log.info("painted %.2f s, opened %.2f, slid %.2f, stepped %.2f", painted, opened, slid, stepped)
    assert 30_000 < middle < 70_000
    # Many times what it takes on a machine that does nothing else.
    assert painted < 10
    assert opened < 30
    assert slid < 20
    assert stepped < 5
