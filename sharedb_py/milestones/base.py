"""The milestone store interface: saved old snapshots that make history quick to reach."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

from sharedb_py.errors import DatabaseError, ErrorCode
from sharedb_py.snapshot import Snapshot

__all__ = ["MilestoneDB"]


class MilestoneDB(ABC):
    """Keeps snapshots of chosen versions (protocol section 4.7).

    ``interval`` is how many versions lie between two that are saved without
    being asked for; None: none are. Arguments that make no sense (a negative
    version or time, an empty collection or id) raise ``ShareDBError`` with
    ``ERR_MILESTONE_ARGUMENT_INVALID``.
    """

    interval: int | None = None

    @abstractmethod
    async def save(self, collection: str, snapshot: Snapshot) -> None:
        """Store the snapshot, with its metadata, in place of one of the same version."""

    @abstractmethod
    async def get(self, collection: str, doc_id: str, version: int | None) -> Snapshot | None:
        """Return the newest milestone at or below ``version``; None: the newest of all."""

    @abstractmethod
    async def get_at_or_before_time(
        self, collection: str, doc_id: str, timestamp: float | None
    ) -> Snapshot | None:
        """Return the newest milestone with ``mtime`` ≤ timestamp (ms); None: the earliest."""

    @abstractmethod
    async def get_at_or_after_time(
        self, collection: str, doc_id: str, timestamp: float | None
    ) -> Snapshot | None:
        """Return the oldest milestone with ``mtime`` ≥ timestamp (ms); None: the latest."""

    # Maintenance: see the section of that name in ``sharedb_py.db.base``.

    async def newest_first(self, collection: str, doc_id: str) -> AsyncIterator[Snapshot]:
        """Yield the document's milestones, metadata and all, from the newest to the oldest."""
        found = await self.get(collection, doc_id, None)
        while found is not None:
            yield found
            if found.version == 0:
                return
            found = await self.get(collection, doc_id, found.version - 1)

    async def delete(self, collection: str, doc_id: str, before: int | None = None) -> None:
        """Delete the document's milestones below a version; None: all of them."""
        raise DatabaseError(
            f"{type(self).__name__} cannot delete milestones",
            ErrorCode.DATABASE_METHOD_NOT_IMPLEMENTED,
        )

    @abstractmethod
    async def close(self) -> None:
        """Let go of files and connections; may be called twice."""
