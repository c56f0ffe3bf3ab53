"""Starts a Jupyter Server of our own, and ends it with us."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

import httpx

__all__ = ["JupyterProcess"]

PATIENCE_SECONDS: Final = 60.0
_PR_SET_PDEATHSIG: Final = 1


def _die_with_parent() -> None:
    """On Linux, let the kernel end the child when we end, however that is."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class JupyterProcess:
    """A Jupyter Server on a folder, on loopback and a free port.

    Its token goes by the environment, not the command line, where others could read it.
    """

    def __init__(self, folder: Path, token: str, log: Path | None) -> None:
        self._folder = folder
        self._token = token
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    async def start(self) -> None:
        """Start it; raises ``RuntimeError`` saying where to look if it does not answer."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/"
        arguments = [
            *(sys.executable, "-m", "notebook", "--no-browser"),
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self._folder}",
            "--ZMQChannelsWebsocketConnection.limit_rate=False",
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            arguments.append("--allow-root")
        output = self._log.open("ab") if self._log else subprocess.DEVNULL
        self._process = subprocess.Popen(  # noqa: ASYNC220 - starting takes no time
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "JUPYTER_TOKEN": self._token},
            start_new_session=True,  # Ctrl-C in the terminal is ours to handle
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        if self._log:
            output.close()  # type: ignore[union-attr]
        await self._ready()

    async def _ready(self) -> None:
        assert self._process is not None
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        where = f"; its log is {self._log}" if self._log else ""
        async with httpx.AsyncClient() as http:
            while asyncio.get_running_loop().time() < deadline:
                if self._process.poll() is not None:
                    raise RuntimeError(f"The Jupyter Server ended as it started{where}")
                try:
                    if (await http.get(self.url + "api")).is_success:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)
        raise RuntimeError(f"The Jupyter Server did not answer in time{where}")

    async def stop(self) -> None:
        """End it and wait until it is gone."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            await asyncio.to_thread(self._process.wait, 10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
