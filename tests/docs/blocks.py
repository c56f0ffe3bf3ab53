"""The code blocks of a Markdown page, by what its comments say they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Block", "blocks"]

FENCED = re.compile(
    r"<!-- (?P<kind>file|run): (?P<name>[\w.]+) -->\n```\w+\n(?P<code>.*?)\n```"
    r"(?:\n\n```text\n(?P<output>.*?)\n```)?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A file to write, or one to run as well; then ``output`` is what it prints."""

    kind: str
    name: str
    code: str
    output: str | None


def blocks(page: Path) -> list[Block]:
    """Return a page's marked blocks, in order."""
    return [Block(**found.groupdict()) for found in FENCED.finditer(page.read_text("utf-8"))]
