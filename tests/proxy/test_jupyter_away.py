"""Jupyter is not there yet, or slow, as we start: editing goes on, kernels are found later."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from sharedb_py.client.aio.websocket import connect
from tests.proxy.conftest import TOKEN, DerbyServer, JupyterServer, write_notebook
from tests.proxy.live import eventually, said

pytestmark = [pytest.mark.jupyter, pytest.mark.timeout(120)]

RUN = "import time\nprint('a', flush=True)\ntime.sleep(2)\nprint('b')"
AUTH = {"Authorization": f"token {TOKEN}"}


async def answers(http: httpx.AsyncClient, page: str, status: int) -> None:
    async def does() -> bool:
        return (await http.get(page)).status_code == status

    await eventually(does, f"{page} answers {status}", steps=300)


async def test_without_jupyter_we_start_and_are_ready_once_it_is(tmp_path: Path) -> None:
    jupyter = JupyterServer(tmp_path / "jupyter")
    write_notebook(jupyter.folder / "a.ipynb", "1")
    with DerbyServer(jupyter, tmp_path / "derby") as server:
        async with server.http() as http:
            assert (await http.get("derby/health")).json() == {"status": "ok"}
            ready = await http.get("derby/ready")
            assert ready.status_code == 503
            found = {key: ready.json()[key] for key in ("status", "database", "jupyter")}
            assert found == {"status": "unavailable", "database": True, "jupyter": False}
            page = await http.get("notebooks/a.ipynb", headers=AUTH)
            assert page.status_code == 502
            assert "Jupyter does not answer" in page.text
            counts = await http.get("derby/metrics", headers=AUTH)
            assert "derby_notebook_connections" in counts.text, "counts do not need Jupyter"
            assert (await http.get("derby/metrics")).status_code == 502
            with jupyter:
                await answers(http, "derby/ready", 200)
                page = await http.get("notebooks/a.ipynb", headers=AUTH)
                assert page.status_code == 200
        assert TOKEN not in server.output()


async def test_a_slow_jupyter_holds_up_neither_our_start_nor_its_kernels_work(
    own_jupyter: JupyterServer, tmp_path: Path
) -> None:
    """Killed in a run and started before a Jupyter that hangs: the run is taken up all the same."""
    write_notebook(own_jupyter.folder / "a.ipynb", RUN, "1")
    server = DerbyServer(own_jupyter, tmp_path / "derby")
    server.start()
    try:
        browser = await server.browser()
        page = await browser.get("notebooks/a.ipynb")
        notebook = page.text.split('"notebookId": "')[1].split('"')[0]
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        line = connect(f"ws{server.url[4:]}channel", headers={"Cookie": cookies})
        async with line as client:
            cells = (await client.query("cells", {"_notebook": notebook})).docs
            first = min(cells, key=lambda doc: doc.data["_weight"])
            await first.subscribe()
            await first.submit([{"p": ["_state"], "oi": "run"}])

            async def printed() -> bool:
                return "a" in said(first.data)

            await eventually(printed)
            server.kill()
            os.kill(own_jupyter.pid, signal.SIGSTOP)
            try:
                began = time.monotonic()
                server.start()
                assert time.monotonic() - began < 20, "the start waited for Jupyter"
                assert (await browser.get("derby/health")).status_code == 200
                assert (await browser.get("derby/ready")).status_code == 503
            finally:
                os.kill(own_jupyter.pid, signal.SIGCONT)

            async def ended() -> bool:
                return bool((first.data.get("_run") or {}).get("ended"))

            await eventually(ended)
            assert said(first.data) == "a\nb\n"
            assert first.data["_run"]["outcome"] == "ok"
        await browser.aclose()
    finally:
        server.stop()


async def test_who_was_signed_in_comes_back_and_edits_while_jupyter_is_away(
    own_jupyter: JupyterServer, tmp_path: Path
) -> None:
    write_notebook(own_jupyter.folder / "a.ipynb", "1")
    with DerbyServer(own_jupyter, tmp_path / "derby") as server:
        browser = await server.browser()
        page = await browser.get("notebooks/a.ipynb")
        notebook = page.text.split('"notebookId": "')[1].split('"')[0]
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        headers = {"Cookie": cookies}
        async with connect(f"ws{server.url[4:]}channel", headers=headers) as client:
            assert (await client.query("cells", {"_notebook": notebook})).docs
        own_jupyter.kill()
        async with connect(f"ws{server.url[4:]}channel", headers=headers) as client:
            [cell] = (await client.query("cells", {"_notebook": notebook})).docs
            await cell.submit([{"p": ["source", 0], "si": "still here "}])
        async with server.http() as stranger:
            assert (await stranger.get("notebooks/a.ipynb")).status_code == 502
        own_jupyter.start()

        async def written() -> bool:
            return "still here 1" in (own_jupyter.folder / "a.ipynb").read_text()

        await eventually(written)
        await browser.aclose()
