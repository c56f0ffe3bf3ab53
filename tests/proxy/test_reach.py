"""Named people at a Jupyter Server that knows of single files who may read and write them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from websockets.asyncio.client import connect as websocket

from derby_notebook.app import NotebookApp, create_app
from sharedb_py.backend import Backend
from sharedb_py.client.aio.websocket import WebSocketConnection, connect
from sharedb_py.errors import ShareDBError
from tests.proxy.conftest import TOKEN, DerbyServer, JupyterServer, write_notebook
from tests.proxy.live import eventually
from tests.running import free_port

pytestmark = [pytest.mark.jupyter]

PASSWORD = "three-quiet-otters"
POST = {"X-Requested-With": "derby-notebook"}
CONFIG = f'''
import os
from pathlib import Path
from jupyter_server.auth import Authorizer, User, passwd
from jupyter_server.auth.identity import PasswordIdentityProvider

class Names(PasswordIdentityProvider):
    """Tokens such as ann:key, beside the server's own and a password."""

    async def get_user(self, handler):
        name, _, key = (self.get_token(handler) or "").partition(":")
        if key == "key" and not Path(os.environ["JUPYTER_CONFIG_DIR"], "no-" + name).exists():
            handler._token_authenticated = True
            return User(name, display_name=name.title())
        return await super().get_user(handler)

class Files(Authorizer):
    """Secret files are ann's alone; shown ones hers to write, and everybody's to read."""

    def is_authorized(self, handler, user, action, resource):
        path = handler.request.path
        if user.username not in ("ann", "ben"):
            return True
        if resource == "contents" and "secret" in path:
            return user.username == "ann"
        if resource == "contents" and "shown" in path:
            return user.username == "ann" or action == "read"
        return True

