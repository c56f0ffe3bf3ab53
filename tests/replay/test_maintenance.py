"""What adapters promise to tools: listing, raw records, restoring, dropping and erasing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharedb_py.db import DocCommit
from sharedb_py.errors import DatabaseError
from sharedb_py.ops import Op
from sharedb_py.ot import types
from sharedb_py.snapshot import Snapshot
from tests.replay.stores import Store

JSON0 = types["json0"].uri


def snapshot_at(doc_id: str, version: int) -> Snapshot:
    """A document that counts its versions."""
    meta = {"ctime": 1, "mtime": version, "_create": {"src": "s", "seq": 1, "v": 0}}
    return Snapshot(doc_id, version, JSON0, {"n": version - 1}, meta)


def history(length: int) -> list[Op]:
    """The ops that make it so."""
    create = {"create": {"type": JSON0, "data": {"n": 0}}}
    edits: list[Op] = [{"op": [{"p": ["n"], "na": 1}]} for _ in range(length - 1)]
    return [
        {"v": v, "src": "s", "seq": v + 1, "m": {"ts": v + 1}, **body}
        for v, body in enumerate([create, *edits])
    ]


async def fill(store: Store, collection: str, doc_id: str, length: int) -> None:
    """Commit a document as a server does."""
    ops = history(length)
    assert await store.db.commit(
        [DocCommit(collection, doc_id, ops, snapshot_at(doc_id, length))]
    ) == [True]


async def test_collections_and_ids_are_listed_in_order(store: Store) -> None:
    for collection, doc_id in [("b", "2"), ("a", "é"), ("a", "1"), ("a", "😀"), ("a", "z")]:
        await fill(store, collection, doc_id, 1)
    assert await store.db.collections() == ["a", "b"]
    assert [doc_id async for doc_id in store.db.doc_ids("a")] == ["1", "z", "é", "😀"]
    assert [doc_id async for doc_id in store.db.doc_ids("a", after="z")] == ["é", "😀"]
    assert [doc_id async for doc_id in store.db.doc_ids("none")] == []


async def test_a_deleted_document_is_listed(store: Store) -> None:
    await fill(store, "a", "gone", 1)
    delete: Op = {"v": 1, "src": "s", "seq": 9, "del": True, "m": {"ts": 2}}
    await store.db.commit([DocCommit("a", "gone", [delete], Snapshot("gone", 2, None))])
    assert [doc_id async for doc_id in store.db.doc_ids("a")] == ["gone"]


async def test_many_ids_are_listed_once_each(store: Store) -> None:
    ids = [f"{number:05}" for number in range(2100)]
    await store.db.commit([DocCommit("a", i, history(1), snapshot_at(i, 1)) for i in ids])
    assert [doc_id async for doc_id in store.db.doc_ids("a")] == ids


async def test_ops_are_streamed_with_metadata_only_if_asked(store: Store) -> None:
    await fill(store, "a", "1", 2500)
    whole = history(2500)
    streamed = [op async for op in store.db.stream_ops("a", "1", 0, None, metadata=True)]
    assert streamed == whole
    part = [op async for op in store.db.stream_ops("a", "1", 990, 2001)]
    assert [op["v"] for op in part] == list(range(990, 2001))
    assert all("m" not in op for op in part)


async def test_records_are_shown_as_they_lie(store: Store) -> None:
    await fill(store, "a", "1", 2500)
    records = [record async for record in store.db.stored_ops("a", "1")]
    assert [record.op for record in records] == history(2500)
    assert all(record.linked for record in records)
    await store.db.delete_ops("a", "1", [records[7].key])
    left = [record.op["v"] async for record in store.db.stored_ops("a", "1", 5, 10)]
    assert left == [5, 6, 8, 9]
    with pytest.raises(DatabaseError):
        await store.db.get_ops("a", "1", 5, 10)


async def test_restoring_in_parts_makes_a_document_that_goes_on(store: Store) -> None:
    ops = history(25)
    for start in (0, 10, 20):
        last = snapshot_at("1", 25) if start == 20 else None
        for _ in range(2):  # an interrupted restore is done again
            await store.db.restore("a", "1", ops[start : start + 10], last)
    assert await store.db.get_ops("a", "1", 0, None, metadata=True) == ops
    restored = await store.db.get_snapshot("a", "1", metadata=True)
    assert replace(restored, adapter=None) == snapshot_at("1", 25)
    records = [record async for record in store.db.stored_ops("a", "1")]
    assert [(record.op["v"], record.linked) for record in records] == [(v, True) for v in range(25)]
    following: Op = {"v": 25, "src": "t", "seq": 1, "op": [{"p": ["n"], "na": 1}], "m": {"ts": 99}}
    commit = DocCommit("a", "1", [following], replace(restored, version=26, data={"n": 25}))
    assert await store.db.commit([commit]) == [True]
    assert len(await store.db.get_ops("a", "1", 0, None)) == 26


async def test_restoring_keeps_what_middleware_added(store: Store) -> None:
    [create] = history(1)
    create |= {"accountId": "x", "m": {"ts": 1, "user": {"id": "ana"}}}
    await store.db.restore("a", "1", [create], snapshot_at("1", 1))
    assert await store.db.get_ops("a", "1", 0, None, metadata=True) == [create]


async def test_dropped_ops_are_gone_and_the_rest_reads_as_before(store: Store) -> None:
    await fill(store, "a", "1", 30)
    assert await store.db.drop_ops("a", "1", 10) == 10
    assert [op["v"] for op in await store.db.get_ops("a", "1", 10, None)] == list(range(10, 30))
    with pytest.raises(DatabaseError):
        await store.db.get_ops("a", "1", 9, None)
    following: Op = {"v": 30, "src": "t", "seq": 1, "op": [{"p": ["n"], "na": 1}], "m": {"ts": 99}}
    before = await store.db.get_snapshot("a", "1", metadata=True)
    commit = DocCommit("a", "1", [following], replace(before, version=31, data={"n": 30}))
    assert await store.db.commit([commit]) == [True]


async def test_an_erased_document_was_never_there(store: Store) -> None:
    await fill(store, "a", "1", 3)
    await fill(store, "a", "2", 3)
    await store.db.erase("a", "1")
    assert [doc_id async for doc_id in store.db.doc_ids("a")] == ["2"]
    assert (await store.db.get_snapshot("a", "1")).version == 0
    assert await store.db.get_ops("a", "1", 0, None) == []
    await fill(store, "a", "1", 2)


async def test_milestones_are_listed_and_deleted(store: Store) -> None:
    for version in (5, 10, 20):
        await store.milestones.save("a", snapshot_at("1", version))
    listed = [found.version async for found in store.milestones.newest_first("a", "1")]
    assert listed == [20, 10, 5]
    await store.milestones.delete("a", "1", before=10)
    assert [found.version async for found in store.milestones.newest_first("a", "1")] == [20, 10]
    await store.milestones.delete("a", "1")
    assert await store.milestones.get("a", "1", None) is None
