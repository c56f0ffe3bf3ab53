"""Collections of ops and milestones, with their indexes made on first use."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from pymongo.errors import OperationFailure

from sharedb_mongo.connection import Connection
from sharedb_mongo.names import milestones_of, ops_of
from sharedb_mongo.url import Options

__all__ = ["Indexed", "MilestoneIndexes", "OpIndexes"]

log = logging.getLogger(__name__)

Index = tuple[Sequence[tuple[str, int]], dict[str, Any]]

_BY_VERSION: Final[Index] = ([("d", 1), ("v", 1)], {"background": True})
_BY_SOURCE: Final[Index] = ([("src", 1), ("seq", 1), ("v", 1)], {"background": True})
_OF_MILESTONES: Final[tuple[Index, ...]] = (
    ([("d", 1), ("v", 1)], {"background": True, "unique": True}),
    ([("m.mtime", 1)], {"background": True}),
)


class Indexed:
    """Collections named after others, whose indexes are made once per process."""

    def __init__(
        self, connection: Connection, naming: Callable[[str], str], indexes: Sequence[Index]
    ) -> None:
        self._connection = connection
        self._naming = naming
        self._indexes = indexes
        self._made: dict[str, asyncio.Task[None]] = {}

    async def collection(self, name: str) -> Any:
        """Return the collection that belongs to ``name``, indexed."""
        collection = self._connection.collection(self._naming(name))
        if self._indexes:
            task = self._made.get(name)
            if task is None:
                task = self._made[name] = asyncio.create_task(self._make(collection))
            try:
                await asyncio.shield(task)
            except BaseException:
                if task.done():
                    self._made.pop(name, None)  # tried again at the next use
                raise
        return collection

    async def _make(self, collection: Any) -> None:
        for keys, options in self._indexes:
            try:
                await collection.create_index(list(keys), **options)
            except OperationFailure as error:
                log.warning("No index on %s by %s: %s", collection.name, keys, error)


class OpIndexes(Indexed):
    """The collections of ops: found by document and version, and by who sent them."""

    def __init__(self, connection: Connection, options: Options) -> None:
        wanted = [_BY_VERSION, _BY_SOURCE] if options.source_index else [_BY_VERSION]
        super().__init__(connection, ops_of, wanted if options.index_creation else [])


class MilestoneIndexes(Indexed):
    """The collections of milestones."""

    def __init__(self, connection: Connection, *, index_creation: bool) -> None:
        super().__init__(connection, milestones_of, _OF_MILESTONES if index_creation else [])
