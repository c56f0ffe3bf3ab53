"""The colours that people have; each the same one everywhere. Pure."""

from __future__ import annotations

from typing import Final

__all__ = ["color_of"]

COLORS: Final = (
    *("#2563c9", "#b4407a", "#1a7f4b", "#a35a00"),
    *("#6d4bc1", "#0f7c8c", "#b42318", "#647a0b"),
)


def color_of(username: str) -> str:
    """Return the colour of a person: the same on every page, after a restart too."""
    return COLORS[sum(username.encode()) % len(COLORS)]
