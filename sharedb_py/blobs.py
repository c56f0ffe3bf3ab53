"""Large values kept beside the documents, by their hash; a document holds only the hash.

What is kept is never changed: the same bytes have the same name, on every process.
"""

from __future__ import annotations

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Collection

__all__ = ["BlobStore", "MemoryBlobs", "digest"]


def digest(data: bytes) -> str:
    """Return the name of bytes: their SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


class BlobStore(ABC):
    """Keeps bytes by their digest; methods raise ``DatabaseError`` when the store fails."""

    @abstractmethod
    async def put(self, data: bytes) -> str:
        """Keep bytes durably, and return their digest.

        What is there already is kept once, and counts as put just now.
        """

    @abstractmethod
    async def get(self, name: str) -> bytes | None:
        """Return the bytes of a digest; None if they are not kept."""

    @abstractmethod
    async def names(self, before: float) -> set[str]:
        """Return the digests of what was last put before a time, in seconds since the epoch."""

    @abstractmethod
    async def drop(self, names: Collection[str], before: float) -> int:
        """Forget these, but for what was put again since a time; return how many went."""


class MemoryBlobs(BlobStore):
    """Bytes that end with the process."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, bytes]] = {}

    async def put(self, data: bytes) -> str:
        name = digest(data)
        self._kept[name] = (time.time(), data)
        return name

    async def get(self, name: str) -> bytes | None:
        found = self._kept.get(name)
        return None if found is None else found[1]

    async def names(self, before: float) -> set[str]:
        return {name for name, (put, _) in self._kept.items() if put < before}

    async def drop(self, names: Collection[str], before: float) -> int:
        gone = (await self.names(before)) & set(names)
        for name in gone:
            del self._kept[name]
        return len(gone)
