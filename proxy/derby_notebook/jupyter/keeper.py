"""Keeps a Jupyter Server of ours running while its owner is started again.

``python -m derby_notebook.jupyter.keeper RECORD GRACE COMMAND…`` runs the
command, and ends it when it is told to, or once the process that ``RECORD``
names as the owner has been gone for ``GRACE`` seconds: kernels and what they run
outlive a crash of ours, but nothing is left behind for good.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Final

__all__ = ["alive", "main"]

STEP_SECONDS: Final = 0.5
_PR_SET_PDEATHSIG: Final = 1


def alive(pid: int) -> bool:
    """Whether a process is there, and no mere remains of one."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state != "Z"


def _end_with_parent() -> None:
    """On Linux, end the child when the keeper ends, however that is."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(_: int, __: FrameType | None) -> None:
    raise SystemExit(0)


def main(arguments: list[str]) -> int:
    """Run the command; return its status."""
    record, grace, *command = arguments
    signal.signal(signal.SIGTERM, _stop)
    process = subprocess.Popen(
        command, preexec_fn=_end_with_parent if sys.platform == "linux" else None
    )
    try:
        _keep(process, Path(record), float(grace))
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    return process.returncode


def _keep(process: subprocess.Popen[bytes], record: Path, grace: float) -> None:
    last_seen = time.monotonic()
    while process.poll() is None:
        time.sleep(STEP_SECONDS)
        try:
            owner = json.loads(record.read_text())["owner"]
        except (OSError, ValueError, KeyError):
            owner = 0  # the folder is gone: so is the reason to go on
        if owner and alive(owner):
            last_seen = time.monotonic()
        elif time.monotonic() - last_seen > grace or not record.parent.exists():
            return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
