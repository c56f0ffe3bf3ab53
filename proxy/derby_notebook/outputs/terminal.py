"""Text as a terminal would show it. Pure."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["append_text"]

_TOKEN: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|.", re.DOTALL)
_MOVES: Final = re.compile(r"[\r\b]|\x1b\[[0-9]*K")


def append_text(shown: str, text: str) -> str:
    """Return what a terminal shows that showed one text and is sent another.

    Carriage returns, backspaces and "erase to the end of the line" are carried
    out; colours stay. A cursor left inside the last line is kept as a carriage
    return or backspaces at the end, for what may still come.
    """
    if not shown.endswith(("\r", "\b")) and not _MOVES.search(text):
        return shown + text
    start = shown.rfind("\n") + 1
    *lines, last = (shown[start:] + text).split("\n")
    done = [_line(line)[0] if _MOVES.search(line) else line for line in lines]
    return shown[:start] + "\n".join([*done, "".join(_line(last))])


def _line(line: str) -> tuple[str, str]:
    """Return a line as shown, and what brings the cursor where it stands in it."""
    cells: list[str] = []
    column = 0
    style = ""
    for token in _TOKEN.findall(line):
        if token == "\r":
            column = 0
        elif token == "\b":
            column = max(0, column - 1)
        elif len(token) > 1 and token.endswith("K"):
            if token in ("\x1b[K", "\x1b[0K"):
                del cells[column:]
            else:  # the start of the line, or all of it
                cells[:column] = [" "] * min(column, len(cells))
        elif len(token) > 1:
            style += token
        else:
            cells[column : column + 1] = [style + token]
            style = ""
            column += 1
    back = len(cells) - column
    return "".join(cells) + style, "\r" if back and not column else "\b" * back
