"""Database adapters: where snapshots and ops are kept.

``open_db("sqlite:///rooms.sqlite")`` finds the adapter by the URL's scheme among the
``sharedb_py.db`` entry points, so that other packages can bring theirs.
"""

from __future__ import annotations

from importlib.metadata import entry_points

from sharedb_py.db.base import DB, DocCommit, LiveQuery, PollResult, QueryResult
from sharedb_py.errors import DatabaseError

__all__ = ["DB", "DocCommit", "LiveQuery", "PollResult", "QueryResult", "open_db"]


def open_db(url: str) -> DB:
    """Return the database a URL names.

    Raises ``DatabaseError`` for a scheme that no installed package knows, and
    whatever the adapter raises when it cannot be opened.
    """
    scheme, colon, _ = url.partition(":")
    known = {entry.name: entry for entry in entry_points(group="sharedb_py.db")}
    if not colon or scheme not in known:
        # The rest of the URL may hold a password.
        named = f"{scheme}:" if colon else url
        raise DatabaseError(
            f"No database adapter for {named!r}; known are {', '.join(sorted(known))} "
            "(such as memory: or sqlite:///rooms.sqlite)"
        )
    try:
        opened = known[scheme].load()
    except ImportError as error:
        raise DatabaseError(
            f"The adapter for {scheme}: is not installed ({error}); "
            f"install sharedb-py with its extra, such as pip install 'sharedb-py[mongo]'"
        ) from error
    db = opened(url)
    assert isinstance(db, DB)
    return db
