"""The wire's messages: parsed, checked and built without I/O (protocol sections 1 and 2)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn, TypeAlias

from sharedb_py.errors import ErrorCode, MessageBadlyFormed, ShareDBError
from sharedb_py.jsonvalue import (
    MISSING,
    RESERVED_NAMES,
    JSONObject,
    depth_exceeds,
    is_number,
)
from sharedb_py.ops import Op
from sharedb_py.ot import DEFAULT_TYPE
from sharedb_py.snapshot import Snapshot

__all__ = [
    "NO_REPLY",
    "PROTOCOL",
    "Message",
    "UnparsableMessage",
    "at_least",
    "build_error",
    "build_op",
    "build_reply",
    "build_snapshot",
    "check_message",
    "encode",
    "error_body",
    "handshake",
    "op_of_message",
    "parse",
]

Message: TypeAlias = JSONObject
PROTOCOL: Final = (1, 2)
NO_REPLY: Final[Message] = {}
"""What a handler returns when its message is not answered; compared by identity."""

MAX_SEQ: Final = 2**53 - 1


class UnparsableMessage(Exception):
    """A frame that is no message at all; the connection cannot go on. ``code`` closes it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        # JavaScript reads 1e999 as Infinity, which it cannot write: nothing honest sends it.
        raise ValueError(f"{text} does not fit in 64 bits")
    return number


def _finite_int(text: str) -> int:
    _finite(text)
    return int(text)


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_STRICT_DECODER: Final = json.JSONDecoder(
    parse_constant=_refuse_constant, parse_float=_finite, parse_int=_finite_int
)
_MANY_DIGITS: Final = re.compile(r"\d{309}")
"""What a whole number must have to be too large for 64 bits: looked at only where it is there."""
_ENCODE: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)


def encode(message: Any) -> str:
    """Return a message as JSON text that any JavaScript reads: ASCII, no NaN."""
    return _ENCODE.encode(message)


def parse(frame: str | bytes) -> Message:
    """Return a frame's message; raises ``UnparsableMessage`` if it holds no JSON object."""
    try:
        text = frame if isinstance(frame, str) else frame.decode("utf-8")
        decoder = _STRICT_DECODER if _MANY_DIGITS.search(text) else _DECODER
        message = decoder.decode(text)
    except (ValueError, RecursionError):
        raise UnparsableMessage(1011, "Message is not valid JSON") from None
    if message is None:
        raise UnparsableMessage(1000, "Stream ended")
    if not isinstance(message, dict):
        raise UnparsableMessage(1011, "Received non-object message")
    return message


# Checking (section 2.2)


def _fail(reason: str) -> NoReturn:
    raise MessageBadlyFormed(reason)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value not in RESERVED_NAMES and _is_unicode(value)


