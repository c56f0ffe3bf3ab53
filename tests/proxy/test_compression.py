"""Scripts and pages go out as small as the browser takes them."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from derby_notebook.web.assets import Assets
from derby_notebook.web.encodings import takes
from tests.proxy.conftest import write_notebook

SCRIPT = "export const text = 'scripts are long';\n" * 100


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("", False),
        ("gzip", True),
        ("br, gzip;q=0.8", True),
        ("GZIP;Q=1.000", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("identity, *;q=0.1", True),
        ("xgzip", False),
    ],
)
def test_a_coding_is_used_only_if_the_client_takes_it(header: str, taken: bool) -> None:
    assert takes(header, "gzip") is taken


@pytest.fixture
async def assets(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    (tmp_path / "manifest.json").write_text(json.dumps({"app.js": "app-ABCD2345.js"}))
    (tmp_path / "app-ABCD2345.js").write_text(SCRIPT)
    (tmp_path / "app-ABCD2345.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (tmp_path / "app-ABCD2345.js.br").write_bytes(b"as brotli")
    (tmp_path / "frame.html").write_text("<!DOCTYPE html>")
    app = Starlette(routes=Assets(tmp_path).routes(""))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test/derby/static"
    ) as client:
        yield client


async def test_a_file_goes_out_in_the_best_coding_that_is_taken(assets: httpx.AsyncClient) -> None:
    for accepted, coding in (("gzip, br", "br"), ("gzip", "gzip"), ("identity", None)):
        async with assets.stream(
            "GET", "app-ABCD2345.js", headers={"Accept-Encoding": accepted}
        ) as answer:
            sent = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert answer.headers.get("content-encoding") == coding
        assert answer.headers["content-length"] == str(len(sent))
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["vary"] == "Accept-Encoding"
        if coding == "br":
            assert sent == b"as brotli"
        else:
            text = gzip.decompress(sent) if coding else sent
            assert text.decode() == SCRIPT


async def test_only_what_cannot_change_is_kept_for_ever(assets: httpx.AsyncClient) -> None:
    assert "immutable" in (await assets.get("app-ABCD2345.js")).headers["cache-control"]
    assert (await assets.get("frame.html")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["nothing.js", "..", "%2e%2e%2fsecret", "a%00b"])
async def test_what_is_not_there_is_not_found(assets: httpx.AsyncClient, name: str) -> None:
    assert (await assets.get(name)).status_code == 404


@pytest.mark.jupyter
async def test_a_notebooks_page_is_compressed_with_its_documents(
    browser: httpx.AsyncClient, folder: Path
) -> None:
    write_notebook(folder / "long.ipynb", *[f"the_same_line = {n}" for n in range(100)])
    address = f"notebooks/{folder.name}/long.ipynb"
    plain = await browser.get(address, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    async with browser.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
        sent = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert "the_same_line = 99" in gzip.decompress(sent).decode()
    assert len(sent) < len(plain.content) / 5


@pytest.mark.jupyter
async def test_a_replay_page_is_compressed_too(browser: httpx.AsyncClient, folder: Path) -> None:
    write_notebook(folder / "long.ipynb", *[f"the_same_line = {n}" for n in range(100)])
    await browser.get(f"notebooks/{folder.name}/long.ipynb")
    address = f"replay/{folder.name}/long.ipynb"
    plain = await browser.get(address, headers={"Accept-Encoding": "identity"})
    assert plain.status_code == 200
    assert "content-encoding" not in plain.headers
    async with browser.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
        sent = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert "long.ipynb" in gzip.decompress(sent).decode()
    assert len(sent) < len(plain.content)
