"""Old ops dropped, documents erased: what remains is exact, what is gone is gone."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharedb_py.archive import Archive
from sharedb_py.cli import main
from sharedb_py.errors import ShareDBError
from sharedb_py.inprocess import connect
from sharedb_py.jsonvalue import MISSING, json_equal
from sharedb_py.milestones.memory import NoMilestones
from tests.replay.histories import live_history, serving
from tests.replay.stores import STORES, Store, open_store


@pytest.mark.parametrize("kind", STORES)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), part=st.floats(0, 1))
def test_what_remains_after_compacting_is_exact(kind: str, seed: int, part: float) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with open_store(kind, Path(folder)) as store:
                seen = await live_history(store, Random(seed), 25)
                archive = Archive(store.db, store.milestones)
                cut = round(part * seen.last)
                assert await archive.compact("docs", "d", cut) == cut
                report = await archive.verify("docs", "d")
                assert report.findings == []
                assert report.first == cut
                for version, (type_uri, data) in seen.states.items():
                    if version >= cut:
                        shown = await archive.at_version("docs", "d", version)
                        assert shown.type_uri == type_uri
                        assert json_equal(None if shown.data is MISSING else shown.data, data)
                    elif version:
                        with pytest.raises(ShareDBError, match=f"before version {cut}"):
                            await archive.at_version("docs", "d", version)
                await archive.attribution("docs", "d", seen.last)
                assert await archive.compact("docs", "d", cut) == 0

    asyncio.run(run())


async def test_a_compacted_document_is_edited_on(store: Store) -> None:
    seen = await live_history(store, Random(4), 20)
    archive = Archive(store.db, store.milestones)
    await archive.compact("docs", "d", seen.last)
    backend = serving(store)
    async with connect(backend) as client:
        doc = client.doc("docs", "d")
        await doc.fetch()
        if doc.exists:
            await doc.delete()
        await doc.create({"n": 1})
    await backend.close()
    report = await archive.verify("docs", "d")
    assert report.findings == []
    assert report.version > seen.last


async def test_nothing_is_dropped_where_no_milestone_stays(store: Store) -> None:
    seen = await live_history(store, Random(4), 20, interval=None)
    with pytest.raises(ShareDBError, match="No milestones are kept"):
        await Archive(store.db, NoMilestones()).compact("docs", "d", 10)
    assert len(await store.db.get_ops("docs", "d", 0, None)) == seen.last


async def test_a_damaged_history_is_not_compacted(store: Store) -> None:
    await live_history(store, Random(4), 20)
    records = [record async for record in store.db.stored_ops("docs", "d")]
    await store.db.delete_ops("docs", "d", [records[len(records) // 2].key])
    with pytest.raises(ShareDBError, match="is damaged"):
        await Archive(store.db, store.milestones).compact("docs", "d", 2)


# The commands


@pytest.fixture
def database(tmp_path: Path) -> str:
    async def fill() -> str:
        async with open_store("sqlite", tmp_path) as store:
            for doc_id in "ab":
                await live_history(store, Random(1), 20, doc_id)
            return store.url

    return asyncio.run(fill())


def test_ops_that_a_client_may_need_are_not_dropped(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="1 document was left as it is"):
        main(["compact", "docs/a", "--before", "10", "--db", database])
    assert "a client may need what is not 1d old" in capsys.readouterr().out
    main(["compact", "docs", "--before", "1h", "--db", database])
    assert capsys.readouterr().out == ""
    time.sleep(0.01)
    main(["compact", "docs/a", "--before", "10", "--min-age", "5ms", "--db", database])
    assert capsys.readouterr().out == "docs/a: dropped 10 ops before version 10\n"
    main(["compact", "docs", "--before", "5ms", "--min-age", "5ms", "--dry-run", "--db", database])
    assert "docs/b: would drop" in capsys.readouterr().out


def test_purging_asks_first(database: str) -> None:
    with pytest.raises(SystemExit, match="Nothing was erased: confirm with --yes"):
        main(["purge", "docs/a", "--db", database])


def test_a_purged_document_leaves_no_byte_in_the_file(database: str, tmp_path: Path) -> None:
    secret = b"kumquat-7351"

    async def write() -> None:
        async with open_store("sqlite", tmp_path) as store:
            backend = serving(store, interval=2)
            async with connect(backend) as client:
                doc = client.doc("docs", "secret")
                await doc.create({"text": secret.decode()})
                for _ in range(5):
                    await doc.submit([{"p": ["text", 0], "si": secret.decode()}])
            await backend.close()

    asyncio.run(write())
    files = [tmp_path / "docs.sqlite", tmp_path / "docs.sqlite-wal"]

    def is_there() -> bool:
        return any(secret in path.read_bytes() for path in files if path.exists())

    assert is_there()
    main(["purge", "docs/secret", "--yes", "--db", database])
    assert not is_there()
    main(["verify", "--db", database])
