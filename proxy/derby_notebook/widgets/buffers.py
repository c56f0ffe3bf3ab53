"""Widget states with binary values, as JSON. Pure.

On the wire a state has holes, and ``buffer_paths`` say which buffer belongs where.
In a document the buffer stands in its place as ``{"_buffer": BASE64}``; a value of
the kernel's own that looks like that is kept as ``{"_plain": VALUE}``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Final

__all__ = ["MARKERS", "joined", "split"]

MARKERS: Final = ("_buffer", "_blob", "_plain")

Path = list[str | int]


def _is_marker(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in MARKERS


def joined(state: Any, paths: Sequence[Path], buffers: Sequence[bytes]) -> Any:
    """Return a state as it came in a message, with its buffers in their places, as JSON.

    Raises ``ValueError`` if a path leads nowhere or has no buffer.
    """
    if len(paths) > len(buffers):
        raise ValueError(f"{len(paths)} places for {len(buffers)} buffers")
    filled = _copy(state)
    for path, buffer in zip(paths, buffers, strict=False):
        try:
            holder = filled
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = bytes(buffer)
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"No place for a buffer at {path}") from error
    return _each(filled, _written)


def _copy(value: Any) -> Any:
    return _each(value, _copy)


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a value with its parts changed, itself if it has none."""
    if isinstance(value, dict):
        return {key: change(item) for key, item in value.items()}
    return [change(item) for item in value] if isinstance(value, list) else value


def _written(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"_buffer": base64.b64encode(value).decode()}
    written = _each(value, _written)
    return {"_plain": written} if _is_marker(value) else written


def split(value: Any) -> tuple[Any, list[Path], list[bytes]]:
    """Return a document's state as a message has it: with holes, their places, and the buffers.

    A hole in an object is a key that is not there, one in a list is None. Raises
    ``ValueError`` for what is no base64.
    """
    paths: list[Path] = []
    buffers: list[bytes] = []
    return _parts(value, [], paths, buffers), paths, buffers


def _taken_out(value: Any, at: Path, paths: list[Path], buffers: list[bytes]) -> Any:
    if not _is_marker(value):
        return _parts(value, at, paths, buffers)
    [(kind, held)] = value.items()
    if kind == "_plain":
        return _parts(held, at, paths, buffers)
    if kind == "_blob":
        raise ValueError(f"What is kept beside was not put back at {at}")
    try:
        buffers.append(base64.b64decode(held, validate=True))
    except (binascii.Error, TypeError, ValueError) as error:
        raise ValueError(f"No base64 at {at}") from error
    paths.append(at)
    return _HOLE


def _parts(value: Any, at: Path, paths: list[Path], buffers: list[bytes]) -> Any:
    if isinstance(value, dict):
        kept = {key: _taken_out(item, [*at, key], paths, buffers) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not _HOLE}
    if isinstance(value, list):
        items = [_taken_out(item, [*at, place], paths, buffers) for place, item in enumerate(value)]
        return [None if item is _HOLE else item for item in items]
    return value


class _Hole:
    pass


_HOLE: Final = _Hole()