c.ServerApp.identity_provider_class = Names
c.ServerApp.authorizer_class = Files
c.PasswordIdentityProvider.hashed_password = passwd("{PASSWORD}", "sha1")
'''


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DerbyServer]:
    """A server that knows people by name, and ours before it."""
    home = tmp_path_factory.mktemp("named")
    with JupyterServer(home / "jupyter", config=CONFIG) as jupyter:
        with DerbyServer(jupyter, home / "derby") as server:
            yield server


class Person:
    """Somebody with a token of their own."""

    def __init__(self, server: DerbyServer, name: str) -> None:
        self.name = name
        self.token = f"{name}:key"
        self._server = server
        headers = {"Authorization": f"token {self.token}"}
        self.http = httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30)

    async def open(self, path: str) -> str:
        page = await self.http.get(f"notebooks/{path}")
        assert page.status_code == 200, page.text
        return page.text.split('"notebookId": "')[1].split('"')[0]

    def line(self) -> WebSocketConnection:
        return connect(f"ws{self._server.url[4:]}channel?token={self.token}")


@pytest.fixture
async def person(named: DerbyServer) -> AsyncIterator[Callable[[str], Person]]:
    people: list[Person] = []

    def known(name: str) -> Person:
        people.append(Person(named, name))
        return people[-1]

    yield known
    for one in people:
        await one.http.aclose()


def put(server: DerbyServer, name: str, *sources: str) -> Path:
    return write_notebook(server.jupyter.folder / name, *sources)


async def test_a_notebook_that_jupyter_refuses_is_refused_in_every_way(
    named: DerbyServer, person: Callable[[str], Person]
) -> None:
    put(named, "secret.ipynb", "'the plan'")
    ann, ben = person("ann"), person("ben")
    notebook = await ann.open("secret.ipynb")
    async with ann.line() as hers, ben.line() as his:
        [cell] = (await hers.query("cells", {"_notebook": notebook})).docs
        note = hers.doc("messages", f"m-{notebook}")
        words = {"_user": "ann", "_notebook": notebook, "source": "hush", "created": 1}
        await note.create(words)
        asks: list[Any] = [
            lambda: his.query("cells", {"_notebook": notebook}),
            lambda: his.query("cells", {}),
            lambda: his.query("cells", {"_notebook": notebook, "$distinct": {"field": "source"}}),
            lambda: his.query("messages", {"_notebook": notebook}),
            lambda: his.query("notebooks", {"name": "secret.ipynb"}),
            lambda: his.query("notebooks", {"_id": notebook}),
            lambda: his.query("notebooks", {}),
        ]
        for collection, doc_id in (("cells", cell.id), ("notebooks", notebook)):
            doc = his.doc(collection, doc_id)
            asks += [doc.fetch, doc.subscribe]
        asks += [his.doc("messages", f"m-{notebook}").fetch]
        asks += [lambda: his.presence(f"notebook.{notebook}").subscribe()]
        asks += [lambda: his.doc("notebooks", "mine").create({"name": "secret.ipynb"})]
        asks += [
            lambda: his.doc("cells", "x").create(
                {"_notebook": notebook, "cell_type": "code", "source": ""}
            )
        ]
        for ask in asks:
            with pytest.raises(ShareDBError):
                await ask()
    assert (await ben.http.get("notebooks/secret.ipynb")).status_code == 403
    for action in ("save", "run", "complete"):
        url = f"derby/notebooks/{notebook}/{action}"
        assert (await ben.http.post(url, headers=POST)).status_code == 403
        assert (await ann.http.post(url, headers=POST)).status_code != 403
    below = f"derby/notebooks/{notebook}"
    for fetched in ("download", f"blobs/{'0' * 64}", "history"):
        assert (await ben.http.get(f"{below}/{fetched}", headers=POST)).status_code == 403, fetched
        assert (await ann.http.get(f"{below}/{fetched}", headers=POST)).status_code != 403, fetched
    assert (await ben.http.get("replay/secret.ipynb")).status_code == 403


async def test_ops_since_a_version_are_no_way_around(
    named: DerbyServer, person: Callable[[str], Person]
) -> None:
    """A client may ask for ops instead of documents: the first of them holds the document."""
    put(named, "secret-ops.ipynb", "'the plan'", "'old plan'")
    ann, ben = person("ann"), person("ben")
    notebook = await ann.open("secret-ops.ipynb")
    async with ann.line() as hers:
        found = (await hers.query("cells", {"_notebook": notebook})).docs
        cells = sorted(found, key=lambda doc: doc.data["_weight"])
        await cells[1].delete()
    key = f"{notebook}-ann"
    async with ann.line() as hers:
        await hers.doc("userNotebooks", key).create({"_user": "ann", "_notebook": notebook})
    ids = [cell.id for cell in cells]
    messages: list[dict[str, Any]] = [
        {"a": "f", "c": "cells", "d": ids[0], "v": 0},
        {"a": "f", "c": "cells", "d": ids[1], "v": 0},
        {"a": "s", "c": "cells", "d": ids[0], "v": 0},
        {"a": "bf", "c": "cells", "b": dict.fromkeys(ids, 0)},
        {"a": "bs", "c": "cells", "b": {ids[0]: 0}},
        {"a": "f", "c": "notebooks", "d": notebook, "v": 0},
        {"a": "f", "c": "userNotebooks", "d": key, "v": 0},
        {"a": "nf", "c": "cells", "d": ids[1], "v": 1},
        {"a": "qs", "id": 1, "c": "users", "q": {}, "r": [[ids[0], 0]]},
        {"a": "qs", "id": 2, "c": "cells", "q": {"_notebook": "other"}, "r": [[ids[0], 0]]},
    ]
    async with raw_line(named, ben) as socket:
        for message in messages:
            replies = await said_to(socket, message)
            assert "plan" not in str(replies), message
            assert "_user" not in str(replies), message
            if message["c"] != "users":
                assert replies[-1].get("error"), message
    async with raw_line(named, ann) as socket:
        assert "old plan" in str(await said_to(socket, messages[1])), "she may"


def raw_line(server: DerbyServer, person: Person) -> Any:
    return websocket(f"ws{server.url[4:]}channel?token={person.token}")


async def said_to(socket: Any, message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all that comes until the message is answered, the answer last."""
    await socket.send(json.dumps(message))
    replies: list[dict[str, Any]] = []
    while not replies or replies[-1]["a"] != message["a"]:
        reply = json.loads(await socket.recv())
        if reply["a"] != "init":
            replies.append(reply)
    return replies


async def test_who_may_only_read_a_file_is_a_viewer_of_it(
    named: DerbyServer, person: Callable[[str], Person]
) -> None:
    path = put(named, "shown.ipynb", "1")
    ann, ben = person("ann"), person("ben")
    notebook = await ann.open("shown.ipynb")
    page = await ben.http.get("notebooks/shown.ipynb")
    assert '"role": "viewer"' in page.text
    async with ann.line() as hers, ben.line() as his:
        [cell] = (await his.query("cells", {"_notebook": notebook})).docs
        await cell.subscribe()
        for op in ([{"p": ["source", 0], "si": "x"}], [{"p": ["_state"], "oi": "run"}]):
            with pytest.raises(ShareDBError, match="does not let you write"):
                await cell.submit(op)
        with pytest.raises(ShareDBError, match="does not let you write"):
            await cell.delete()
        [same] = (await hers.query("cells", {"_notebook": notebook})).docs
        await same.submit([{"p": ["source", 0], "si": "ann "}])

        async def seen() -> bool:
            return bool(cell.data["source"] == "ann 1" and "ann 1" in path.read_text())

        await eventually(seen)
    refused = await ben.http.post(f"derby/notebooks/{notebook}/run", headers=POST)
    assert refused.status_code == 403


async def test_a_path_cannot_lead_out_of_the_files(
    named: DerbyServer, person: Callable[[str], Person]
) -> None:
    """The service asks Jupyter with its own token: no name may send it to another endpoint."""
    ann = person("ann")
    async with ann.line() as hers:
        for number, name in enumerate(("../sessions", "a/../../kernels", "..\\x.ipynb", "a/..")):
            with pytest.raises(ShareDBError, match="no file"):
                await hers.doc("notebooks", f"out-{number}").create({"name": name})
    notebook = await ann.open("shown.ipynb")
    for name in ("..", "../kernels", "."):
        url = f"derby/notebooks/{notebook}/kernel"
        answer = await ann.http.post(url, json={"name": name}, headers=POST)
        assert answer.status_code == 404, name
    raw = httpx.URL(f"{named.url}notebooks/..%2f..%2fapi%2fsessions")
    assert (await ann.http.get(raw)).status_code in (400, 403, 404)


async def test_nobody_speaks_or_looks_as_somebody_else(
    named: DerbyServer, person: Callable[[str], Person]
) -> None:
    put(named, "talk.ipynb", "1")
    ann, ben = person("ann"), person("ben")
    notebook = await ann.open("talk.ipynb")
    words = {"_user": "ann", "_notebook": notebook, "source": "mine", "created": 1}
    async with ann.line() as hers, ben.line() as his:
        await hers.doc("messages", "m1").create(words)
        theirs = his.doc("messages", "m1")
        await theirs.fetch()
        for op in ([{"p": ["source"], "oi": "forged"}], [{"p": ["_user"], "oi": "ben"}]):
            with pytest.raises(ShareDBError):
                await theirs.submit(op)
        with pytest.raises(ShareDBError):
            await theirs.delete()
        with pytest.raises(ShareDBError, match="what Jupyter calls them"):
            await his.doc("users", "ben").create({"id": "ben", "name": "Ann"})
        await his.doc("users", "ben").create({"id": "ben", "name": "Ben", "color": "red"})
        listener = hers.presence(f"notebook.{notebook}")
        await listener.subscribe()
        speaker = his.presence(f"notebook.{notebook}")
        await speaker.submit("p1", {"userId": "ann", "name": "Ann", "cell": "x"})

        async def heard() -> Any:
            return listener.remote.get("p1")

        shown = await eventually(heard)
        assert (shown["userId"], shown["name"]) == ("ben", "Ben")


async def test_a_client_cannot_speak_as_the_service_or_as_somebody_else(
    named: DerbyServer, person: Callable[[str], Person]
) -> None:
    """Ops bear a source; one who took another's would make the server drop that one's ops."""
    put(named, "source.ipynb", "1")
    ann, ben = person("ann"), person("ben")
    notebook = await ann.open("source.ipynb")
    async with ann.line() as hers:
        [cell] = (await hers.query("cells", {"_notebook": notebook})).docs
        await cell.submit([{"p": ["source", 0], "si": "ann "}])
    query = {"a": "f", "c": "cells", "d": cell.id, "v": 0}
    async with raw_line(named, ann) as socket:
        ops = await said_to(socket, query)
    service, hers_src = ops[0]["src"], ops[1]["src"]
    assert service.startswith("service-")
    op = {"a": "op", "c": "cells", "d": cell.id, "v": 2, "op": [{"p": ["source", 0], "si": "x"}]}
    async with raw_line(named, ben) as socket:
        for source in (service, hers_src, "disk-x", 7, {"a": 1}):
            for message in ({**op, "src": source, "seq": 1}, {"a": "hs", "id": source}):
                replies = await said_to(socket, message)
                assert replies[-1].get("error"), message
    async with raw_line(named, ann) as socket:
        assert not (await said_to(socket, {"a": "hs", "id": hers_src}))[-1].get("error"), "hers"


async def test_somebody_with_a_token_and_no_cookie_comes_back_as_the_same_source(
    named: DerbyServer,
) -> None:
    """Jupyter gives them another name each time; what they had sent must still count as theirs."""
    address, source = f"ws{named.url[4:]}channel?token={TOKEN}", ""
    for _ in range(2):
        async with websocket(address) as socket:
            source = source or json.loads(await socket.recv())["id"]
            assert not (await said_to(socket, {"a": "hs", "id": source}))[-1].get("error")


async def test_whom_jupyter_lets_in_no_more_loses_the_open_page(
    named: DerbyServer, person: Callable[[str], Person]
) -> None:
    """And others stay."""
    assert named.jupyter.env is not None
    app = NotebookApp(Backend(), named.jupyter.url, TOKEN, check_seconds=0.05)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(app), port=port, log_config=None))
    serving = asyncio.create_task(server.serve())
    url = f"ws://127.0.0.1:{port}/channel?token="

    async def up() -> bool:
        return server.started

    await eventually(up)
    async with websocket(f"{url}ann:key") as hers, websocket(f"{url}carl:key") as his:
        assert json.loads(await his.recv())["a"] == "init"
        (Path(named.jupyter.env["JUPYTER_CONFIG_DIR"]) / "no-carl").touch()
        await his.wait_closed()
        assert his.close_code == 1008
        assert "does not let you in" in (his.close_reason or "")
        assert hers.close_code is None
    server.should_exit = True
    await serving


async def test_a_person_signs_in_with_a_password_through_us(named: DerbyServer) -> None:
    put(named, "open.ipynb", "1")
    async with named.http() as browser:
        asked = await browser.get("notebooks/open.ipynb")
        assert asked.headers["location"] == "/login?next=%2Fnotebooks%2Fopen.ipynb"
        await browser.get(asked.headers["location"])
        form = {"password": "wrong", "_xsrf": browser.cookies["_xsrf"]}
        assert (await browser.post("login", data=form)).status_code == 401
        without = await browser.post("login", data={"password": PASSWORD})
        assert (without.status_code, "_xsrf" in without.text) == (403, True)
        form["password"] = PASSWORD
        address = asked.headers["location"].removeprefix("/")
        entered = await browser.post(address, data=form)
        assert (entered.status_code, entered.headers["location"]) == (302, "/notebooks/open.ipynb")
        [cookie] = [c for c in entered.headers.get_list("set-cookie") if c.startswith("username")]
        assert "HttpOnly" in cookie
        assert "Path=/" in cookie
        page = await browser.get("notebooks/open.ipynb")
        assert page.status_code == 200
        me = (await browser.get("api/me")).json()["identity"]
        assert f'"userId": "{me["username"]}"' in page.text
        assert me["display_name"].startswith("Anonymous ")
        assert f'"name": "{me["display_name"]}"' in page.text
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        notebook = page.text.split('"notebookId": "')[1].split('"')[0]
        async with connect(f"ws{named.url[4:]}channel", headers={"Cookie": cookies}) as line:
            [cell] = (await line.query("cells", {"_notebook": notebook})).docs
            await cell.submit([{"p": ["source", 0], "si": "signed in "}])
        assert (await browser.get("logout")).status_code == 200
        assert (await browser.get("api/me")).status_code == 403
    assert PASSWORD not in named.output()
    assert TOKEN not in named.output()


@pytest.mark.parametrize(
    "after", ["https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example"]
)
async def test_after_signing_in_nobody_is_sent_elsewhere(named: DerbyServer, after: str) -> None:
    async with named.http() as browser:
        await browser.get("login", params={"next": after})
        form = {"password": PASSWORD, "_xsrf": browser.cookies["_xsrf"]}
        entered = await browser.post("login", params={"next": after}, data=form)
        assert entered.status_code == 302
        location = entered.headers["location"]
        assert location[0] == "/"
        assert location[1:2] not in ("/", "\\")
