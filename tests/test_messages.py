"""Messages parsed, checked and built, without a connection (protocol sections 1 and 2).

Each row of the table in 2.2 is tested over a connection in ``tests/server``; here:
what is accepted, which rule wins, and what replies are made of.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharedb_py.errors import ErrorCode, MessageBadlyFormed, OpRejected, QueryError, ShareDBError
from sharedb_py.jsonvalue import MISSING
from sharedb_py.messages import (
    UnparsableMessage,
    at_least,
    build_error,
    build_op,
    build_reply,
    build_snapshot,
    check_message,
    encode,
    error_body,
    handshake,
    op_of_message,
    parse,
)
from sharedb_py.ot import types
from sharedb_py.snapshot import Snapshot, empty_snapshot

JSON0, TEXT0 = types["json0"].uri, types["text0"].uri
DOC: dict[str, Any] = {"c": "dogs", "d": "fido"}


# Parsing


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ('{"a":"pp"}', {"a": "pp"}),
        (b'{"a":"pp"}', {"a": "pp"}),
        ('  {"a" : "pp"}\n', {"a": "pp"}),
        ('{"d":"é😀"}'.encode(), {"d": "é😀"}),
        (r'{"d":"\ud83d\ude00"}', {"d": "😀"}),
        (r'{"d":"\ud83d"}', {"d": chr(0xD83D)}),
        ('{"v":1.5,"w":-0.0,"x":1e3}', {"v": 1.5, "w": 0, "x": 1000}),
        ('{"v":9007199254740993}', {"v": 2**53 + 1}),
        ('{"a":1,"a":2}', {"a": 2}),
        ("{}", {}),
    ],
    ids=str,
)
def test_a_frame_holds_one_json_object(frame: str | bytes, message: Any) -> None:
    assert parse(frame) == message


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", 1011),
        ("{", 1011),
        ('{"a":"pp"}{}', 1011),
        ("{'a':1}", 1011),
        ('{"v":NaN}', 1011),
        ('{"v":Infinity}', 1011),
        ('{"v":-Infinity}', 1011),
        ('{"v":1e999}', 1011),
        ('{"v":-1e999}', 1011),
        ('{"v":' + "9" * 400 + "}", 1011),
        ('{"v":' + "9" * 5000 + "}", 1011),
        (b"\xff\xfe", 1011),
        (b'{"d":"\xff"}', 1011),
        (b'{"d":"\xed\xa0\x80"}', 1011),
        ("\ufeff{}", 1011),
        ("[" * 100_000, 1011),
        ('"text"', 1011),
        ("1", 1011),
        ("true", 1011),
        ('[{"a":"pp"}]', 1011),
        ("null", 1000),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_json_object_closes_the_connection(frame: str | bytes, code: int) -> None:
    with pytest.raises(UnparsableMessage) as caught:
        parse(frame)
    assert caught.value.code == code
    assert 0 < len(caught.value.reason.encode()) <= 123, "a close frame has room for no more"


json_objects = st.dictionaries(
    st.text(st.characters(codec=None, exclude_categories=())),
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None, exclude_categories=()))
    | st.lists(st.integers(0, 3)),
)


@settings(deadline=None)
@given(message=json_objects)
def test_what_is_encoded_is_ascii_and_parsed_back(message: Any) -> None:
    text = encode(message)
    assert text.isascii()
    assert parse(text) == message
    assert parse(text.encode()) == message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_javascript_cannot_read_is_never_encoded(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode({"data": value})


# Checking

ACCEPTED: list[dict[str, Any]] = [
    *({"a": action, "id": 1, "c": "dogs", "q": {}} for action in ("qf", "qs")),
    *({"a": "qs", "id": i, "c": "dogs", "q": {"a": 1}} for i in (0, -1, 1.5)),
    *({"a": "qs", "id": 1, "c": "dogs", "q": {}, "r": r} for r in (None, [], [["x", None]])),
    *({"a": "qs", "id": 1, "c": "dogs", "q": {}, "r": [["x", v]]} for v in (0, 3, 1.5)),
    {"a": "qs", "id": 1, "c": "dogs", "q": {}, "r": [["x"], ["", 1, "more"]], "o": {}},
    {"a": "qu", "id": 1},
    *({"a": action, **DOC} for action in ("f", "s", "u")),
    *({"a": action, "c": "", "d": ""} for action in ("f", "s", "u")),
    *({"a": "s", **DOC, "v": v} for v in (None, 0, 7, 1.5)),
    {"a": "op", **DOC, "v": None, "seq": 1, "op": []},
    {"a": "op", **DOC, "v": 0, "seq": 2**53 - 2, "create": {"type": "json0"}, "x": {}},
    *({"a": action, **DOC, "id": 1} for action in ("nf", "nt")),
    *({"a": "nt", **DOC, "id": 1, "ts": ts} for ts in (None, 0, 1.5, -1)),
    {"a": "nf", **DOC, "id": 1, "v": None},
    {"a": "p", "ch": "room", "id": "", "p": None, "pv": 0},
    {"a": "p", "ch": "dogs.fido", **DOC, "id": "p1", "p": {}, "pv": None, "v": 3, "t": JSON0},
    *({"a": action, "c": "dogs", "b": []} for action in ("bf", "bs", "bu")),
    *({"a": action, "c": "dogs", "b": ["", "x", "x"]} for action in ("bf", "bs", "bu")),
    *({"a": action, "c": "dogs", "b": {"x": 1, "": None}} for action in ("bf", "bs", "bu")),
    *({"a": action, "ch": "", "seq": 1} for action in ("ps", "pu", "pr")),
    *({"a": "hs", "id": i} for i in (None, "", 0, False, "abc")),
    *({"a": "hs", "id": None, "protocol": p, "protocolMinor": p} for p in (None, 1, "1", 1.5)),
    {"a": "pp"},
    {"a": "pp", "c": "dogs", "ch": "room", "seq": -1.5, "unknown": [1]},
]


@pytest.mark.parametrize("message", ACCEPTED, ids=str)
def test_what_the_rules_allow_passes(message: dict[str, Any]) -> None:
    check_message(message)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"a": "qs", "id": "x", "r": 1, "c": 5, "q": 5}, "Missing query ID"),
        ({"a": "qs", "id": 1, "r": [["x", -1], 5], "c": "dogs", "q": {}}, "Invalid version"),
        ({"a": "qs", "id": 1, "r": [[5, -1]], "c": "dogs", "q": {}}, "Invalid id"),
        ({"a": "qs", "id": 1, "r": [[]], "c": "dogs", "q": {}}, "Invalid id"),
        ({"a": "qs", "id": 1, "r": 1, "c": 5, "q": {}}, "Invalid query results"),
        ({"a": "s", "c": 5, "d": 5, "v": -1, "ts": "x"}, "Invalid id"),
        ({"a": "s", "c": 5, "d": "x", "v": -1, "ts": "x"}, "Invalid version"),
        ({"a": "s", "c": 5, "d": "x", "v": 1, "ts": "x"}, "Invalid timestamp"),
        ({"a": "s", "c": 5, "d": "x", "v": 1}, "Invalid collection"),
        ({"a": "nf", "c": None, "d": None, "v": -1}, "Invalid collection"),
        ({"a": "nf", "c": "dogs", "d": None, "v": -1}, "Invalid id"),
        ({"a": "p", "d": 5, "v": -1, "id": 1, "pv": -1}, "Invalid id"),
        ({"a": "p", "v": -1, "id": 1, "pv": -1}, "Invalid version"),
        ({"a": "p", "id": 1, "pv": -1}, "Invalid presence ID"),
        ({"a": "p", "id": "x", "pv": -1, "ch": 5}, "Invalid presence version"),
        ({"a": "p", "id": "x", "ch": 5, "c": 5}, "Invalid collection"),
        ({"a": "bs", "c": 5, "b": {"toString": -1}}, "Invalid id"),
        ({"a": "bs", "c": 5, "b": {"x": -1}}, "Invalid version"),
        ({"a": "ps", "ch": 5, "seq": "x"}, "Invalid presence channel"),
        ({"a": "hs", "id": 5, "protocol": []}, "Invalid protocol"),
        ({"a": "pp", "c": 5, "ch": 5, "seq": "x"}, "Invalid collection"),
        ({"a": "pp", "ch": 5, "seq": "x"}, "Invalid presence channel"),
        ({}, "Invalid or unknown message"),
    ],
    ids=str,
)
def test_the_first_rule_that_is_broken_is_named(message: dict[str, Any], reason: str) -> None:
    with pytest.raises(MessageBadlyFormed) as caught:
        check_message(message)
    assert (caught.value.code, caught.value.message) == (ErrorCode.MESSAGE_BADLY_FORMED, reason)


@pytest.mark.parametrize("message", [*ACCEPTED, {"a": "nonsense"}, {"a": "s", "c": [], "d": {}}])
def test_checking_changes_nothing(message: dict[str, Any]) -> None:
    before = json.dumps(message)
    code_of(message)
    assert json.dumps(message) == before


@settings(deadline=None, max_examples=300)
@given(
    action=st.sampled_from([*{str(m["a"]) for m in ACCEPTED}, "?", None]),
    rest=st.dictionaries(
        st.sampled_from(["id", "c", "d", "v", "b", "r", "q", "o", "ch", "seq", "pv", "ts", "op"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.floats(),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(st.text(max_size=3), inner, max_size=2)
            ),
            max_leaves=4,
        ),
    ),
)
def test_any_message_passes_or_is_told_what_is_wrong(action: Any, rest: dict[str, Any]) -> None:
    codes = (ErrorCode.MESSAGE_BADLY_FORMED, ErrorCode.CONNECTION_SEQ_INTEGER_OVERFLOW)
    assert code_of({"a": action, **rest}) in (None, *codes)


def code_of(message: dict[str, Any]) -> str | int | None:
    """The code of the error that a message meets, or None."""
    try:
        check_message(message)
    except ShareDBError as error:
        return error.code
    return None


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_a_message_nests_only_so_deep() -> None:
    check_message({"a": "op", **DOC, "v": 0, "seq": 1, "op": nested(150)})
    with pytest.raises(MessageBadlyFormed, match="nested"):
        check_message({"a": "op", **DOC, "v": 0, "seq": 1, "op": nested(50_000)})


# Ops


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"op": [1]}, {"op": [1]}),
        ({"op": None}, {"op": None}),
        ({"op": 0, "create": {"type": "x"}, "del": True}, {"op": 0}),
        ({"create": {"type": "x"}, "del": True}, {"create": {"type": "x"}}),
        ({"create": {}}, {"create": {}}),
        ({"create": None, "del": True}, {"del": True}),
        ({"del": True}, {"del": True}),
        ({"del": 1}, {"del": 1}),
    ],
    ids=str,
)
def test_the_kind_of_an_op_is_told_by_its_keys(body: Any, expected: Any) -> None:
    message = {"a": "op", **DOC, "v": 2, "seq": 7, "m": {"ts": 1}, "extra": 1, "x": {}, **body}
    assert op_of_message(message, "me") == {"src": "me", "seq": 7, "v": 2, **expected}


@pytest.mark.parametrize("body", [{}, {"create": None}, {"del": False}, {"create": 0, "del": 0}])
def test_an_op_message_without_an_op_is_badly_formed(body: Any) -> None:
    with pytest.raises(MessageBadlyFormed, match="Invalid op message"):
        op_of_message({"a": "op", **DOC, "v": 2, "seq": 7, **body}, "me")


@pytest.mark.parametrize(("sent", "src"), [("old", "old"), (None, "me"), ("", "me")])
def test_an_op_sent_again_keeps_its_source(sent: Any, src: str) -> None:
    assert op_of_message({"src": sent, "op": []}, "me")["src"] == src


@pytest.mark.parametrize(
    ("protocol", "wanted", "enough"),
    [
        ((0, 0), (1, 2), False),
        ((1, 1), (1, 2), False),
        ((1, 2), (1, 2), True),
        ((1, 10), (1, 2), True),
        ((2, 0), (1, 2), True),
        ((1.0, 2.0), (1, 2), True),
    ],
)
def test_protocols_compare_as_numbers(protocol: Any, wanted: Any, enough: bool) -> None:
    assert at_least(protocol, wanted) is enough


# Building


@pytest.mark.parametrize("action", ["init", "hs"])
def test_the_greeting_names_protocol_client_and_default_type(action: str) -> None:
    assert handshake(action, "abc") == {
        "a": action,
        "protocol": 1,
        "protocolMinor": 2,
        "id": "abc",
        "type": JSON0,
    }


@pytest.mark.parametrize(
    ("snapshot", "payload"),
    [
        (Snapshot("x", 3, JSON0, {"a": 1}), {"v": 3, "data": {"a": 1}}),
        (Snapshot("x", 3, JSON0, None), {"v": 3, "data": None}),
        (Snapshot("x", 3, JSON0, MISSING), {"v": 3}),
        (Snapshot("x", 3, JSON0, {}, {"mtime": 1}), {"v": 3, "data": {}}),
        (Snapshot("x", 3, TEXT0, "t"), {"v": 3, "data": "t", "type": TEXT0}),
        (Snapshot("x", 2), {"v": 2, "type": None}),
        (empty_snapshot("x"), {"v": 0, "type": None}),
    ],
    ids=str,
)
def test_a_snapshot_names_its_type_unless_it_is_the_default(
    snapshot: Snapshot, payload: Any
) -> None:
    assert build_snapshot(snapshot) == payload


@pytest.mark.parametrize(
    "body",
    [
        {"op": [{"p": ["a"], "na": 1}]},
        {"op": []},
        {"op": None},
        {"op": 0},
        {"create": {"type": JSON0, "data": None}},
        {"del": True},
        {},
    ],
    ids=str,
)
def test_a_pushed_op_carries_what_clients_know_and_no_more(body: Any) -> None:
    stored = {"src": "a", "seq": 1, "v": 5, "m": {"ts": 1}, "i": "p", "accountId": 7, **body}
    expected = {"a": "op", **DOC, "v": 5, "src": "a", "seq": 1, **body}
    assert build_op("dogs", "fido", stored) == expected


def test_an_op_of_the_server_has_no_source() -> None:
    assert build_op("dogs", "fido", {"v": 5, "del": True}).keys() == {"a", "c", "d", "v", "del"}


@pytest.mark.parametrize(
    ("request_", "result", "reply"),
    [
        ({"a": "f", **DOC}, {"data": {"v": 1}}, {"a": "f", **DOC, "data": {"v": 1}}),
        ({"a": "u", **DOC}, None, {"a": "u", **DOC}),
        ({"a": "qf", "id": 3, **DOC, "q": {}}, {"data": []}, {"a": "qf", "id": 3, "data": []}),
        ({"a": "nf", "id": 3, **DOC}, {"id": 9, "v": 1}, {"a": "nf", "id": 3, "v": 1}),
        ({"a": "bs", "c": "dogs", "b": ["x"]}, None, {"a": "bs", "c": "dogs", "b": ["x"]}),
        ({"a": "bs", "c": "dogs", "b": []}, None, {"a": "bs", "c": "dogs", "b": []}),
        (
            {"a": "bs", "c": "dogs", "b": ["x"]},
            {"data": {"x": {}}},
            {"a": "bs", "c": "dogs", "data": {"x": {}}},
        ),
        ({"a": "f", "c": "", "d": ""}, None, {"a": "f"}),
        ({"a": "hs", "id": ""}, {"id": "new"}, {"a": "hs", "id": "new"}),
        ({"a": "pr", "ch": "room"}, None, {"a": "pr"}),
        ({"a": "pp"}, {"a": "wrong"}, {"a": "pp"}),
    ],
    ids=str,
)
def test_a_reply_lets_the_client_find_its_request(request_: Any, result: Any, reply: Any) -> None:
    before = json.dumps([request_, result])
    assert build_reply(request_, result) == reply
    assert json.dumps([request_, result]) == before


def test_an_error_echoes_the_whole_request() -> None:
    request = {"a": "op", **DOC, "v": 1, "seq": 2, "op": [1], "x": {}, "unknown": None}
    reply = build_error(request, OpRejected("No", "ERR_CUSTOM"))
    assert reply == {**request, "error": {"code": "ERR_CUSTOM", "message": "No"}}
    assert "error" not in request


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (ShareDBError("No"), {"message": "No"}),
        (ShareDBError("No", 4103), {"code": 4103, "message": "No"}),
        (QueryError("No", 0), {"code": 0, "message": "No"}),
        (OpRejected("No"), {"code": "ERR_OP_SUBMIT_REJECTED", "message": "No"}),
        (
            ValueError("/etc/secret"),
            {"code": "ERR_UNKNOWN_ERROR", "message": "Internal server error"},
        ),
    ],
    ids=str,
)
def test_an_error_shows_its_code_and_message_but_nothing_from_inside(
    error: Exception, body: Any
) -> None:
    assert error_body(error) == body
