"""What a hostile client sends past any browser: nothing gets further than it should."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.proxy.conftest import TOKEN, DerbyServer, JupyterServer, write_notebook

pytestmark = [pytest.mark.jupyter]

AUTH = f"Authorization: token {TOKEN}"


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that must not be reached; yields its port and what it was sent."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


async def raw(server: DerbyServer, *lines: str, body: bytes = b"") -> bytes:
    """Send a request as it is and return all that is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = "\r\n".join([*lines, "Connection: close", "", ""])
    writer.write(head.encode() + body)
    await writer.drain()
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


async def test_an_address_cannot_name_another_server(derby: DerbyServer) -> None:
    async with listening() as (port, heard):
        host = f"Host: 127.0.0.1:{derby.port}"
        for target in (
            f"@127.0.0.1:{port}/x",
            f"http://127.0.0.1:{port}/x",
            f"//127.0.0.1:{port}/x",
            f"/\\127.0.0.1:{port}/x",
            f".127.0.0.1:{port}/x",
            f":{port}/x",
        ):
            answer = await raw(derby, f"GET {target} HTTP/1.1", host, AUTH)
            assert status(answer) in (0, 302, 400, 403, 404), target
            location = answer.lower().partition(b"\r\nlocation: ")[2].split(b"\r\n")[0]
            assert not location.startswith((b"http", b"//", b"/\\")), target
            upgrade = ("Upgrade: websocket", "Sec-WebSocket-Version: 13")
            key = "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg=="
            await raw(derby, f"GET {target} HTTP/1.1", host, AUTH, *upgrade, key)
        assert status(await raw(derby, "OPTIONS * HTTP/1.1", host)) in (0, 400, 404)
        assert heard == []


async def test_a_length_beside_chunks_is_not_believed(
    derby: DerbyServer, jupyter: JupyterServer, folder: Path
) -> None:
    """Two servers that read one request as two different ones let a second one slip through."""
    body = b'{"type":"file","format":"text","content":"good"}'
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    smuggled = b"DELETE /api/contents/x HTTP/1.1\r\nHost: x\r\n\r\n"
    path = f"/api/contents/{folder.name}/a.txt"
    for lines in (
        ("Content-Length: 4", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 4"),
        ("Transfer-Encoding: chunked", f"Content-Length: {len(chunked)}"),
    ):
        answer = await raw(
            derby,
            f"PUT {path} HTTP/1.1",
            f"Host: 127.0.0.1:{derby.port}",
            AUTH,
            *lines,
            body=chunked + smuggled,
        )
        assert status(answer) in (0, 200, 201, 400)
        assert answer.count(b"HTTP/1.1 ") <= 1
        if status(answer) in (200, 201):
            assert (folder / "a.txt").read_text() == "good"
    with jupyter.http() as http:
        assert http.get("api").status_code == 200


@pytest.mark.parametrize(
    "line",
    ["X-Bad: a\r\n\tfolded", "X-Bad : space before the colon", "Bad\x00Name: x", "X: a\x00b"],
)
async def test_a_header_that_is_none_is_refused_or_harmless(derby: DerbyServer, line: str) -> None:
    host = f"Host: 127.0.0.1:{derby.port}"
    assert status(await raw(derby, "GET /api HTTP/1.1", host, line)) in (0, 200, 400)
    assert status(await raw(derby, "GET /derby/health HTTP/1.1", host)) == 200


async def test_what_a_caller_says_of_proxies_is_not_believed(
    derby: DerbyServer, browser: httpx.AsyncClient, folder: Path
) -> None:
    write_notebook(folder / "a.ipynb", "1")
    page = await browser.get(f"notebooks/{folder.name}/a.ipynb")
    notebook = page.text.split('"notebookId": "')[1].split('"')[0]
    forged = {
        "X-Requested-With": "derby-notebook",
        "Origin": "https://elsewhere.example",
        "X-Forwarded-Host": "elsewhere.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=elsewhere.example;proto=https",
    }
    answer = await browser.post(f"derby/notebooks/{notebook}/save", headers=forged)
    assert answer.status_code == 403
    rebound = {"Host": "elsewhere.example"}
    for path in ("api/contents", f"notebooks/{folder.name}/a.ipynb", "derby/metrics"):
        answer = await browser.get(path, headers=rebound)
        assert answer.status_code in (302, 403), path


async def test_peoples_own_pages_are_passed_on_as_they_are(
    browser: httpx.AsyncClient, folder: Path
) -> None:
    text = '<html><script>const config = {"token": "mine"}; // é</script></html>'
    (folder / "own.html").write_text(text)
    headers = {"Referer": str(browser.base_url)}
    answer = await browser.get(f"files/{folder.name}/own.html", headers=headers)
    assert answer.text == text
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_pages_of_ours_say_what_they_may_do(browser: httpx.AsyncClient, folder: Path) -> None:
    write_notebook(folder / "a.ipynb", "1")
    name = f"notebooks/{folder.name}/a.ipynb"
    for page in (name, "notebooks/none.ipynb"):
        answer = await browser.get(page)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self';" in policy
        assert "frame-ancestors 'self'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
    script = (await browser.get(name)).text.split('src="/')[1].split('"')[0]
    assert (await browser.get(script)).headers["x-content-type-options"] == "nosniff"
    for path in ("..%2fapp.py", "%2e%2e/app.py", "manifest.json/..", "..\\app.py", ".", ""):
        assert (await browser.get(f"derby/static/{path}")).status_code in (302, 400, 403, 404)


async def test_a_body_is_read_to_a_limit(browser: httpx.AsyncClient, folder: Path) -> None:
    write_notebook(folder / "a.ipynb", "1")
    page = await browser.get(f"notebooks/{folder.name}/a.ipynb")
    notebook = page.text.split('"notebookId": "')[1].split('"')[0]
    url = f"derby/notebooks/{notebook}/complete"
    headers = {"X-Requested-With": "derby-notebook"}
    answer = await browser.post(url, json={"code": "x" * (1 << 20)}, headers=headers)
    assert answer.status_code == 413
    for body in (b"[]", b"{", b'"x"', b"\xff"):
        assert (await browser.post(url, content=body, headers=headers)).status_code == 400
    for wrong in ({"code": 3}, {"code": "x", "cursor_pos": "y"}, {"code": "x", "cursor_pos": []}):
        answer = await browser.post(url, json=wrong, headers=headers)
        assert answer.status_code == 400, wrong


async def test_a_half_open_client_costs_nothing(derby: DerbyServer) -> None:
    with socket.create_connection(("127.0.0.1", derby.port)) as half:
        half.sendall(b"PUT /api/contents/x HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n")
        answer = await raw(derby, "GET /derby/health HTTP/1.1", "Host: 127.0.0.1")
        assert status(answer) == 200
