"""What differs between two values: keys and elements of JSON, lines and characters of text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, Literal

from sharedb_py.jsonvalue import MISSING, JSONObject, json_equal
from sharedb_py.ot.utf16 import length
from sharedb_py.replay.paths import Path

__all__ = ["Difference", "Hunk", "TextPart", "diff_text", "diff_values", "hunks"]

_MOST: Final = 2000  # elements or lines that are matched; more are compared as they stand


_SHORTEST: Final = 3  # characters between two changes that count as the same


@dataclass(frozen=True, slots=True)
class Difference:
    """One place at which two values differ.

    ``before`` is MISSING where something was added, ``after`` where it was removed. A
    ``moved`` element has its old index in ``source``. Paths are those of the value after,
    for what was removed those of the value before.
    """

    kind: Literal["added", "removed", "changed", "moved"]
    path: Path
    before: Any = MISSING
    after: Any = MISSING
    source: int | None = None

    @property
    def is_text(self) -> bool:
        """Whether one string became another."""
        return isinstance(self.before, str) and isinstance(self.after, str)

    def as_json(self) -> JSONObject:
        """The same for machines."""
        record: JSONObject = {"kind": self.kind, "path": list(self.path)}
        if self.before is not MISSING:
            record["before"] = self.before
        if self.after is not MISSING:
            record["after"] = self.after
        if self.source is not None:
            record["from"] = self.source
        if self.is_text:
            record["text"] = [part.as_json() for part in diff_text(self.before, self.after)]
        return record


@dataclass(frozen=True, slots=True)
class TextPart:
    """A piece of text that was kept, added or removed."""

    kind: Literal["keep", "add", "remove"]
    text: str

    def as_json(self) -> JSONObject:
        """The same for machines; kept text is given by its length in code units."""
        return {self.kind: length(self.text) if self.kind == "keep" else self.text}


@dataclass(frozen=True, slots=True)
class Hunk:
    """Neighbouring lines of a text, from line number ``line`` on in the text after, from 1."""

    line: int
    lines: Sequence[Sequence[TextPart]]


def diff_values(before: Any, after: Any, path: Path = ()) -> Iterator[Difference]:
    """Yield the places where two values differ, in the order of the value after."""
    if json_equal(before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before:
            if key not in after:
                yield Difference("removed", (*path, key), before[key])
        for key, value in after.items():
            if key in before:
                yield from diff_values(before[key], value, (*path, key))
            else:
                yield Difference("added", (*path, key), after=value)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _diff_lists(before, after, path)
    elif before is MISSING:
        yield Difference("added", path, after=after)
    elif after is MISSING:
        yield Difference("removed", path, before)
    else:
        yield Difference("changed", path, before, after)


def _key(value: Any) -> str:
    """A text that is the same for values that are equal as JSON."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def _identity(value: Any) -> Any:
    """What makes an element the same one although it changed: its id, where it has one."""
    found = value.get("id", value.get("_id")) if isinstance(value, dict) else None
    return found if isinstance(found, (str, int)) else None


def _opcodes(
    before: Sequence[Any], after: Sequence[Any]
) -> Iterator[tuple[str, int, int, int, int]]:
    """Like ``SequenceMatcher.get_opcodes``, at once for what is the same at both ends."""
    most = min(len(before), len(after))
    start = 0
    while start < most and before[start] == after[start]:
        start += 1
    end = 0
    while end < most - start and before[-1 - end] == after[-1 - end]:
        end += 1
    if start:
        yield "equal", 0, start, 0, start
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if max(len(old), len(new)) > _MOST:
        yield "replace", start, start + len(old), start, start + len(new)
    else:
        for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            yield tag, start + a, start + b, start + c, start + d
    if end:
        yield "equal", len(before) - end, len(before), len(after) - end, len(after)


def _diff_lists(before: list[Any], after: list[Any], path: Path) -> Iterator[Difference]:
    removed: list[int] = []
    added: list[int] = []
    paired: dict[int, int] = {}
    for tag, a, b, c, d in _opcodes(
        [_key(item) for item in before], [_key(item) for item in after]
    ):
        if tag == "replace" and b - a == d - c:
            # As many as before: each was changed where it stands, unless ids tell otherwise.
            for old, new in zip(range(a, b), range(c, d), strict=True):
                if _same_element(before[old], after[new]):
                    paired[new] = old
                else:
                    removed.append(old)
                    added.append(new)
        elif tag != "equal":
            removed += range(a, b)
            added += range(c, d)
    moves = _pair_moved(before, after, removed, added)
    for old in sorted(set(removed) - set(moves.values())):
        yield Difference("removed", (*path, old), before[old])
    for new in sorted([*paired, *added]):
        if new in paired:
            yield from diff_values(before[paired[new]], after[new], (*path, new))
        elif new in moves:
            old = moves[new]
            yield Difference("moved", (*path, new), source=old)
            yield from diff_values(before[old], after[new], (*path, new))
        else:
            yield Difference("added", (*path, new), after=after[new])


