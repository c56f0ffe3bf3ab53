"""Options from the environment: each ``--some-option`` is also ``SHAREDB_SOME_OPTION``."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable

from sharedb_py.errors import ShareDBError

__all__ = ["flag", "one_of", "repeated", "setting", "whole", "without_password"]

TRUE = ("1", "true", "yes", "on")
FALSE = ("0", "false", "no", "off")


def setting(name: str, default: str | None = None) -> str | None:
    """Return ``SHAREDB_<name>``, or the default where it is not set or empty."""
    return os.environ.get(f"SHAREDB_{name}") or default


def flag(given: bool | None, name: str, default: bool) -> bool:
    """Return what the command line gave, else ``SHAREDB_<name>`` as a truth value."""
    if given is not None:
        return given
    value = setting(name)
    if value is None:
        return default
    if value.lower() not in TRUE + FALSE:
        raise ShareDBError(f"SHAREDB_{name}={value} is neither of 1 and 0 (or true, false)")
    return value.lower() in TRUE


def whole(low: int, high: int | None = None) -> Callable[[str], int]:
    """Return a reader of whole numbers in a range, for argparse's ``type``."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if number < low or (high is not None and number > high):
            bounds = f"from {low} on" if high is None else f"from {low} to {high}"
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {bounds}")
        return number

    return read


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a reader of choices: unlike argparse's own, it looks at the environment's too."""

    def read(text: str) -> str:
        if text not in choices:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(choices)}")
        return text

    return read


def repeated(given: list[str] | None, name: str) -> list[str]:
    """Return what the command line gave, else the words of ``SHAREDB_<name>``."""
    if given is not None:
        return given
    return (setting(name) or "").split()


def without_password(url: str) -> str:
    """Return a URL fit to be shown: what stands between ``://`` and ``@`` is left out."""
    return re.sub(r"://[^/?#]*@", "://…@", url)
