"""Keeps the kernel's messages on disk until their outcome is in the documents.

A message that was read from the kernel is nowhere else: if this process dies
before the outputs are written, the next one finds the message here.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path

__all__ = ["Journal"]


class Journal:
    """A file of frames for one notebook; without a folder, it keeps nothing."""

    def __init__(self, folder: Path | None, name: str) -> None:
        self._path = folder / f"{name}.messages" if folder else None
        self._file: FileIO | None = None
        self._since: list[bytes] | None = None

    def add(self, frame: bytes) -> None:
        """Keep a frame. It survives the death of the process, not that of the machine."""
        if self._path is None:
            return
        if self._file is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = FileIO(descriptor, "ab")
        self._file.write(_record(frame))
        if self._since is not None:
            self._since.append(frame)

    def mark(self, left: Iterable[bytes] = ()) -> None:
        """Note that the outcome of all frames so far is about to be written.

        ``left`` are the last of them, if their outcome is not yet among it.
        """
        self._since = list(left)

    def settle(self) -> None:
        """Forget the frames before the mark: their outcome is written."""
        since, self._since = self._since, None
        if self._path is None or not self._path.exists():
            return
        if not since:
            os.truncate(self._path, 0)
            return
        self.close()
        beside = self._path.with_suffix(".new")
        beside.write_bytes(b"".join(map(_record, since)))
        beside.replace(self._path)

    def frames(self) -> Iterator[bytes]:
        """Yield what an earlier process kept; a frame cut off by its death is left out."""
        if self._path is None or not self._path.exists():
            return
        data = self._path.read_bytes()
        at = 0
        while at + 8 <= len(data):
            (size,) = struct.unpack_from("<Q", data, at)
            if at + 8 + size > len(data):
                return
            yield data[at + 8 : at + 8 + size]
            at += 8 + size

    def close(self, *, remove: bool = False) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if remove and self._path is not None:
            self._path.unlink(missing_ok=True)


def _record(frame: bytes) -> bytes:
    return struct.pack("<Q", len(frame)) + frame
