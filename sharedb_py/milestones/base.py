"""The milestone store interface: saved old snapshots that make history quick to reach."""

from __future__ import annotations

from abc import ABC, abstractmethod

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

    @abstractmethod
    async def close(self) -> None:
        """Let go of files and connections; may be called twice."""
