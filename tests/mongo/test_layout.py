"""What is stored: the BSON that Node would write, and JSON as clients know it."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import (
    Binary,
    Code,
    DBRef,
    Decimal128,
    Int64,
    MinKey,
    ObjectId,
    Regex,
    Timestamp,
    decode,
    encode,
)
from bson.binary import UUID_SUBTYPE
from hypothesis import given
from hypothesis import strategies as st

from sharedb_mongo.layout import (
    OpLink,
    check_data,
    op_from_document,
    op_to_document,
    projection_of,
    snapshot_from_document,
    snapshot_to_document,
)
from sharedb_mongo.names import check_collection
from sharedb_mongo.values import from_bson, to_bson
from sharedb_py.errors import DatabaseError
from sharedb_py.jsonvalue import MISSING
from sharedb_py.snapshot import Snapshot

JSON0 = "http://sharejs.org/types/JSONv0"
LINK = ObjectId("65a1b2c3d4e5f60718293a4b")


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (1, 1),
        (2**31 - 1, 2**31 - 1),
        (-(2**31), -(2**31)),
        (2**31, 2147483648.0),
        (2**53 + 1, 9007199254740992.0),
        (10**400, math.inf),
        (3.0, 3),
        (3.5, 3.5),
        (5e9, 5e9),
        (True, True),
        ("x\ud800y", "x\ufffdy"),
        ("\ud83d\ude00", "😀"),
        ({"k\udfff": [1.0]}, {"k\ufffd": [1]}),
    ],
    ids=repr,
)
def test_a_value_is_stored_as_the_javascript_driver_stores_it(value: Any, stored: Any) -> None:
    found = to_bson(value)
    assert (found, type(found)) == (stored, type(stored))


def test_minus_zero_stays_a_double() -> None:
    assert math.copysign(1, to_bson(-0.0)) == -1


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        (1795492869130.0, 1795492869130),
        (0.5, 0.5),
        (1e300, 1e300),
        (Int64(2**60), 2**60),
        (LINK, str(LINK)),
        (datetime(2026, 11, 24, 4, 5, 6, 789000, UTC), "2026-11-24T04:05:06.789Z"),
        (math.nan, None),
        (math.inf, None),
        # As JSON.stringify writes what the JavaScript driver reads.
        (Binary(b"hi"), "aGk="),
        (b"hi", "aGk="),
        (Binary(bytes(range(16)), UUID_SUBTYPE), "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        (Decimal128("1.50"), {"$numberDecimal": "1.50"}),
        (Timestamp(5, 6), {"$timestamp": "21474836486"}),
        (Code("x"), {"code": "x"}),
        (DBRef("dogs", LINK), {"$ref": "dogs", "$id": str(LINK)}),
        (Regex("a"), {}),
        (MinKey(), {}),
    ],
    ids=repr,
)
def test_a_stored_value_is_read_as_json(stored: Any, value: Any) -> None:
    found = from_bson({"x": [stored]})["x"][0]
    assert (found, type(found)) == (value, type(value))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text("aé字\x00")
    | st.floats(-1, 1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab.$"), inner, max_size=4),
)


@given(json_values)
def test_any_json_survives(value: Any) -> None:
    assert from_bson(decode(encode({"x": to_bson(value)}))["x"]) == value


@pytest.mark.parametrize("data", [{"a": 1}, {}, [1], "text", 5, None])
def test_a_snapshot_comes_back_whole(data: Any) -> None:
    meta = {"ctime": 1, "mtime": 2, "_create": {"src": "a", "seq": 1, "v": 0}, "custom": [1]}
    snapshot = Snapshot("x", 3, JSON0, data, meta)
    document = snapshot_to_document(snapshot, LINK)
    assert (document["_id"], document["_v"], document["_o"]) == ("x", 3, LINK)
    assert ("_data" in document) is not isinstance(data, dict)
    assert snapshot_from_document(document, metadata=True) == snapshot
    assert snapshot_from_document(document) == snapshot.without_meta()


def test_a_deleted_document_keeps_its_version_and_no_data() -> None:
    document = snapshot_to_document(Snapshot("x", 3, None, MISSING, {"mtime": 1}), LINK)
    assert document == {"_id": "x", "_type": None, "_v": 3, "_m": {"mtime": 1}, "_o": LINK}
    assert snapshot_from_document(document | {"left": "over"}) == Snapshot("x", 3)


@pytest.mark.parametrize("document", [{"_id": "x"}, {"_id": LINK, "_v": 1}, {"_id": 1, "_v": 1}])
def test_what_sharedb_did_not_write_is_named(document: Any) -> None:
    with pytest.raises(DatabaseError, match="is no ShareDB document"):
        snapshot_from_document({"_type": JSON0, **document})


@pytest.mark.parametrize("key", ["_id", "_v", "_type", "_m", "_o", "_data"])
def test_a_key_of_the_layouts_own_is_refused(key: str) -> None:
    with pytest.raises(DatabaseError, match=key):
        check_data({key: 1})
    check_data({"_notebook": 1, "nested": {key: 1}})
    check_data([key])


def test_an_op_is_stored_with_its_keys_in_nodes_order() -> None:
    op = {"v": 1, "seq": 2, "src": "a", "m": {"ts": 5}, "op": [], "custom": 1}
    document = op_to_document("x", op, LINK, None)
    assert list(document) == [*("src", "seq", "v", "op", "c", "d", "m", "o", "_id"), "custom"]
    assert (document["c"], document["d"], document["o"]) == (None, "x", None)
    assert op_from_document(document, metadata=True) == op
    assert "m" not in op_from_document(document)


def test_an_absent_kind_that_node_stored_as_null_is_absent_again() -> None:
    stored = {"_id": LINK, "d": "x", "o": None, "c": None, "v": 1, "create": None, "del": False}
    assert op_from_document(stored) == {"v": 1}
    assert op_from_document(stored | {"op": None}) == {"v": 1, "op": None}


def test_a_projection_reads_what_tells_about_the_document_too() -> None:
    assert projection_of(None, metadata=True) == {}
    assert projection_of(None, metadata=False) == {"_m": 0, "_o": 0}
    assert projection_of(frozenset("a"), metadata=True).keys() == {
        "a",
        *("_type _v _data _m".split()),
    }
    assert projection_of(frozenset({"a.b"}), metadata=False) == {"_m": 0, "_o": 0}


@pytest.mark.parametrize(
    "name",
    [
        "",
        "system",
        "system.users",
        "o_dogs",
        "m_dogs",
        "a$b",
        "a\0b",
        ".a",
        "a.",
        "a..b",
        5,
        None,
        "x" * 201,
    ],
)
def test_a_name_that_reaches_beyond_documents_is_refused(name: Any) -> None:
    with pytest.raises(DatabaseError, match="Invalid collection name") as caught:
        check_collection(name)
    assert caught.value.code == 4102
    assert check_collection("dogs.big") == "dogs.big"


def test_a_link_answers_only_for_the_version_it_stands_at() -> None:
    link = OpLink(3, LINK)
    assert (link.of(3), link.of(4)) == (LINK, MISSING)
    link.move(4, None)
    assert (link.of(3), link.of(4)) == (MISSING, None)
