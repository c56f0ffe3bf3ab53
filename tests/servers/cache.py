"""Builds a server once and keeps what was built in a folder outside the tree."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

__all__ = ["built", "cache_folder"]


def cache_folder() -> Path:
    """Return where built servers are kept: SHAREDB_TEST_CACHE, or a folder in the user's cache."""
    given = os.environ.get("SHAREDB_TEST_CACHE")
    return Path(given) if given else Path.home() / ".cache" / "sharedb-py-tests"


def _fingerprint(sources: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in sources.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(sources)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def built(name: str, sources: Path, build: Callable[[Path, Path], None]) -> Path:
    """Return the folder of what ``build(sources, folder)`` makes, making it if need be.

    It is made once for a state of the sources, by one process at a time; a
    build that fails leaves nothing. Raises ``CalledProcessError`` with its output.
    """
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"{name}-{_fingerprint(sources)}"
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            unfinished = cache / f"{name}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            build(sources, unfinished)
            unfinished.rename(folder)
    return folder


def run(*command: str, cwd: Path) -> None:
    """Run a build command; raises ``CalledProcessError`` that holds what it printed."""
    subprocess.run(
        command,
        cwd=cwd,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
