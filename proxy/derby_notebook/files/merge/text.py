"""Three versions of a text become one op: what they did, on top of what we did. Pure."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any, Final, TypeAlias

from sharedb_py.ot.text0 import text0
from sharedb_py.ot.utf16 import length

__all__ = ["Hunk", "edits", "hunks", "merge_text", "text_op"]

Hunk: TypeAlias = tuple[int, int, str]
"""Where a text was replaced, from and to, and by what."""

MAX_COMPARED: Final = 400_000
"""Characters times characters that are compared one by one."""


def hunks(before: str, after: str) -> list[Hunk]:
    """Return what turns one text into another: by lines, then by characters."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    found: list[Hunk] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            found += _characters("".join(old[i1:i2]), "".join(new[j1:j2]), starts[i1])
    return found


def _characters(old: str, new: str, at: int) -> list[Hunk]:
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    at += start
    if not old or not new or len(old) * len(new) > MAX_COMPARED:
        return [(at, at + len(old), new)] if old or new else []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        (at + i1, at + i2, new[j1:j2])
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    ]


def text_op(before: str, after: str) -> list[dict[str, Any]]:
    """Return the text0 op that turns one text into another, changing no more than differs."""
    return _op(before, hunks(before, after))


def merge_text(base: str, ours: str, theirs: str) -> list[dict[str, Any]]:
    """Return the text0 op on our text that does what they did to the base.

    What both did is done once. What one side typed inside what the other deleted stays.
    """
    if theirs in (base, ours):
        return []
    our_hunks = hunks(base, ours)
    their_hunks = [new for hunk in hunks(base, theirs) if (new := _unlike(hunk, our_hunks))]
    mine, others = _op(base, our_hunks), _op(base, their_hunks)
    transformed: list[dict[str, Any]] = text0.transform(others, mine, "right")
    return transformed


def edits(before: str, after: str) -> list[dict[str, Any]]:
    """Return what turns one text into another, from its end to its start.

    Each is ``at``, what is ``removed`` there and what is ``inserted``, in UTF-16 units:
    as few and small as may be, so that what others type beside them stays.
    """
    return [
        {"at": length(before[:start]), "removed": before[start:end], "inserted": text}
        for start, end, text in reversed(hunks(before, after))
    ]


def _unlike(hunk: Hunk, ours: list[Hunk]) -> Hunk | None:
    """Return what is left of their hunk once what ours does as well is taken off."""
    start, end, text = hunk
    for our_start, our_end, our_text in ours:
        if (our_start, our_end) != (start, end):
            continue
        if our_text.startswith(text) and (text or our_text == text):
            return None
        if our_text and text.startswith(our_text):
            return (end, end, text[len(our_text) :])
    return hunk


def _op(base: str, changes: list[Hunk]) -> list[dict[str, Any]]:
    """Return hunks as one text0 op, from the last to the first so that positions hold."""
    op: list[dict[str, Any]] = []
    for start, end, text in reversed(changes):
        at = length(base[:start])
        if end > start:
            op.append({"p": at, "d": base[start:end]})
        if text:
            op.append({"p": at, "i": text})
    return op
