"""Several ``derby-notebook`` processes on one MongoDB, one Redis and one Jupyter Server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from derby_notebook.service import NotebookService
from sharedb_mongo import MongoDB
from tests.proxy.conftest import DerbyServer, JupyterServer, write_notebook
from tests.proxy.live import Live, eventually, said
from tests.proxy.session import POST, Session, ended, put, until
from tests.servers.mongo import MONGO, database_url, mongo_url
from tests.servers.redis import REDIS, prefix_of, redis_url

pytestmark = [*MONGO, *REDIS, pytest.mark.jupyter]

# Quiet for a while after 8: what a killed process has in its sockets then, nobody can save.
COUNTING = """
import time
for i in range(50):
    print(i, flush=True)
    time.sleep(4 if i == 8 else 0.02)
'end'"""
COUNTED = "".join(f"{number}\n" for number in range(50)) + "'end'"


@dataclass
class Cluster:
    """Two processes, and one person's session with each; the first has opened the notebook."""

    first: Session
    second: Session
    db: MongoDB

    async def owner(self) -> str:
        """Return which process the database says looks after the notebook."""
        name = f"notebook.{self.first.notebook}"
        return (await self.db.leases().read([name]))[name].owner

    async def saves(self) -> list[str]:
        """Return the states of the file that the notebook has shown, in order."""
        ops = await self.db.get_ops("notebooks", self.first.notebook, 1, None)
        parts = [part for op in ops for part in op.get("op") or [] if part["p"] == ["_save"]]
        return [part["oi"]["state"] for part in parts]


@pytest.fixture
async def cluster(jupyter: JupyterServer, folder: Path, tmp_path: Path) -> AsyncIterator[Cluster]:
    path = write_notebook(folder / "a.ipynb", "0", "1", "2")
    url = database_url(mongo_url(), tmp_path)
    shared = ("--db", url, "--pubsub", f"{redis_url()}?prefix={prefix_of(tmp_path)}")
    sessions = []
    for name in ("one", "two"):
        server = DerbyServer(jupyter, tmp_path / name, *shared)
        server.start()
        sessions.append(Session(server, await server.browser(), path))
        await sessions[-1].open()
    db = MongoDB(url)
    yield Cluster(sessions[0], sessions[1], db)
    await db.close()
    for session in sessions:
        await session.browser.aclose()
        if session.server.process is not None and session.server.process.poll() is None:
            session.server.stop()


async def test_whichever_process_is_asked_the_owner_does_it(cluster: Cluster) -> None:
    assert cluster.first.notebook == cluster.second.notebook
    owner = await cluster.owner()
    async with cluster.second.line() as client:
        first, second, _ = await cluster.second.cells(client)
        await put(first, "name = input('Name? ')\nprint('hello', name)")
        await first.submit([{"p": ["_state"], "oi": "run"}])
        await until(lambda: first.data.get("_input"))
        url = f"derby/notebooks/{cluster.second.notebook}"
        body = {"cell": first.id, "id": first.data["_input"]["id"], "value": "Ben"}
        answer = await cluster.second.browser.post(f"{url}/input", json=body, headers=POST)
        assert answer.status_code == 204, answer.text
        await until(lambda: ended(first))
        assert said(first.data) == "Name? Ben\nhello Ben\n"
        me = (await cluster.second.browser.get("api/me")).json()["identity"]["username"]
        assert first.data["_run"]["user"] == me
        assert first.data["execution_count"] == 1

        body = {"code": "nam", "cursor_pos": 3}
        answer = await cluster.second.browser.post(f"{url}/complete", json=body, headers=POST)
        assert "name" in answer.json()["matches"]
        answer = await cluster.second.browser.post(f"{url}/input", json={}, headers=POST)
        assert answer.status_code == 400
        assert answer.text == "cell is missing, or no text\n"

        await put(second, "import time; time.sleep(60)")
        await second.submit([{"p": ["_state"], "oi": "run"}])
        await until(lambda: second.data["_state"] == "busy")
        kernel = (await client.query("notebooks", {"_id": cluster.first.notebook})).docs[0]
        kernel_id = kernel.data["session"]["kernel"]["id"]
        await cluster.second.browser.post(f"derby/kernels/{kernel_id}/interrupt", headers=POST)
        await until(lambda: ended(second))
        assert "KeyboardInterrupt" in said(second.data)
    assert await cluster.owner() == owner


