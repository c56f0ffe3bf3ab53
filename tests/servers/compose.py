"""Docker Compose's own reading of a compose file, without an engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.servers.cache import built, run

__all__ = ["build_compose", "load"]

GO = Path(__file__).parent / "compose"


def _build(sources: Path, folder: Path) -> None:
    run("go", "build", "-o", str(folder / "compose"), ".", cwd=sources)


def build_compose() -> Path:
    """Return the folder of the program that reads compose files."""
    return built("compose", GO, _build)


def load(file: Path, **variables: str) -> dict[str, Any]:
    """Return the project of a compose file as JSON; raises ``ValueError`` for what is no such.

    Skips the test that called where the reader cannot be built.
    """
    if shutil.which("go") is None:
        pytest.skip("The reader of compose files needs go, which is not on the PATH")
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    ended = subprocess.run(
        [str(build_compose() / "compose"), str(file)],
        env={**kept, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if ended.returncode:
        raise ValueError(ended.stderr.strip())
    project: dict[str, Any] = json.loads(ended.stdout)
    return project
