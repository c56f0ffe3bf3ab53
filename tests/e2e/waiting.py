"""Waiting for what sends no event to the test: files, and what several pages make of one thing."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import nbformat

from tests.e2e.notebook_page import PATIENCE

__all__ = ["notebook_in", "sources_in", "until", "until_saved", "waiting_for"]

T = TypeVar("T")

STEP: Final = 0.05


def waiting_for(path: Path) -> str:
    """Return code that runs until a file is there: until the test has seen that it runs."""
    return f"import os, time\nwhile not os.path.exists({str(path)!r}): time.sleep(0.05)"


def notebook_in(path: Path) -> nbformat.NotebookNode | None:
    """Return the valid notebook that a file holds, None while Jupyter is writing it."""
    try:
        notebook: nbformat.NotebookNode = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    except nbformat.reader.NotJSONError:
        return None
    nbformat.validate(notebook)
    return notebook


def sources_in(path: Path) -> list[str]:
    """Return the cells' texts in a file, none while Jupyter is writing it."""
    notebook = notebook_in(path)
    return [cell["source"] for cell in notebook["cells"]] if notebook else []


async def until(look: Callable[[], T | None] | Callable[[], Awaitable[T | None]], what: Any) -> T:
    """Return the first answer that is neither None nor False; ``what`` says what was waited for.

    A callable ``what`` is asked once it has not come.
    """
    end = time.monotonic() + PATIENCE / 1000
    while True:
        found = look()
        if inspect.isawaitable(found):
            found = await found
        if found is not None and found is not False:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"it never came: {what() if callable(what) else what}")
        await asyncio.sleep(STEP)


async def until_saved(path: Path, *expected: str) -> None:
    """Wait until a file holds exactly these cells.

    What a page says of saving may be older than what was typed last elsewhere.
    """
    await until(lambda: sources_in(path) == [*expected], lambda: f"{expected}: {sources_in(path)}")
