"""One real Jupyter Server for all tests here, and one ``derby-notebook`` before it."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from derby_notebook.jupyter.api import JupyterAPI
from derby_notebook.jupyter.guarded_save import CONFIG
from derby_notebook.people.access import guard
from derby_notebook.service import NotebookService
from sharedb_py.backend import Backend
from tests.running import Program, free_port

TOKEN = "the-servers-own-secret-5up3r"


class JupyterServer(Program):
    """A Jupyter Server on a folder of its own; it can be ended and started again."""

    def __init__(
        self,
        home: Path,
        *,
        port: int | None = None,
        base: str = "/",
        config: str = "",
        extension: bool = True,
    ) -> None:
        self.folder = home / "work"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.base = base
        self.url = f"http://127.0.0.1:{self.port}{base}"
        kernels = home / "share" / "kernels" / "bash"
        kernels.mkdir(parents=True, exist_ok=True)
        spec = {
            "argv": [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"],
            "display_name": "Bash",
            "language": "bash",
            "env": {"PS1": "$"},
        }
        (kernels / "kernel.json").write_text(json.dumps(spec))
        without = home / "without" / "jupyter_server_config.d"
        without.mkdir(parents=True, exist_ok=True)
        switch = {"ServerApp": {"jpserver_extensions": {"derby_notebook": False}}}
        (without / "derby_notebook.json").write_text(json.dumps(switch))
        (home / "config").mkdir(exist_ok=True)
        (home / "config" / "jupyter_server_config.py").write_text(config)
        super().__init__(
            # Jupyter's own program, but for a grammar that takes it a second to load.
            *("python", "-m", "derby_notebook.jupyter.server", "notebook"),
            *("--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
            *(f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0"),
            *(f"--ServerApp.root_dir={self.folder}", f"--ServerApp.base_url={base}"),
            "--ZMQChannelsWebsocketConnection.limit_rate=False",
            "--FileContentsManager.delete_to_trash=False",
            "--ServerApp.contents_manager_class=honest_contents.HonestContents",
            log=home / "jupyter.log",
            ready="is running at",
            env={
                "JUPYTER_TOKEN": TOKEN,
                "JUPYTER_CONFIG_PATH": str(CONFIG if extension else without.parent),
                "PYTHONPATH": str(Path(__file__).parent / "jupyter_config"),
                "JUPYTER_PATH": str(home / "share"),
                "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
                "JUPYTER_DATA_DIR": str(home / "data"),
                "JUPYTER_CONFIG_DIR": str(home / "config"),
                "IPYTHONDIR": str(home / "ipython"),
            },
        )

    def start(self) -> re.Match[str]:
        """Start it, and wait until it answers: it says that it runs a moment before it listens."""
        found = super().start()
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return found
        raise AssertionError(f"Jupyter never answered:\n{self.output()}")

    def stop(self) -> int:
        """End it; killed if it takes long over its kernels, which nobody tests here."""
        assert self.process is not None, "not started"
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.returncode

    def http(self) -> httpx.Client:
        """Return a client that is signed in by the token."""
        headers = {"Authorization": f"token {TOKEN}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """One Jupyter Server for all tests that leave it as it was."""
    server = JupyterServer(tmp_path_factory.mktemp("jupyter"))
    with server:
        yield server


@pytest.fixture
def own_jupyter(tmp_path: Path) -> Iterator[JupyterServer]:
    """A Jupyter Server that the test may end."""
    with JupyterServer(tmp_path / "jupyter") as server:
        yield server


class DerbyServer(Program):
    """``derby-notebook`` before a given Jupyter Server."""

    def __init__(self, jupyter: JupyterServer, state: Path, *arguments: str) -> None:
        self.jupyter = jupyter
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{jupyter.base}"
        state.mkdir(parents=True, exist_ok=True)
        super().__init__(
            "derby-notebook",
            *(str(state), "--port", str(self.port), "--no-browser"),
            *("--jupyter-url", jupyter.url, *arguments),
            log=state / "log",
            ready="Open http",
            env={"DERBY_NOTEBOOK_TOKEN": TOKEN},
        )

    def http(self) -> httpx.AsyncClient:
        """Return a client that nobody knows yet."""
        return httpx.AsyncClient(base_url=self.url, timeout=30)

    async def browser(self, **headers: str) -> httpx.AsyncClient:
        """Return a client that is signed in by its cookie, as a browser is."""
        client = self.http()
        client.headers.update(headers)
        page = await client.get("login")
        form = {"password": TOKEN, "_xsrf": client.cookies["_xsrf"]}
        answer = await client.post("login", data=form)
        assert answer.status_code == 302, page.text
        return client


@pytest.fixture(scope="session")
def derby(
    jupyter: JupyterServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DerbyServer]:
    """One ``derby-notebook`` for all tests that leave it as it was."""
    with DerbyServer(jupyter, tmp_path_factory.mktemp("derby")) as server:
        yield server


@pytest.fixture
async def browser(derby: DerbyServer) -> AsyncIterator[httpx.AsyncClient]:
    client = await derby.browser()
    yield client
    await client.aclose()


@pytest.fixture
def folder(jupyter: JupyterServer) -> Iterator[Path]:
    """A folder of the test's own below the server's root."""
    path = jupyter.folder / f"t{uuid.uuid4().hex[:8]}"
    path.mkdir()
    yield path
    shutil.rmtree(path, ignore_errors=True)  # a last save may be under way


def write_notebook(path: Path, *sources: str, **metadata: Any) -> Path:
    """Write a notebook of code cells."""
    cells = [new_code_cell(source, id=f"cell-{at}") for at, source in enumerate(sources)]
    nbformat.write(new_notebook(cells=cells, metadata=metadata), path)
    return path


@pytest.fixture
async def service(jupyter: JupyterServer) -> AsyncIterator[NotebookService]:
    """The notebook service in this process, its documents in memory."""
    backend = Backend()
    api = JupyterAPI(jupyter.url, TOKEN)
    service = NotebookService(backend, api)
    guard(backend, service)
    await service.start()
    try:
        yield service
    finally:
        await service.close()
        await backend.close()
        await api.close()
        with jupyter.http() as http:
            for session in http.get("api/sessions").json():
                http.delete(f"api/sessions/{session['id']}")
