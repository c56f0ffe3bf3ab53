"""Versioned ops: the static rules, applying, transforming and replaying (protocol section 3)."""

from __future__ import annotations

from typing import Any

import pytest

from sharedb_py.errors import ErrorCode, OpBadlyFormed, ShareDBError
from sharedb_py.jsonvalue import MISSING
from sharedb_py.ops import (
    apply_op,
    check_op,
    check_submitted_op,
    is_same_source,
    normalize_type,
    replay,
    transform_op,
)
from sharedb_py.ot import DEFAULT_TYPE, types
from sharedb_py.snapshot import Snapshot, empty_snapshot

URI = DEFAULT_TYPE.uri
KEY: dict[str, Any] = {"src": "s", "seq": 1, "v": 0}
CREATE = {"create": {"type": URI, "data": {"n": 1}}}
DELETE = {"del": True}
EDIT = {"op": [{"p": ["n"], "na": 1}]}
DOC = Snapshot("fido", 3, URI, {"n": 1})
NO_DOC = Snapshot("fido", 3)


def code_and_message(call: Any) -> tuple[Any, str]:
    with pytest.raises(ShareDBError) as raised:
        call()
    return raised.value.code, raised.value.message


@pytest.mark.parametrize("body", [CREATE, DELETE, EDIT, {"op": None}, {"op": []}])
def test_a_well_formed_op_passes(body: dict[str, Any]) -> None:
    check_op({**KEY, **body})
    check_op({"v": 0, "m": None, **body})
    check_op({"v": 0, "m": {"ts": 1}, **body})


@pytest.mark.parametrize(
    ("op", "message"),
    [
        ("text", "Op must be an object"),
        ({**KEY, "create": None}, "Create data must be an object"),
        ({**KEY, "create": []}, "Create data must be an object"),
        ({**KEY, "create": {}}, "Missing create type"),
        ({**KEY, "create": {"type": 5}}, "Missing create type"),
        ({**KEY, "del": 1}, "del value must be true"),
        ({**KEY, "del": False}, "del value must be true"),
        (KEY, "Missing op, create, or del"),
        ({**KEY, **EDIT, "src": 5}, "src must be a string"),
        ({**KEY, **EDIT, "seq": "1"}, "seq must be a number"),
        ({**KEY, **EDIT, "seq": True}, "seq must be a number"),
        ({**KEY, **EDIT, "src": None}, "Both src and seq must be set together"),
        ({"src": "s", "v": 0, **EDIT}, "Both src and seq must be set together"),
        ({**KEY, **EDIT, "m": []}, "op.m must be an object or null"),
    ],
)
def test_the_first_rule_that_an_op_breaks_is_named(op: Any, message: str) -> None:
    with pytest.raises(OpBadlyFormed) as refused:
        check_op(op)
    assert refused.value.message == message


def test_an_unknown_type_has_a_code_of_its_own() -> None:
    unknown = {**KEY, "create": {"type": "no such type"}}
    assert code_and_message(lambda: check_op(unknown)) == (
        ErrorCode.DOC_TYPE_NOT_RECOGNIZED,
        "Unknown type",
    )


@pytest.mark.parametrize(
    ("create", "after"),
    [
        ({"type": "json0"}, {"type": URI}),
        ({"type": URI, "data": 1}, {"type": URI, "data": 1}),
        ({"type": "no such type"}, {}),
        ({"type": 5}, {}),
        ({}, {}),
        (5, 5),
    ],
)
def test_types_become_uris_and_unknown_ones_go(create: Any, after: Any) -> None:
    op = {"create": create}
    normalize_type(op)
    assert op == {"create": after}
    normalize_type(edit := dict(EDIT))
    assert edit == EDIT


def test_only_json0_edits_are_checked_before_they_are_decided() -> None:
    check_submitted_op({"op": "nonsense"}, NO_DOC)
    check_submitted_op(DELETE, DOC)
    with pytest.raises(OpBadlyFormed):
        check_submitted_op({"op": "nonsense"}, DOC)


def test_ops_are_the_same_by_source_and_number() -> None:
    assert is_same_source({"src": "s", "seq": 1}, {"src": "s", "seq": 1, "v": 5})
    assert not is_same_source({"src": "s", "seq": 1}, {"src": "s", "seq": 2})
    assert not is_same_source({"src": None, "seq": None}, {})
    assert not is_same_source({"src": "", "seq": 1}, {"src": "", "seq": 1})


@pytest.mark.parametrize(
    ("snapshot", "body", "type_uri", "data"),
    [
        (NO_DOC, CREATE, URI, {"n": 1}),
        (NO_DOC, {"create": {"type": URI}}, URI, None),
        (NO_DOC, DELETE, None, MISSING),
        (DOC, DELETE, None, MISSING),
        (DOC, EDIT, URI, {"n": 2}),
        (DOC, {}, URI, {"n": 1}),
        (NO_DOC, {}, None, MISSING),
    ],
)
def test_every_op_takes_one_version(
    snapshot: Snapshot, body: dict[str, Any], type_uri: str | None, data: Any
) -> None:
    for version in ({"v": 3}, {"v": None}, {}):
        after = apply_op(snapshot, {**version, **body})
        assert (after.version, after.type_uri, after.data) == (4, type_uri, data)
    assert (DOC.data, NO_DOC.data) == ({"n": 1}, MISSING)


UNKNOWN = Snapshot("fido", 3, "http://no.such/type", 1)


