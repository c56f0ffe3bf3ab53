"""String positions as JavaScript counts them: in UTF-16 code units (protocol 11.6).

A position may fall between the two halves of a surrogate pair. The halves then
stand alone in the results, as they would in JavaScript, and become one
character again when a later edit brings them together.
"""

from __future__ import annotations

__all__ = ["join", "length", "slice_units", "splice"]


def _is_plain(text: str) -> bool:
    """Whether each character is one code unit and no surrogate."""
    return text.isascii() or max(text) < "\ud800"


def _encode(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _decode(units: bytes) -> str:
    return units.decode("utf-16-le", "surrogatepass")


def length(text: str) -> int:
    """Return the length of a string in code units."""
    if text.isascii():
        return len(text)
    return len(text) + sum(char > "\uffff" for char in text)


def slice_units(text: str, start: int, end: int | None = None) -> str:
    """Return the code units in [start, end); positions past the end are cut."""
    if not text or _is_plain(text):
        return text[start:end]
    return _decode(_encode(text)[2 * start : None if end is None else 2 * end])


def join(*parts: str) -> str:
    """Concatenate strings, uniting surrogate halves that meet."""
    text = "".join(parts)
    if not text or _is_plain(text):
        return text
    return _decode(_encode(text))


def splice(text: str, start: int, end: int, added: str) -> str:
    """Return a text with the code units in [start, end) replaced."""
    if not text or _is_plain(text):
        return join(text[:start], added, text[end:])
    units = _encode(text)
    return _decode(units[: 2 * start] + _encode(added) + units[2 * end :])