async def test_one_process_saves_what_is_typed_in_both(cluster: Cluster) -> None:
    before = len(await cluster.saves())
    async with cluster.first.line() as one, cluster.second.line() as two:
        here, *_ = await cluster.first.cells(one)
        _, there, _ = await cluster.second.cells(two)
        for number in range(20):
            await here.submit([{"p": ["source", 0], "si": f"<{number}>"}])
            await there.submit([{"p": ["source", 0], "si": f"<{number}>"}])
        text = "".join(f"<{number}>" for number in reversed(range(20)))
        await cluster.second.until_saved(f"{text}0", f"{text}1", "2")

    async def settled() -> bool:
        return (await cluster.saves())[-1] == "saved"

    await eventually(settled)
    states = (await cluster.saves())[before:]
    # Twice where a pause was long enough; a second saver would save between another's states.
    assert states == ["dirty", "saving", "saved"] * (len(states) // 3)
    assert "merged" not in str(states)


async def test_a_killed_owners_runs_go_on_in_the_other_process(cluster: Cluster) -> None:
    owner = await cluster.owner()
    async with cluster.second.line() as client:
        first, second, third = await cluster.second.cells(client)
        await put(first, COUNTING)
        await put(second, "print('next')")
        for doc in (first, second):
            await doc.submit([{"p": ["_state"], "oi": "run"}])
        await until(lambda: "8\n" in said(first.data))
        loop = asyncio.get_running_loop()
        cluster.first.server.kill()
        killed = loop.time()
        await third.submit([{"p": ["source", 0], "si": "typed "}])

        async def taken_over() -> bool:
            return await cluster.owner() != owner

        await eventually(taken_over)
        assert loop.time() - killed < 10
        await until(lambda: "has died" in cluster.second.server.output())
        await until(lambda: ended(first) and ended(second), "both ended")
        assert said(first.data) == COUNTED
        assert first.data["_run"]["outcome"] == "ok"
        assert (first.data["execution_count"], second.data["execution_count"]) == (1, 2)
        assert said(second.data) == "next\n"
        await cluster.second.until_saved(COUNTING, "print('next')", "typed 2")

        async def outputs_saved() -> bool:
            outputs = nbformat.read(cluster.first.path, 4).cells[1].outputs
            return [output.text for output in outputs] == ["next\n"]

        await eventually(outputs_saved)

        # The one that comes back joins, and takes nothing away.
        owner = await cluster.owner()
        cluster.first.server.start()
        await cluster.first.open()
        assert await cluster.owner() == owner
        await put(third, "print('after')")
        async with cluster.first.line() as other:
            *_, same = await cluster.first.cells(other)
            await same.submit([{"p": ["_state"], "oi": "run"}])
            await until(lambda: ended(third))
        assert said(third.data) == "after\n"


async def test_a_process_that_stops_hands_its_notebooks_over_at_once(cluster: Cluster) -> None:
    owner = await cluster.owner()
    async with cluster.second.line() as client:
        first, second, _ = await cluster.second.cells(client)
        await put(first, COUNTING)
        await put(second, "print('next')")
        for doc in (first, second):
            await doc.submit([{"p": ["_state"], "oi": "run"}])
        await until(lambda: "8\n" in said(first.data))
        cluster.first.server.stop()
        stopped = asyncio.get_running_loop().time()

        async def handed_over() -> bool:
            return await cluster.owner() not in (owner, "")

        await eventually(handed_over)
        assert asyncio.get_running_loop().time() - stopped < 4
        await until(lambda: ended(first) and ended(second), "both ended")
        assert said(first.data) == COUNTED
        assert said(second.data) == "next\n"
    assert "has died" not in cluster.second.server.output()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a service lose interest within moments."""
    monkeypatch.setattr("derby_notebook.service.LOOK_SECONDS", 0.05)
    monkeypatch.setattr("derby_notebook.files.keeping.WATCHED_SECONDS", 0.1)


async def test_a_notebook_that_nobody_needs_is_let_go_and_taken_again(
    impatient: None, service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    path = write_notebook(folder / "a.ipynb", "0", "1")
    live = await Live.open(service, jupyter.folder, path)
    assert live.id in service.owners.owned

    async def let_go() -> bool:
        return live.id not in service.owners.owned

    async def saved() -> bool:
        return "typed 0" in path.read_text()

    await eventually(let_go)
    await live.type(0, "typed ")
    await eventually(saved)
    assert said(await live.done(1)) == "1"
    assert live.id in service.owners.owned
    await service.kernels.relay(live.id).shut_down()
    await eventually(let_go)
    await live.run(0)
    assert "SyntaxError" in said(await live.ended(0))


async def test_who_was_in_a_cell_is_out_when_their_process_dies_and_others_stay(
    cluster: Cluster,
) -> None:
    async def enters(session: Session, doc: Any) -> str:
        name: str = (await session.browser.get("api/me")).json()["identity"]["username"]
        here = "_editors" in doc.data
        op = {"p": ["_editors", name], "oi": 1} if here else {"p": ["_editors"], "oi": {name: 1}}
        await doc.submit([op])
        return name

    async with cluster.first.line() as one, cluster.second.line() as two:
        doc, *_ = await cluster.second.cells(two)
        same, *_ = await cluster.first.cells(one)
        gone = await enters(cluster.first, same)
        await until(lambda: "_editors" in doc.data)
        stays = await enters(cluster.second, doc)
        await until(lambda: doc.data["_editors"] == {gone: 1, stays: 1})
        cluster.first.server.kill()
        await until(lambda: doc.data["_editors"] == {stays: 1})
