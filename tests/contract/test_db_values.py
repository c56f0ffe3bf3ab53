"""Any JSON is stored as it is, under odd names too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharedb_py.db.base import DB
from sharedb_py.jsonvalue import json_equal
from sharedb_py.ops import replay
from sharedb_py.snapshot import empty_snapshot
from tests.contract.conftest import ANY_COLLECTION, ANY_KEY, NESTED_LISTS, SURROGATES
from tests.contract.writing import DELETE, TEXT0, create, edit, entry, insert, write

VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -0.5,
    1.5e300,
    2**53 - 1,
    -(2**53) + 1,
    "",
    "text",
    "null",
    '"quoted"',
    "a\u0000b",
    "\u0000",
    "\u2028\u2029\ufeff\uffff",
    "e\u0301 \u00e9 字 😀 👩‍🔬",
    [],
    {},
    pytest.param([[], {}, None, [None]], marks=pytest.mark.needs(NESTED_LISTS)),
    {"a": {"b": {"c": [1, {"d": None}]}}},
    {"": 1},
    pytest.param({"deep": [[[[[[[[[[["bottom"]]]]]]]]]]]}, marks=pytest.mark.needs(NESTED_LISTS)),
]
NAMES = [
    "x y",
    "a.b",
    "a/b",
    "..",
    "%",
    "_",
    "'; DROP TABLE ops; --",
    '"',
    "\\",
    "*",
    "1",
    "01",
    "1.0",
    "NULL",
    "ünïcödé",
    "u\u0308",
    "字",
    "😀",
    "\uffff",
    "\n\t",
    "a\u0000",
    "a\u0000b",
    "x" * 900,
    "Dogs",
    "DOGS",
]


async def survives(db: DB, data: Any, doc_id: str = "x") -> None:
    """Store a value as data, in an op and in metadata, and find it unchanged."""
    made = entry("values", empty_snapshot(doc_id), create(data) | {"m": {"ts": 1, "value": data}})
    assert made.snapshot.meta is not None
    made.snapshot.meta["value"] = data
    assert await db.commit([made]) == [True]
    found = await db.get_snapshot("values", doc_id, metadata=True)
    [op] = await db.get_ops("values", doc_id, None, None, metadata=True)
    assert found.meta is not None
    for value in (found.data, found.meta["value"], op["create"]["data"], op["m"]["value"]):
        assert json_equal(value, data)
        assert json.dumps(value) == json.dumps(data)


@pytest.mark.parametrize("data", VALUES, ids=repr)
async def test_a_value_comes_back_as_it_was(db: DB, data: Any) -> None:
    await survives(db, data)


@pytest.mark.needs(ANY_KEY)
@pytest.mark.parametrize(
    "key", ["a.b", "$set", ".", "a\u0000b", "_id", "_v", "_type", "_m", "_data"]
)
async def test_a_key_is_any_string(db: DB, key: str) -> None:
    await survives(db, {key: 1, "nested": {key: {key: []}}})


@pytest.mark.needs(SURROGATES)
@pytest.mark.parametrize("units", [[0xD83D], [0xDE00], [0x61, 0xDC00, 0xD800], [0xDE00, 0xD83D]])
async def test_half_a_surrogate_pair_comes_back_as_it_was(db: DB, units: list[int]) -> None:
    text = "".join(map(chr, units))
    await survives(db, {text: [text]})


@pytest.mark.needs(SURROGATES)
async def test_a_pair_that_one_op_splits_another_joins(db: DB) -> None:
    await write(db, "texts", "t", create("a😀b", TEXT0), edit({"p": 2, "i": "-"}))
    assert (await db.get_snapshot("texts", "t")).data == "a\ud83d-\ude00b"
    await write(db, "texts", "t", edit({"p": 2, "d": "-"}))
    assert (await db.get_snapshot("texts", "t")).data == "a😀b"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.needs(ANY_KEY)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=json_values)
async def test_any_json_comes_back_as_it_was(db: DB, data: Any) -> None:
    version = (await db.get_snapshot("values", "x")).version
    if version:
        await write(db, "values", "x", DELETE)
    await write(db, "values", "x", create(data))
    found = await db.get_snapshot("values", "x")
    assert json.dumps(found.data) == json.dumps(data)


async def test_a_key_keeps_its_place(db: DB) -> None:
    data = {"z": 1, "a": 2, "m": {"y": 1, "b": 2}, "0": 3}
    await write(db, "values", "x", create(data))
    assert json.dumps((await db.get_snapshot("values", "x")).data) == json.dumps(data)


async def test_a_null_document_exists_and_a_deleted_one_does_not(db: DB) -> None:
    await write(db, "values", "null", create(None))
    await write(db, "values", "gone", create(1), DELETE)
    null, gone = [(await db.get_snapshot("values", name)) for name in ("null", "gone")]
    assert null.exists
    assert null.data is None
    assert not gone.exists
    assert gone == replay(empty_snapshot("gone"), await db.get_ops("values", "gone", None, None))


@pytest.mark.parametrize("doc_id", NAMES, ids=ascii)
async def test_an_id_is_any_text(db: DB, doc_id: str) -> None:
    others = [name for name in NAMES if name != doc_id]
    await db.commit([entry("odd", empty_snapshot(name), create(name)) for name in others])
    assert await db.get_snapshot("odd", doc_id) == empty_snapshot(doc_id)
    [op] = (await write(db, "odd", doc_id, create({"id": doc_id}))).ops
    found = await db.get_snapshot("odd", doc_id)
    assert (found.id, found.data) == (doc_id, {"id": doc_id})
    assert (await db.get_snapshots("odd", NAMES))[doc_id].data == {"id": doc_id}
    assert len(await db.get_ops("odd", doc_id, None, None)) == 1
    assert await db.get_committed_op_version("odd", doc_id, op["src"], op["seq"]) == 0
    assert (await db.query_poll("odd", {"_id": doc_id})).ids == [doc_id]
    assert (await db.query_poll("odd", {"id": doc_id})).ids == [doc_id]


@pytest.mark.needs(ANY_COLLECTION)
@pytest.mark.parametrize("collection", NAMES, ids=ascii)
async def test_a_collection_has_any_name(db: DB, collection: str) -> None:
    others = [name for name in NAMES if name != collection]
    await db.commit([entry(name, empty_snapshot("x"), create(name)) for name in others])
    assert await db.get_snapshot(collection, "x") == empty_snapshot("x")
    await write(db, collection, "x", create(collection))
    assert (await db.get_snapshot(collection, "x")).data == collection
    assert len(await db.get_ops(collection, "x", None, None)) == 1
    assert [found.data for found in (await db.query(collection, {})).snapshots] == [collection]


@pytest.mark.parametrize("src", ["", "ünïcödé", "a\u0000b", "0" * 32])
@pytest.mark.parametrize("seq", [0, 1, 2**53 - 2])
async def test_a_source_is_any_text(db: DB, src: str, seq: int) -> None:
    made = entry("dogs", empty_snapshot("fido"), create(1), src=src)
    made.ops[0]["seq"] = seq
    assert await db.commit([made]) == [True]
    assert await db.get_committed_op_version("dogs", "fido", src, seq) == 0
    [op] = await db.get_ops("dogs", "fido", None, None)
    assert (op["src"], op["seq"]) == (src, seq)


async def test_a_document_of_megabytes_is_edited_and_found(db: DB) -> None:
    picture = "0123456789abcdef" * 2**17
    await write(db, "big", "x", create({"outputs": [picture], "tag": "a"}), insert("tag", "b"))
    found = await db.get_snapshot("big", "x")
    assert (found.version, found.data["tag"]) == (2, "b")
    assert found.data["outputs"] == [picture]
    assert (await db.query_poll("big", {"tag": "b"})).ids == ["x"]
    [op, _] = await db.get_ops("big", "x", None, None)
    assert op["create"]["data"]["outputs"] == [picture]


async def test_an_object_of_many_keys_comes_back_whole(db: DB) -> None:
    data = {f"key{number}": number for number in range(20_000)}
    await write(db, "big", "x", create(data))
    assert (await db.get_snapshot("big", "x")).data == data


async def test_a_long_log_is_read_from_anywhere(db: DB) -> None:
    bodies = [create({"n": 0}), *(edit({"p": ["n"], "na": 1}) for _ in range(2999))]
    await write(db, "big", "x", *bodies)
    assert [op["v"] for op in await db.get_ops("big", "x", 2990, None)] == list(range(2990, 3000))
    assert len(await db.get_ops("big", "x", None, None)) == 3000
