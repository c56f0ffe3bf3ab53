"""Who the authors on a timeline are, for those who read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from derby_notebook.documents import Documents
from derby_notebook.people.colors import color_of

__all__ = ["describe_authors"]

_OWN: Final = {
    "service": {"name": "Server", "kind": "service", "color": "#64748b"},
    "disk": {"name": "File on disk", "kind": "disk", "color": "#8a6d3b"},
}
"""What is not a person: what the service writes (outputs, a file's cells), and the disk."""


def document_id(username: str) -> str:
    """Return the id of a user's document, as the page makes it."""
    return quote(username, safe="!~*'()-_").replace(".", "%2E")


async def describe_authors(names: Iterable[str], documents: Documents) -> list[dict[str, Any]]:
    """Return name, colour and kind of each author: a person, an unknown source, or not a person."""
    found: list[dict[str, Any]] = []
    for name in names:
        if name in _OWN:
            found.append({"id": name, **_OWN[name]})
            continue
        known = await documents.get("users", document_id(name))
        data = known.data if known.exists and isinstance(known.data, dict) else {}
        shown = data.get("name")
        found.append(
            {
                "id": name,
                "kind": "person",
                "name": shown if isinstance(shown, str) and shown else _unknown(name),
                "color": str(data.get("color") or color_of(name)),
            }
        )
    return found


def _unknown(name: str) -> str:
    """A connection's random id says nothing to anybody; its beginning tells it from others."""
    is_random = len(name) >= 16 and all(letter in "0123456789abcdef-" for letter in name.lower())
    return f"Somebody ({name[:4]})" if is_random else name
