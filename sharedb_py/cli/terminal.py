"""What people see: colours and a pager on a terminal, plain text elsewhere."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Final

from sharedb_py.jsonvalue import MISSING

__all__ = ["Output", "Progress", "as_json", "brief", "counted", "output", "printable"]

STYLES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
    "reverse": "7",
}
AUTHOR_STYLES: Final = ["cyan", "magenta", "yellow", "blue", "green", "red"]

# Documents are written by strangers: nothing in them may steer the terminal.
_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """Return text with control characters and lone surrogates written as escapes."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def as_json(value: Any) -> str:
    """Return one line of JSON in ASCII."""
    return json.dumps(None if value is MISSING else value, separators=(",", ":"))


def brief(value: Any, most: int = 60) -> str:
    """Return a JSON value on one line, cut where it is long."""
    text = "nothing" if value is MISSING else json.dumps(value, ensure_ascii=False)
    return printable(text if len(text) <= most else text[: most - 1] + "…")


class Output:
    """Where a command writes; ``paint`` colours only where that is wanted."""

    def __init__(self, stream: IO[str], colors: bool) -> None:
        self._stream = stream
        self._colors = colors
        self._authors: dict[str, str] = {}

    def paint(self, text: str, *styles: str) -> str:
        """Return printable text in a style."""
        text = printable(text)
        if not self._colors or not text:
            return text
        codes = ";".join(STYLES[style] for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def author(self, name: str, width: int = 0) -> str:
        """Return an author's name in a colour that is the author's own."""
        style = self._authors.setdefault(
            name, AUTHOR_STYLES[len(self._authors) % len(AUTHOR_STYLES)]
        )
        return self.paint(fitted(name, width) if width else name, style)

    def line(self, text: str = "") -> None:
        """Write a line; what came from documents must have been painted or made printable."""
        self._stream.write(text + "\n")

    def json(self, value: Any) -> None:
        """Write a value as a line of JSON."""
        self._stream.write(as_json(value) + "\n")

    def flush(self) -> None:
        """Let what was written be seen now."""
        self._stream.flush()


def counted(count: int, noun: str) -> str:
    """Return ``1 document``, ``2,000 documents``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def fitted(text: str, width: int) -> str:
    """Return text cut or filled to a width."""
    return text[: width - 1] + "…" if len(text) > width else text.ljust(width)


@contextmanager
def output(*, pager: bool) -> Iterator[Output]:
    """Open the output, through a pager if that is wanted and standard output is a terminal."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    terminal = sys.stdout.isatty()
    colors = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    process = _start_pager() if terminal and pager else None
    if process is None or process.stdin is None:
        yield Output(sys.stdout, colors)
        sys.stdout.flush()
        return
    try:
        yield Output(process.stdin, colors)
    except BrokenPipeError:
        pass  # the reader has seen enough
    finally:
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
        process.wait()


def _start_pager() -> subprocess.Popen[str] | None:
    command = shlex.split(os.environ.get("PAGER", "less -FRX"))
    if not command or command == ["cat"]:
        return None
    try:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, text=True, encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        return None


class Progress:
    """A line on standard error that says how far it is; nothing where that is no terminal."""

    EVERY: Final = 0.1

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = sys.stderr.isatty()
        self._begun = time.monotonic()
        self._last = 0.0
        self.docs = 0
        self.ops = 0

    def add(self, docs: int = 0, ops: int = 0) -> None:
        """Count, and show it if the last time was long enough ago."""
        self.docs += docs
        self.ops += ops
        now = time.monotonic()
        if self._shown and now - self._last >= self.EVERY:
            self._last = now
            sys.stderr.write(f"\r\x1b[K{self.text()}")
            sys.stderr.flush()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return max(time.monotonic() - self._begun, 1e-9)

    def text(self) -> str:
        """Say how much was done, and how fast."""
        speed = self.ops / self.seconds
        done = f"{counted(self.docs, 'document')}, {counted(self.ops, 'op')}"
        return f"{self._what} {done}, {speed:,.0f} ops/s"

    def done(self) -> None:
        """Take the line away again."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
