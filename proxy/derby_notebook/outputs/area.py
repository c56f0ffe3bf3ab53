"""How a kernel's messages become a cell's outputs. Pure.

What a cell may show is bounded: its first :data:`HEAD_CHARS` of text are kept, and
its last :data:`TAIL_CHARS`; an item between them says what was cut. While text
pours in, only a glimpse of the tail is shown, so that each look costs little.
Large values are taken out as they come, and kept until whoever writes the
outputs has put them where they stay.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from derby_notebook.outputs.references import Blobs, is_reference, references, take_out
from derby_notebook.outputs.terminal import append_text

__all__ = ["HEAD_CHARS", "HEAD_ITEMS", "TAIL_CHARS", "TAIL_ITEMS", "OutputArea"]

HEAD_CHARS: Final = 50_000
TAIL_CHARS: Final = 50_000
GLIMPSE_CHARS: Final = 4_000
HEAD_ITEMS: Final = 200
TAIL_ITEMS: Final = 50
GLIMPSE_ITEMS: Final = 5
HEAD_BYTES: Final = 100_000_000
TAIL_BYTES: Final = 50_000_000
"""What is kept of large values, at either end."""
ERROR_CHARS: Final = 10_000
TRACEBACK_LINES: Final = 100
"""What is kept of an error's text, and of either end of its traceback."""

Output: TypeAlias = dict[str, Any]


@dataclass
class _Cut:
    """What is not kept."""

    chars: int = 0
    lines: int = 0
    items: int = 0

    def plus_text(self, text: str) -> _Cut:
        return _Cut(self.chars + len(text), self.lines + text.count("\n"), self.items)

    def plus_item(self, item: Output) -> _Cut:
        if item["output_type"] == "stream":
            return self.plus_text(item["text"])
        return _Cut(self.chars, self.lines, self.items + 1)

    def __bool__(self) -> bool:
        return bool(self.chars or self.items)

    def marker(self) -> Output:
        """Return the item that says so."""
        parts = []
        if self.chars:
            parts.append(f"{self.chars:,} characters in {self.lines:,} lines")
        if self.items:
            parts.append(f"{self.items:,} outputs")
        text = f"\n… truncated: {' and '.join(parts)} left out …\n"
        cut = {"chars": self.chars, "lines": self.lines, "items": self.items}
        return {"output_type": "stream", "name": "stdout", "text": text, "_cut": cut}


class OutputArea:
    """The outputs of one run of a cell, growing as messages come.

    ``outputs`` may be those of an earlier process, whose work is taken up; ``in_line``
    ones keep their large values, for who must have them whole.
    """

    def __init__(
        self,
        outputs: list[Output] | None = None,
        clear_next: bool = False,
        *,
        in_line: bool = False,
    ) -> None:
        self.clear_next = clear_next
        """Whether the next output takes the place of all there are."""
        self._head: list[Output] = []
        self._tail: deque[Output] = deque()
        self._cut = _Cut()
        self._cutting = False
        self._in_line = in_line
        self._blobs: Blobs = {}
        self._restore(outputs or [])

    def _restore(self, outputs: list[Output]) -> None:
        at = next((at for at, item in enumerate(outputs) if "_cut" in item), None)
        if at is None:
            self._head = list(outputs)
            return
        self._head, self._tail = list(outputs[:at]), deque(outputs[at + 1 :])
        self._cut, self._cutting = _Cut(**outputs[at]["_cut"]), True

    def clear(self) -> None:
        """Drop all there is."""
        self._head, self._tail = [], deque()
        self._cut, self._cutting, self.clear_next = _Cut(), False, False

    @property
    def flooded(self) -> bool:
        """Whether something is left out already."""
        return bool(self._cut)

    def outputs(self, *, whole: bool = True) -> list[Output]:
        """Return what the cell shows; not ``whole``: with no more than a glimpse of a long tail."""
        cut, tail = self._cut, list(self._tail)
        if not whole and cut:
            cut, tail = _trimmed(cut, deque(tail), GLIMPSE_CHARS, GLIMPSE_ITEMS)
        return [*self._head, *([cut.marker()] if cut else ()), *tail]

    # Large values

    def large_values(self, *, whole: bool = True) -> Blobs:
        """Return those of what :meth:`outputs` shows that were not put away yet."""
        kept = set(references([*self._head, *self._tail]))
        self._blobs = {name: data for name, data in self._blobs.items() if name in kept}
        shown = set(references(self.outputs(whole=whole)))
        return {name: data for name, data in self._blobs.items() if name in shown}

    def _taken(self, item: Output, at: int) -> Output:
        return item if self._in_line else take_out(item, at, self._blobs)

    def put_away(self, names: Iterable[str]) -> None:
        """Note that values are kept now where they stay."""
        for name in names:
            self._blobs.pop(name, None)

    # Messages

    def receive(self, kind: str, content: dict[str, Any]) -> bool:
        """Take a message; return whether the outputs changed."""
        if kind == "clear_output":
            if content.get("wait"):
                self.clear_next = True
                return False
            self.clear()
            return True
        if kind not in ("stream", "display_data", "execute_result", "error"):
            return False
        if self.clear_next:
            self.clear()
        if kind == "stream":
            self._add_text(str(content.get("name", "stdout")), str(content.get("text", "")))
        else:
            self._add(_item(kind, content))
        return True

    def update_display(self, display_id: str, content: dict[str, Any]) -> bool:
        """Show new data wherever a display is shown; return whether it is shown at all."""
        found = False
        for items in (self._head, self._tail):
            for at, item in enumerate(items):
                if item.get("_display") == display_id:
                    place = at if items is self._head else HEAD_ITEMS + at
                    items[at] = {**item, **self._taken(_shown(content), place)}
                    found = True
        return found

    def _add_text(self, name: str, text: str) -> None:
        items = self._tail if self._cutting else self._head
        last = items[-1] if items else {}
        if last.get("output_type") == "stream" and last.get("name") == name:
            items[-1] = {**last, "text": append_text(last["text"], text)}
        else:
            items.append(_stream(name, append_text("", text)))
        self._bound()

    def _add(self, item: Output) -> None:
        taken = self._taken(item, len(self._head) + len(self._tail))
        (self._tail if self._cutting else self._head).append(taken)
        self._bound()

    def _bound(self) -> None:
        if not self._cutting:
            self._begin_cutting()
        if self._cutting:
            tail = deque(self._tail)
            self._cut, kept = _trimmed(self._cut, tail, TAIL_CHARS, TAIL_ITEMS)
            self._tail = deque(kept)

    def _begin_cutting(self) -> None:
        """Once the head is full, what is too much of it begins the tail."""
        excess = _chars(self._head) - HEAD_CHARS
        last = self._head[-1] if self._head else None
        if excess > 0 and last is not None and last["output_type"] == "stream":
            keep = max(0, len(last["text"]) - excess)
            keep = last["text"].rfind("\n", 0, keep) + 1 or keep
            text = last["text"]
            self._head[-1:] = [{**last, "text": text[:keep]}] if keep else []
            self._tail.append(_stream(last["name"], text[keep:]))
            self._cutting = True
        elif len(self._head) > HEAD_ITEMS or (
            len(self._head) > 1 and _large_bytes(self._head) > HEAD_BYTES
        ):
            self._tail.append(self._head.pop())
            self._cutting = True


