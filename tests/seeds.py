"""Chance that can be repeated: where random tests begin, and saying so."""

from __future__ import annotations

import os
import random
import sys

import pytest

__all__ = ["announce", "seed_of", "size_of"]


def seed_of(name: str) -> int:
    """Return ``SHAREDB_<name>_SEED``, or else a new seed."""
    return int(os.environ.get(f"SHAREDB_{name}_SEED") or random.SystemRandom().randrange(2**31))


def size_of(name: str, default: int) -> int:
    """Return ``SHAREDB_<name>``: how much to do."""
    return int(os.environ.get(f"SHAREDB_{name}") or default)


def announce(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Print a line that is seen even if the test passes."""
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n")
        sys.stdout.flush()
