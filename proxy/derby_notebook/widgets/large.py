"""Large binary values of widgets, taken out of the documents and put back. Pure.

``{"_blob": DIGEST}`` stands for a ``{"_buffer": BASE64}`` whose base64, as text, is kept
beside the documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sharedb_py.blobs import digest

__all__ = ["LARGE_CHARS", "blob_names", "put_back", "taken_out"]

LARGE_CHARS: Final = 32 * 1024
"""A buffer whose base64 is longer is kept beside."""


def taken_out(state: Any, blobs: dict[str, bytes]) -> Any:
    """Return a state with what is large put into ``blobs``, by digest."""

    def take(kind: str, held: str) -> dict[str, str]:
        if kind != "_buffer" or len(held) <= LARGE_CHARS:
            return {kind: held}
        data = held.encode()
        blobs[digest(data)] = data
        return {"_blob": digest(data)}

    return _parts(state, take)


def put_back(state: Any, kept: Mapping[str, bytes]) -> Any:
    """Return a state with its large values in it; one that is lost is empty."""

    def put(kind: str, held: str) -> dict[str, str]:
        return {kind: held} if kind != "_blob" else {"_buffer": kept.get(held, b"").decode()}

    return _parts(state, put)


def blob_names(state: Any) -> Iterator[str]:
    """Yield the digests that a state refers to."""
    found: list[str] = []

    def note(kind: str, held: str) -> dict[str, str]:
        if kind == "_blob":
            found.append(held)
        return {kind: held}

    _parts(state, note)
    yield from found


Change = Callable[[str, str], dict[str, str]]


def _parts(value: Any, change: Change) -> Any:
    """Return a value with each binary part changed; what only looks like one stays."""
    if isinstance(value, dict):
        return {key: _part(item, change) for key, item in value.items()}
    return [_part(item, change) for item in value] if isinstance(value, list) else value


def _part(value: Any, change: Change) -> Any:
    if isinstance(value, dict) and len(value) == 1:
        [(kind, held)] = value.items()
        if kind in ("_buffer", "_blob") and isinstance(held, str):
            return change(kind, held)
        if kind == "_plain":
            return {"_plain": _parts(held, change)}
    return _parts(value, change)
