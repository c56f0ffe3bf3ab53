"""What Jupyter said of its callers is remembered: for how long, and when it does not answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from derby_notebook.jupyter import asking as module
from derby_notebook.jupyter.asking import Asking, Credentials
from tests.proxy.live import eventually

ANN = Credentials((("cookie", "ann=1"),))


class Answers:
    """An HTTP server that answers every request alike, or hangs, and counts."""

    def __init__(self) -> None:
        self.status = 200
        self.message = ""
        self.asked: list[str] = []
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.decode())
        await self.goes_on.wait()
        body = json.dumps({"message": self.message, "identity": {"username": "ann"}})
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(body)}\r\n".encode())
        writer.write(f"Connection: close\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def jupyter() -> AsyncIterator[tuple[Answers, Asking, asyncio.Server]]:
    answers = Answers()
    server = await asyncio.start_server(answers.serve, "127.0.0.1", 0)
    asking = Asking(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    yield answers, asking, server
    answers.goes_on.set()
    await asking.close()
    server.close()
    await server.wait_closed()


Jupyter = tuple[Answers, Asking, asyncio.Server]


async def test_an_answer_counts_for_a_minute(jupyter: Jupyter) -> None:
    answers, asking, _ = jupyter
    for _ in range(3):
        assert await asking.may(ANN, "a.ipynb", write=False)
    assert len(answers.asked) == 1
    answers.status = 403
    assert await asking.may(ANN, "a.ipynb", write=False)
    assert not await asking.may(ANN, "a.ipynb", write=False, fresh=True)
    assert not await asking.may(ANN, "a.ipynb", write=False)


async def test_whoever_writes_does_not_wait_for_a_jupyter_that_hangs(
    jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, asking, _ = jupyter
    monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    assert await asking.may(ANN, "a.ipynb", write=True)
    answers.goes_on.clear()
    async with asyncio.timeout(2):
        for _ in range(100):
            assert await asking.may(ANN, "a.ipynb", write=True)
    answers.status = 403
    answers.goes_on.set()

    async def refused() -> bool:
        return not await asking.may(ANN, "a.ipynb", write=True)

    await eventually(refused)
    assert len(answers.asked) < 20, "one question at a time"


async def test_while_jupyter_is_away_its_last_word_holds(jupyter: Jupyter) -> None:
    answers, asking, server = jupyter
    assert await asking.may(ANN, "a.ipynb", write=False)
    assert (await asking.me(ANN)).answer
    answers.status = 500
    for fresh in (True, False):
        assert await asking.may(ANN, "a.ipynb", write=False, fresh=fresh)
    server.close()
    await server.wait_closed()
    assert await asking.may(ANN, "a.ipynb", write=False, fresh=True)
    assert await asking.may(ANN, "a.ipynb", write=True), "she was an editor"
    assert (await asking.me(ANN)).answer
    with pytest.raises(httpx.HTTPError):
        await asking.may(ANN, "b.ipynb", write=False)
    with pytest.raises(httpx.HTTPError):
        await asking.me(Credentials())


@pytest.mark.parametrize(
    ("message", "allowed"),
    [
        ("User XSRF cookie is not authorized to write on resource: contents.", False),
        ("Forbidden", False),
        ("'_xsrf' argument missing from PATCH", True),
        ("XSRF cookie does not match PATCH argument", True),
    ],
)
async def test_a_refusal_of_the_request_is_none_of_the_file(
    jupyter: Jupyter, message: str, allowed: bool
) -> None:
    answers, asking, _ = jupyter
    answers.status, answers.message = 403, message
    assert await asking.may(ANN, "a.ipynb", write=True) is allowed
    head = answers.asked[0].lower()
    assert "x-xsrftoken: asked" in head
    assert "cookie: ann=1; _xsrf=asked" in head


@pytest.mark.parametrize("path", ["../x.ipynb", "a/../../x", "..", "a/./x", "..\\x", "a\0b"])
async def test_a_path_that_leads_out_is_asked_of_nobody(jupyter: Jupyter, path: str) -> None:
    answers, asking, _ = jupyter
    for write in (False, True):
        with pytest.raises(Exception, match="no file"):
            await asking.may(ANN, path, write=write)
    assert answers.asked == []
