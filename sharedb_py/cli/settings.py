"""Options from the environment: each ``--some-option`` is also ``SHAREDB_SOME_OPTION``."""

from __future__ import annotations

import os
import re

__all__ = ["flag", "repeated", "setting", "without_password"]

TRUE = ("1", "true", "yes", "on")


def setting(name: str, default: str | None = None) -> str | None:
    """Return ``SHAREDB_<name>`` or the default."""
    return os.environ.get(f"SHAREDB_{name}", default)


def flag(name: str, default: bool) -> bool:
    """Return ``SHAREDB_<name>`` as a truth value: 1, true, yes and on are true."""
    value = setting(name)
    return default if value is None else value.lower() in TRUE


def repeated(given: list[str] | None, name: str) -> list[str]:
    """Return what the command line gave, else the words of ``SHAREDB_<name>``."""
    if given is not None:
        return given
    return (setting(name) or "").split()


def without_password(url: str) -> str:
    """Return a URL fit to be shown: what stands between ``://`` and ``@`` is left out."""
    return re.sub(r"://[^/?#]*@", "://…@", url)
