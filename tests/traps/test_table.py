"""Every trap has a test that is named after it, or a reason why it needs none here."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
TRAPS = range(1, 60)

ELSEWHERE = {
    49: "unique indexes and orphan ops are MongoDB's: tests of mongo/sharedb_mongo",
    57: "only BSON stores whole numbers as doubles: tests of mongo/sharedb_mongo",
}
"""Traps that concern no server without MongoDB."""


def named() -> set[int]:
    """Return the numbers of the traps that tests of this folder name."""
    sources = "".join(path.read_text() for path in HERE.glob("test_*.py"))
    return {int(number) for number in re.findall(r"def test_trap_(\d\d)_", sources)}


def test_every_trap_is_tested_here_or_not_ours() -> None:
    assert named() | ELSEWHERE.keys() == set(TRAPS)
    assert not named() & ELSEWHERE.keys()
