"""Table 2.2 of the protocol, read by itself: which rules a message breaks."""

from __future__ import annotations

from typing import Any, Final

from sharedb_py.jsonvalue import RESERVED_NAMES, depth_exceeds

__all__ = ["broken_rules"]

QUERIES: Final = {"qf", "qs", "qu"}
DOCS: Final = {"op", "f", "s", "u", "nf", "nt", "p"}
BULKS: Final = {"bf", "bs", "bu"}
PRESENCES: Final = {"p", "ps", "pu", "pr"}
KNOWN: Final = QUERIES | DOCS | BULKS | PRESENCES | {"hs", "pp"}


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _name(value: Any) -> bool:
    if not isinstance(value, str) or value in RESERVED_NAMES:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return True


def _version(value: Any) -> bool:
    return value is None or (_number(value) and value >= 0)


def broken_rules(message: dict[str, Any]) -> set[str]:
    """Return what may be said to be wrong with the form of a message: nothing, if it is well."""
    action = message.get("a")
    if not isinstance(action, str) or action not in KNOWN:
        return {"Invalid or unknown message"}
    if depth_exceeds(message):
        return {"Message is nested too deeply"}
    get = message.get
    found = _broken_by_kind(action, message)
    needs_collection = action in {"qf", "qs", "f", "s", "u", "op", "nf", "nt"} | BULKS
    if not _name(get("c")) and (needs_collection or get("c") is not None):
        found.add("Invalid collection")
    if not _name(get("ch")) and (action in PRESENCES or get("ch") is not None):
        found.add("Invalid presence channel")
    if not _number(get("seq")) and get("seq") is not None:
        found.add("Invalid seq")
    return found


def _broken_by_kind(action: str, message: dict[str, Any]) -> set[str]:
    get, found = message.get, set[str]()
    if action in QUERIES:
        if not _number(get("id")):
            found.add("Missing query ID")
        found |= _broken_results(get("r"))
        if action != "qu" and not isinstance(get("q"), dict):
            found.add("Invalid query")
    if action in DOCS:
        if not _name(get("d")) and (action != "p" or get("d") is not None):
            found.add("Invalid id")
        if not _version(get("v")):
            found.add("Invalid version")
        if not _number(get("ts")) and get("ts") is not None:
            found.add("Invalid timestamp")
    if action == "p":
        if not _name(get("id")):
            found.add("Invalid presence ID")
        if not _version(get("pv")):
            found.add("Invalid presence version")
    if action in BULKS:
        found |= _broken_bulk(get("b"))
    if action == "hs":
        found |= _broken_handshake(message)
    return found


def _broken_results(results: Any) -> set[str]:
    if results is None:
        return set()
    if not isinstance(results, list) or not all(isinstance(item, list) for item in results):
        return {"Invalid query results", "Invalid id", "Invalid version"}
    found = set()
    if not all(item and _name(item[0]) for item in results):
        found.add("Invalid id")
    if not all(_version(item[1]) for item in results if len(item) > 1):
        found.add("Invalid version")
    return found


def _broken_bulk(bulk: Any) -> set[str]:
    if not isinstance(bulk, (list, dict)):
        return {"Invalid bulk subscribe data"}
    found = set()
    if not all(_name(key) for key in bulk):
        found.add("Invalid id")
    if isinstance(bulk, dict) and not all(_version(value) for value in bulk.values()):
        found.add("Invalid version")
    return found


def _broken_handshake(message: dict[str, Any]) -> set[str]:
    found = set()
    for key in ("protocol", "protocolMinor"):
        value = message.get(key)
        if value is not None and not _number(value) and not isinstance(value, str):
            found.add("Invalid protocol")
    wanted = message.get("id")
    if wanted not in (None, "", 0, False) and not _name_of_client(wanted):
        found.add("Invalid id")
    return found


def _name_of_client(value: Any) -> bool:
    return isinstance(value, str) and (value in RESERVED_NAMES or _name(value))