def _is_unicode(text: str) -> bool:
    """Whether databases can store the text: half a surrogate pair is no character."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def _is_truthy(value: Any) -> bool:
    """Whether JavaScript takes a value for true: empty lists and objects are."""
    return bool(value) or isinstance(value, (dict, list))


def _is_version(value: Any) -> bool:
    return value is None or (is_number(value) and value >= 0)


def _check_results(message: Message) -> None:
    if not is_number(message.get("id")):
        _fail("Missing query ID")
    results = message.get("r")
    if results is None:
        return
    if not isinstance(results, list):
        _fail("Invalid query results")
    for item in results:
        if not isinstance(item, list):
            _fail("Invalid query results")
        if not item or not _is_name(item[0]):
            _fail("Invalid id")
        if len(item) > 1 and not _is_version(item[1]):
            _fail("Invalid version")


def _check_query(message: Message) -> None:
    _check_results(message)
    _require_collection(message)
    if not isinstance(message.get("q"), dict):
        _fail("Invalid query")


def _check_doc(message: Message) -> None:
    if message.get("d") is not None and not _is_name(message["d"]):
        _fail("Invalid id")
    if message["a"] in ("nf", "nt"):
        if message.get("c") is None:
            _fail("Invalid collection")
        if message.get("d") is None:
            _fail("Invalid id")
    if not _is_version(message.get("v")):
        _fail("Invalid version")
    if message.get("ts") is not None and not is_number(message["ts"]):
        _fail("Invalid timestamp")


def _check_named_doc(message: Message) -> None:
    _check_doc(message)
    _require_collection(message)
    if message.get("d") is None:
        _fail("Invalid id")


def _check_op(message: Message) -> None:
    _check_named_doc(message)
    if isinstance(message.get("src"), str) and not _is_unicode(message["src"]):
        _fail("Invalid src")
    if is_number(message.get("seq")) and abs(message["seq"]) >= MAX_SEQ:
        raise ShareDBError(
            "Connection seq has exceeded the max safe integer, maybe from being open for too long",
            ErrorCode.CONNECTION_SEQ_INTEGER_OVERFLOW,
        )


def _check_presence(message: Message) -> None:
    _check_doc(message)
    if not _is_name(message.get("id")):
        _fail("Invalid presence ID")
    if not _is_version(message.get("pv")):
        _fail("Invalid presence version")
    _require_channel(message)


def _check_bulk(message: Message) -> None:
    bulk = message.get("b")
    if isinstance(bulk, list):
        if not all(_is_name(item) for item in bulk):
            _fail("Invalid id")
    elif isinstance(bulk, dict):
        if not all(_is_name(key) for key in bulk):
            _fail("Invalid id")
        if not all(_is_version(version) for version in bulk.values()):
            _fail("Invalid version")
    else:
        _fail("Invalid bulk subscribe data")
    _require_collection(message)


def _check_handshake(message: Message) -> None:
    for key in ("protocol", "protocolMinor"):
        value = message.get(key)
        if value is not None and not is_number(value) and not isinstance(value, str):
            _fail("Invalid protocol")
    wanted = message.get("id")
    if _is_truthy(wanted) and not (isinstance(wanted, str) and _is_unicode(wanted)):
        _fail("Invalid id")


def _require_channel(message: Message) -> None:
    if message.get("ch") is None:
        _fail("Invalid presence channel")


def _require_collection(message: Message) -> None:
    if message.get("c") is None:
        _fail("Invalid collection")


_CHECKS: Final[Mapping[str, Callable[[Message], None]]] = {
    "hs": _check_handshake,
    "qf": _check_query,
    "qs": _check_query,
    "qu": _check_results,
    "op": _check_op,
    "f": _check_named_doc,
    "s": _check_named_doc,
    "u": _check_named_doc,
    "nf": _check_doc,
    "nt": _check_doc,
    "p": _check_presence,
    "bf": _check_bulk,
    "bs": _check_bulk,
    "bu": _check_bulk,
    "ps": _require_channel,
    "pu": _require_channel,
    "pr": _require_channel,
    "pp": lambda message: None,
}


def check_message(message: Message) -> None:
    """Raise ``MessageBadlyFormed`` with the first rule of section 2.2 that a message breaks."""
    action = message.get("a")
    check = _CHECKS.get(action) if isinstance(action, str) else None
    if check is None:
        _fail("Invalid or unknown message")
    if depth_exceeds(message):
        _fail("Message is nested too deeply")
    check(message)
    if message.get("c") is not None and not _is_name(message["c"]):
        _fail("Invalid collection")
    if message.get("ch") is not None and not _is_name(message["ch"]):
        _fail("Invalid presence channel")
    if message.get("seq") is not None and not is_number(message["seq"]):
        _fail("Invalid seq")


def op_of_message(message: Message, src: str) -> Op:
    """Return the op that an ``op`` message carries; ``src`` is the sender's own source."""
    sent_by = message.get("src")
    op: Op = {
        "src": sent_by if _is_truthy(sent_by) else src,
        "seq": message.get("seq"),
        "v": message.get("v"),
    }
    if "op" in message:
        op["op"] = message["op"]
    elif _is_truthy(message.get("create")):
        op["create"] = message["create"]
    elif _is_truthy(message.get("del")):
        op["del"] = message["del"]
    else:
        _fail("Invalid op message")
    return op


def at_least(protocol: tuple[float, float], wanted: tuple[int, int]) -> bool:
    """Whether a client that announced ``protocol`` knows what came with ``wanted``."""
    return protocol >= wanted


# Building (sections 1.4, 2.1 and 2.3)


def handshake(action: str, client_id: str) -> Message:
    """Return the server's ``init`` or ``hs`` message."""
    return {
        "a": action,
        "protocol": PROTOCOL[0],
        "protocolMinor": PROTOCOL[1],
        "id": client_id,
        "type": DEFAULT_TYPE.uri,
    }


def build_snapshot(snapshot: Snapshot) -> Message:
    """Return a snapshot's payload: the default type goes unnamed, no document is type null."""
    payload: Message = {"v": snapshot.version}
    if snapshot.data is not MISSING:
        payload["data"] = snapshot.data
    if snapshot.type_uri != DEFAULT_TYPE.uri:
        payload["type"] = snapshot.type_uri
    return payload


def build_op(collection: str, doc_id: str, op: Op) -> Message:
    """Return the message that brings a committed op to a client."""
    message: Message = {"a": "op", "c": collection, "d": doc_id, "v": op["v"]}
    message |= {key: op[key] for key in ("src", "seq", "op", "create", "del") if key in op}
    return message


def build_reply(request: Message, result: Message | None) -> Message:
    """Return a success reply: the result, and what lets the client find its request."""
    reply = {**(result or {}), "a": request["a"]}
    if _is_truthy(request.get("id")):
        reply["id"] = request["id"]
    else:
        for key in ("c", "d"):
            if _is_truthy(request.get(key)):
                reply[key] = request[key]
        if _is_truthy(request.get("b")) and "data" not in reply:
            reply["b"] = request["b"]
    return reply


def error_body(error: BaseException) -> Message:
    """Return the code and message a client may see; internals stay inside."""
    if isinstance(error, ShareDBError):
        return (
            {"message": error.message}
            if error.code is None
            else {"code": error.code, "message": error.message}
        )
    return {"code": ErrorCode.UNKNOWN_ERROR, "message": "Internal server error"}


def build_error(request: Message, error: BaseException) -> Message:
    """Return an error reply: the whole request, and the error."""
    return {**request, "error": error_body(error)}
