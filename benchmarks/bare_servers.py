"""The servers that know of no notebooks, ours and npm sharedb, and what they take."""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path

from tests.running import Program

__all__ = ["processor_seconds", "server"]

HERE = Path(__file__).parent


def server(name: str, db: str, port: int, folder: Path) -> Program:
    """Return one of the two servers, not started."""
    if name == "node":
        node = shutil.which("node")
        assert node, "Node.js is not on the PATH"
        return Program(
            "node",
            *(str(HERE / "node_server.js"), str(port)),
            log=folder / "node.log",
            ready="listening",
            scripts=Path(node).parent,
        )
    return Program(
        "sharedb-py",
        *("serve", "--db", db, "--port", str(port)),
        log=folder / "python.log",
        ready="Serving",
        scripts=Path(sysconfig.get_path("scripts")),
    )


def processor_seconds(pid: int) -> float:
    """Return how much processor time a process has taken; Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
