"""Which collections hold what, and which names a document's collection may have. Pure."""

from __future__ import annotations

from typing import Any, Final

from sharedb_py.errors import DatabaseError

__all__ = ["check_collection", "is_collection", "milestones_of", "ops_of"]

INVALID_COLLECTION: Final = 4102
_MAX_BYTES: Final = 200  # MongoDB allows 255 for the database's name, a dot and the collection's


def check_collection(name: Any) -> str:
    """Return the name, or raise ``DatabaseError`` (4102) for one that clients may not use.

    Ops and milestones live in collections of the same database: a client that
    could name those could rewrite history.
    """
    if not is_collection(name):
        raise DatabaseError(f"Invalid collection name {name}", INVALID_COLLECTION)
    return str(name)


def is_collection(name: Any) -> bool:
    """Whether documents may be kept under the name."""
    return (
        isinstance(name, str)
        and name not in ("", "system")
        and not name.startswith(("o_", "m_", "system.", "."))
        and not name.endswith(".")
        and not any(bad in name for bad in ("$", "\0", ".."))
        and len(name.encode("utf-8", "replace")) <= _MAX_BYTES
    )


def ops_of(collection: str) -> str:
    """Return the name of the collection that keeps a collection's ops."""
    return f"o_{collection}"


def milestones_of(collection: str) -> str:
    """Return the name of the collection that keeps a collection's milestones."""
    return f"m_{collection}"
