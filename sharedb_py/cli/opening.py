"""The database a command works on, opened and closed."""

from __future__ import annotations

import argparse
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sharedb_py.archive import Archive
from sharedb_py.db import open_db
from sharedb_py.errors import ShareDBError
from sharedb_py.milestones import open_milestones
from sharedb_py.replay.moments import Target, parse_target

__all__ = ["documents", "now", "opened", "target_of"]

SQLITE = "sqlite:///"


def now() -> float:
    """The time in ms since the epoch."""
    return time.time() * 1000


def target_of(text: str) -> Target:
    """Read ``COLLECTION/ID[@MOMENT]``; raises ``ShareDBError`` saying how it is written."""
    return parse_target(text, now())


def _url(options: argparse.Namespace, create: bool) -> str:
    url: str | None = options.db
    if not url:
        raise ShareDBError("Name the database: --db sqlite:///docs.sqlite, or set SHAREDB_DB")
    if url.startswith(SQLITE) and not create and not Path(url.removeprefix(SQLITE)).is_file():
        raise ShareDBError(f"There is no database file {url.removeprefix(SQLITE)}")
    return url


@asynccontextmanager
async def opened(options: argparse.Namespace, *, create: bool = False) -> AsyncIterator[Archive]:
    """Open the database that ``--db`` names; a file that is not there only if it may be made."""
    url = _url(options, create)
    archive = Archive(open_db(url), open_milestones(url))
    try:
        yield archive
    finally:
        await archive.close()


async def documents(
    archive: Archive, names: Sequence[str], after: tuple[str, str] | None = None
) -> AsyncIterator[tuple[str, str]]:
    """Yield the collection and id of what ``COLLECTION`` or ``COLLECTION/ID`` name; none: all.

    In order, from the first one past ``after``. Raises ``ShareDBError`` for a name that
    stands for nothing.
    """
    wanted: dict[str, set[str] | None] = {}
    for name in names:
        collection, slash, doc_id = name.partition("/")
        if not slash:
            wanted[collection] = None
        else:
            ids = wanted.setdefault(collection, set())
            if ids is not None:
                ids.add(doc_id)
    known = await archive.db.collections()
    for collection in wanted:
        if collection not in known:
            raise ShareDBError(f"There is no collection {collection}")
    for collection in sorted(wanted) if names else known:
        if after is not None and collection < after[0]:
            continue
        last = after[1] if after is not None and collection == after[0] else None
        ids = wanted.get(collection)
        if ids is None:
            async for doc_id in archive.db.doc_ids(collection, last):
                yield collection, doc_id
            continue
        for doc_id in sorted(ids):
            if last is None or doc_id > last:
                if not await _is_there(archive, collection, doc_id):
                    raise ShareDBError(f"There is no document {collection}/{doc_id}")
                yield collection, doc_id


async def _is_there(archive: Archive, collection: str, doc_id: str) -> bool:
    if (await archive.db.get_snapshot(collection, doc_id)).version:
        return True
    async for _ in archive.db.stored_ops(collection, doc_id):
        return True
    return False
