"""The embedding guide's applications are served and its clients run; they print what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import Block, blocks
from tests.running import ROOT, Program, free_port

PAGE = {block.name: block for block in blocks(ROOT / "docs" / "embedding.md")}


def test_the_guide_has_the_blocks_that_are_run_here() -> None:
    assert list(PAGE) == ["wiki.py", "members.py", "tasks.py", "api.py", "inprocess.py"]
    assert all(block.output for block in PAGE.values() if block.kind == "run")


def printed(block: Block, folder: Path, url: str = "") -> str:
    """Run a block as a script of its own and return what it printed."""
    script = folder / block.name
    script.write_text(block.code, "utf-8")
    ended = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("app", "client", "path"),
    [("wiki.py", "members.py", "channel"), ("tasks.py", "api.py", "channel/")],
)
def test_an_application_serves_its_client(app: str, client: str, path: str, tmp_path: Path) -> None:
    (tmp_path / app).write_text(PAGE[app].code, "utf-8")
    port = free_port()
    server = Program(
        "uvicorn",
        *(f"{app.removesuffix('.py')}:app", "--port", str(port)),
        log=tmp_path / "log",
        ready="running on",
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
    )
    with server:
        output = printed(PAGE[client], tmp_path, f"ws://127.0.0.1:{port}/{path}")
    assert output == PAGE[client].output
    assert "Traceback" not in server.output()


def test_a_backend_serves_its_own_process(tmp_path: Path) -> None:
    block = PAGE["inprocess.py"]
    assert printed(block, tmp_path) == block.output
