"""Reading snapshots and ops: ranges, metadata, many at once, and values of one's own."""

from __future__ import annotations

from typing import Any

import pytest

from sharedb_py.db.base import DB
from sharedb_py.errors import DatabaseError
from sharedb_py.jsonvalue import copy_json
from sharedb_py.snapshot import Snapshot, empty_snapshot
from tests.contract.conftest import MAINTENANCE, SHARED, Adapter
from tests.contract.writing import DELETE, create, entry, insert, write

PLAIN = {"src", "seq", "v"}


@pytest.fixture
async def ten_ops(db: DB) -> list[dict[str, Any]]:
    """The ops of dogs/fido, versions 0 to 9, without their metadata."""
    bodies = [create({}), *(insert(f"f{n}", n) for n in range(9))]
    written = await write(db, "dogs", "fido", *bodies)
    return [{key: op[key] for key in op if key != "m"} for op in written.ops]


# Snapshots


async def test_an_unknown_document_is_a_snapshot_of_version_0(db: DB) -> None:
    assert await db.get_snapshot("dogs", "fido") == Snapshot("fido", 0)
    assert await db.get_snapshot("dogs", "fido", metadata=True) == Snapshot("fido", 0)


async def test_reading_an_unknown_document_leaves_nothing_behind(db: DB) -> None:
    await db.get_snapshot("dogs", "fido")
    await db.get_ops("dogs", "fido", 0, None)
    assert (await db.query("dogs", {})).snapshots == []
    await write(db, "dogs", "fido", create({}))


async def test_metadata_is_shown_only_when_asked_for(db: DB) -> None:
    written = await write(db, "dogs", "fido", create({"age": 3}))
    assert (await db.get_snapshot("dogs", "fido")).meta is None
    assert (await db.get_snapshots("dogs", ["fido"]))["fido"].meta is None
    assert (await db.query("dogs", {})).snapshots[0].meta is None
    expected = written.snapshot.meta
    assert expected is not None
    assert (await db.get_snapshot("dogs", "fido", metadata=True)).meta == expected
    assert (await db.get_snapshots("dogs", ["fido"], metadata=True))["fido"].meta == expected


async def test_metadata_that_hooks_added_is_kept(db: DB) -> None:
    first = entry("dogs", empty_snapshot("fido"), create({}))
    assert first.snapshot.meta is not None
    first.snapshot.meta["owner"] = {"name": "Ann", "tags": [1, None]}
    assert await db.commit([first]) == [True]
    meta = (await db.get_snapshot("dogs", "fido", metadata=True)).meta
    assert meta == first.snapshot.meta


async def test_many_snapshots_are_returned_by_id_unknown_ones_included(db: DB) -> None:
    for name in ("a", "b", "c"):
        await write(db, "dogs", name, create({"name": name}))
    await write(db, "dogs", "c", DELETE)
    found = await db.get_snapshots("dogs", ["c", "a", "nobody"])
    assert found["a"].data == {"name": "a"}
    assert (found["c"].version, found["c"].exists) == (2, False)
    assert found["nobody"] == Snapshot("nobody", 0)
    assert found.keys() == {"a", "c", "nobody"}


async def test_no_ids_give_no_snapshots_and_one_asked_for_twice_comes_once(db: DB) -> None:
    assert await db.get_snapshots("dogs", []) == {}
    assert await db.get_snapshots("dogs", ["a", "a"]) == {"a": Snapshot("a", 0)}


async def test_thousands_of_snapshots_are_read_at_once(db: DB) -> None:
    ids = [f"d{number}" for number in range(2500)]
    await db.commit([entry("dogs", empty_snapshot(i), create(i)) for i in ids])
    found = await db.get_snapshots("dogs", ids)
    assert [(key, value.data) for key, value in found.items()] == list(zip(ids, ids, strict=True))


async def test_collections_are_kept_apart(db: DB) -> None:
    await write(db, "dogs", "x", create("dog"))
    await write(db, "cats", "x", create("cat"), {})
    assert (await db.get_snapshot("dogs", "x")).data == "dog"
    assert (await db.get_snapshot("cats", "x")).data == "cat"
    assert len(await db.get_ops("dogs", "x", None, None)) == 1
    assert len(await db.get_ops("cats", "x", None, None)) == 2
    assert (await db.query_poll("dogs", {})).ids == ["x"]


async def test_wanted_fields_are_there_whatever_else_is(db: DB) -> None:
    await write(db, "dogs", "fido", create({"age": 3, "name": "Fido", "owner": {"name": "Ann"}}))
    wanted = frozenset({"age", "owner", "unknown"})
    one = await db.get_snapshot("dogs", "fido", wanted)
    many = (await db.get_snapshots("dogs", ["fido"], wanted))["fido"]
    queried = (await db.query("dogs", {"name": "Fido"}, wanted)).snapshots[0]
    for found in (one, many, queried):
        assert (found.id, found.version, found.exists) == ("fido", 1, True)
        shown = {key: value for key, value in found.data.items() if key in wanted}
        assert shown == {"age": 3, "owner": {"name": "Ann"}}


