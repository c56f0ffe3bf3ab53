"""Documents carried from database to database, whole, in pieces, and back."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharedb_py.archive import Archive
from sharedb_py.cli import main
from sharedb_py.cli.export import Importer, export_records
from sharedb_py.errors import ShareDBError
from sharedb_py.replay.exporting import DocRecord, EndRecord, OpRecord, format_record, parse_record
from tests.replay.histories import live_history
from tests.replay.stores import STORES, Store, open_store


def archive_of(store: Store) -> Archive:
    return Archive(store.db, store.milestones)


async def exported(store: Store) -> list[str]:
    """Return the lines of an export, without the first."""
    records = [record async for record in export_records(archive_of(store), [])]
    ops = sum(isinstance(record, OpRecord) for record in records)
    docs = sum(isinstance(record, DocRecord) for record in records)
    return [format_record(record) for record in [*records, EndRecord(docs, ops)]]


def same(lines: list[str], others: list[str]) -> bool:
    """Whether two exports say the same; a database may give back 1 for 1.0."""
    return [json.loads(line) for line in lines] == [json.loads(line) for line in others]


async def imported(store: Store, lines: list[str], *, overwrite: bool = False) -> Importer:
    importer = Importer(archive_of(store), overwrite=overwrite)
    for number, line in enumerate(lines, 2):
        await importer.take(parse_record(line, number))
    return importer


@pytest.mark.parametrize("source", STORES)
@pytest.mark.parametrize("target", STORES)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_exporting_what_was_imported_gives_the_same(source: str, target: str, seed: int) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            async with (
                open_store(source, folder, "a") as first,
                open_store(target, folder, "b") as second,
            ):
                for doc_id in ("d", "é", "😀"):
                    await live_history(first, Random(seed), 12, doc_id, halves=second.keeps_halves)
                lines = await exported(first)
                assert (await imported(second, lines)).whole
                assert same(await exported(second), lines)
                if second.keeps_halves:
                    assert await exported(second) == lines
                for doc_id in ("d", "é", "😀"):
                    report = await archive_of(second).verify("docs", doc_id)
                    assert report.sound, report.findings

    asyncio.run(run())


async def test_an_import_cut_off_anywhere_is_run_again(store: Store, tmp_path: Path) -> None:
    await live_history(store, Random(3), 15, "a")
    await live_history(store, Random(4), 15, "b")
    lines = await exported(store)
    for cut in range(0, len(lines), 5):
        async with open_store("sqlite", tmp_path, f"target{cut}") as target:
            assert not (await imported(target, lines[:cut])).whole
            assert (await imported(target, lines)).whole
            assert (await imported(target, lines)).skipped == 2
            assert same(await exported(target), lines)


async def test_a_document_that_differs_is_replaced_only_if_asked(store: Store) -> None:
    await live_history(store, Random(5), 15)
    lines = await exported(store)
    changed = await store.db.get_snapshot("docs", "d", metadata=True)
    other = replace(changed, type_uri="http://sharejs.org/types/JSONv0", data={"other": 1})
    await store.db.restore("docs", "d", [], other)
    with pytest.raises(ShareDBError, match="docs/d is there already"):
        await imported(store, lines)
    assert (await imported(store, lines, overwrite=True)).whole
    assert await exported(store) == lines


# The commands


@pytest.fixture
def database(tmp_path: Path) -> str:
    """A SQLite file with three documents."""

    async def fill() -> str:
        async with open_store("sqlite", tmp_path, "source") as store:
            for number, doc_id in enumerate("abc"):
                await live_history(store, Random(number), 20, doc_id)
            return store.url

    return asyncio.run(fill())


def test_an_interrupted_export_is_resumed(database: str, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.jsonl", tmp_path / "part.jsonl"
    main(["export", "--db", database, "-o", str(whole)])
    text = whole.read_bytes()
    for cut in range(0, len(text) - 1, len(text) // 40):
        part.write_bytes(text[:cut])
        main(["export", "--db", database, "-o", str(part), "--resume"])
        assert part.read_bytes() == text
    with pytest.raises(SystemExit, match="is whole"):
        main(["export", "--db", database, "-o", str(part), "--resume"])


def test_some_documents_are_exported_by_name(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["export", "docs/c", "docs/a", "--db", database])
    lines = capsys.readouterr().out.splitlines()
    assert '"d":"a"' in lines[1]
    assert not any('"d":"b"' in line for line in lines)
    with pytest.raises(SystemExit, match="There is no document docs/x"):
        main(["export", "docs/x", "--db", database])
    with pytest.raises(SystemExit, match="There is no collection cells"):
        main(["export", "cells", "--db", database])


def test_a_file_that_is_cut_off_is_named(database: str, tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    main(["export", "--db", database, "-o", str(path)])
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(SystemExit, match=r"cut\.jsonl is cut off in docs/c"):
        main(["import", str(path), "--db", f"sqlite:///{tmp_path / 'new.sqlite'}"])


@pytest.mark.parametrize("line", ["{}", "nonsense", '{"c":"a","d":"b","op":{}}', "[]", '{"c":1}'])
def test_a_line_that_is_none_is_named_by_its_number(
    database: str, tmp_path: Path, line: str
) -> None:
    path = tmp_path / "bad.jsonl"
    main(["export", "--db", database, "-o", str(path)])
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], line, *lines[4:], ""]))
    with pytest.raises(SystemExit, match="Line 4 is no line of an export"):
        main(["import", str(path), "--db", f"sqlite:///{tmp_path / 'new.sqlite'}"])


def test_a_lost_line_is_noticed(database: str, tmp_path: Path) -> None:
    path = tmp_path / "lost.jsonl"
    main(["export", "--db", database, "-o", str(path)])
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:5], *lines[6:], ""]))
    with pytest.raises(SystemExit, match="should hold 3 documents"):
        main(["import", str(path), "--db", f"sqlite:///{tmp_path / 'new.sqlite'}"])