def _chars(items: list[Output] | deque[Output]) -> int:
    return sum(len(item["text"]) for item in items if item["output_type"] == "stream")


def _large_bytes(items: list[Output] | deque[Output]) -> int:
    values = (value for item in items for value in item.get("data", {}).values())
    return sum(value["size"] for value in values if is_reference(value))


def _trimmed(
    cut: _Cut, tail: deque[Output], most_chars: int, most_items: int
) -> tuple[_Cut, list[Output]]:
    """Return a tail's end within bounds, and the cut grown by what went."""
    while len(tail) > most_items or (len(tail) > 1 and _large_bytes(tail) > TAIL_BYTES):
        cut = cut.plus_item(tail.popleft())
    excess = _chars(tail) - most_chars
    at = 0
    items = list(tail)
    while excess > 0:
        item = items[at]
        if item["output_type"] != "stream":
            at += 1
            continue
        text = item["text"]
        if len(text) <= excess:
            cut = cut.plus_text(text)
            excess -= len(text)
            del items[at]
            continue
        # A whole line more may go, so that the rest begins with one; but not all of a long line.
        line_end = text.find("\n", excess, excess + 1000)
        at_char = line_end + 1 if line_end >= 0 else excess
        cut = cut.plus_text(text[:at_char])
        items[at] = {**item, "text": text[at_char:]}
        break
    return cut, items


def _stream(name: str, text: str) -> Output:
    return {"output_type": "stream", "name": name, "text": text}


def _shown(content: dict[str, Any]) -> dict[str, Any]:
    return {"data": content.get("data") or {}, "metadata": content.get("metadata") or {}}


def _shortened(text: str) -> str:
    excess = len(text) - ERROR_CHARS
    if excess <= 0:
        return text
    half = ERROR_CHARS // 2
    return f"{text[:half]}\n… truncated: {excess:,} characters left out …\n{text[-half:]}"


def _ends(lines: list[str]) -> list[str]:
    excess = len(lines) - 2 * TRACEBACK_LINES
    if excess <= 0:
        return lines
    note = f"… truncated: {excess:,} frames left out …"
    return [*lines[:TRACEBACK_LINES], note, *lines[-TRACEBACK_LINES:]]


def _item(kind: str, content: dict[str, Any]) -> Output:
    if kind == "error":
        lines = [_shortened(str(line)) for line in content.get("traceback") or []]
        traceback = _ends(lines)
        names = {key: _shortened(str(content.get(key, ""))) for key in ("ename", "evalue")}
        return {"output_type": kind, **names, "traceback": traceback}
    item = {"output_type": kind, **_shown(content)}
    if kind == "execute_result":
        item["execution_count"] = content.get("execution_count")
    display_id = (content.get("transient") or {}).get("display_id")
    if display_id:
        item["_display"] = display_id
    return item