@pytest.mark.needs(MAINTENANCE)
async def test_ids_are_listed_the_empty_one_too(db: DB) -> None:
    for name in ("b", "", "a"):
        await write(db, "dogs", name, create(name))
    assert [doc_id async for doc_id in db.doc_ids("dogs")] == ["", "a", "b"]
    assert [doc_id async for doc_id in db.doc_ids("dogs", after="")] == ["a", "b"]


# Ops


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, range(10)),
        (0, None, range(10)),
        (None, 10, range(10)),
        (3, 7, range(3, 7)),
        (3, None, range(3, 10)),
        (None, 4, range(4)),
        (9, 10, [9]),
        (9, 100, [9]),
        (8, 10**30, [8, 9]),
        (10, None, []),
        (10, 12, []),
        (100, None, []),
        (10**30, None, []),
        (0, 0, []),
        (5, 5, []),
        (7, 3, []),
    ],
)
async def test_a_range_of_ops_is_half_open_and_cut_at_the_last_op(
    db: DB, ten_ops: list[Any], start: int | None, end: int | None, expected: Any
) -> None:
    wanted = [ten_ops[version] for version in expected]
    assert await db.get_ops("dogs", "fido", start, end) == wanted
    bulk = await db.get_ops_bulk("dogs", {"fido": (start, end)})
    assert bulk == {"fido": wanted}


@pytest.mark.needs(MAINTENANCE)
@pytest.mark.parametrize("lost", [0, 4, 9])
async def test_an_op_missing_inside_a_range_is_an_error(
    db: DB, ten_ops: list[Any], lost: int
) -> None:
    [key] = [stored.key async for stored in db.stored_ops("dogs", "fido", lost, lost + 1)]
    await db.delete_ops("dogs", "fido", [key])
    for start, end in [(None, None), (0, 10), (lost, None), (lost, lost + 1), (0, 100)]:
        with pytest.raises(DatabaseError, match="Missing ops"):
            await db.get_ops("dogs", "fido", start, end)
        with pytest.raises(DatabaseError, match="Missing ops"):
            await db.get_ops_bulk("dogs", {"nobody": (0, None), "fido": (start, end)})
    assert await db.get_ops("dogs", "fido", 0, lost) == ten_ops[:lost]
    assert await db.get_ops("dogs", "fido", lost + 1, None) == ten_ops[lost + 1 :]


async def test_an_unknown_document_has_no_ops(db: DB) -> None:
    assert await db.get_ops("dogs", "fido", None, None) == []
    assert await db.get_ops("dogs", "fido", 5, 10) == []


async def test_each_document_of_a_bulk_has_its_own_range(db: DB, ten_ops: list[Any]) -> None:
    await write(db, "dogs", "rex", create(1), DELETE, create(2))
    ranges = {"rex": (1, 2), "fido": (8, None), "nobody": (None, None), "rex2": (3, 1)}
    found = await db.get_ops_bulk("dogs", ranges)
    assert found.keys() == ranges.keys()
    assert [op["v"] for op in found["rex"]] == [1]
    assert found["fido"] == ten_ops[8:]
    assert found["nobody"] == found["rex2"] == []
    assert await db.get_ops_bulk("dogs", {}) == {}


async def test_ops_up_to_a_snapshot_stop_before_its_version(db: DB, ten_ops: list[Any]) -> None:
    snapshot = await db.get_snapshot("dogs", "fido")
    await write(db, "dogs", "fido", DELETE)
    assert await db.get_ops_to_snapshot("dogs", "fido", 7, snapshot) == ten_ops[7:]
    assert await db.get_ops_to_snapshot("dogs", "fido", 10, snapshot) == []


async def test_metadata_of_ops_is_shown_only_when_asked_for(db: DB) -> None:
    op = create({"n": 1}) | {"m": {"ts": 12.5, "d": {"deleted": [None]}, "user": "ann"}}
    await write(db, "dogs", "fido", op)
    snapshot = await db.get_snapshot("dogs", "fido")
    hidden = [
        await db.get_ops("dogs", "fido", 0, None),
        (await db.get_ops_bulk("dogs", {"fido": (0, None)}))["fido"],
        await db.get_ops_to_snapshot("dogs", "fido", 0, snapshot),
    ]
    shown = [
        await db.get_ops("dogs", "fido", 0, None, metadata=True),
        (await db.get_ops_bulk("dogs", {"fido": (0, None)}, metadata=True))["fido"],
        await db.get_ops_to_snapshot("dogs", "fido", 0, snapshot, metadata=True),
    ]
    assert all("m" not in ops[0] for ops in hidden)
    assert all(ops[0]["m"] == op["m"] for ops in shown)


