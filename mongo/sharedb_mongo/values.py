"""JSON as the JavaScript driver stores it in BSON, and back. Pure.

A database is shared with Node servers, so a value must get the BSON type that
they would give it: whole numbers within 32 bits are int32, all others doubles.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from bson import Binary, Code, DatetimeMS, DBRef, Decimal128, Int64, ObjectId, Timestamp
from bson.binary import UUID_SUBTYPE

__all__ = ["from_bson", "to_bson"]

_INT32: Final = 2**31
_WHOLE_UP_TO: Final = 1e21  # JavaScript prints larger numbers with an exponent


def to_bson(value: Any) -> Any:
    """Return a JSON value as the driver must be given it; the value itself is not changed."""
    if isinstance(value, str):
        return _valid_text(value)
    if isinstance(value, dict):
        return {_valid_text(key): to_bson(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_bson(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -_INT32 <= value < _INT32 else _as_double(value)
    if isinstance(value, float):
        return _as_stored_float(value)
    return value


def _valid_text(text: str) -> str:
    """A lone surrogate becomes U+FFFD, as in Node; pairs were joined when JSON was parsed."""
    if text.isascii() or not any("\ud800" <= unit <= "\udfff" for unit in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _as_double(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _as_stored_float(number: float) -> int | float:
    whole = number.is_integer() and -_INT32 <= number < _INT32
    is_minus_zero = number == 0 and math.copysign(1, number) < 0
    return int(number) if whole and not is_minus_zero else number


def from_bson(value: Any) -> Any:
    """Return a stored value as the JSON that clients of a Node server get of it.

    Whole doubles are ints; MongoDB's own types are what their JavaScript objects turn into.
    """
    if isinstance(value, dict):
        return {key: from_bson(item) for key, item in value.items()}
    if isinstance(value, list):
        return [from_bson(item) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < _WHOLE_UP_TO else value
    if value is None or type(value) in _JSON:
        return value
    convert = _CONVERT.get(type(value))
    return {} if convert is None else convert(value)


def _iso_time(value: datetime) -> str:
    in_utc = value if value.tzinfo is None else value.astimezone(UTC)
    return f"{in_utc:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"


def _binary(value: bytes) -> str:
    if isinstance(value, Binary) and value.subtype == UUID_SUBTYPE and len(value) == 16:
        return str(UUID(bytes=bytes(value)))
    return b64encode(value).decode()


_JSON: Final = frozenset({str, int, bool})
_CONVERT: Final[dict[type, Callable[[Any], Any]]] = {
    Int64: int,
    ObjectId: str,
    datetime: _iso_time,
    DatetimeMS: int,
    Decimal128: lambda value: {"$numberDecimal": str(value)},
    Timestamp: lambda value: {"$timestamp": str(value.time << 32 | value.inc)},
    DBRef: lambda value: {"$ref": value.collection, "$id": from_bson(value.id)},
    Code: lambda value: {"code": str(value)},
    Binary: _binary,
    bytes: _binary,
}