def _same_element(before: Any, after: Any) -> bool:
    a, b = _identity(before), _identity(after)
    if a is None and b is None:
        return type(before) is type(after) or not isinstance(before, (dict, list))
    return bool(a == b)


def _pair_moved(
    before: list[Any], after: list[Any], removed: list[int], added: list[int]
) -> dict[int, int]:
    """Return which added element is which removed one: an equal one, or one of the same id."""
    pairs: dict[int, int] = {}
    for name in (_key, _identity):
        waiting: dict[Any, list[int]] = {}
        for old in removed:
            if old not in pairs.values() and name(before[old]) is not None:
                waiting.setdefault(name(before[old]), []).append(old)
        for new in added:
            found = waiting.get(name(after[new])) if new not in pairs else None
            if found:
                pairs[new] = found.pop(0)
    return pairs


def diff_text(before: str, after: str) -> list[TextPart]:
    """Return the parts of two texts, line by line first and then by characters in changed lines."""
    parts: list[TextPart] = []
    old, new = before.splitlines(True), after.splitlines(True)
    for tag, a, b, c, d in _opcodes(old, new):
        if tag == "equal":
            parts.append(TextPart("keep", "".join(old[a:b])))
        else:
            parts += _diff_characters("".join(old[a:b]), "".join(new[c:d]))
    return list(_merged(parts))


def _diff_characters(before: str, after: str) -> Iterator[TextPart]:
    codes = list(_opcodes(before, after))
    kept = sum(b - a for tag, a, b, _, _ in codes if tag == "equal")
    if 3 * kept < min(len(before), len(after)):
        # Little in common: letters that happen to be the same only confuse.
        codes = [("replace", 0, len(before), 0, len(after))]
    removed = added = ""
    for number, (tag, a, b, c, d) in enumerate(codes):
        inside = 0 < number < len(codes) - 1
        if tag == "equal" and not (inside and b - a < _SHORTEST):
            yield TextPart("remove", removed)
            yield TextPart("add", added)
            yield TextPart("keep", before[a:b])
            removed = added = ""
        else:
            removed, added = removed + before[a:b], added + after[c:d]
    yield TextPart("remove", removed)
    yield TextPart("add", added)


def _merged(parts: list[TextPart]) -> Iterator[TextPart]:
    last: TextPart | None = None
    for part in parts:
        if not part.text:
            continue
        if last is not None and last.kind == part.kind:
            last = TextPart(part.kind, last.text + part.text)
            continue
        if last is not None:
            yield last
        last = part
    if last is not None:
        yield last


def hunks(before: str, after: str, context: int = 2) -> Iterator[Hunk]:
    """Yield the changed lines of two texts with some around them, each line in its parts.

    Changed lines come as they were, with what was removed marked, and then as they
    are, with what was added marked.
    """
    old, new = before.splitlines(), after.splitlines()
    matcher = list(_opcodes(old, new))
    groups: list[list[tuple[str, int, int, int, int]]] = []
    for code in matcher:
        tag, a, b = code[:3]
        if tag != "equal":
            if not groups:
                groups.append([])
            groups[-1].append(code)
        elif groups and groups[-1] and b - a > 2 * context:
            groups.append([])
        elif groups and groups[-1]:
            groups[-1].append(code)
    for group in groups:
        while group and group[-1][0] == "equal":
            group.pop()
        if group:
            yield _hunk(old, new, group, context)


def _hunk(
    old: list[str], new: list[str], group: list[tuple[str, int, int, int, int]], context: int
) -> Hunk:
    first, last = group[0][3], group[-1][4]
    lead = max(0, first - context)
    lines: list[list[TextPart]] = [[TextPart("keep", line)] for line in new[lead:first]]
    for tag, a, b, c, d in group:
        if tag == "equal":
            lines += [[TextPart("keep", line)] for line in new[c:d]]
        else:
            lines += _changed_lines(old[a:b], new[c:d])
    lines += [[TextPart("keep", line)] for line in new[last : last + context]]
    return Hunk(lead + 1, lines)


def _changed_lines(before: list[str], after: list[str]) -> Iterator[list[TextPart]]:
    """Yield the lines as they were and then as they are, what changed in them marked."""
    parts = list(_diff_characters("\n".join(before), "\n".join(after)))
    sides: tuple[tuple[Literal["add", "remove"], list[str]], ...] = (
        ("remove", before),
        ("add", after),
    )
    for kind, lines in sides:
        line: list[TextPart] = [TextPart(kind, "")]  # says which side the line is on
        for part in parts if lines else ():
            if part.kind not in ("keep", kind):
                continue
            first, *others = part.text.split("\n")
            line.append(TextPart(part.kind, first))
            for other in others:
                yield line
                line = [TextPart(kind, ""), TextPart(part.kind, other)]
        if lines:
            yield line
