"""What clients may read and write, through a real websocket: the server refuses, not the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derby_notebook.people.roles import parse_roles, role_of, viewer_may
from derby_notebook.people.rules import misshapen, refusal, unlimited
from sharedb_py.client.aio.websocket import WebSocketConnection, connect
from sharedb_py.errors import ShareDBError
from tests.proxy.conftest import TOKEN, DerbyServer, JupyterServer, write_notebook
from tests.proxy.live import eventually

ANN = {"username": "ann", "role": "editor"}
VIEWER = {"username": "vic", "role": "viewer"}
CELL = {"_notebook": "n", "cell_type": "code", "source": "", "_weight": 1, "_state": "idle"}


# Pure decisions


@pytest.mark.parametrize(
    "op",
    [
        {"op": [{"p": ["source", 0], "si": "x"}]},
        {"op": [{"p": ["_weight"], "oi": 3}]},
        {"op": [{"p": ["_state"], "oi": "run"}]},
        {"op": [{"p": ["_editors", "ann"], "oi": 1}]},
        {"op": [{"p": ["metadata", "tags"], "oi": []}]},
        {"create": {"data": CELL}},
        {"create": {"data": {**CELL, "outputs": [], "execution_count": None}}},
        {"del": True},
    ],
)
def test_an_editor_may(op: dict[str, Any]) -> None:
    assert refusal("cells", "c", op, ANN) is None
    assert refusal("cells", "c", op, VIEWER) is not None


@pytest.mark.parametrize(
    "field", ["_run", "_input", "_pager", "_trusted", "_notebook", "id", "_anything"]
)
@pytest.mark.parametrize("below", [[], ["x"]])
def test_nobody_writes_what_is_the_services(field: str, below: list[str]) -> None:
    assert refusal("cells", "c", {"op": [{"p": [field, *below], "oi": 1}]}, ANN)
    assert refusal("cells", "c", {"op": [{"p": [field, *below], "od": 1}]}, ANN)


@pytest.mark.parametrize("field", ["name", "session", "contents", "_save", "_queue", "_merged"])
def test_a_notebooks_own_fields_are_the_services(field: str) -> None:
    assert refusal("notebooks", "n", {"op": [{"p": [field], "oi": 1}]}, ANN)


@pytest.mark.parametrize(
    "op",
    [
        {"op": [{"p": [], "oi": {}}]},
        {"op": [{"p": ["outputs", 0], "li": {}}]},
        {"op": [{"p": ["execution_count"], "oi": 7}]},
        {"op": [{"p": ["_state"], "oi": "busy"}]},
        {"op": [{"p": ["_state", 0], "si": "run"}]},
        {"op": [{"p": ["_editors", "ben"], "oi": 1}]},
        {"op": [{"p": ["_editors"], "oi": {"ben": 1}}]},
        {"create": {"data": {**CELL, "_run": {"user": "ben"}}}},
        {"create": {"data": {**CELL, "_state": "busy"}}},
        {"create": {"data": 3}},
        {"create": {"data": {"source": "nowhere"}}},
    ],
)
def test_forgeries_are_refused(op: dict[str, Any]) -> None:
    assert refusal("cells", "c", op, ANN)


@given(st.text(), st.dictionaries(st.text(), st.integers()))
def test_no_other_collection_can_be_written(name: str, data: dict[str, int]) -> None:
    known = {"notebooks", "cells", "users", "userNotebooks", "messages"}
    if name not in known:
        assert refusal(name, "x", {"create": {"data": data}}, ANN)


def test_people_write_about_themselves_only() -> None:
    named = {**ANN, "display_name": "Ann Lee", "avatar_url": None}
    known = {"id": "ann", "name": "Ann Lee", "color": "#fff", "icon": None}
    assert refusal("users", "ann", {"create": {"data": known}}, named) is None
    assert refusal("users", "ben", {"create": {"data": known}}, named)
    assert refusal("users", "ann", {"create": {"data": {**known, "name": "Ben"}}}, named)
    assert refusal("users", "ann", {"create": {"data": {**known, "role": "owner"}}}, named)
    assert refusal("users", "ann", {"op": [{"p": ["name"], "oi": "Ann Lee"}]}, named) is None
    assert refusal("users", "ann", {"op": [{"p": ["name"], "oi": "Ben"}]}, named)
    assert refusal("users", "ann", {"op": [{"p": ["name", 0], "si": "Ben"}]}, named)
    mine = {"_user": "vic", "_notebook": "n"}
    assert refusal("userNotebooks", "x", {"create": {"data": mine}}, VIEWER) is None
    assert refusal("userNotebooks", "x", {"create": {"data": {**mine, "_user": "ben"}}}, VIEWER)
    assert refusal("userNotebooks", "x", {"create": {"data": {"_notebook": "n"}}}, VIEWER)


def test_a_message_is_its_authors() -> None:
    message = {"_user": "ann", "_notebook": "n", "source": "hi", "created": 1}
    assert refusal("messages", "m", {"create": {"data": message}}, ANN) is None
    assert refusal("messages", "m", {"create": {"data": {**message, "_user": "ben"}}}, ANN)
    edit = {"op": [{"p": ["source"], "oi": "forged"}]}
    assert refusal("messages", "m", edit, ANN, message) is None
    other = {**ANN, "username": "ben"}
    assert refusal("messages", "m", edit, other, message)
    assert refusal("messages", "m", {"del": True}, other, message)
    assert refusal("messages", "m", {"del": True}, {**other, "role": "owner"}, message) is None


@pytest.mark.parametrize(
    "change",
    [
        {"source": 5},
        {"source": None},
        {"cell_type": "poem"},
        {"metadata": []},
        {"attachments": "x"},
        {"_weight": "heavy"},
        {"_weight": True},
    ],
)
def test_what_is_no_cell_is_refused_before_it_spoils_the_file(change: dict[str, Any]) -> None:
    assert misshapen("cells", CELL) is None
    assert misshapen("cells", {**CELL, **change})


@pytest.mark.parametrize(
    ("collection", "query"),
    [
        ("cells", {}),
        ("cells", {"_notebook": {"$ne": "x"}}),
        ("cells", {"_notebook": {"$in": ["a", "b"]}}),
        ("cells", {"$or": [{"_notebook": "a"}]}),
        ("cells", {"_notebook": "a", "$distinct": {"field": "source"}}),
        ("cells", {"_notebook": "a", "$aggregate": []}),
        ("cells", {"_notebook": "a", "$where": "1"}),
        ("notebooks", {}),
        ("messages", {"_user": "ben"}),
        ("users", {"$mapReduce": {}}),
        ("cells", []),
    ],
)
def test_a_query_names_the_one_notebook_it_looks_into(collection: str, query: Any) -> None:
    assert unlimited(collection, query)
    assert unlimited("cells", {"_notebook": "a", "$sort": {"_weight": 1}, "$limit": 3}) is None
    assert unlimited("notebooks", {"name": "a.ipynb"}) is None
    assert unlimited("notebooks", {"_id": "a"}) is None
    assert unlimited("notebooks", {"_id": {"$gt": ""}})


def test_roles_come_from_settings_and_from_jupyter() -> None:
    full = {"contents": ["read", "write"], "kernels": ["execute"]}
    roles = parse_roles(["vic=viewer", "*=editor", "a=b=owner"])
    assert roles == {"vic": "viewer", "*": "editor", "a=b": "owner"}

    def role(name: str, permissions: dict[str, list[str]]) -> str | None:
        return role_of({"identity": {"username": name}, "permissions": permissions}, roles)

    assert role("vic", full) == "viewer"
    assert role("ann", full) == "editor"
    assert role("ann", {"contents": ["read"]}) == "viewer"
    assert role("ann", {"contents": ["read", "write"], "kernels": []}) == "viewer"
    assert role("ann", {}) is None
    with pytest.raises(ValueError, match="viewer"):
        parse_roles(["ann=king"])


def test_a_viewer_only_reads_at_jupyters() -> None:
    assert viewer_may("GET", "/api/contents/a.ipynb")
    assert not viewer_may("PUT", "/api/contents/a.ipynb")
    assert not viewer_may("POST", "/api/kernels")
    assert viewer_may("POST", "/login")
    assert not viewer_may("PUT", "/api/contents/login"), "a file may be named so"


# Through the websocket


async def line_of(browser: httpx.AsyncClient, derby: DerbyServer) -> WebSocketConnection:
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return connect(f"ws{derby.url[4:]}channel", headers={"Cookie": cookies})


@pytest.fixture
async def client(
    browser: httpx.AsyncClient, derby: DerbyServer
) -> AsyncIterator[WebSocketConnection]:
    async with await line_of(browser, derby) as connection:
        yield connection


@pytest.mark.jupyter
@pytest.mark.parametrize("name", ["notebookPaths", "kernelRelays", "notebookFiles", "anything"])
async def test_other_collections_cannot_even_be_named(
    client: WebSocketConnection, name: str
) -> None:
    with pytest.raises(ShareDBError):
        await client.query(name, {})
    doc = client.doc(name, "x")
    for ask in (doc.fetch, doc.subscribe):
        with pytest.raises(ShareDBError):
            await ask()
    with pytest.raises(ShareDBError):
        await doc.create({"a": 1})


@pytest.mark.jupyter
async def test_another_persons_view_of_a_notebook_is_private(
    client: WebSocketConnection, derby: DerbyServer
) -> None:
    other = await derby.browser()
    mine = (await other.get("api/me")).json()["identity"]["username"]
    async with await line_of(other, derby) as ben:
        await ben.doc("userNotebooks", f"n-{mine}").create({"_user": mine, "_notebook": "n"})
        found = await ben.query("userNotebooks", {"_user": mine})
        assert len(found.docs) == 1
    await other.aclose()
    for ask in (
        lambda: client.doc("userNotebooks", f"n-{mine}").fetch(),
        lambda: client.query("userNotebooks", {"_user": mine}),
        lambda: client.query("userNotebooks", {}),
    ):
        with pytest.raises(ShareDBError):
            await ask()


async def opened(browser: httpx.AsyncClient, folder: Path, *sources: str) -> str:
    """Open a notebook as a browser does; return its id."""
    write_notebook(folder / "a.ipynb", *sources)
    page = await browser.get(f"notebooks/{folder.name}/a.ipynb")
    assert page.status_code == 200, page.text
    return page.text.split('"notebookId": "')[1].split('"')[0]


POST = {"X-Requested-With": "derby-notebook"}


@pytest.mark.jupyter
async def test_an_editor_edits_runs_and_leaves_the_cell(
    browser: httpx.AsyncClient, derby: DerbyServer, folder: Path
) -> None:
    notebook = await opened(browser, folder, "print(6*7)")
    me = (await browser.get("api/me")).json()["identity"]["username"]
    watcher = await derby.browser()
    async with await line_of(watcher, derby) as other:
        async with await line_of(browser, derby) as client:
            [doc] = (await client.query("cells", {"_notebook": notebook})).docs
            await doc.submit([{"p": ["_editors"], "oi": {me: 1}}])
            await doc.submit([{"p": ["_state"], "oi": "run"}])
            seen = other.doc("cells", doc.id)
            await seen.subscribe()
            await eventually(lambda: _is(lambda: bool(seen.data["outputs"])))
            assert seen.data["outputs"][0]["text"] == "42\n"
            assert seen.data["_run"]["user"] == me
            assert seen.data["_editors"] == {me: 1}
        await eventually(lambda: _is(lambda: seen.data["_editors"] == {}))
    await watcher.aclose()


@pytest.mark.jupyter
async def test_a_copied_cell_keeps_its_outputs_and_an_invented_one_is_refused(
    browser: httpx.AsyncClient, derby: DerbyServer, folder: Path
) -> None:
    notebook = await opened(browser, folder, "print(6*7)")
    async with await line_of(browser, derby) as client:
        [doc] = (await client.query("cells", {"_notebook": notebook})).docs
        await doc.subscribe()
        await doc.submit([{"p": ["_state"], "oi": "run"}])
        await eventually(lambda: _is(lambda: (doc.data.get("_run") or {}).get("ended")))
        shown = {key: doc.data[key] for key in ("outputs", "execution_count")}
        await client.doc("cells", f"copy-{notebook}").create(
            {**CELL, "_notebook": notebook, **shown}
        )
        await doc.delete()
        await client.doc("cells", f"back-{notebook}").create(
            {**CELL, "_notebook": notebook, **shown}
        )
        forged = [{"output_type": "stream", "name": "stdout", "text": "43\n"}]
        await client.doc("cells", f"less-{notebook}").create(
            {**CELL, "_notebook": notebook, **shown, "_trusted": False}
        )
        with pytest.raises(ShareDBError, match="outputs"):
            await client.doc("cells", f"forged-{notebook}").create(
                {**CELL, "_notebook": notebook, "outputs": forged}
            )


async def _is(holds: Any) -> bool:
    return bool(holds())


@pytest.mark.jupyter
async def test_a_viewer_is_refused_by_the_server(
    jupyter: JupyterServer, folder: Path, tmp_path: Path
) -> None:
    server = DerbyServer(jupyter, tmp_path / "derby", "--role", "*=viewer")
    with server:
        browser = await server.browser()
        notebook = await opened(browser, folder, "input()")
        async with await line_of(browser, server) as client:
            [doc] = (await client.query("cells", {"_notebook": notebook})).docs
            for op in (
                [{"p": ["source", 0], "si": "x"}],
                [{"p": ["_state"], "od": "idle", "oi": "run"}],
            ):
                with pytest.raises(ShareDBError, match="read this notebook"):
                    await doc.submit(op)
            with pytest.raises(ShareDBError):
                await client.doc("cells", "new").create(CELL)
            with pytest.raises(ShareDBError):
                await doc.delete()
        for action in ("input", "run", "complete", "save", "interrupt", "kernel"):
            answer = await browser.post(f"derby/notebooks/{notebook}/{action}", headers=POST)
            assert answer.status_code == 403, action
        xsrf = {"X-XSRFToken": browser.cookies["_xsrf"]}
        assert (await browser.post("api/kernels", headers=xsrf)).status_code == 403
        assert (await browser.put("api/contents/x", headers=xsrf)).status_code == 403
        assert (await browser.get("api/contents")).status_code == 200
        await browser.aclose()


# What a page asks past the documents


@pytest.mark.jupyter
async def test_requests_from_elsewhere_and_strangers_are_refused(
    browser: httpx.AsyncClient, derby: DerbyServer, folder: Path
) -> None:
    notebook = await opened(browser, folder, "1")
    url = f"derby/notebooks/{notebook}/save"
    assert (await browser.post(url)).status_code == 403
    foreign = {**POST, "Origin": "https://elsewhere.example"}
    assert (await browser.post(url, headers=foreign)).status_code == 403
    assert (await browser.post(url, headers=POST)).status_code == 200
    async with derby.http() as stranger:
        assert (await stranger.post(url, headers=POST)).status_code == 403
        assert (await stranger.get("derby/metrics")).status_code == 403


@pytest.mark.jupyter
async def test_every_action_of_the_page(
    browser: httpx.AsyncClient, derby: DerbyServer, folder: Path
) -> None:
    notebook = await opened(browser, folder, "long_name = input('?')", "print(long_name)")

    async def ask(action: str, **body: Any) -> httpx.Response:
        url = f"derby/notebooks/{notebook}/{action}"
        return await browser.post(url, json=body, headers=POST)

    assert (await ask("complete", code="lo", cursor_pos=2)).status_code == 409
    assert "bash" in (await ask("kernels")).json()["kernels"]
    async with await line_of(browser, derby) as client:
        found = (await client.query("cells", {"_notebook": notebook})).docs
        first, second = sorted(found, key=lambda doc: doc.data["_weight"])
        for doc in (first, second):
            await doc.subscribe()
        assert (await ask("run", which="all")).json()["cells"] == [first.id, second.id]
        await eventually(lambda: _is(lambda: first.data.get("_input")))
        question = first.data["_input"]
        wrong = await ask("input", cell=second.id, id=question["id"], value="x")
        assert wrong.status_code == 409
        assert (await ask("input", cell=first.id, id=question["id"], value="me")).is_success
        await eventually(lambda: _is(lambda: second.data["outputs"]))
        assert second.data["outputs"][0]["text"] == "me\n"
        found_names = (await ask("complete", code="long_n", cursor_pos=6)).json()
        assert found_names["matches"] == ["long_name"]
        assert (await ask("inspect", code="len", cursor_pos=3)).json()["found"] is True
        assert (await ask("is_complete", code="if 1:")).json()["status"] == "incomplete"
        assert (await ask("clear", cell=second.id)).json()["cells"] == [second.id]
        await eventually(lambda: _is(lambda: second.data["outputs"] == []))
        assert (await ask("cancel")).json()["cells"] == []
        assert (await ask("save")).json()["state"] == "saved"
        assert (await ask("restart")).status_code == 204
        assert (await ask("run", which="below", cell=second.id)).is_success
        await eventually(lambda: _is(lambda: second.data["_state"] == "error"))
        assert (await ask("kernel", name="bash")).status_code == 204
        assert (await ask("kernel", name="no-such")).status_code == 404
        assert (await ask("shutdown")).status_code in (204, 409)
        assert (await ask("run", which="above")).status_code == 400
        assert (await ask("run", which="above", cell="x")).status_code == 404
        assert (await ask("nothing")).status_code == 404
    metrics = (await browser.get("derby/metrics")).text
    assert 'derby_notebook_runs_total{outcome="ok"}' in metrics
    assert (await browser.get("derby/ready")).json() == {
        "status": "ok",
        "database": True,
        "jupyter": True,
        "pubsub": True,
    }
    assert TOKEN not in derby.output()
