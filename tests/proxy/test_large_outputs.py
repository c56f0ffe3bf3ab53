"""Large outputs are kept beside the documents, and nobody who works with them notices."""

from __future__ import annotations

import base64
import json
import os
import shutil
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from derby_notebook.outputs.collecting import collect
from derby_notebook.outputs.references import references
from derby_notebook.service import NotebookService
from sharedb_py.blobs import digest
from tests.proxy.conftest import DerbyServer, JupyterServer, write_notebook
from tests.proxy.live import Live, eventually
from tests.proxy.session import POST, ended, session_on, until

pytestmark = [pytest.mark.jupyter]


def picture(size: int = 5_000_000) -> str:
    """Return base64 as matplotlib writes it: with a newline at its end."""
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + os.urandom(size)).decode() + "\n"


def write_picture(path: Path, *pictures: str) -> None:
    cells = [
        new_code_cell(
            "plot()",
            id=f"c{at}",
            execution_count=1,
            outputs=[new_output("display_data", {"image/png": png, "text/plain": "<Figure>"})],
        )
        for at, png in enumerate(pictures)
    ]
    nbformat.write(new_notebook(cells=cells), path)


def in_file(path: Path, at: int = 0) -> Any:
    [output] = nbformat.read(path, 4).cells[at].outputs
    return output.data["image/png"]


async def ops_bytes(service: NotebookService, cell_id: str) -> int:
    ops = await service.backend.db.get_ops("cells", cell_id, 0, None)
    return len(json.dumps(ops))


SHOW = (
    "import base64\nfrom IPython.display import display\n"
    "data = base64.b64encode(b'\\x89PNG' + bytes(range(256)) * 20_000).decode() + '\\n'\n"
    "_ = display({'image/png': data, 'text/plain': 'p'}, raw=True, display_id='d')"
)
UPDATE = (
    "from IPython.display import update_display\n"
    "update_display({'image/png': data[:-5] + 'ABC=\\n'}, raw=True, display_id='d')"
)
SHOWN = base64.b64encode(b"\x89PNG" + bytes(range(256)) * 20_000).decode() + "\n"