@pytest.mark.parametrize(
    ("snapshot", "body", "code", "message"),
    [
        (
            DOC,
            {"v": 2, **EDIT},
            ErrorCode.APPLY_OP_VERSION_DOES_NOT_MATCH_SNAPSHOT,
            "Version mismatch",
        ),
        (DOC, CREATE, ErrorCode.DOC_ALREADY_CREATED, "Document already exists"),
        (NO_DOC, EDIT, ErrorCode.DOC_DOES_NOT_EXIST, "Document does not exist"),
        (UNKNOWN, EDIT, ErrorCode.DOC_TYPE_NOT_RECOGNIZED, "Unknown type"),
        (
            NO_DOC,
            {"create": {"type": "no such type"}},
            ErrorCode.DOC_TYPE_NOT_RECOGNIZED,
            "Unknown type",
        ),
        (
            DOC,
            {"op": [{"p": ["n", 0], "li": 1}]},
            ErrorCode.OT_OP_NOT_APPLIED,
            "Referenced element not a list",
        ),
    ],
)
def test_an_op_that_does_not_fit_is_refused(
    snapshot: Snapshot, body: dict[str, Any], code: str, message: str
) -> None:
    assert code_and_message(lambda: apply_op(snapshot, {"v": 3, **body})) == (code, message)


def test_what_a_types_own_code_raises_is_told() -> None:
    class Broken:
        name = uri = "broken-type"

        def create(self, data: Any = MISSING) -> Any:
            raise ZeroDivisionError("no such number")

        def apply(self, snapshot: Any, op: Any) -> Any:
            raise ZeroDivisionError("no such number")

        def transform(self, op: Any, other: Any, side: Any) -> Any:
            raise ZeroDivisionError("no such number")

    types.register(Broken())
    create = {"v": 3, "create": {"type": "broken-type"}}
    broken = Snapshot("fido", 3, "broken-type", 1)
    for call in (lambda: apply_op(NO_DOC, create), lambda: apply_op(broken, {"v": 3, "op": 1})):
        assert code_and_message(call) == (ErrorCode.OT_OP_NOT_APPLIED, "no such number")
    assert code_and_message(lambda: transform_op(broken, {"v": 0, "op": 1}, {"v": 0, "op": 2})) == (
        None,
        "The op cannot be transformed: no such number",
    )


CREATED = (ErrorCode.DOC_ALREADY_CREATED, "Document was created remotely")
DELETED = (ErrorCode.DOC_WAS_DELETED, "Document was deleted")


@pytest.mark.parametrize(
    ("submitted", "committed", "refused"),
    [
        *((body, CREATE, CREATED) for body in (CREATE, EDIT, DELETE)),
        *((body, DELETE, DELETED) for body in (CREATE, EDIT)),
        (CREATE, EDIT, CREATED),
        *((body, {}, None) for body in (CREATE, EDIT, DELETE, {})),
        *((DELETE, body, None) for body in (DELETE, EDIT)),
        *(({}, body, None) for body in (CREATE, DELETE, EDIT)),
    ],
)
def test_the_transform_table(
    submitted: dict[str, Any], committed: dict[str, Any], refused: tuple[str, str] | None
) -> None:
    op = {"v": 3, **submitted}
    if refused:
        assert code_and_message(lambda: transform_op(DOC, op, {"v": 3, **committed})) == refused
        return
    transform_op(DOC, op, {"v": 3, **committed})
    assert op == {"v": 4, **submitted}


def test_the_submitted_op_is_left() -> None:
    op: dict[str, Any] = {"v": 3, "op": [{"p": ["a", 0], "li": "mine"}]}
    transform_op(DOC, op, {"v": 3, "op": [{"p": ["a", 0], "li": "theirs"}]})
    assert op == {"v": 4, "op": [{"p": ["a", 0], "li": "mine"}]}


def test_versions_must_meet_and_the_document_be_there() -> None:
    assert code_and_message(lambda: transform_op(DOC, {"v": 2, **EDIT}, {"v": 3, **EDIT})) == (
        ErrorCode.OP_VERSION_MISMATCH_DURING_TRANSFORM,
        "Op submit failed. Versions mismatched during op transform",
    )
    assert code_and_message(lambda: transform_op(NO_DOC, {"v": 3, **EDIT}, {"v": 3, **EDIT})) == (
        ErrorCode.DOC_DOES_NOT_EXIST,
        "Document does not exist",
    )
    wrong: dict[str, Any] = {"v": 3, "op": [{"p": "n"}]}
    with pytest.raises(OpBadlyFormed):
        transform_op(DOC, wrong, {"v": 3, **EDIT})


def test_a_log_replays_to_its_snapshot_old_notations_included() -> None:
    log: list[dict[str, Any]] = [
        {"v": 0, **CREATE},
        {"v": 1, "op": [{"p": ["list"], "oi": ["a", "b"]}]},
        {"v": 2, "op": [{"p": ["list", "0"], "lm": "1"}]},
        {"v": 3},
        {"v": 4, **EDIT},
    ]
    before = [dict(op) for op in log]
    after = replay(empty_snapshot("fido"), log)
    assert (after.version, after.data) == (5, {"n": 2, "list": ["b", "a"]})
    assert log == before
    hostile = [{"v": 5, "op": [{"p": ["__proto__"], "oi": 1}]}]
    assert code_and_message(lambda: replay(after, hostile))[0] == ErrorCode.OT_OP_NOT_APPLIED
