"""A Jupyter Server of our own: started, or found again after a crash of ours."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from derby_notebook.jupyter.guarded_save import CONFIG
from derby_notebook.jupyter.http import http_client
from derby_notebook.jupyter.keeper import alive

__all__ = ["JupyterProcess"]

PATIENCE_SECONDS: Final = 60.0
GRACE_SECONDS: Final = 300.0
"""How long kernels go on without us after a crash."""


class JupyterProcess:
    """A Jupyter Server on a folder, on loopback and a free port.

    Its token goes by the environment, not the command line, where others could
    read it. ``state`` is the folder for its log and for the record by which it is
    found again. ``hub`` gives the environment for an address where it is a
    JupyterHub's single-user server, which knows its hub for one life only.
    """

    def __init__(
        self,
        folder: Path,
        token: str,
        state: Path,
        *,
        base_url: str = "/",
        any_host: bool = False,
        grace: float = GRACE_SECONDS,
        hub: Callable[[str], Mapping[str, str]] | None = None,
    ) -> None:
        self._folder = folder
        self._token = token
        self._log = state / "jupyter.log"
        self._record = state / "jupyter.json"
        self._base = f"/{base_url.strip('/')}/".replace("//", "/")
        self._any_host = any_host
        self._grace = grace
        self._hub = hub
        self._keeper = 0
        self._child: subprocess.Popen[bytes] | None = None
        self.url = ""

    async def start(self) -> bool:
        """Find it, or start it; True if it was running already.

        Raises ``RuntimeError`` saying where to look if it does not answer.
        """
        record = self._read()
        if record and record.get("base") == self._base and alive(record["keeper"]):
            self.url = record["url"]
            if self._hub is None and await self._answers(authorized=True):
                self._keeper = record["keeper"]
                self._note()
                return True
            await self._end(record["keeper"])
        self._launch()
        await self._ready()
        return False

    def _read(self) -> dict[str, Any] | None:
        try:
            record = json.loads(self._record.read_text())
        except (OSError, ValueError):
            return None
        return record if isinstance(record, dict) and "keeper" in record else None

    def _note(self) -> None:
        record = {
            "url": self.url,
            "base": self._base,
            "keeper": self._keeper,
            "owner": os.getpid(),
        }
        beside = self._record.with_suffix(".new")
        beside.write_text(json.dumps(record))
        beside.replace(self._record)

    def _launch(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}{self._base}"
        arguments = [
            *(sys.executable, "-m", "derby_notebook.jupyter.keeper"),
            *(str(self._record), str(self._grace)),
            *(sys.executable, "-m", "derby_notebook.jupyter.server"),
            "jupyterhub.singleuser" if self._hub else "notebook",
            "--no-browser",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.base_url={self._base}",
            f"--ServerApp.root_dir={self._folder}",
            "--ServerApp.trust_xheaders=True",  # ours: we drop those of callers
            "--IdentityProvider.cookie_options={'samesite': 'Lax'}",
            "--ZMQChannelsWebsocketConnection.limit_rate=False",
        ]
        if self._any_host:
            arguments.append("--ServerApp.allow_remote_access=True")
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            arguments.append("--allow-root")
        self._note()  # the keeper looks here for its owner
        with self._log.open("ab") as output:
            self._child = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self._environment()},
                start_new_session=True,  # Ctrl-C in the terminal is ours to handle
            )
        self._keeper = self._child.pid
        self._note()

    def _environment(self) -> Mapping[str, str]:
        others = os.environ.get("JUPYTER_CONFIG_PATH")
        config = os.pathsep.join([str(CONFIG), *([others] if others else [])])
        own = {"JUPYTER_TOKEN": self._token} if self._hub is None else self._hub(self.url)
        return {"JUPYTER_CONFIG_PATH": config, **own}

    async def _answers(self, *, authorized: bool = False) -> bool:
        path = "api/status" if authorized else "api"
        headers = {"Authorization": f"token {self._token}"} if authorized else {}
        async with http_client(timeout=10) as http:
            try:
                return bool((await http.get(self.url + path, headers=headers)).is_success)
            except httpx.HTTPError:
                return False

    async def _ready(self) -> None:
        assert self._child is not None
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            if self._child.poll() is not None:
                raise RuntimeError(
                    f"The Jupyter Server ended as it started; its log is {self._log}"
                )
            if await self._answers():
                return
            await asyncio.sleep(0.1)
        raise RuntimeError(f"The Jupyter Server did not answer in time; its log is {self._log}")

    async def stop(self) -> None:
        """End it and wait until it is gone."""
        if self._keeper:
            await self._end(self._keeper)
            self._record.unlink(missing_ok=True)
            self._keeper = 0

    async def _end(self, pid: int) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                break
            for _ in range(300):
                if not alive(pid):
                    break
                await asyncio.sleep(0.05)
            else:
                continue
            break
        if self._child is not None and self._child.pid == pid:
            await asyncio.to_thread(self._child.wait)
