"""Chance that can be repeated: where random tests begin, and saying so."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["RecordProperty", "announce", "seed_of", "size_of"]

RecordProperty: TypeAlias = Callable[[str, object], None]
"""What pytest's fixture ``record_property`` is."""


def seed_of(name: str) -> int:
    """Return ``SHAREDB_<name>_SEED``, or else a new seed."""
    return int(os.environ.get(f"SHAREDB_{name}_SEED") or random.SystemRandom().randrange(2**31))


def size_of(name: str, default: int) -> int:
    """Return ``SHAREDB_<name>``: how much to do."""
    return int(os.environ.get(f"SHAREDB_{name}") or default)


def announce(record_property: RecordProperty, text: str) -> None:
    """Say something that is printed after the run even if the test passes (``conftest.py``)."""
    sys.stdout.write(f"{text}\n")  # and with the failure if it does not
    record_property("announced", text)
