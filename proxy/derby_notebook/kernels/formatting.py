"""Has a cell's code formatted by what is installed where its kernel runs."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, Final

__all__ = ["LANGUAGES", "NotFormatted", "expression", "formatted"]

LANGUAGES: Final = ("python",)
"""What there is a way to format."""

SCRIPT: Final = Path(str(files("derby_notebook"))) / "kernels" / "in_kernel" / "format_python.py"


class NotFormatted(Exception):
    """The code stays as it is, for a reason that a person can mend."""


def expression(code: str) -> str:
    """Return the Python expression whose value is the answer; it leaves no name in the kernel."""
    script = SCRIPT.read_text()
    return f"(lambda scope: (exec({script!r}, scope), scope['answer']({code!r}))[1])({{}})"


def formatted(reply: dict[str, Any]) -> dict[str, str]:
    """Return the ``code`` and its ``formatter`` from a kernel's reply; raises ``NotFormatted``."""
    value = (reply.get("user_expressions") or {}).get("formatted") or {}
    answer = (value.get("data") or {}).get("application/json")
    if not isinstance(answer, dict):
        problem = value.get("evalue") or reply.get("evalue") or "it did not answer"
        raise NotFormatted(f"The kernel could not format the code: {problem}")
    if "missing" in answer:
        raise NotFormatted(
            "Neither ruff nor black is installed where the kernel runs. "
            "Install one there, for instance with: %pip install ruff"
        )
    if "problem" in answer:
        raise NotFormatted(str(answer["problem"]))
    return {"code": str(answer["code"]), "formatter": str(answer["formatter"])}
