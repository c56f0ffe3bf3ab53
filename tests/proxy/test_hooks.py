"""Applications hook into changes; logs tell no secrets; addresses may have a prefix."""

from __future__ import annotations

import json
import logging
import re
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from derby_notebook.hooks import Change, Hooks, changes, matches
from derby_notebook.jupyter.api import JupyterAPI
from derby_notebook.service import NotebookService
from derby_notebook.web.logs import JSONFormatter, Redacting
from derby_notebook.web.origin import same_origin
from derby_notebook.web.reverse_proxy import end_to_end, without_token
from sharedb_py.backend import Backend
from sharedb_py.client.aio.websocket import connect
from tests.proxy.conftest import TOKEN, DerbyServer, JupyterServer, write_notebook
from tests.proxy.live import eventually


def edit(*paths: list[Any]) -> dict[str, Any]:
    return {"c": "cells", "d": "x", "v": 1, "op": [{"p": path, "oi": "run"} for path in paths]}


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("cells.*._state", True),
        ("cells.x._state", True),
        ("*.*._state", True),
        ("cells.**", True),
        ("cells.*", False),
        ("cells.y._state", False),
        ("cells.*._state.*", False),
        ("notebooks.**", False),
    ],
)
def test_a_pattern_names_places(pattern: str, told: bool) -> None:
    assert matches(tuple(pattern.split(".")), ("cells", "x", "_state")) is told


def test_an_op_tells_each_place_once() -> None:
    found = list(changes(edit(["_state"], ["_state"], ["metadata", "tags"])))
    assert [change.path for change in found] == [("_state",), ("metadata", "tags")]
    assert found[0].value == "run"
    [created] = changes({"c": "cells", "d": "x", "create": {"type": "json0", "data": {"a": 1}}})
    assert (created.event, created.value) == ("create", {"a": 1})
    [deleted] = changes({"c": "cells", "d": "x", "del": True})
    assert deleted.event == "delete"
    with pytest.raises(ValueError, match="change, create, delete"):
        Hooks().on("changed", "cells.*")  # type: ignore[arg-type]


async def test_hooks_are_told_in_order_and_a_bad_one_stops_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    backend = Backend()
    api = JupyterAPI("http://127.0.0.1:9/", "")
    service = NotebookService(backend, api)
    told: list[Any] = []

    @service.hooks.on("change", "cells.*.source")
    def fails(change: Change) -> None:
        raise RuntimeError("a bug of the application's")

    @service.hooks.on("change", "cells.*.source")
    async def follow(change: Change) -> None:
        told.append(change.value)

    await service.start()
    await service.documents.create("cells", "x", {"source": "", "_notebook": "n"})
    for number in range(20):
        await service.documents.set("cells", "x", source=str(number))

    async def all_told() -> bool:
        return len(told) == 20

    await eventually(all_told)
    assert told == [str(number) for number in range(20)]
    assert "A hook on cells.x failed" in caplog.text
    await service.close()
    await backend.close()
    await api.close()


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("derby", logging.INFO, "", 0, message, (), None)


@pytest.mark.parametrize("kind", [JSONFormatter(), logging.Formatter("%(message)s")])
def test_logs_tell_no_secrets(kind: logging.Formatter) -> None:
    formatter = Redacting(kind, ["s3cr3t"])
    lines = [
        "GET /tree?token=abc123&x=1",
        "Authorization: token abc123",
        "'authorization': 'Bearer abc123'",
        "< cookie: username-x=2|1:0|abc123; other=abc123",
        "Set-Cookie: _xsrf=abc123; Path=/",
        '{"token": "abc123"}',
        "it is s3cr3t",
        "password=abc123",
        "/login?next=%2F%3Ftoken%3Dabc123",
    ]
    for line in lines:
        text = formatter.format(record(line))
        assert "abc123" not in text, line
        assert "s3cr3t" not in text
    try:
        raise ValueError("s3cr3t and token=abc123")
    except ValueError:
        failed = record("it failed")
        failed.exc_info = sys.exc_info()
    text = formatter.format(failed)
    assert "ValueError" in text
    assert not {"s3cr3t", "abc123"} & set(re.findall(r"\w+", text))
    if isinstance(kind, JSONFormatter):
        assert json.loads(formatter.format(record("x")))["level"] == "info"


def test_an_origin_is_compared_with_the_host_the_browser_asked_for() -> None:
    host = {"host": "127.0.0.1:9999", "x-forwarded-host": "team.example"}
    assert same_origin({"host": "a"})
    assert same_origin({**host, "origin": "http://127.0.0.1:9999"})
    assert not same_origin({**host, "origin": "https://team.example"})
    assert same_origin({**host, "origin": "https://team.example"}, trusted=True)
    assert not same_origin({"host": "a", "origin": "null"})
    assert not same_origin({"host": "a", "sec-fetch-site": "cross-site"})


def test_headers_of_one_hop_are_those_listed_too() -> None:
    headers = [(b"Connection", b"X-One, close"), (b"X-One", b"1"), (b"TE", b"x"), (b"A", b"2")]
    assert end_to_end(headers) == [(b"a", b"2")]


@pytest.mark.parametrize(
    "page",
    [b'{"token": "abc"}', b'<body data-jupyter-api-token="abc">', b"x abc y"],
)
def test_a_page_loses_its_token(page: bytes) -> None:
    assert b"abc" not in without_token(page, "abc")


@pytest.mark.jupyter
async def test_all_addresses_may_have_a_prefix(tmp_path: Path) -> None:
    forwarded = {"X-Forwarded-Host": "team.example"}
    config = "c.ServerApp.allow_remote_access = True"
    with JupyterServer(tmp_path / "jupyter", base="/user/alice/", config=config) as jupyter:
        write_notebook(jupyter.folder / "a.ipynb", "1")
        logs = ("--log-format", "json", "--log-level", "debug")
        with DerbyServer(jupyter, tmp_path / "derby", "--trust-proxy", *logs) as server:
            browser = await server.browser(**forwarded)
            page = await browser.get("notebooks/a.ipynb")
            assert page.status_code == 200
            assert '"base": "/user/alice"' in page.text
            assert "/user/alice/derby/static/" in page.text
            assert (await browser.get("tree")).status_code == 200
            assert (await browser.get("derby/health")).json() == {"status": "ok"}
            headers = {
                "X-Requested-With": "derby-notebook",
                "Origin": "https://team.example",
            }
            notebook = page.text.split('"notebookId": "')[1].split('"')[0]
            saved = await browser.post(f"derby/notebooks/{notebook}/save", headers=headers)
            assert saved.json()["state"] == "saved"
            root = httpx.URL(server.url).copy_with(path="/derby/health")
            assert (await browser.get(root)).status_code == 404
            stranger = server.http()
            answer = await stranger.get("notebooks/a.ipynb")
            assert answer.headers["location"].startswith("/user/alice/login?next=")
            await stranger.aclose()
            cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
            channel = f"ws{server.url[4:]}channel?token={TOKEN}"
            headers = {"Cookie": cookies, "Origin": "https://team.example", **forwarded}
            async with connect(channel, headers=headers) as line:
                assert (await line.query("cells", {"_notebook": notebook})).docs
            secrets = [TOKEN, *(value for value in browser.cookies.values())]
            await browser.aclose()
        said = server.output()
        assert not [secret for secret in secrets if secret in said]
        logged = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        assert {"time", "level", "logger", "message"} <= set(logged[0])
        told = [line for line in said.splitlines() if not line.startswith("{")]
        assert all(line.startswith(("Share this", "Open http")) for line in told), told
