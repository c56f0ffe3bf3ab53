"""The notebook as a file: large pictures, trust, checkpoints, downloads, formatted code."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output
from playwright.async_api import Page, expect

from tests.e2e.conftest import NotebookServer, OpenNotebook
from tests.e2e.notebook_page import PATIENCE, NotebookPage
from tests.e2e.waiting import until_saved

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(300)]

SIDE = 1300


def noise(seed: int) -> str:
    """Return a picture of some five megabytes that no compression makes smaller, as base64."""
    state, rows = seed, []
    for _ in range(SIDE):
        row = bytearray(b"\x00")
        for _ in range(SIDE * 3 // 8 + 1):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            row += state.to_bytes(8, "little")
        rows.append(bytes(row[: SIDE * 3 + 1]))

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"".join(rows), 0))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b"")).decode()


JPEG = (
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////"
    "////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQAB"
    "PxA="
)


async def choose(page: NotebookPage, item: str) -> None:
    """Choose an item of the File menu."""
    await page.page.get_by_role("menuitem", name="File", exact=True).click()
    await page.page.locator(".menu").get_by_role("menuitem", name=item).first.click()


async def confirm(page: NotebookPage) -> None:
    await page.page.locator("#confirm-yes").click()


async def width(page: Page, selector: str) -> int:
    picture = page.locator(selector)
    await expect(picture).to_be_visible(timeout=PATIENCE)
    await expect(picture).to_have_js_property("complete", True, timeout=PATIENCE)
    found: int = await picture.evaluate("picture => picture.naturalWidth")
    return found


async def test_a_picture_of_megabytes_shows_and_the_file_keeps_every_byte(
    open_notebook: OpenNotebook, notebook_server: NotebookServer, notebook_path: str
) -> None:
    png = noise(7)
    outputs = [
        new_output("display_data", {"image/png": png, "text/plain": "<Figure>"}),
        new_output("display_data", {"image/jpeg": JPEG}),
    ]
    page = await open_notebook(new_code_cell("plot()", outputs=outputs), new_code_cell("2"))
    path = notebook_server.folder / notebook_path
    before = path.read_bytes()
    assert len(before) > 5_000_000
    sent = len(await page.page.content())
    assert sent < 200_000, "the picture is not in the page"
    pictures = page.outputs(0).locator("img")
    await expect(pictures).to_have_count(2, timeout=PATIENCE)
    assert await width(page.page, f'[data-cell-id="{(await page.ids())[0]}"] img >> nth=0') == SIDE
    source = await pictures.first.get_attribute("src")
    assert source is not None
    assert "/blobs/" in source
    assert str(await pictures.nth(1).get_attribute("src")).startswith("data:image/jpeg;base64,/9j/")
    await page.command(0, "c", "v")
    await expect(page.outputs(1).locator("img")).to_have_count(2, timeout=PATIENCE)
    await page.replace(2, "3")
    await until_saved(path, "plot()", "plot()", "3")
    await page.saved()
    cells = nbformat.read(path, 4).cells
    assert [cell.outputs[0].data["image/png"] == png for cell in cells[:2]] == [True, True]


async def test_a_notebook_is_trusted_when_somebody_says_so_and_stays_so(
    open_notebook: OpenNotebook,
) -> None:
    html = "<p id=shown>before</p><script>shown.textContent = 'ran'</script>"
    output = new_output("display_data", {"text/html": html, "text/plain": "<HTML>"})
    page = await open_notebook(new_code_cell("show()", outputs=[output]))
    await expect(page.outputs(0)).to_contain_text("were not run", timeout=PATIENCE)
    other = await open_notebook()
    await page.outputs(0).get_by_role("button", name="trust the whole notebook").click()
    await confirm(page)
    for each in (page, other):
        shown = each.outputs(0).frame_locator("iframe").locator("#shown")
        await expect(shown).to_have_text("ran", timeout=PATIENCE)
    await page.command(0, "c", "v")
    copy = page.outputs(1).frame_locator("iframe").locator("#shown")
    await expect(copy).to_have_text("ran", timeout=PATIENCE)


async def test_checkpoints_and_downloads_of_the_file_menu(
    open_notebook: OpenNotebook, notebook_server: NotebookServer, notebook_path: str
) -> None:
    page = await open_notebook(new_code_cell("one"), new_code_cell("two"))
    await choose(page, "Make a checkpoint")
    await expect(page.page.locator(".toast")).to_contain_text("checkpoint", timeout=PATIENCE)
    await page.replace(0, "changed")
    await page.command(1, "d", "d")
    await page.expect_sources("changed")
    async with page.page.expect_download() as asked:
        await choose(page, "Download the notebook")
    download = await asked.value
    assert download.suggested_filename == notebook_path
    found = nbformat.read(await download.path(), 4)
    assert [cell.source for cell in found.cells] == ["changed"]
    async with page.page.expect_download() as asked:
        await choose(page, "Download as a script")
    script = Path(await (await asked.value).path()).read_text()
    assert "changed" in script
    await choose(page, "Go back to the last checkpoint")
    await confirm(page)
    await page.expect_sources("one", "two")
    await until_saved(notebook_server.folder / notebook_path, "one", "two")


async def test_code_is_formatted_and_typing_beside_it_stays(open_notebook: OpenNotebook) -> None:
    page = await open_notebook(new_code_cell("x=  1\ny  = [ 2 ]"), new_code_cell("def f(:"))
    await page.command(0)
    await page.page.get_by_role("menuitem", name="Edit", exact=True).click()
    await page.page.locator(".menu").get_by_role("menuitem", name="Format the cells").click()
    await page.expect_sources("x = 1\ny = [2]", "def f(:")
    await page.page.get_by_role("menuitem", name="Edit", exact=True).click()
    await page.page.locator(".menu").get_by_role("menuitem", name="Format all code").click()
    await expect(page.page.locator(".toasts")).to_contain_text("ruff: ", timeout=PATIENCE)
