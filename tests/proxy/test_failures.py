"""Each of the processes is killed in the middle of work: nothing is lost, and it goes on."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import nbformat
import pytest

from sharedb_py.client.aio.websocket import connect
from tests.proxy.conftest import DerbyServer, JupyterServer, write_notebook
from tests.proxy.live import eventually, said
from tests.proxy.session import POST, Session, ended, put, session_on, until

pytestmark = [pytest.mark.jupyter, pytest.mark.timeout(150)]


@pytest.fixture
async def session(jupyter: JupyterServer, folder: Path, tmp_path: Path) -> AsyncIterator[Session]:
    path = write_notebook(folder / "a.ipynb", "0", "1", "2")
    async with session_on(jupyter, path, tmp_path / "derby") as made:
        yield made


COUNTING = "import time\nfor i in range(60):\n    print(i, flush=True)\n    time.sleep(.05)\n'end'"


async def test_our_process_dies_in_the_middle_of_a_run(session: Session) -> None:
    async with session.line() as client:
        first, second, _ = await session.cells(client)
        await put(first, COUNTING)
        await put(second, "print('next')")
        for doc in (first, second):
            await doc.submit([{"p": ["_state"], "oi": "run"}])
        me = (await session.browser.get("api/me")).json()["identity"]["username"]
        await second.submit([{"p": ["_editors"], "oi": {me: 1}}])
        await until(lambda: "12\n" in said(first.data))
        session.server.kill()
        await asyncio.sleep(0.5)
        session.server.start()
        await until(lambda: second.data["_editors"] == {}, "nobody is in a cell any more")
        await until(lambda: ended(first) and ended(second), "both ended")
        expected = "".join(f"{number}\n" for number in range(60)) + "'end'"
        assert said(first.data) == expected
        assert (first.data["_state"], first.data["execution_count"]) == ("idle", 1)
        assert first.data["_run"]["outcome"] == "ok"
        assert said(second.data) == "next\n"


async def test_our_process_dies_while_a_question_waits(session: Session) -> None:
    async with session.line() as client:
        first, _, _ = await session.cells(client)
        await put(first, "print('hello', input('Name? '))")
        await first.submit([{"p": ["_state"], "oi": "run"}])
        await until(lambda: first.data.get("_input"))
        session.server.kill()
        session.server.start()
        question = first.data["_input"]
        body = {"cell": first.id, "id": question["id"], "value": "Ben"}
        url = f"derby/notebooks/{session.notebook}/input"

        async def answered() -> bool:
            return (await session.browser.post(url, json=body, headers=POST)).is_success

        assert await eventually(answered)
        await until(lambda: ended(first))
        assert said(first.data) == "Name? Ben\nhello Ben\n"


async def test_the_kernel_ends_its_work_while_our_process_is_away(session: Session) -> None:
    async with session.line() as client:
        first, _, _ = await session.cells(client)
        await put(first, "import time\nprint('a', flush=True)\ntime.sleep(1)\nprint('b')")
        await first.submit([{"p": ["_state"], "oi": "run"}])
        await until(lambda: "a" in said(first.data))
        session.server.kill()
        await asyncio.sleep(2)
        session.server.start()
        await until(lambda: ended(first))
        assert said(first.data) == "a\nb\n"


@pytest.mark.parametrize("people", [2, 10])
async def test_our_process_dies_while_people_type(session: Session, people: int) -> None:
    """Nothing that the server took is lost: in the documents, on every screen, in the file."""
    lines = [session.line() for _ in range(people)]
    for line in lines:
        await line.open()
    try:
        docs = [await session.cells(line) for line in lines]

        async def type_on(at: int) -> None:
            for number in range(60):
                doc = docs[at][number % 3]
                await doc.submit([{"p": ["source", 0], "si": f"<{at}.{number}>"}])

        typing = [asyncio.create_task(type_on(at)) for at in range(people)]
        for _ in range(2):
            await asyncio.sleep(0.4)
            session.server.kill()
            session.server.start()
        await asyncio.gather(*typing)
        for number in range(3):
            await until(
                lambda n=number: len({each[n].data["source"] for each in docs}) == 1,
                "all screens agree",
            )
        sources = [doc.data["source"] for doc in docs[0]]
        text = "".join(sources)
        for at in range(people):
            for number in range(60):
                assert text.count(f"<{at}.{number}>") == 1, (at, number)
        await session.until_saved(*sources)
        async with session.line() as newcomer:
            assert [doc.data["source"] for doc in await session.cells(newcomer)] == sources
    finally:
        for line in lines:
            await line.close()


async def test_our_process_dies_in_the_middle_of_saves(session: Session) -> None:
    async with session.line() as client:
        first, *_ = await session.cells(client)
        for number in range(5):
            await first.submit([{"p": ["source", 0], "si": f"<{number}>"}])
            url = f"derby/notebooks/{session.notebook}/save"
            saving = asyncio.create_task(session.browser.post(url, headers=POST))
            await asyncio.sleep(0.004 * number)
            session.server.kill()
            await asyncio.gather(saving, return_exceptions=True)
            session.server.start()
        await session.until_saved("<4><3><2><1><0>0", "1", "2")
        assert first.data["source"] == "<4><3><2><1><0>0"


async def test_the_file_changes_while_our_process_is_away(session: Session) -> None:
    async with session.line() as client:
        first, *_ = await session.cells(client)
        await first.submit([{"p": ["source", 0], "si": "# here\n"}])
        session.server.kill()
        notebook = nbformat.read(session.path, 4)
        notebook.cells[2].source += "  # outside"
        nbformat.write(notebook, session.path)
        session.server.start()
        await session.open()
        await session.until_saved("# here\n0", "1", "2  # outside")


async def test_the_kernel_is_killed_in_the_middle_of_a_run(session: Session) -> None:
    async with session.line() as client:
        first, second, _ = await session.cells(client)
        await put(
            first,
            "import os, time\nprint('in', flush=True)\ntime.sleep(.5)\nos.kill(os.getpid(), 9)",
        )
        await put(second, "print('well')")
        await first.submit([{"p": ["_state"], "oi": "run"}])
        await until(lambda: ended(first))
        assert first.data["_run"]["outcome"] == "died"
        assert "in\n" in said(first.data)
        await second.submit([{"p": ["_state"], "oi": "run"}])
        await until(lambda: ended(second))
        assert said(second.data) == "well\n"


async def test_the_browser_that_ran_a_cell_goes_away(session: Session) -> None:
    async with session.line() as client:
        first, *_ = await session.cells(client)
        await put(first, COUNTING)
        await first.submit([{"p": ["_state"], "oi": "run"}])
        await until(lambda: "3\n" in said(first.data))
    async with session.line() as client:
        first, *_ = await session.cells(client)
        await until(lambda: ended(first))
        assert said(first.data) == "".join(f"{number}\n" for number in range(60)) + "'end'"


async def test_jupyter_is_killed_in_the_middle_of_a_run_and_of_typing(
    own_jupyter: JupyterServer, tmp_path: Path
) -> None:
    path = write_notebook(own_jupyter.folder / "a.ipynb", "0", "1", "2")
    with DerbyServer(own_jupyter, tmp_path / "derby") as server:
        browser = await server.browser()
        session = Session(server, browser, path)
        await session.open()
        async with session.line() as client:
            notebook = client.doc("notebooks", session.notebook)
            await notebook.subscribe()
            first, second, third = await session.cells(client)
            await put(first, "print('in', flush=True)\nimport time; time.sleep(60)")
            await first.submit([{"p": ["_state"], "oi": "run"}])
            await until(lambda: "in" in said(first.data))
            own_jupyter.kill()
            await until(lambda: notebook.data["session"]["kernel"]["status"] == "disconnected")
            await third.submit([{"p": ["source", 0], "si": "typed "}])
            await until(lambda: notebook.data["_save"]["state"] == "error")
            own_jupyter.start()
            await until(lambda: ended(first), "the run is ended")
            assert first.data["_run"]["outcome"] == "lost"
            assert "Jupyter ended or was restarted" in said(first.data)
            await put(second, "print('again')")
            await second.submit([{"p": ["_state"], "oi": "run"}])
            await until(lambda: ended(second))
            assert said(second.data) == "again\n"
            await until(lambda: notebook.data["_save"]["state"] == "saved")
            assert session.sources()[2] == "typed 2"
        await browser.aclose()


async def test_jupyter_dies_in_the_middle_of_a_save(
    own_jupyter: JupyterServer, tmp_path: Path
) -> None:
    path = write_notebook(own_jupyter.folder / "a.ipynb", "0", "1", "x" * 3_000_000)
    with DerbyServer(own_jupyter, tmp_path / "derby") as server:
        browser = await server.browser()
        session = Session(server, browser, path)
        await session.open()
        async with session.line() as client:
            first, *_ = await session.cells(client)
            for number in range(2):
                await first.submit([{"p": ["source", 0], "si": f"<{number}>"}])
                url = f"derby/notebooks/{session.notebook}/save"
                saving = asyncio.create_task(session.browser.post(url, headers=POST))
                await asyncio.sleep(0.03 + 0.02 * number)
                own_jupyter.kill()
                await asyncio.gather(saving, return_exceptions=True)
                own_jupyter.start()
            await session.until_saved("<1><0>0", "1", "x" * 3_000_000)
            assert first.data["source"] == "<1><0>0"
        await browser.aclose()


async def test_the_kernel_dies_in_the_middle_of_saves(session: Session) -> None:
    async with session.line() as client:
        first, second, _ = await session.cells(client)
        await put(first, "import os\nos.kill(os.getpid(), 9)")
        await first.submit([{"p": ["_state"], "oi": "run"}])
        for number in range(20):
            await second.submit([{"p": ["source", 0], "si": f"<{number}>"}])
            url = f"derby/notebooks/{session.notebook}/save"
            answer = await session.browser.post(url, headers=POST)
            assert answer.is_success
        await until(lambda: ended(first))
        typed = "".join(f"<{number}>" for number in reversed(range(20)))
        await session.until_saved("import os\nos.kill(os.getpid(), 9)", f"{typed}1", "2")


async def test_a_password_is_in_no_file_of_ours(session: Session) -> None:
    async with session.line() as client:
        first, *_ = await session.cells(client)
        await put(first, "import getpass; print(len(getpass.getpass()))")
        await first.submit([{"p": ["_state"], "oi": "run"}])
        await until(lambda: first.data.get("_input"))
        body = {"cell": first.id, "id": first.data["_input"]["id"], "value": "xyzzy-98765"}
        url = f"derby/notebooks/{session.notebook}/input"
        assert (await session.browser.post(url, json=body, headers=POST)).is_success
        await until(lambda: ended(first))
        assert said(first.data).endswith("11\n")
    state = session.server.log.parent
    session.server.stop()
    database = sqlite3.connect(next(state.rglob("rooms.sqlite")))
    try:
        assert "xyzzy" not in "\n".join(database.iterdump())
    finally:
        database.close()
    for path in state.rglob("*"):
        if path.is_file():
            assert b"xyzzy" not in path.read_bytes(), path
    session.server.start()
    assert json.loads(session.path.read_text())["nbformat"] == 4


async def test_our_own_jupyter_and_its_kernels_outlive_our_process(tmp_path: Path) -> None:
    """The server that ``derby-notebook`` starts by itself is found again after a crash."""
    from tests.running import Program, free_port

    folder = tmp_path / "work"
    folder.mkdir()
    write_notebook(folder / "a.ipynb", "x = 6", "print(x * 7)")
    port = free_port()
    program = Program(
        "derby-notebook",
        *(str(folder), "--port", str(port), "--no-browser"),
        log=tmp_path / "log",
        ready=r"Open http\S*token=(\w+)",
    )
    token = program.start()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/", timeout=30) as browser:
            page = await browser.get(f"notebooks/a.ipynb?token={token}", follow_redirects=True)
            found = re.search(r'"notebookId": "(\w+)"', page.text)
            assert found
            cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        line = connect(f"ws://127.0.0.1:{port}/channel", headers={"Cookie": cookies})
        async with line as client:
            docs = (await client.query("cells", {"_notebook": found[1]})).docs
            first, second = sorted(docs, key=lambda doc: doc.data["_weight"])
            for doc in (first, second):
                await doc.subscribe()
            await first.submit([{"p": ["_state"], "oi": "run"}])
            await until(lambda: ended(first))
            program.kill()
            program.start()
            await second.submit([{"p": ["_state"], "oi": "run"}])
            await until(lambda: ended(second))
            assert said(second.data) == "42\n"
    finally:
        program.stop()
    record = folder / ".derby-notebook" / "jupyter.json"
    assert not record.exists(), "stopped, it takes its Jupyter Server with it"
