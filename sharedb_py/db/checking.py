"""What an adapter checks before it hands ops out: a gap is never passed over in silence."""

from __future__ import annotations

from collections.abc import Sequence

from sharedb_py.errors import DatabaseError

__all__ = ["check_whole"]


def check_whole(
    collection: str,
    doc_id: str,
    versions: Sequence[int],
    start: int,
    end: int | None,
    reached: int,
) -> None:
    """Raise ``DatabaseError`` unless ``versions``, as read, are all there are in [start, end).

    ``reached`` is the version that the document had when, or before, they were read.
    """
    last = reached if end is None else min(end, reached)
    whole = len(versions) >= last - start
    if not whole or list(versions) != list(range(start, start + len(versions))):
        raise DatabaseError(f"Missing ops from requested version {collection}.{doc_id} {start}")
