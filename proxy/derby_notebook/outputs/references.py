"""Large values of outputs, taken out of the documents and put back into the file. Pure.

What stands for a value is ``{"_blob": digest, "size": bytes}``, with ``"json": true``
where the value was no text. The digest is that of the value as UTF-8, so that what
is put back is the very text that was taken out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sharedb_py.blobs import digest

__all__ = [
    "LARGE_BYTES",
    "LARGE_TEXT_BYTES",
    "MISSING_TEXT",
    "Blobs",
    "by_digest",
    "is_reference",
    "put_back",
    "references",
    "take_out",
    "take_out_all",
]

LARGE_BYTES: Final = 32 * 1024
"""A value of a picture, a table and the like is large from here on …"""

FIRST_ITEMS: Final = 64
LATER_LARGE_BYTES: Final = 4 * 1024
"""… and from here on past the first items, so that no number of them fills a document."""

LARGE_TEXT_BYTES: Final = 256 * 1024
"""A text that was printed: more than what is kept of a run, so only a file's own is larger."""

MISSING_TEXT: Final = "This output was too large for the notebook's document, and is lost"

Blobs = dict[str, bytes]
"""What was taken out, by digest."""


def is_reference(value: Any) -> bool:
    """Whether a value stands for one that is out of line."""
    return isinstance(value, dict) and isinstance(value.get("_blob"), str)


def take_out(output: dict[str, Any], at: int, blobs: Blobs) -> dict[str, Any]:
    """Return an output, ``at`` a place among a cell's, with what is large put into ``blobs``.

    The output is as a kernel or a file has it: what looks like a reference in it is none.
    """
    if isinstance(output.get("text"), str):
        text = _taken(output["text"], LARGE_TEXT_BYTES, blobs)
        return output if text is output["text"] else {**output, "text": text}
    data = output.get("data")
    if not isinstance(data, dict):
        return output
    limit = LARGE_BYTES if at < FIRST_ITEMS else LATER_LARGE_BYTES
    taken = {mime: _taken(value, limit, blobs) for mime, value in data.items()}
    return output if all(taken[mime] is data[mime] for mime in data) else {**output, "data": taken}


def take_out_all(cell: dict[str, Any], blobs: Blobs) -> dict[str, Any]:
    """Return a cell with what is large of its outputs put into ``blobs``."""
    outputs = cell.get("outputs")
    if not isinstance(outputs, list):
        return cell
    return {
        **cell,
        "outputs": [
            take_out(output, at, blobs) if isinstance(output, dict) else output
            for at, output in enumerate(outputs)
        ],
    }


def _taken(value: Any, limit: int, blobs: Blobs) -> Any:
    """Return a value, or what stands for it if it is too large."""
    if is_reference(value):
        limit = -1  # somebody's own JSON, which must not be taken for one of ours
    if isinstance(value, str):
        if len(value) * 4 <= limit:
            return value
        encoded = value.encode("utf-8", "surrogatepass")
        more: dict[str, Any] = {}
    elif isinstance(value, dict | list):
        encoded, more = json.dumps(value).encode(), {"json": True}
    else:
        return value
    if len(encoded) <= limit:
        return value
    name = digest(encoded)
    blobs[name] = encoded
    return {"_blob": name, "size": len(encoded), **more}


def references(value: Any) -> Iterator[str]:
    """Yield the digests that stand anywhere in a document or an op."""
    if isinstance(value, dict):
        if is_reference(value):
            yield value["_blob"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def put_back(cell: dict[str, Any], kept: Mapping[str, bytes]) -> dict[str, Any]:
    """Return a file's cell with its large values in it again.

    Of a value that is not ``kept`` any more, its output says so.
    """
    outputs = cell.get("outputs")
    if not isinstance(outputs, list):
        return cell
    return {**cell, "outputs": [_with_values(output, kept) for output in outputs]}


def _with_values(output: Any, kept: Mapping[str, bytes]) -> Any:
    if not isinstance(output, dict):
        return output
    if is_reference(output.get("text")):
        return {**output, "text": _value(output["text"], kept, MISSING_TEXT)}
    data = output.get("data")
    if not isinstance(data, dict) or not any(map(is_reference, data.values())):
        return output
    found = {mime: _value(value, kept, None) for mime, value in data.items()}
    whole = {mime: value for mime, value in found.items() if value is not None}
    return {**output, "data": whole or {"text/plain": MISSING_TEXT}}


def _value(value: Any, kept: Mapping[str, bytes], missing: Any) -> Any:
    if not is_reference(value):
        return value
    encoded = kept.get(value["_blob"])
    if encoded is None:
        return missing
    text = encoded.decode("utf-8", "surrogatepass")
    return json.loads(text) if value.get("json") else text


def by_digest(cell: dict[str, Any]) -> dict[str, Any]:
    """Return a cell for comparing: its larger values by digest, whether in line or not."""
    outputs = cell.get("outputs")
    if not isinstance(outputs, list):
        return cell
    return {**cell, "outputs": [_compared(output) for output in outputs]}


def _compared(output: Any) -> Any:
    if not isinstance(output, dict):
        return output
    compared = dict(output)
    if "text" in output:
        compared["text"] = _named(output["text"])
    if isinstance(output.get("data"), dict):
        compared["data"] = {mime: _named(value) for mime, value in output["data"].items()}
    return compared


def _named(value: Any) -> Any:
    return value if is_reference(value) else _taken(value, LATER_LARGE_BYTES, {})
