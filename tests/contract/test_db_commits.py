"""Committing is compare-and-set: one op takes a version, wholly or not at all."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from sharedb_py.db.base import DB
from sharedb_py.ops import replay
from sharedb_py.snapshot import Snapshot, empty_snapshot
from tests.contract.conftest import RIVALS, SHARED
from tests.contract.writing import DELETE, TEXT0, commit, create, edit, entry, insert, write


async def stored(db: DB, doc_id: str, collection: str = "dogs") -> Snapshot:
    return await db.get_snapshot(collection, doc_id, metadata=True)


async def log_of(db: DB, doc_id: str, collection: str = "dogs") -> list[dict[str, object]]:
    return await db.get_ops(collection, doc_id, None, None, metadata=True)


async def test_a_create_stores_the_op_and_the_snapshot(db: DB) -> None:
    written = await write(db, "dogs", "fido", create({"age": 3}))
    assert await stored(db, "fido") == written.snapshot
    assert await log_of(db, "fido") == written.ops


async def test_a_commit_at_a_version_already_taken_stores_nothing(db: DB) -> None:
    first = await write(db, "dogs", "fido", create({"age": 3}))
    late = entry("dogs", empty_snapshot("fido"), create({"age": 4}))
    assert await db.commit([late]) == [False]
    assert await stored(db, "fido") == first.snapshot
    assert await log_of(db, "fido") == first.ops


async def test_a_commit_at_a_version_not_reached_yet_stores_nothing(db: DB) -> None:
    early = entry("dogs", Snapshot("fido", 2), create({"age": 3}))
    assert await db.commit([early]) == [False]
    assert await stored(db, "fido") == empty_snapshot("fido")
    assert await log_of(db, "fido") == []


async def test_several_ops_of_a_document_are_committed_at_once(db: DB) -> None:
    bodies = [create({"n": 0}), *(edit({"p": ["n"], "na": 1}) for _ in range(20))]
    written = await write(db, "dogs", "fido", *bodies)
    assert (await stored(db, "fido")).data == {"n": 20}
    assert [op["v"] for op in await log_of(db, "fido")] == list(range(21))
    assert await log_of(db, "fido") == written.ops


async def test_of_several_ops_that_come_late_none_is_stored(db: DB) -> None:
    first = await write(db, "dogs", "fido", create({"n": 0}))
    await write(db, "dogs", "fido", insert("a", 1))
    late = entry("dogs", first.snapshot, insert("b", 1), insert("c", 1), insert("d", 1))
    assert await db.commit([late]) == [False]
    assert (await stored(db, "fido")).version == 2
    assert len(await log_of(db, "fido")) == 2


@pytest.mark.parametrize(
    "bodies",
    [
        [create({"x": 1}), create({"x": 2})],
        [create({"x": 1}), DELETE],
        [DELETE, DELETE],
    ],
    ids=["two creates", "a create and a delete", "two deletes"],
)
async def test_one_of_two_simultaneous_commits_wins(
    db: DB, bodies: list[dict[str, object]]
) -> None:
    rivals = [entry("dogs", empty_snapshot("fido"), body) for body in bodies]
    results = await asyncio.gather(*(db.commit([rival]) for rival in rivals))
    assert sorted(results, key=repr) == [[False], [True]]
    winner = rivals[results.index([True])]
    assert await stored(db, "fido") == winner.snapshot
    assert await log_of(db, "fido") == winner.ops


async def test_one_of_many_simultaneous_edits_wins(db: DB) -> None:
    await write(db, "dogs", "fido", create({}))
    before = await stored(db, "fido")
    rivals = [entry("dogs", before, insert("by", number)) for number in range(20)]
    results = await asyncio.gather(*(db.commit([rival]) for rival in rivals))
    assert results.count([True]) == 1
    winner = rivals[results.index([True])]
    assert (await stored(db, "fido")).data == winner.snapshot.data
    assert (await log_of(db, "fido"))[1:] == winner.ops


@pytest.mark.needs(RIVALS)
async def test_writers_that_repeat_until_they_win_lose_nothing(db: DB) -> None:
    await write(db, "dogs", "fido", create({"n": 0}))
    lost = count()

    async def add_ten() -> None:
        done = 0
        while done < 10:
            if await commit(db, "dogs", "fido", edit({"p": ["n"], "na": 1})):
                done += 1
            else:
                next(lost)

    await asyncio.gather(*(add_ten() for _ in range(5)))
    after = await stored(db, "fido")
    assert (after.version, after.data) == (51, {"n": 50})
    assert replay(empty_snapshot("fido"), await log_of(db, "fido")).data == {"n": 50}


async def test_a_group_of_documents_is_committed_in_its_order(db: DB) -> None:
    batch = [entry("dogs", empty_snapshot(f"d{n}"), create({"n": n})) for n in range(100)]
    assert await db.commit(batch) == [True] * 100
    found = await db.get_snapshots("dogs", [f"d{n}" for n in range(100)], metadata=True)
    assert list(found.values()) == [item.snapshot for item in batch]


async def test_a_conflict_in_a_group_stops_that_document_alone(db: DB) -> None:
    taken = await write(db, "dogs", "b", create({"first": True}))
    batch = [entry("dogs", empty_snapshot(name), create({"late": name})) for name in "abc"]
    assert await db.commit(batch) == [True, False, True]
    assert await stored(db, "a") == batch[0].snapshot
    assert await stored(db, "b") == taken.snapshot
    assert await stored(db, "c") == batch[2].snapshot
    assert await log_of(db, "b") == taken.ops


async def test_a_group_may_span_collections(db: DB) -> None:
    batch = [entry(name, empty_snapshot("x"), create({"in": name})) for name in ("cats", "dogs")]
    assert await db.commit(batch) == [True, True]
    assert (await stored(db, "x", "cats")).data == {"in": "cats"}
    assert (await stored(db, "x", "dogs")).data == {"in": "dogs"}


async def test_an_empty_group_is_committed(db: DB) -> None:
    assert await db.commit([]) == []


async def test_a_document_can_be_deleted_and_created_again(db: DB) -> None:
    await write(db, "dogs", "fido", create({"age": 3}))
    deleted = await write(db, "dogs", "fido", DELETE)
    gone = await db.get_snapshot("dogs", "fido")
    assert (gone.version, gone.exists) == (2, False)
    assert gone == deleted.snapshot.without_meta()
    await write(db, "dogs", "fido", create({"age": 1}))
    again = await db.get_snapshot("dogs", "fido")
    assert (again.version, again.data) == (3, {"age": 1})
    kinds = [next(key for key in ("create", "del") if key in op) for op in await log_of(db, "fido")]
    assert kinds == ["create", "del", "create"]


async def test_what_was_never_created_can_be_deleted_and_takes_a_version(db: DB) -> None:
    await write(db, "dogs", "fido", DELETE)
    found = await db.get_snapshot("dogs", "fido")
    assert (found.version, found.exists) == (1, False)


async def test_an_op_that_does_nothing_takes_a_version(db: DB) -> None:
    await write(db, "dogs", "fido", create({"age": 3}), {})
    found = await db.get_snapshot("dogs", "fido")
    assert (found.version, found.data) == (2, {"age": 3})
    assert (await db.get_ops("dogs", "fido", 1, None))[0].keys() == {"src", "seq", "v"}


async def test_metadata_of_a_snapshot_outlives_its_deletion(db: DB) -> None:
    written = await write(db, "dogs", "fido", create({"age": 3}), DELETE)
    assert (await stored(db, "fido")).meta == written.snapshot.meta


async def test_the_log_replays_to_the_snapshot(db: DB) -> None:
    text = create("grüße", TEXT0)
    await write(db, "dogs", "fido", create({"l": [1]}), edit({"p": ["l", 0], "li": "x"}), DELETE)
    await write(db, "dogs", "fido", text, edit({"p": 0, "i": "😀"}), edit({"p": 2, "d": "gr"}))
    after = await db.get_snapshot("dogs", "fido")
    replayed = replay(empty_snapshot("fido"), await db.get_ops("dogs", "fido", 0, None))
    assert replayed == after


@pytest.mark.needs(SHARED)
async def test_of_two_instances_on_one_store_one_wins(db: DB, other_db: DB) -> None:
    rivals = [entry("dogs", empty_snapshot("fido"), create({"by": n})) for n in range(2)]
    results = await asyncio.gather(db.commit([rivals[0]]), other_db.commit([rivals[1]]))
    assert sorted(results, key=repr) == [[False], [True]]
    winner = rivals[results.index([True])]
    assert await stored(db, "fido") == await stored(other_db, "fido") == winner.snapshot
    assert await log_of(other_db, "fido") == winner.ops


@pytest.mark.needs(SHARED)
async def test_what_one_instance_committed_another_reads_at_once(db: DB, other_db: DB) -> None:
    for version in range(1, 6):
        body = insert("v", version) if version > 1 else create({"v": 1})
        written = await write(db, "dogs", "fido", body)
        assert await stored(other_db, "fido") == written.snapshot
