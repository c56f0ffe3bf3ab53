"""How people are called on every page. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["shown_name"]


def shown_name(user: Mapping[str, Any]) -> str:
    """Return a person's name as Jupyter shows it."""
    return str(user.get("display_name") or user.get("name") or user.get("username", ""))
