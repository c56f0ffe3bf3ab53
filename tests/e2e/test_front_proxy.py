"""Behind a reverse proxy that speaks TLS, below a path: a real proxy and a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import trustme
from nbformat.v4 import new_code_cell, new_notebook
from playwright.async_api import expect

from tests.e2e.conftest import OpenPage
from tests.e2e.hub import NODE_BIN
from tests.e2e.notebook_page import PATIENCE, NotebookPage
from tests.running import Program, free_port

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.node, pytest.mark.timeout(300)]

BASE = "/team/alice"


@pytest.fixture
def front(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The proxy's address, and the token that lets in."""
    folder = tmp_path / "work"
    folder.mkdir()
    nbformat.write(new_notebook(cells=[new_code_cell("6 * 7")]), folder / "page.ipynb")
    port, public, api = free_port(), free_port(), free_port()
    ours = Program(
        "derby-notebook",
        *(str(folder), "--port", str(port), "--no-browser"),
        *("--base-url", f"{BASE}/", "--trust-proxy"),
        log=tmp_path / "log",
        ready=rf"http://localhost:{port}\S*token=([\w-]+)",
    )
    certificate = trustme.CA().issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    proxy = Program(
        str(shutil.which("node")),
        str(NODE_BIN / "configurable-http-proxy"),
        *("--ip", "127.0.0.1", "--port", str(public), "--api-port", str(api)),
        *("--ssl-key", str(tmp_path / "both.pem"), "--ssl-cert", str(tmp_path / "both.pem")),
        *("--default-target", f"http://127.0.0.1:{port}"),
        log=tmp_path / "proxy.log",
        ready="Proxying https",
    )
    token = ours.start()[1]
    try:
        with proxy:
            yield f"https://localhost:{public}{BASE}", token
    finally:
        ours.stop()


async def test_two_people_work_behind_a_proxy_that_speaks_tls(
    front: tuple[str, str], open_page: OpenPage
) -> None:
    url, token = front
    people = []
    for _ in range(2):
        page = await open_page(
            f"{url}/notebooks/page.ipynb?token={token}", ignore_https_errors=True
        )
        people.append(NotebookPage(page))
        await people[-1].ready()
        assert page.url == f"{url}/notebooks/page.ipynb", "the token is in the address no more"
        [cookie] = [c for c in await page.context.cookies() if c["name"].startswith("username")]
        kept = {key: cookie.get(key) for key in ("path", "httpOnly", "secure", "sameSite")}
        assert kept == {
            "path": f"{BASE}/",
            "httpOnly": True,
            "secure": True,
            "sameSite": "Lax",
        }
    ann, ben = people
    await ann.focus(0)
    await ann.keys("End")
    await ann.type(" + 1")
    await ben.expect_sources("6 * 7 + 1")
    await ben.run(0)
    await expect(ann.outputs(0)).to_contain_text("43", timeout=PATIENCE)
    await ann.saved()
    # Jupyter's own pages and API stand behind the same door.
    await ann.page.goto(f"{url}/tree")
    await expect(ann.page.get_by_text("page.ipynb").first).to_be_visible(timeout=PATIENCE)