async def test_a_large_picture_of_a_run_stays_out_of_the_documents_and_is_in_the_file(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    path = write_notebook(folder / "a.ipynb", SHOW, UPDATE)
    live = await Live.open(service, jupyter.folder, path)
    cell = await live.done(0)
    [output] = cell["outputs"]
    value = output["data"]["image/png"]
    assert value == {"_blob": digest(SHOWN.encode()), "size": len(SHOWN)}
    assert output["data"]["text/plain"] == "p"
    [first, _] = await live.ids()
    assert await ops_bytes(service, first) < 5_000
    await service.saver(live.id).sync()
    assert in_file(path) == SHOWN
    await live.run(1)

    async def updated() -> bool:
        return bool((await live.cell(0))["outputs"][0]["data"]["image/png"] != value)

    await eventually(updated, "the display shows the other picture")
    await live.ended(1)
    await service.saver(live.id).sync()
    assert in_file(path) == SHOWN[:-5] + "ABC=\n"
    assert await ops_bytes(service, first) < 8_000


async def test_a_file_with_large_pictures_opens_small_and_keeps_every_byte(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    path = folder / "a.ipynb"
    write_picture(path, picture(), picture(1_000_000))
    before = path.read_bytes()
    live = await Live.open(service, jupyter.folder, path)
    assert len(json.dumps(await live.cells())) < 5_000
    assert (await service.saver(live.id).sync())["state"] == "saved"
    assert path.read_bytes() == before
    await live.type(0, "x = 1; ")
    await service.saver(live.id).sync()
    lines, expected = path.read_text().splitlines(), before.decode().splitlines()
    assert [line for line in lines if line not in expected] == ['    "x = 1; plot()"']
    assert len(lines) == len(expected)


async def test_a_change_outside_brings_its_large_pictures(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    path = folder / "a.ipynb"
    old, new, third = picture(100_000), picture(200_000), picture(300_000)
    write_picture(path, old, old)
    live = await Live.open(service, jupyter.folder, path)
    ids = await live.ids()
    await live.type(1, "# typed\n")
    write_picture(path, new, old, third)
    await service.saver(live.id).sync()
    assert (await live.ids())[:2] == ids
    assert [in_file(path, at) for at in range(3)] == [new, old, third]
    assert nbformat.read(path, 4).cells[1].source == "# typed\nplot()"
    found = set(references([cell["outputs"] for _, cell in await live.cells()]))
    assert found == {digest(png.encode()) for png in (old, new, third)}


async def test_what_nothing_refers_to_is_collected_and_the_history_keeps_its_own(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    path = folder / "a.ipynb"
    first, second = picture(50_000), picture(60_000)
    write_picture(path, first, second)
    live = await Live.open(service, jupyter.folder, path)
    blobs = service.documents.blobs
    stray = await blobs.put(b"referred to by nothing")
    assert await collect(service.backend, blobs) == 0, "what came lately is left alone"
    await service.kernels.clear(live.id)
    await service.documents.delete("cells", (await live.ids())[1])
    assert await collect(service.backend, blobs, settled_seconds=-5) == 1
    assert await blobs.get(stray) is None
    for png in (first, second):
        assert await blobs.get(digest(png.encode())) == png.encode(), "the op log refers to it"
    [cell_id] = await live.ids()
    await service.backend.db.erase("cells", cell_id)
    assert await collect(service.backend, blobs, settled_seconds=-5) == 1
    assert await blobs.get(digest(first.encode())) is None
    assert await blobs.get(digest(second.encode())) is not None


async def test_a_lost_value_does_not_keep_the_rest_from_being_saved(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    path = folder / "a.ipynb"
    png = picture(50_000)
    write_picture(path, png)
    live = await Live.open(service, jupyter.folder, path)
    await service.documents.blobs.drop([digest(png.encode())], 1e12)
    await live.type(0, "x")
    await service.saver(live.id).sync()
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    assert notebook.cells[0].source == "xplot()"
    assert notebook.cells[0].outputs[0].data == {"text/plain": "<Figure>"}


async def opened(browser: httpx.AsyncClient, path: Path, jupyter: JupyterServer) -> str:
    page = await browser.get(f"notebooks/{path.relative_to(jupyter.folder)}")
    assert page.status_code == 200, page.text
    return page.text.split('"notebookId": "')[1].split('"')[0]


async def test_large_values_are_served_to_readers_and_do_nothing_by_themselves(
    browser: httpx.AsyncClient, derby: DerbyServer, jupyter: JupyterServer, folder: Path
) -> None:
    path = folder / "a.ipynb"
    png = picture(100_000)
    write_picture(path, png)
    notebook = await opened(browser, path, jupyter)
    url = f"derby/notebooks/{notebook}/blobs/{digest(png.encode())}"
    answer = await browser.get(url, params={"type": "image/png"})
    assert answer.content == base64.b64decode(png)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = await browser.get(url, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = await browser.get(url, params={"type": "application/javascript"})
    assert (plain.text, plain.headers["content-type"][:10]) == (png, "text/plain")
    for wrong in (digest(b"never"), "..%2f..", "x"):
        found = await browser.get(f"derby/notebooks/{notebook}/blobs/{wrong}")
        assert found.status_code == 404
    elsewhere = url.replace(notebook, "another")
    assert (await browser.get(elsewhere)).status_code == 404
    for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await browser.get(url, headers=headers)).status_code == 403
    async with derby.http() as stranger:
        assert (await stranger.get(url)).status_code == 403


async def test_our_process_dies_and_large_outputs_are_there_once_and_whole(
    jupyter: JupyterServer, folder: Path, tmp_path: Path
) -> None:
    code = (
        "import base64, time\nfrom IPython.display import display\n"
        "data = base64.b64encode(b'\\x89PNG' + bytes(range(256)) * 20_000).decode() + '\\n'\n"
        "for n in range(8):\n"
        "    display({'image/png': f'AAA{n}' + data[4:]}, raw=True)\n"
        "    time.sleep(.2)\n"
        "'end'"
    )
    path = write_notebook(folder / "a.ipynb", code)
    async with session_on(jupyter, path, tmp_path / "derby") as session, session.line() as client:
        [doc] = await session.cells(client)
        await doc.submit([{"p": ["_state"], "oi": "run"}])
        await until(lambda: len(doc.data["outputs"]) >= 2)
        session.server.kill()
        session.server.start()
        await until(lambda: ended(doc))
        assert len(doc.data["outputs"]) == 9
        assert len(json.dumps(doc.data)) < 8_000
        await session.browser.post(f"derby/notebooks/{session.notebook}/save", headers=POST)
    outputs = nbformat.read(path, 4).cells[0].outputs
    for number, output in enumerate(outputs[:8]):
        assert output.data["image/png"] == f"AAA{number}" + SHOWN[4:]


async def test_a_downloaded_notebook_is_what_is_there_now_and_what_the_file_will_be(
    browser: httpx.AsyncClient, derby: DerbyServer, jupyter: JupyterServer, folder: Path
) -> None:
    path = folder / "a ü.ipynb"
    write_picture(path, picture(100_000))
    notebook = await opened(browser, path, jupyter)
    url = f"derby/notebooks/{notebook}/download"
    answer = await browser.get(url)
    assert answer.content == path.read_bytes()
    assert answer.headers["content-disposition"].endswith("a%20%C3%BC.ipynb")
    shutil.move(path, folder / "away.ipynb")
    assert (await browser.get(url)).content == answer.content
    async with derby.http() as stranger:
        assert (await stranger.get(url)).status_code == 403
    assert (await browser.get(url.replace(notebook, "another"))).status_code == 404
