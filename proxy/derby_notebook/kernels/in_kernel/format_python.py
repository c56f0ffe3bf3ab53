"""Formats one cell's code with ruff or black, as a notebook, so that magics stay."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import Any, Iterator  # noqa: UP035 - on any Python 3


def notebook_of(code: str) -> str:
    """Return a notebook of one cell, as text."""
    cell: dict[str, Any] = {"cell_type": "code", "id": "cell", "metadata": {}, "outputs": []}
    cell.update(execution_count=None, source=code.splitlines(True))
    metadata = {"language_info": {"name": "python"}}
    notebook = {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook)


def commands() -> Iterator[tuple[str, list[str], bool]]:
    """Yield what is installed: its name, its arguments, and whether it takes a notebook."""
    if find_spec("ruff"):
        yield "ruff", ["format", "--quiet", "--stdin-filename", "cell.ipynb", "-"], True
    if find_spec("black"):
        if find_spec("tokenize_rt"):
            yield "black", ["--quiet", "--ipynb", "-"], True
        yield "black", ["--quiet", "-"], False


def answer(code: str) -> Any:
    """Return the formatted code and by what, or what is wrong, for the front end to read."""
    from IPython.display import JSON

    return JSON(formatted(code))  # type: ignore[no-untyped-call]


def formatted(code: str) -> dict[str, Any]:
    """Return ``code`` and ``formatter``, or the ``problem``, or that both are ``missing``."""
    for name, arguments, takes_notebook in commands():
        done = subprocess.run(
            [sys.executable, "-m", name, *arguments],
            input=notebook_of(code) if takes_notebook else code,
            capture_output=True,
            encoding="utf-8",
            timeout=15,
        )
        if done.returncode:
            text = done.stderr.strip().splitlines() or ["it failed"]
            return {"problem": name + ": " + text[0]}
        if not takes_notebook:
            return {"code": done.stdout.rstrip("\n"), "formatter": name}
        [cell] = json.loads(done.stdout or notebook_of(code))["cells"]
        return {"code": "".join(cell["source"]), "formatter": name}
    return {"missing": True}
