"""Everything that is not ours goes to Jupyter and comes back as Jupyter sent it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from derby_notebook.kernels.messages import SUBPROTOCOL, decode, encode, request
from tests.proxy.conftest import TOKEN, DerbyServer, JupyterServer, write_notebook

pytestmark = [pytest.mark.jupyter]

AUTH = {"Authorization": f"token {TOKEN}"}


def ws(server: DerbyServer, path: str) -> str:
    return f"ws://127.0.0.1:{server.port}{server.jupyter.base}{path}"


@pytest.fixture
async def kernel(jupyter: JupyterServer) -> AsyncIterator[str]:
    with jupyter.http() as http:
        kernel_id = http.post("api/kernels", json={"name": "python3"}).json()["id"]
        yield kernel_id
        http.delete(f"api/kernels/{kernel_id}")


@pytest.mark.parametrize("page", ["tree", "lab", "api/status", "api/kernelspecs", "api/contents"])
async def test_pages_and_api_are_jupyters_own(browser: httpx.AsyncClient, page: str) -> None:
    answer = await browser.get(page, follow_redirects=True)
    assert answer.status_code == 200
    if page in ("tree", "lab"):
        assert "jupyter-config-data" in answer.text


async def test_a_stranger_is_sent_to_the_sign_in_page(derby: DerbyServer) -> None:
    async with derby.http() as http:
        for page in ("tree", "notebooks/x.ipynb"):
            answer = await http.get(page)
            assert (answer.status_code, answer.headers["location"][:12]) == (302, "/login?next=")
        assert (await http.get("api/contents")).status_code == 403


async def test_every_byte_of_a_file_comes_through(browser: httpx.AsyncClient, folder: Path) -> None:
    data = os.urandom(3_000_001)
    (folder / "data ü.bin").write_bytes(data)
    answer = await browser.get(
        f"files/{folder.name}/data%20%C3%BC.bin", headers={"Referer": str(browser.base_url)}
    )
    assert answer.content == data
    assert answer.headers["content-length"] == str(len(data))
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_ranges_and_conditions_are_passed_on(
    browser: httpx.AsyncClient, folder: Path
) -> None:
    (folder / "some.txt").write_text("0123456789")
    referer = {"Referer": str(browser.base_url)}
    path = f"files/{folder.name}/some.txt"
    part = await browser.get(path, headers={**referer, "Range": "bytes=2-4"})
    assert (part.status_code, part.text) == (206, "234")
    known = (await browser.get(path, headers=referer)).headers["last-modified"]
    again = await browser.get(path, headers={**referer, "If-Modified-Since": known})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_large_upload_is_streamed_to_the_disk(
    browser: httpx.AsyncClient, folder: Path
) -> None:
    text = "x" * 30_000_000
    body = json.dumps({"type": "file", "format": "text", "content": text}).encode()

    async def slices() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1 << 20):
            yield body[start : start + (1 << 20)]

    headers = {"X-XSRFToken": browser.cookies["_xsrf"]}
    for name, content in (("sized.txt", body), ("chunked.txt", slices())):
        answer = await browser.put(
            f"api/contents/{folder.name}/{name}", content=content, headers=headers
        )
        assert answer.status_code == 201, answer.text
        assert (folder / name).stat().st_size == len(text)


async def test_an_unsafe_request_without_its_xsrf_token_is_refused(
    browser: httpx.AsyncClient, folder: Path
) -> None:
    answer = await browser.put(f"api/contents/{folder.name}/x.txt", json={})
    assert answer.status_code == 403
    assert "_xsrf" in answer.text


async def test_a_page_of_another_site_is_refused(browser: httpx.AsyncClient) -> None:
    elsewhere = {"Origin": "https://elsewhere.example"}
    headers = {**elsewhere, "X-XSRFToken": browser.cookies["_xsrf"]}
    answer = await browser.post("api/contents", json={"type": "file"}, headers=headers)
    assert answer.status_code in (403, 404)


async def test_nobody_gets_anothers_cookies(derby: DerbyServer) -> None:
    users = []
    for _ in range(2):
        one = await derby.browser()
        users.append((await one.get("api/me")).json()["identity"]["username"])
        await one.aclose()
    async with derby.http() as stranger:
        assert (await stranger.get("api/me")).status_code == 403
    assert users[0] != users[1]


async def test_hop_by_hop_headers_end_at_the_proxy(derby: DerbyServer) -> None:
    async with derby.http() as http:
        headers = {**AUTH, "Connection": "x-private", "X-Private": "1", "TE": "trailers"}
        answer = await http.get("api/status", headers=headers)
    assert answer.status_code == 200
    forbidden = {"keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
    assert not forbidden & {name.lower() for name in answer.headers}
    assert len(answer.headers.get_list("server")) <= 1
    assert len(answer.headers.get_list("date")) <= 1


@pytest.mark.parametrize("path", ["..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd"])
async def test_an_address_is_decoded_once(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(f"files/{path}", headers={"Referer": str(browser.base_url)})
    assert answer.status_code in (403, 404)
    assert "root:" not in answer.text


async def test_a_kernel_answers_through_the_proxy(derby: DerbyServer, kernel: str) -> None:
    session = "s1"
    async with connect(
        ws(derby, f"api/kernels/{kernel}/channels?session_id={session}"),
        additional_headers=AUTH,
        subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
        max_size=None,
    ) as socket:
        assert socket.subprotocol == SUBPROTOCOL
        code = "from IPython.display import display\n"
        code += "display({'image/png': 'A' * 15_000_000}, raw=True)"
        asked = request("shell", "execute_request", {"code": code, "silent": False}, session)
        await socket.send(encode(asked))
        sizes = {}
        while "execute_reply" not in sizes or "display_data" not in sizes:
            frame = await socket.recv()
            assert isinstance(frame, bytes)
            sizes[decode(frame).kind] = len(frame)
    assert sizes["display_data"] > 15_000_000


async def test_a_socket_without_a_subprotocol_gets_none(derby: DerbyServer, kernel: str) -> None:
    address = ws(derby, f"api/kernels/{kernel}/channels?session_id=s2")
    async with connect(address, additional_headers=AUTH) as socket:
        assert socket.subprotocol is None
        await socket.send(
            json.dumps(
                {
                    "channel": "shell",
                    "header": {"msg_id": "1", "msg_type": "kernel_info_request", "session": "s2"},
                    "parent_header": {},
                    "metadata": {},
                    "content": {},
                }
            )
        )
        kinds = set()
        while "kernel_info_reply" not in kinds:
            frame = await socket.recv()
            assert isinstance(frame, str), "the legacy framing is text"
            kinds.add(json.loads(frame)["header"]["msg_type"])


async def _terminal_says(socket: ClientConnection, wanted: str) -> None:
    shown = ""
    while wanted not in shown:
        kind, *rest = json.loads(await socket.recv())
        shown += rest[0] if kind == "stdout" else ""


async def test_a_terminal_works_through_the_proxy(derby: DerbyServer) -> None:
    async with derby.http() as http:
        name = (await http.post("api/terminals", headers=AUTH)).json()["name"]
        address = ws(derby, f"terminals/websocket/{name}")
        async with connect(address, additional_headers=AUTH) as socket:
            await socket.send(json.dumps(["stdin", "echo $((6*7))x\r"]))
            await _terminal_says(socket, "42x")
        await http.delete(f"api/terminals/{name}", headers=AUTH)


async def test_a_closed_kernel_socket_is_closed_upstream(
    derby: DerbyServer, jupyter: JupyterServer, kernel: str
) -> None:
    address = ws(derby, f"api/kernels/{kernel}/channels?session_id=s3")
    with jupyter.http() as http:
        async with connect(address, additional_headers=AUTH):
            assert http.get(f"api/kernels/{kernel}").json()["connections"] == 1
        for _ in range(100):
            if http.get(f"api/kernels/{kernel}").json()["connections"] == 0:
                return
            await asyncio.sleep(0.05)
    raise AssertionError("the upstream socket stayed open")


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "token wrong"}, {"Origin": "https://elsewhere.example"}]
)
async def test_a_websocket_jupyter_would_refuse_is_refused(
    derby: DerbyServer, browser: httpx.AsyncClient, kernel: str, headers: dict[str, str]
) -> None:
    if "Origin" in headers:
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        headers = {**headers, "Cookie": cookies}
    for path in (f"api/kernels/{kernel}/channels", "channel"):
        with pytest.raises((InvalidStatus, ConnectionClosed)) as caught:
            async with connect(ws(derby, path), additional_headers=headers) as socket:
                await socket.recv()
        if isinstance(caught.value, InvalidStatus):
            assert caught.value.response.status_code in (403, 404)


async def test_the_token_is_in_no_answer(
    derby: DerbyServer, browser: httpx.AsyncClient, folder: Path
) -> None:
    write_notebook(folder / "a.ipynb", "1")
    pages = [
        *("tree", "lab", f"lab/tree/{folder.name}/a.ipynb", "consoles/x", "edit/x", "terminals/1"),
        *(f"notebooks/{folder.name}/a.ipynb", "notebooks/none.ipynb", "notebooks/x.txt"),
        *("login", "api/me", "api/status", "api/contents", "api/config/notebook", "nothing-here"),
        *(f"tree/{folder.name}/a.ipynb", "derby/health", "lab/api/settings", "logout"),
        *("api", "api/spec.yaml", "lab/api/workspaces/default", "view/none", "files/none"),
    ]
    for page in pages:
        for mark in ("", f"?token={TOKEN}"):
            answer = await browser.get(page + mark)
            assert TOKEN not in answer.text, f"the body of {page}{mark}"
            assert TOKEN not in str(answer.headers.raw), f"the headers of {page}{mark}"
    assert TOKEN not in derby.output()


async def test_jupyter_collaboration_is_off(browser: httpx.AsyncClient, derby: DerbyServer) -> None:
    """It would be a second owner of the file, with a copy of its own."""
    headers = {"X-XSRFToken": browser.cookies["_xsrf"]}
    body = {"format": "json", "type": "notebook"}
    answer = await browser.put("api/collaboration/session/a.ipynb", json=body, headers=headers)
    assert (answer.status_code, "kept by derby-notebook" in answer.text) == (404, True)
    with pytest.raises(InvalidStatus):
        async with connect(ws(derby, "api/collaboration/room/x"), additional_headers=AUTH):
            pass


async def test_jupyter_away_is_said_at_once(tmp_path: Path, own_jupyter: JupyterServer) -> None:
    with DerbyServer(own_jupyter, tmp_path / "derby") as derby:
        own_jupyter.kill()
        async with derby.http() as http:
            assert (await http.get("tree")).status_code == 502
            assert (await http.get("derby/health")).status_code == 200
        with pytest.raises((InvalidStatus, ConnectionClosed)):
            async with connect(
                ws(derby, "api/kernels/x/channels"), additional_headers=AUTH
            ) as sock:
                await sock.recv()
