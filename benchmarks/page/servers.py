"""The servers that are measured, each started as its makers say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.running import ROOT, Program, free_port

__all__ = ["Derby", "Lab", "lab_environment"]

TOKEN = "benchmark"
PATIENCE_SECONDS = 120
LAB_PACKAGES = ("jupyterlab", "jupyter-collaboration", "ipykernel")


class Derby(Program):
    """``derby-notebook`` on a folder, its documents in SQLite."""

    name = "derby-notebook"

    def __init__(self, folder: Path, state: Path) -> None:
        self.port = free_port()
        super().__init__(
            "derby-notebook",
            *(str(folder), "--port", str(self.port), "--no-browser"),
            *("--db", f"sqlite:///{state}/documents.sqlite"),
            log=state / "derby.log",
            ready=rf"http://localhost:{self.port}/\S*token=([\w-]+)",
            patience=PATIENCE_SECONDS,
        )

    def launch(self) -> None:
        """Start it, and learn the token that lets a browser in."""
        self.token = self.start()[1]

    def url(self, path: str) -> str:
        """Return the address of a notebook's page."""
        return f"http://localhost:{self.port}/notebooks/{path}"

    def sign_in(self) -> str:
        """Return an address that signs a browser in."""
        return f"http://localhost:{self.port}/api/status?token={self.token}"


class Lab(Program):
    """JupyterLab with jupyter-collaboration, on a folder."""

    name = "JupyterLab"

    def __init__(self, folder: Path, state: Path, environment: Path) -> None:
        self.port = free_port()
        super().__init__(
            "jupyter-lab",
            *(f"--ServerApp.root_dir={folder}", f"--ServerApp.port={self.port}", "--no-browser"),
            *("--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", "--allow-root"),
            *(f"--SQLiteYStore.db_path={state}/ystore.db",),
            *(f"--LabApp.workspaces_dir={state}/workspaces",),
            log=state / "lab.log",
            ready=rf"localhost:{self.port}/lab\?token=",
            patience=PATIENCE_SECONDS,
            cwd=state,
            env={
                "JUPYTER_CONFIG_DIR": str(state / "config"),
                "JUPYTER_DATA_DIR": str(state / "data"),
            },
            scripts=environment / "bin",
        )

    def launch(self) -> None:
        """Start it."""
        self.start()

    def stop(self) -> int:
        """End it as a service manager would: asked by Ctrl-C, it first ends kernels, at length."""
        assert self.process is not None, "not started"
        self.process.terminate()
        return self.process.wait(PATIENCE_SECONDS)

    def url(self, path: str) -> str:
        """Return the address of a notebook's page: one document, no side bars to restore."""
        return f"http://localhost:{self.port}/lab/tree/{path}?reset"

    def sign_in(self) -> str:
        """Return an address that signs a browser in."""
        return f"http://localhost:{self.port}/api/status?token={TOKEN}"


def lab_environment() -> tuple[Path, dict[str, str]]:
    """Return JupyterLab's own environment, made on first use, and the versions in it."""
    folder = ROOT / ".cache" / "benchmark-jupyterlab"
    python = folder / "bin" / "python"
    if not (folder / "made").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *LAB_PACKAGES], check=True)
        (folder / "made").touch()
    lines = subprocess.run(
        [python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True
    ).stdout.split()
    versions = dict(line.split("==") for line in lines if "==" in line)
    wanted = ("jupyterlab", "jupyter-collaboration", "jupyter-server-ydoc", "pycrdt")
    return folder, {name: versions[name] for name in wanted if name in versions}
