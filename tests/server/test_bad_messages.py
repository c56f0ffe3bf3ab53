"""Messages that break a rule are answered with it and change nothing (protocol section 2.2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.jsonvalue import RESERVED_NAMES
from tests.server.conftest import connect

DOC = {"c": "dogs", "d": "fido"}
QUERIES = ("qf", "qs")
DOCS = ("op", "f", "s", "u", "nf", "nt", "p")
BULKS = ("bf", "bs", "bu")
BAD_VERSIONS: list[Any] = [-1, "1", True, [], {}]
BAD_NUMBERS: list[Any] = ["1", True, [], {}]
BAD_NAMES: list[Any] = [1, True, [], {}, "__proto__", "constructor", "toString", "\ud800"]

VALID: dict[str, dict[str, Any]] = {
    **{action: {"id": 1, "c": "dogs", "q": {}} for action in QUERIES},
    "qu": {"id": 1},
    **{action: {**DOC} for action in ("f", "s", "u")},
    "op": {**DOC, "v": 0, "seq": 1, "create": {"type": "json0", "data": {}}},
    "nf": {**DOC, "id": 1, "v": 0},
    "nt": {**DOC, "id": 1, "ts": 0},
    "p": {"ch": "room", "id": "p1", "p": {}, "pv": 0},
    **{action: {"c": "dogs", "b": ["fido"]} for action in BULKS},
    "ps": {"ch": "room", "seq": 1},
    "pu": {"ch": "room", "seq": 1},
    "pr": {"ch": "room"},
    "hs": {"id": None, "protocol": 1, "protocolMinor": 2},
    "pp": {},
}


def rows() -> list[tuple[str, dict[str, Any], str]]:
    """Every row of table 2.2: an action, the fields that make it bad, and what is wrong."""
    found: list[tuple[str, dict[str, Any], str]] = []

    def row(actions: Any, fields: dict[str, Any], reason: str) -> None:
        found.extend((action, fields, reason) for action in actions)

    value: Any
    for value in [None, "1", True, {}]:
        row(("qf", "qs", "qu"), {"id": value}, "Missing query ID")
    for value in ["r", 1, True, {}, ["fido"], [{}], [None]]:
        row(QUERIES, {"r": value}, "Invalid query results")
    for value in [*BAD_NAMES, None]:
        row(QUERIES, {"r": [[value, 1]]}, "Invalid id")
    for value in BAD_VERSIONS:
        row(QUERIES, {"r": [["fido", value]]}, "Invalid version")
        row(DOCS, {"v": value}, "Invalid version")
        row(("p",), {"pv": value}, "Invalid presence version")
        row(BULKS, {"b": {"fido": value}}, "Invalid version")
    for value in BAD_NAMES:
        row(DOCS, {"d": value}, "Invalid id")
        row(BULKS, {"b": [value]}, "Invalid id")
        row(("p",), {"id": value}, "Invalid presence ID")
        row((*QUERIES, *DOCS, *BULKS), {"c": value}, "Invalid collection")
        row(("p", "ps", "pu", "pr"), {"ch": value}, "Invalid presence channel")
    for name in RESERVED_NAMES:
        row(BULKS, {"b": {name: 1}}, "Invalid id")
        row(DOCS, {"d": name}, "Invalid id")
    row(BULKS, {"b": [None]}, "Invalid id")
    row(("p",), {"id": None}, "Invalid presence ID")
    row(("f", "s", "u", "op", "nf", "nt"), {"d": None}, "Invalid id")
    row((*QUERIES, *BULKS, "f", "s", "u", "op", "nf", "nt"), {"c": None}, "Invalid collection")
    row(("p", "ps", "pu", "pr"), {"ch": None}, "Invalid presence channel")
    for value in [None, "b", 1, True]:
        row(BULKS, {"b": value}, "Invalid bulk subscribe data")
    for value in BAD_NUMBERS:
        row(DOCS, {"ts": value}, "Invalid timestamp")
        row((*DOCS, *BULKS, "ps", "pu", "pr", "hs", "pp"), {"seq": value}, "Invalid seq")
    for value in [True, [], {}]:
        row(("hs",), {"protocol": value}, "Invalid protocol")
        row(("hs",), {"protocolMinor": value}, "Invalid protocol")
    for value in [1, [], {}, True, "\ud800"]:
        row(("hs",), {"id": value}, "Invalid id")
    for value in [None, "q", 1, []]:
        row(QUERIES, {"q": value}, "Invalid query")
    for value in ["nonsense", None, 1, [], {}, "toString", "init"]:
        row(("pp",), {"a": value}, "Invalid or unknown message")
    return found


@pytest.mark.parametrize(("action", "fields", "reason"), rows())
async def test_each_rule_names_what_is_wrong_and_echoes_the_request(
    backend: Backend, action: str, fields: dict[str, Any], reason: str
) -> None:
    client = await connect(backend)
    message = {"a": action, **VALID[action], **fields}
    reply = await client.ask(**message)
    assert reply.pop("error") == {"code": "ERR_MESSAGE_BADLY_FORMED", "message": reason}
    assert reply == message
    assert await client.ask(a="pp") == {"a": "pp"}
    assert (await backend.db.get_snapshot("dogs", "fido")).version == 0


@pytest.mark.parametrize("action", VALID)
async def test_what_the_rules_allow_is_answered_without_an_error(
    backend: Backend, action: str
) -> None:
    client = await connect(backend)
    reply = await client.ask(a=action, **VALID[action])
    assert reply["a"] == action
    assert "error" not in reply


@pytest.mark.parametrize("seq", [2**53 - 1, 2**53, 10**300, -(2**53)])
async def test_a_seq_past_the_safe_integers_is_refused(backend: Backend, seq: int) -> None:
    client = await connect(backend)
    reply = await client.ask(**{"a": "op", **VALID["op"], "seq": seq})
    assert reply["error"]["code"] == "ERR_CONNECTION_SEQ_INTEGER_OVERFLOW"


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        ({}, "ERR_MESSAGE_BADLY_FORMED", "Invalid op message"),
        ({"create": None}, "ERR_MESSAGE_BADLY_FORMED", "Invalid op message"),
        ({"create": 0, "del": ""}, "ERR_MESSAGE_BADLY_FORMED", "Invalid op message"),
        ({"create": []}, "ERR_OT_OP_BADLY_FORMED", "Create data must be an object"),
        ({"create": {}}, "ERR_OT_OP_BADLY_FORMED", "Missing create type"),
        ({"create": {"type": "nonsense"}}, "ERR_OT_OP_BADLY_FORMED", "Missing create type"),
        ({"del": 1}, "ERR_OT_OP_BADLY_FORMED", "del value must be true"),
        ({"del": {}}, "ERR_OT_OP_BADLY_FORMED", "del value must be true"),
        ({"op": [], "src": 3}, "ERR_OT_OP_BADLY_FORMED", "src must be a string"),
        ({"op": [], "src": "\ud800"}, "ERR_MESSAGE_BADLY_FORMED", "Invalid src"),
        (
            {"op": [], "seq": None},
            "ERR_OT_OP_BADLY_FORMED",
            "Both src and seq must be set together",
        ),
    ],
)
async def test_an_op_must_be_one_of_its_kinds(
    backend: Backend, body: dict[str, Any], code: str, reason: str
) -> None:
    client = await connect(backend)
    reply = await client.ask(**{"a": "op", **DOC, "v": 0, "seq": 1, **body})
    assert reply["error"] == {"code": code, "message": reason}


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" + "0" * 400, "NaN", "Infinity"])
async def test_a_number_that_javascript_cannot_write_ends_the_connection(
    backend: Backend, number: str
) -> None:
    client = await connect(backend)
    client.agent.receive_frame('{"a":"pp","x":' + number + "}")
    assert client.closed == (1011, "Message is not valid JSON")


async def test_a_string_of_many_digits_is_no_number(backend: Backend) -> None:
    client = await connect(backend)
    client.agent.receive_frame(json.dumps({"a": "pp", "x": "1" * 400}))
    assert await client.next() == {"a": "pp"}


async def test_empty_keys_are_echoed_where_javascript_takes_them_for_true(backend: Backend) -> None:
    client = await connect(backend)
    assert await client.ask(a="bu", c="dogs", b=[]) == {"a": "bu", "c": "dogs", "b": []}
    assert await client.ask(a="bs", c="dogs", b={}) == {"a": "bs", "c": "dogs", "b": {}}
    reply = await client.ask(a="f", c="", d="")
    assert reply == {"a": "f", "data": {"v": 0, "type": None}}


@pytest.mark.parametrize("action", VALID)
async def test_fields_of_other_actions_do_not_matter(backend: Backend, action: str) -> None:
    client = await connect(backend)
    strange = {key: 388 for key in ("b", "r", "q", "o", "x", "ts") if key not in VALID[action]}
    if action in ("qf", "qs", "qu"):
        del strange["r"]
    reply = await client.ask(a=action, **VALID[action], **strange)
    assert "error" not in reply