async def test_what_an_op_carries_comes_back_and_nothing_else(db: DB) -> None:
    extra = {"accountId": "x7", "tags": {"a": [None, True]}}
    await write(db, "dogs", "fido", create([0]) | extra, DELETE, {})
    first, second, third = await db.get_ops("dogs", "fido", None, None)
    assert first.keys() == PLAIN | {"create"} | extra.keys()
    assert {key: first[key] for key in extra} == extra
    assert second.keys() == PLAIN | {"del"}
    assert third.keys() == PLAIN


async def test_an_op_without_a_source_is_kept(db: DB) -> None:
    made = entry("dogs", empty_snapshot("fido"), create(1))
    for op in made.ops:
        del op["src"], op["seq"]
    assert await db.commit([made]) == [True]
    [op] = await db.get_ops("dogs", "fido", None, None)
    assert op.keys() == {"v", "create"}


@pytest.mark.parametrize("value", [None, 0, False, "", [], {}])
async def test_an_empty_op_stays_an_edit(db: DB, value: Any) -> None:
    made = entry("dogs", empty_snapshot("fido"), create(1), {})
    made.ops[1]["op"] = value
    assert await db.commit([made]) == [True]
    [op] = await db.get_ops("dogs", "fido", 1, None)
    assert "op" in op
    assert op["op"] == value
    assert type(op["op"]) is type(value)


# Who made an op


async def test_an_op_is_found_by_its_source(db: DB) -> None:
    written = await write(db, "dogs", "fido", create({}), insert("a", 1), insert("b", 1))
    for op in written.ops:
        found = await db.get_committed_op_version("dogs", "fido", op["src"], op["seq"])
        assert found == op["v"]


async def test_another_source_number_or_document_is_not_found(db: DB) -> None:
    [op] = (await write(db, "dogs", "fido", create({}), src="alice")).ops
    find = db.get_committed_op_version
    assert await find("dogs", "fido", "bob", op["seq"]) is None
    assert await find("dogs", "fido", "alice", op["seq"] + 1) is None
    assert await find("dogs", "rex", "alice", op["seq"]) is None
    assert await find("cats", "fido", "alice", op["seq"]) is None


# Values of one's own


def spoil(value: Any) -> None:
    """Change a JSON value through and through, in place."""
    if isinstance(value, dict):
        for item in value.values():
            spoil(item)
        value["spoilt"] = True
    elif isinstance(value, list):
        for item in value:
            spoil(item)
        value.append("spoilt")


async def test_spoiling_what_was_committed_does_no_harm(db: DB) -> None:
    made = entry("dogs", empty_snapshot("fido"), create({"l": [{"a": 1}]}), insert("b", [2]))
    data, meta = copy_json(made.snapshot.data), copy_json(made.snapshot.meta)
    ops = [copy_json(op) for op in made.ops]
    assert await db.commit([made]) == [True]
    for value in (made.snapshot.data, made.snapshot.meta, *made.ops):
        spoil(value)
    found = await db.get_snapshot("dogs", "fido", metadata=True)
    assert (found.data, found.meta) == (data, meta)
    assert await db.get_ops("dogs", "fido", None, None, metadata=True) == ops


async def test_spoiling_what_was_read_does_no_harm(db: DB) -> None:
    await write(db, "dogs", "fido", create({"l": [{"a": 1}]}), insert("b", [2]))

    async def read() -> list[Any]:
        one = await db.get_snapshot("dogs", "fido", metadata=True)
        many = await db.get_snapshots("dogs", ["fido"], metadata=True)
        queried = await db.query("dogs", {"b": 2})
        bulk = await db.get_ops_bulk("dogs", {"fido": (0, None)}, metadata=True)
        return [
            *(found.data for found in (one, many["fido"], queried.snapshots[0])),
            *(one.meta, many["fido"].meta),
            await db.get_ops("dogs", "fido", 0, None, metadata=True),
            bulk["fido"],
            (await db.query("dogs", {"$distinct": {"field": "l"}})).extra,
        ]

    first = await read()
    expected = copy_json(first)
    for value in first:
        spoil(value)
    assert await read() == expected


# Opening and closing


async def test_closing_twice_is_fine(db: DB) -> None:
    await write(db, "dogs", "fido", create(1))
    await db.close()
    await db.close()


@pytest.mark.needs(SHARED)
async def test_what_was_committed_is_there_when_opened_again(
    db: DB, db_adapter: Adapter[DB], tmp_path: Any
) -> None:
    written = await write(db, "dogs", "fido", create({"age": 3}), insert("b", [2]))
    await db.close()
    async with db_adapter.open(tmp_path) as again:
        assert await again.get_snapshot("dogs", "fido", metadata=True) == written.snapshot
        assert await again.get_ops("dogs", "fido", 0, None, metadata=True) == written.ops
        assert (await again.query_poll("dogs", {"age": 3})).ids == ["fido"]
