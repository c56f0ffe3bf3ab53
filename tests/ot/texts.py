"""Random texts, and edits of them in the notation of ``text-unicode``."""

from __future__ import annotations

from random import Random
from typing import Any

from sharedb_py.ot.text_unicode import text_unicode

__all__ = ["text_unicode_op", "words"]

WORDS = ["a", "bc", "def", "é", "字", "😀", "👩‍🔬", "\n", " ", "\ufffd", ""]


def words(rng: Random, most: int = 4) -> str:
    """Return a short text."""
    return "".join(rng.choices(WORDS, k=rng.randint(0, most)))


def text_unicode_op(rng: Random, text: str) -> list[Any]:
    """Return up to three edits of a text, as one op; now and then its deletes name the text."""
    op: list[Any] = []
    passed = 0
    for _ in range(rng.randint(0, 3)):
        skip = rng.randint(0, len(text) - passed)
        op.append(skip)
        passed += skip
        deleted = rng.randint(0, min(3, len(text) - passed))
        if rng.random() < 0.5:
            op.append({"d": deleted})
            passed += deleted
        else:
            op.append(words(rng, 2))
    normal = text_unicode.normalize(op)
    return text_unicode.make_invertible(normal, text) if rng.random() < 0.3 else normal
