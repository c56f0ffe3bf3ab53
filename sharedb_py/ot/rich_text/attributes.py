"""Attributes, the formats of a text: an object whose null values take a format away."""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["Attributes", "compose_attributes", "transform_attributes"]

Attributes: TypeAlias = dict[str, Any] | None
"""None: no attributes."""


def compose_attributes(first: Attributes, second: Attributes, keep_null: bool) -> Attributes:
    """Return what the formats ``first`` become with ``second`` on top.

    ``keep_null``: the result is still an op's, so that what it takes away it must say.
    """
    added = second or {}
    kept = {key: value for key, value in (first or {}).items() if key not in added}
    changed = {key: value for key, value in added.items() if keep_null or value is not None}
    return {**changed, **kept} or None


def transform_attributes(attributes: Attributes, other: Attributes, other_wins: bool) -> Attributes:
    """Return what is left of a change of formats where ``other`` changes them too."""
    if other is None or attributes is None or not other_wins:
        return attributes or None
    return {key: value for key, value in attributes.items() if key not in other} or None
