"""Which collections hold what, and which names a document's collection may have. Pure."""

from __future__ import annotations

from typing import Any, Final

from sharedb_py.errors import DatabaseError

__all__ = ["check_collection", "milestones_of", "ops_of"]

INVALID_COLLECTION: Final = 4102
_MAX_BYTES: Final = 200  # MongoDB allows 255 for the database's name, a dot and the collection's


def check_collection(name: Any) -> str:
    """Return the name, or raise ``DatabaseError`` (4102) for one that clients may not use.

    Ops and milestones live in collections of the same database: a client that
    could name those could rewrite history.
    """
    if (
        not isinstance(name, str)
        or not name
        or name == "system"
        or name.startswith(("o_", "m_", "system."))
        or name.startswith(".")
        or name.endswith(".")
        or "$" in name
        or "\0" in name
        or ".." in name
        or len(name.encode("utf-8", "replace")) > _MAX_BYTES
    ):
        raise DatabaseError(f"Invalid collection name {name}", INVALID_COLLECTION)
    return name


def ops_of(collection: str) -> str:
    """Return the name of the collection that keeps a collection's ops."""
    return f"o_{collection}"


def milestones_of(collection: str) -> str:
    """Return the name of the collection that keeps a collection's milestones."""
    return f"m_{collection}"
