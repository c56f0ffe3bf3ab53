"""Forgets large values that nothing refers to: no cell, and no op that is kept of one."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from derby_notebook.outputs.references import references
from sharedb_py.backend import Backend
from sharedb_py.blobs import BlobStore
from sharedb_py.errors import ShareDBError

__all__ = ["collect", "collect_now_and_then"]

log = logging.getLogger(__name__)

FIRST_SECONDS: Final = 600.0
EVERY_SECONDS: Final = 24 * 3600.0
SETTLED_SECONDS: Final = 3600.0
"""What was put lately may be about to be referred to."""


async def collect_now_and_then(backend: Backend, blobs: BlobStore) -> None:
    """Collect once the process has settled, then every day."""
    await asyncio.sleep(FIRST_SECONDS)
    while True:
        try:
            await collect(backend, blobs)
        except ShareDBError as error:
            log.warning("Large values were not collected: %s", error.message)
        await asyncio.sleep(EVERY_SECONDS)


async def collect(
    backend: Backend, blobs: BlobStore, settled_seconds: float = SETTLED_SECONDS
) -> int:
    """Forget what no cell and no widget refers to, now or in the history kept; return how many.

    Raises ``DatabaseError`` where the database cannot be read as a whole.
    """
    before = time.time() - settled_seconds
    unused = await blobs.names(before)
    if not unused:
        return 0
    for collection in ("cells", "widgets"):
        async for doc_id in backend.db.doc_ids(collection):
            unused -= await _referred(backend, collection, doc_id)
            if not unused:
                return 0
    gone = await blobs.drop(unused, before)
    log.info("%d large values are not referred to any more", gone)
    return gone


async def _referred(backend: Backend, collection: str, doc_id: str) -> set[str]:
    """Return what a document refers to, in any of its versions that can still be had."""
    snapshot = await backend.db.get_snapshot(collection, doc_id)
    found = set(references(snapshot.data)) if snapshot.exists else set()
    first = snapshot.version
    async for stored in backend.db.stored_ops(collection, doc_id):
        first = min(first, int(stored.op["v"]))
        found.update(references(stored.op.get("op")))
        found.update(references(stored.op.get("create")))
    if first:  # earlier ops were dropped, and a milestone stands for them
        oldest = await backend.history.at_version(collection, doc_id, first)
        found.update(references(oldest.data) if oldest.exists else ())
    return found
