"""What every milestone store promises (protocol section 4.7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from sharedb_py.errors import ErrorCode, ShareDBError
from sharedb_py.jsonvalue import MISSING, copy_json
from sharedb_py.milestones.base import MilestoneDB
from sharedb_py.snapshot import Snapshot
from tests.contract.conftest import SHARED, SURROGATES, Adapter
from tests.contract.writing import JSON0, TEXT0

Ask: TypeAlias = Callable[[Any, Any, Any], Awaitable[Snapshot | None]]


def saved_at(version: int, mtime: float | None, doc_id: str = "fido", **data: Any) -> Snapshot:
    """A document that knows its version, changed at a time."""
    meta = {} if mtime is None else {"ctime": 0, "mtime": mtime}
    return Snapshot(doc_id, version, JSON0, {"v": version, **data}, meta)


@pytest.fixture
async def three(milestones: MilestoneDB) -> MilestoneDB:
    """A store with milestones of version 10, 20 and 30, a second apart, of one document."""
    for version in (20, 10, 30):
        await milestones.save("dogs", saved_at(version, version * 100))
    await milestones.save("dogs", saved_at(15, 1500, "rex"))
    await milestones.save("cats", saved_at(25, 2500))
    return milestones


def version_of(found: Snapshot | None) -> int | None:
    return None if found is None else found.version


async def test_a_milestone_comes_back_whole(milestones: MilestoneDB) -> None:
    meta = {"ctime": 1, "mtime": 2.5, "_create": {"src": "a", "seq": 1, "v": 0}, "x": [None]}
    snapshot = Snapshot("fido", 7, JSON0, {"a": [1, None, "é😀"], "": {}}, meta)
    await milestones.save("dogs", snapshot)
    assert await milestones.get("dogs", "fido", 7) == snapshot


@pytest.mark.parametrize(
    ("type_uri", "data"),
    [(JSON0, None), (JSON0, 0), (JSON0, [{}]), (JSON0, ""), (TEXT0, "text"), (None, MISSING)],
    ids=repr,
)
async def test_any_document_is_kept_a_deleted_one_too(
    milestones: MilestoneDB, type_uri: str | None, data: Any
) -> None:
    snapshot = Snapshot("fido", 3, type_uri, data, {"mtime": 5})
    await milestones.save("dogs", snapshot)
    found = await milestones.get("dogs", "fido", None)
    assert found == snapshot
    assert found.data is data or type(found.data) is type(data)


@pytest.mark.parametrize(
    ("version", "expected"),
    [(9, None), (0, None), (10, 10), (11, 10), (19, 10), (20, 20), (29.0, 20), (30, 30)],
)
async def test_the_newest_one_not_above_a_version_is_found(
    three: MilestoneDB, version: int, expected: int | None
) -> None:
    assert version_of(await three.get("dogs", "fido", version)) == expected


async def test_without_a_version_the_newest_of_all_is_found(three: MilestoneDB) -> None:
    assert version_of(await three.get("dogs", "fido", None)) == 30
    assert version_of(await three.get("dogs", "fido", 10**30)) == 30


@pytest.mark.parametrize(
    ("timestamp", "before", "after"),
    [
        (0, None, 10),
        (999, None, 10),
        (1000, 10, 10),
        (1000.5, 10, 20),
        (2000, 20, 20),
        (2999, 20, 30),
        (3000, 30, 30),
        (3001, 30, None),
        (1e15, 30, None),
        (None, 10, 30),
    ],
)
async def test_the_ones_next_to_a_time_are_found(
    three: MilestoneDB, timestamp: float | None, before: int | None, after: int | None
) -> None:
    assert version_of(await three.get_at_or_before_time("dogs", "fido", timestamp)) == before
    assert version_of(await three.get_at_or_after_time("dogs", "fido", timestamp)) == after


async def test_documents_and_collections_are_kept_apart(three: MilestoneDB) -> None:
    assert version_of(await three.get("dogs", "rex", None)) == 15
    assert version_of(await three.get("cats", "fido", None)) == 25
    assert version_of(await three.get_at_or_before_time("cats", "fido", 2600)) == 25


async def test_nothing_is_found_of_a_document_without_milestones(three: MilestoneDB) -> None:
    for collection, doc_id in (("cats", "rex"), ("birds", "fido")):
        for ask in (three.get, three.get_at_or_before_time, three.get_at_or_after_time):
            assert await ask(collection, doc_id, None) is None
            assert await ask(collection, doc_id, 1000) is None


async def test_a_milestone_without_a_time_is_found_by_version_alone(
    milestones: MilestoneDB,
) -> None:
    await milestones.save("dogs", saved_at(5, None))
    await milestones.save("dogs", Snapshot("fido", 6, JSON0, {}, None))
    assert version_of(await milestones.get("dogs", "fido", 5)) == 5
    assert version_of(await milestones.get("dogs", "fido", None)) == 6
    for timestamp in (None, 0, 1e15):
        assert await milestones.get_at_or_before_time("dogs", "fido", timestamp) is None
        assert await milestones.get_at_or_after_time("dogs", "fido", timestamp) is None


async def test_saving_a_version_again_replaces_it(milestones: MilestoneDB) -> None:
    await milestones.save("dogs", saved_at(5, 500, note="first"))
    again = saved_at(5, 600, note="second")
    await milestones.save("dogs", again)
    assert await milestones.get("dogs", "fido", 5) == again
    assert await milestones.get_at_or_before_time("dogs", "fido", 500) is None


async def test_spoiling_what_was_saved_or_read_does_no_harm(milestones: MilestoneDB) -> None:
    snapshot = saved_at(5, 500, items=[1])
    data, meta = copy_json(snapshot.data), copy_json(snapshot.meta)
    await milestones.save("dogs", snapshot)
    for spoilt in (snapshot, *[await ask("dogs", "fido", None) for ask in asks(milestones)]):
        assert spoilt is not None
        assert spoilt.meta is not None
        spoilt.data["items"].append(2)
        spoilt.meta["mtime"] = 0
    found = await milestones.get("dogs", "fido", 5)
    assert found is not None
    assert (found.data, found.meta) == (data, meta)


@pytest.mark.needs(SURROGATES)
async def test_half_a_surrogate_pair_is_kept(milestones: MilestoneDB) -> None:
    snapshot = Snapshot("t", 1, TEXT0, "a" + chr(0xD83D), {"mtime": 1, "x": chr(0xDE00)})
    await milestones.save("texts", snapshot)
    assert await milestones.get("texts", "t", 1) == snapshot


def asks(milestones: MilestoneDB) -> list[Ask]:
    return [milestones.get, milestones.get_at_or_before_time, milestones.get_at_or_after_time]


@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize(
    ("collection", "doc_id", "message"),
    [
        ("", "fido", "Missing collection"),
        (None, "fido", "Missing collection"),
        ("dogs", "", "Missing ID"),
        ("dogs", None, "Missing ID"),
    ],
)
async def test_a_name_that_is_missing_is_refused(
    milestones: MilestoneDB, which: int, collection: Any, doc_id: Any, message: str
) -> None:
    with pytest.raises(ShareDBError, match=message) as caught:
        await asks(milestones)[which](collection, doc_id, 1)
    assert caught.value.code == ErrorCode.MILESTONE_ARGUMENT_INVALID


@pytest.mark.parametrize("value", [-1, -0.5, "1", True, [], float("nan")], ids=repr)
async def test_a_version_or_a_time_that_is_none_is_refused(
    milestones: MilestoneDB, value: Any
) -> None:
    by_version, *by_time = asks(milestones)
    for ask, message in [(by_version, "version"), *((ask, "timestamp") for ask in by_time)]:
        with pytest.raises(ShareDBError, match=f"Invalid {message}") as caught:
            await ask("dogs", "fido", value)
        assert caught.value.code == ErrorCode.MILESTONE_ARGUMENT_INVALID


@pytest.mark.parametrize("value", [1.5, float("inf")])
async def test_a_fraction_is_no_version(milestones: MilestoneDB, value: float) -> None:
    with pytest.raises(ShareDBError, match="Invalid version"):
        await milestones.get("dogs", "fido", value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("collection", "doc_id", "message"),
    [("", "fido", "Missing collection"), ("dogs", "", "Missing ID")],
)
async def test_saving_under_no_name_is_refused(
    milestones: MilestoneDB, collection: str, doc_id: str, message: str
) -> None:
    with pytest.raises(ShareDBError, match=message) as caught:
        await milestones.save(collection, saved_at(1, 1, doc_id))
    assert caught.value.code == ErrorCode.MILESTONE_ARGUMENT_INVALID


async def test_saving_nothing_is_refused(milestones: MilestoneDB) -> None:
    with pytest.raises(ShareDBError, match="Missing snapshot") as caught:
        await milestones.save("dogs", None)  # type: ignore[arg-type]
    assert caught.value.code == ErrorCode.MILESTONE_ARGUMENT_INVALID


async def test_closing_twice_is_fine(milestones: MilestoneDB) -> None:
    await milestones.save("dogs", saved_at(1, 1))
    await milestones.close()
    await milestones.close()


@pytest.mark.needs(SHARED)
async def test_milestones_are_there_when_opened_again(
    milestones: MilestoneDB, milestones_adapter: Adapter[MilestoneDB], tmp_path: Path
) -> None:
    snapshot = saved_at(5, 500)
    await milestones.save("dogs", snapshot)
    await milestones.close()
    async with milestones_adapter.open(tmp_path) as again:
        assert await again.get("dogs", "fido", None) == snapshot


@pytest.mark.needs(SHARED)
async def test_a_closed_store_says_so(milestones: MilestoneDB) -> None:
    await milestones.close()
    with pytest.raises(ShareDBError, match="closed"):
        await milestones.get("dogs", "fido", None)
    with pytest.raises(ShareDBError, match="closed"):
        await milestones.save("dogs", saved_at(1, 1))
