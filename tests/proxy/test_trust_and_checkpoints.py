"""What a notebook shows is trusted as Jupyter trusts it; checkpoints come back as ops."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from derby_notebook.files.docs import parse_notebook
from derby_notebook.files.reading import may_run
from derby_notebook.files.syncing import Problem
from derby_notebook.service import NotebookService
from sharedb_py.errors import ShareDBError
from sharedb_py.inprocess import connect
from tests.proxy.conftest import DerbyServer, JupyterServer, write_notebook
from tests.proxy.live import Live, said
from tests.proxy.session import POST, Session, until

pytestmark = [pytest.mark.jupyter]

HTML = {"text/html": "<script>document.title = 'ran'</script>", "text/plain": "<HTML>"}


def html_cell(cell_id: str = "c0") -> Any:
    output = new_output("display_data", dict(HTML))
    return new_code_cell("show()", id=cell_id, outputs=[output])


def write_html(path: Path, *more: Any) -> Path:
    nbformat.write(new_notebook(cells=[html_cell(), *more]), path)
    return path


async def trusted(live: Live) -> list[bool]:
    return [bool(cell.get("_trusted")) for _, cell in await live.cells()]


def signed(jupyter: JupyterServer, path: Path) -> list[bool]:
    """Ask Jupyter, as another front end would, which cells it trusts."""
    with jupyter.http() as http:
        model = http.get(f"api/contents/{path.relative_to(jupyter.folder)}").json()
    return [cell["metadata"].get("trusted", False) for cell in model["content"]["cells"]]


# Trust


async def test_what_came_with_a_file_is_not_trusted_and_what_ran_here_is(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    path = write_html(folder / "a.ipynb", new_code_cell("1", id="c1"))
    live = await Live.open(service, jupyter.folder, path)
    assert await trusted(live) == [False, False]
    await live.done(1)
    assert await trusted(live) == [False, True]
    await service.saver(live.id).sync()
    assert signed(jupyter, path) == [False, False], "one cell is not trusted, so all are not"
    assert "trusted" not in path.read_text()


async def test_trusting_signs_the_file_and_so_does_saving_what_ran(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    path = write_html(folder / "a.ipynb", new_code_cell("2 * 21", id="c1"))
    before = path.read_bytes()
    live = await Live.open(service, jupyter.folder, path)
    await service.saver(live.id).trust()
    assert (await trusted(live))[0] is True
    assert path.read_bytes() == before
    assert signed(jupyter, path) == [True, True]
    await live.done(1)
    await service.saver(live.id).sync()
    assert signed(jupyter, path) == [True, True], "signed anew with what ran"


async def test_what_is_trusted_on_jupyters_own_page_is_trusted_here_when_it_is_opened_again(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    path = write_html(folder / "a.ipynb", html_cell("trusted-elsewhere"))
    live = await Live.open(service, jupyter.folder, path)
    assert await trusted(live) == [False, False]
    with jupyter.http() as http:
        name = path.relative_to(jupyter.folder)
        assert http.post(f"api/contents/{name}/trust").is_success
    again = await Live.open(service, jupyter.folder, path)
    assert again.id == live.id
    assert await trusted(live) == [True, True]
    changed = write_html(path, html_cell("trusted-elsewhere"), html_cell("c2"))
    await Live.open(service, jupyter.folder, changed)
    assert await trusted(live) == [True, True, False], "what came since is vouched for by nobody"


async def test_trusting_on_a_page_of_jupyters_behind_us_is_noticed_at_once(
    browser: httpx.AsyncClient, derby: DerbyServer, folder: Path
) -> None:
    path = write_html(folder / "a.ipynb", html_cell("trusted-behind-us"))
    session = Session(derby, browser, path)
    await session.open()
    async with session.line() as client:
        cells = await session.cells(client)
        assert not any(cell.data.get("_trusted") for cell in cells)
        name = session.path.relative_to(derby.jupyter.folder)
        xsrf = {"X-XSRFToken": browser.cookies["_xsrf"]}
        answer = await browser.post(f"api/contents/{name}/trust", headers=xsrf)
        assert answer.is_success, answer.text
        await until(lambda: all(cell.data.get("_trusted") for cell in cells), "it is known here")


async def test_a_signed_file_is_trusted_when_it_is_opened_and_its_forgery_is_not(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    path = write_html(folder / "a.ipynb")
    with jupyter.http() as http:
        name = path.relative_to(jupyter.folder)
        assert http.post(f"api/contents/{name}/trust").is_success
    live = await Live.open(service, jupyter.folder, path)
    assert await trusted(live) == [True]
    notebook = nbformat.read(path, 4)
    notebook.cells[0].outputs[0].data["text/html"] = "<script>evil()</script>"
    nbformat.write(notebook, path)
    await service.saver(live.id).sync()
    [(_, cell)] = await live.cells()
    assert cell["outputs"][0]["data"]["text/html"] == "<script>evil()</script>"
    assert await trusted(live) == [False]


async def test_a_client_cannot_give_trust_but_a_copy_keeps_it(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    path = write_html(folder / "a.ipynb", new_code_cell("1", id="c1"))
    live = await Live.open(service, jupyter.folder, path)
    await live.done(1)
    ids = await live.ids()
    [(_, untrusted), (_, ran)] = await live.cells()
    async with connect(service.backend, custom={"user": {"username": "ann"}}) as client:
        doc = client.doc("cells", ids[0])
        await doc.fetch()
        with pytest.raises(ShareDBError, match="notebook service only"):
            await doc.submit([{"p": ["_trusted"], "oi": True}])
        base = {"_notebook": live.id, "cell_type": "code", "source": "", "_weight": 9}
        copy = {**base, "outputs": ran["outputs"], "execution_count": ran["execution_count"]}
        await client.doc("cells", "copy").create({**copy, "_trusted": True})
        forged = {**base, "outputs": untrusted["outputs"], "execution_count": None}
        with pytest.raises(ShareDBError, match="notebook service only"):
            await client.doc("cells", "forged").create({**forged, "_trusted": True})
        await client.doc("cells", "plain").create(forged)
    assert sorted(await trusted(live)) == [False, False, True, True]


def test_only_what_might_run_asks_for_trust() -> None:
    assert may_run(html_cell())
    assert not may_run({"outputs": [{"output_type": "stream", "name": "stdout", "text": ""}]})
    assert not may_run({"outputs": [None]})
    assert not may_run({})


# Checkpoints


async def test_a_checkpoint_comes_back_as_ops_and_what_is_typed_meanwhile_stays(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    path = write_notebook(folder / "a.ipynb", "one\n", "two", "three")
    live = await Live.open(service, jupyter.folder, path)
    saver = service.saver(live.id)
    made = await saver.checkpoint()
    ids = await live.ids()
    await live.type(0, "later\n")
    await service.documents.delete("cells", ids[1])
    await live.done(2 - 1)
    assert [found["id"] for found in await saver.checkpoints()] == [made["id"]]

    async def type_on() -> None:
        for number in range(10):
            await live.type(0, f"<{number}>", user="ben")

    typing = asyncio.create_task(type_on())
    await saver.restore(made["id"])
    await typing
    await saver.sync()
    first, second, third = (cell for _, cell in await live.cells())
    assert "one\n" in first["source"]
    assert "later" not in first["source"]
    assert all(f"<{number}>" in first["source"] for number in range(10))
    assert (second["source"], third["source"]) == ("two", "three")
    assert third["outputs"] == []
    assert (await live.ids())[0] == ids[0], "the cell is the same document still"
    assert (await live.notebook())["_merged"]["checkpoint"] == made["id"]
    assert [cell.source for cell in nbformat.read(path, 4).cells] == [
        cell["source"] for cell in (first, second, third)
    ]


async def test_nothing_is_brought_back_where_the_file_could_not_be_saved(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    path = write_notebook(folder / "a.ipynb", "x")
    live = await Live.open(service, jupyter.folder, path)
    made = await service.saver(live.id).checkpoint()
    path.write_text("half {")
    with pytest.raises(Problem) as caught:
        await service.saver(live.id).restore(made["id"])
    assert caught.value.reason == "unreadable"
    assert path.read_text() == "half {"


async def test_a_page_asks_for_checkpoints_trust_and_conversions(
    browser: httpx.AsyncClient, derby: DerbyServer, jupyter: JupyterServer, folder: Path
) -> None:
    path = write_html(folder / "a.ipynb")
    name = path.relative_to(jupyter.folder)
    page = await browser.get(f"notebooks/{name}")
    notebook = page.text.split('"notebookId": "')[1].split('"')[0]

    async def ask(action: str, **body: Any) -> httpx.Response:
        url = f"derby/notebooks/{notebook}/{action}"
        return await browser.post(url, json=body, headers=POST)

    assert (await ask("checkpoints")).json() == []
    made = (await ask("checkpoint")).json()
    assert (await ask("checkpoints")).json()[0]["id"] == made["id"]
    assert (await ask("restore", checkpoint="no such")).status_code == 404
    assert (await ask("restore", checkpoint=made["id"])).status_code == 204
    assert (await ask("trust")).status_code == 204
    assert signed(jupyter, path) == [True]
    from_here = {"Referer": str(browser.base_url)}
    html = await browser.get(f"nbconvert/html/{name}?download=true", headers=from_here)
    assert "show" in html.text
    assert html.headers["content-disposition"].startswith("attachment")
    path.unlink()
    refused = await ask("checkpoint")
    assert (refused.status_code, "The file is gone" in refused.text) == (409, True)


# What a file is written in


async def test_a_notebook_without_a_kernel_learns_what_ran_it_once(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    path = write_notebook(folder / "a.ipynb", "print(1)", custom={"kept": [1]})
    live = await Live.open(service, jupyter.folder, path)
    await live.done(0)
    await service.saver(live.id).sync()
    metadata = json.loads(path.read_text())["metadata"]
    assert metadata["kernelspec"] == {
        "name": "python3",
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
    }
    assert metadata["language_info"]["name"] == "python"
    assert metadata["custom"] == {"kept": [1]}
    before = path.read_bytes()
    cell = await live.done(0)
    assert said(cell) == "1\n"
    await service.saver(live.id).sync()
    assert parse_notebook(before.decode())["metadata"] == metadata
    assert json.loads(path.read_text())["metadata"] == metadata


async def test_a_kernelspec_that_somebody_chose_stays_though_another_runs(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    chosen = {"name": "not-installed", "display_name": "Other", "language": "other"}
    path = write_notebook(folder / "a.ipynb", "print(1)", kernelspec=chosen)
    live = await Live.open(service, jupyter.folder, path)
    await live.done(0)
    await service.saver(live.id).sync()
    assert json.loads(path.read_text())["metadata"]["kernelspec"] == chosen
