"""TLS: our own, the Jupyter Server's, and that of a proxy before us."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from websockets.asyncio.client import connect

from tests.proxy.conftest import TOKEN, DerbyServer, JupyterServer, write_notebook

pytestmark = [pytest.mark.jupyter]

AUTH = {"Authorization": f"token {TOKEN}"}


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DerbyServer, Any]]:
    """Both servers speak TLS, with certificates that only the tests' own authority vouches for."""
    home = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(home / "ca.pem")
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_pem.write_to_path(home / "key.pem")
    for number, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(home / "cert.pem", append=number > 0)
    config = f"""
c.ServerApp.certfile = {str(home / "cert.pem")!r}
c.ServerApp.keyfile = {str(home / "key.pem")!r}
"""
    jupyter = JupyterServer(home / "jupyter", config=config)
    jupyter.url = f"https://localhost:{jupyter.port}/"
    files = ("--certfile", str(home / "cert.pem"), "--keyfile", str(home / "key.pem"))
    with jupyter:
        server = DerbyServer(jupyter, home / "derby", *files)
        server.url = f"https://localhost:{server.port}/"
        assert server.env is not None
        server.env["SSL_CERT_FILE"] = str(home / "ca.pem")
        trusting = ssl.create_default_context(cafile=home / "ca.pem")
        with server:
            yield server, trusting


async def test_pages_and_documents_come_over_tls(encrypted: tuple[DerbyServer, Any]) -> None:
    server, trusting = encrypted
    write_notebook(server.jupyter.folder / "a.ipynb", "1")
    async with httpx.AsyncClient(base_url=server.url, verify=trusting, headers=AUTH) as http:
        page = await http.get("notebooks/a.ipynb")
        assert page.status_code == 200, page.text
        assert (await http.get("api/status")).status_code == 200
        notebook = page.text.split('"notebookId": "')[1].split('"')[0]
        posted = {"X-Requested-With": "derby-notebook", "Origin": server.url[:-1]}
        saved = await http.post(f"derby/notebooks/{notebook}/save", headers=posted)
        assert saved.json()["state"] == "saved"
        started = await http.post(f"derby/notebooks/{notebook}/start", headers=posted)
        assert started.status_code == 204, "the kernel's messages come over TLS as well"
        [session] = (await http.get("api/sessions")).json()
    address = f"wss://localhost:{server.port}/"
    async with connect(f"{address}channel", ssl=trusting, additional_headers=AUTH) as line:
        assert json.loads(await line.recv())["a"] == "init"
    kernel = f"api/kernels/{session['kernel']['id']}/channels"
    async with connect(f"{address}{kernel}", ssl=trusting, additional_headers=AUTH) as line:
        assert line.subprotocol is None
    async with httpx.AsyncClient() as plain:
        with pytest.raises(httpx.HTTPError):
            await plain.get(f"http://localhost:{server.port}/derby/health")
    assert TOKEN not in server.output()


def test_a_certificate_that_cannot_be_read_is_said_in_one_line(
    encrypted: tuple[DerbyServer, Any], tmp_path: Path
) -> None:
    jupyter = encrypted[0].jupyter
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    for arguments, said in (
        (("--certfile", str(tmp_path / "none.pem")), "none.pem"),
        (("--certfile", str(broken)), "broken.pem"),
        (("--keyfile", str(broken)), "--certfile"),
    ):
        server = DerbyServer(jupyter, tmp_path / "derby", *arguments)
        with pytest.raises(AssertionError, match="ended by itself"):
            server.start()
        last = server.output().strip().splitlines()[-1]
        assert last.startswith("derby-notebook: "), server.output()
        assert said in last
        assert "Traceback" not in server.output()
