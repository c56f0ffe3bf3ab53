"""What the replay page is answered over HTTP: bad questions are named, none harms the notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.proxy.conftest import DerbyServer, write_notebook

pytestmark = [pytest.mark.jupyter]

OURS = {"X-Requested-With": "derby-notebook"}


class Asker:
    """Asks about one notebook as its page does."""

    def __init__(self, browser: httpx.AsyncClient, notebook: str) -> None:
        self.browser = browser
        self.address = f"derby/notebooks/{notebook}/history"

    async def overview(self) -> dict[str, Any]:
        """Return the overview."""
        answer = await self.browser.get(self.address, headers=OURS)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def ask(self, question: str, body: Any = None) -> httpx.Response:
        """Ask anything."""
        return await self.browser.post(f"{self.address}/{question}", headers=OURS, json=body or {})


@pytest.fixture
async def asker(browser: httpx.AsyncClient, folder: Path) -> Asker:
    write_notebook(folder / "page.ipynb", "one", "two")
    page = await browser.get(f"notebooks/{folder.name}/page.ipynb")
    return Asker(browser, page.text.split('"notebookId": "')[1].split('"')[0])


async def test_bad_questions_are_named_and_the_next_is_answered(asker: Asker) -> None:
    total = (await asker.overview())["total"]
    assert total >= 3
    for question, body, status, said in [
        ("ops", {"from": -1, "to": 5}, 400, "from is missing, or no position"),
        ("ops", {"from": 0}, 400, "to is missing, or no position"),
        ("state", {"at": "yesterday"}, 400, "'yesterday' is no moment"),
        ("state", {"at": 7}, 400, "at is missing, or no text"),
        ("state", {"position": True}, 400, "position is missing, or no position"),
        ("step", {"position": 0, "by": "year"}, 400, "by is one of op, burst, run"),
        ("cell", {"cell": "nobody"}, 404, "There never was such a cell"),
        ("restore", {"position": 0}, 409, "There was no notebook at this moment"),
        ("undo", {"restored": "nothing"}, 410, "It is too late to undo this"),
        ("forget", {}, 404, "Not found"),
    ]:
        answer = await asker.ask(question, body)
        assert (answer.status_code, said in answer.text) == (status, True), answer.text
    bad = await asker.browser.post(f"{asker.address}/state", headers=OURS, content=b"{")
    assert (bad.status_code, bad.text) == (400, "The request is no JSON\n")
    assert (await asker.ask("state", {"position": total})).status_code == 200
    assert (await asker.overview())["total"] == total


async def test_numbers_past_the_end_mean_the_end(asker: Asker) -> None:
    total = (await asker.overview())["total"]
    told = (await asker.ask("state", {"position": 10**12})).json()
    assert told["position"] == total
    sources = [doc["source"] for key, doc in told["docs"].items() if key.startswith("cells/")]
    assert sorted(sources) == ["one", "two"]
    assert len((await asker.ask("ops", {"from": 0, "to": 10**12})).json()["ops"]) == total


async def test_an_overview_that_is_known_is_not_sent_again(asker: Asker) -> None:
    first = await asker.browser.get(asker.address, headers=OURS)
    known = {**OURS, "If-None-Match": first.headers["etag"]}
    again = await asker.browser.get(asker.address, headers=known)
    assert (again.status_code, again.content) == (304, b"")


async def test_what_is_long_is_sent_small(asker: Asker, folder: Path) -> None:
    write_notebook(folder / "long.ipynb", *[f"the_same_line = {n}" for n in range(100)])
    page = await asker.browser.get(f"notebooks/{folder.name}/long.ipynb")
    long = Asker(asker.browser, page.text.split('"notebookId": "')[1].split('"')[0])
    answer = await long.ask("state", {"position": 10**9})
    assert answer.headers["content-encoding"] == "gzip"
    assert "the_same_line = 99" in answer.text
    assert int(answer.headers["content-length"]) < len(answer.content) / 4


async def test_a_notebook_that_never_was_has_no_history(asker: Asker) -> None:
    unknown = Asker(asker.browser, "0" * 32)
    assert (await unknown.ask("state")).status_code == 404


async def test_other_sites_and_strangers_learn_nothing(asker: Asker, derby: DerbyServer) -> None:
    plain = await asker.browser.get(asker.address)
    assert plain.status_code == 403
    foreign = {**OURS, "Origin": "https://evil.example"}
    refused = await asker.browser.post(f"{asker.address}/state", headers=foreign, json={})
    assert refused.status_code == 403
    async with derby.http() as stranger:
        assert (await stranger.get(asker.address, headers=OURS)).status_code == 403
        page = await stranger.get("replay/some/page.ipynb?at=2026-03-12")
        assert page.status_code == 302
        assert "next=%2Freplay%2Fsome%2Fpage.ipynb%3Fat%3D2026-03-12" in page.headers["location"]


async def test_a_history_outlives_its_file(asker: Asker, folder: Path) -> None:
    (folder / "page.ipynb").unlink()
    page = await asker.browser.get(f"replay/{folder.name}/page.ipynb")
    assert page.status_code == 200
    missing = await asker.browser.get(f"replay/{folder.name}/never.ipynb")
    assert missing.status_code == 404
