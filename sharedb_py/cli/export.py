"""``sharedb-py export`` and ``import``: documents and their histories as JSON lines."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Final

from sharedb_py.archive import Archive
from sharedb_py.cli.opening import documents, opened
from sharedb_py.cli.parsing import add_command_parser, add_db_option
from sharedb_py.cli.terminal import Progress, counted
from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import json_equal
from sharedb_py.ops import Op
from sharedb_py.replay.exporting import (
    DocRecord,
    EndRecord,
    MilestoneRecord,
    OpRecord,
    Record,
    format_record,
    is_header,
    parse_record,
)
from sharedb_py.snapshot import Snapshot

__all__ = ["Importer", "add_command", "export_records"]

CHUNK: Final = 1000
"""How many ops are written in one transaction."""


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the parsers of both commands."""
    parser = add_command_parser(
        commands,
        "export",
        _export,
        summary="write documents and their histories as JSON lines",
        synopsis="sharedb-py export [COLLECTION[/ID]]... --db URL [-o FILE [--resume]]",
        description="""\
Writes the documents named, or all, to standard output or a file: for each its snapshot, its
milestones and its ops, with all their metadata, and a last line that counts them. Holds
little in memory, however large the database. Exporting what was imported gives the same file.""",
        examples="""\
sharedb-py export --db sqlite:///docs.sqlite -o docs.jsonl
sharedb-py export cells/c1 --db sqlite:///docs.sqlite > bug.jsonl
sharedb-py export --db sqlite:///docs.sqlite | sharedb-py import --db mongodb://localhost/docs""",
    )
    add = parser.add_argument
    add("names", metavar="COLLECTION[/ID]", nargs="*", help="what to export; nothing: everything")
    add_db_option(parser)
    add("-o", "--output", metavar="FILE", help="the file to write")
    add("--resume", action="store_true", help="go on with a file that was not finished")
    parser = add_command_parser(
        commands,
        "import",
        _import,
        summary="read documents and their histories from JSON lines",
        synopsis="sharedb-py import [FILE] --db URL [--overwrite]",
        description="""\
Stores what export wrote, from a file or standard input, as it was: versions, authors, times,
milestones. A document that is there already and is the same is left alone, so an import that
was interrupted is simply run again. One that is there and differs ends the import, unless
--overwrite says that the file's replaces it.""",
        examples="""\
sharedb-py import docs.jsonl --db sqlite:///copy.sqlite
zcat docs.jsonl.gz | sharedb-py import --db mongodb://localhost/docs""",
    )
    add = parser.add_argument
    add("file", metavar="FILE", nargs="?", help="the file to read (standard input)")
    add_db_option(parser)
    add("--overwrite", action="store_true", help="replace documents that differ")


# Exporting


async def export_records(
    archive: Archive, names: list[str], after: tuple[str, str] | None = None
) -> AsyncIterator[Record]:
    """Yield the records of the documents named, from the first one past ``after``."""
    async for collection, doc_id in documents(archive, names, after):
        head = await archive.db.get_snapshot(collection, doc_id, metadata=True)
        yield DocRecord(collection, replace(head, adapter=None))
        # What is committed from here on is left out: the ops end where the snapshot is.
        end = head.version or None
        versions = [m.version async for m in archive.milestones.newest_first(collection, doc_id)]
        for version in reversed(versions):
            milestone = await archive.milestones.get(collection, doc_id, version)
            if milestone is not None and (end is None or version <= end):
                yield MilestoneRecord(collection, replace(milestone, adapter=None))
        async for record in archive.db.stored_ops(collection, doc_id, 0, end):
            if record.linked:
                yield OpRecord(collection, doc_id, record.op)


@dataclass
class _Written:
    """How much of a file stands: whole documents, and the offset after the last of them."""

    offset: int = 0
    docs: int = 0
    ops: int = 0
    last: tuple[str, str] | None = None
    whole: bool = False


def _already_written(path: Path) -> _Written:
    """Read an unfinished export; its last document may be cut off and counts for nothing."""
    stands = _Written()
    before: tuple[str, str] | None = None
    current: tuple[str, str] | None = None
    ops = offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                break
            if number == 1:
                if not is_header(line.decode("utf-8", "replace")):
                    raise ShareDBError(f"{path} is no export")
                stands.offset = len(line)
            else:
                record = parse_record(line.decode("utf-8", "replace"), number)
                if isinstance(record, EndRecord):
                    stands.whole = True
                elif isinstance(record, DocRecord):
                    if current is not None:
                        before = current
                        stands.docs += 1
                    current = (record.collection, record.snapshot.id)
                    stands.offset, stands.ops, stands.last = offset, ops, before
                elif isinstance(record, OpRecord):
                    ops += 1
            offset += len(line)
    return stands


@contextmanager
def _destination(options: argparse.Namespace) -> Iterator[tuple[IO[str], _Written]]:
    """Open what is written to, after what stands of it already."""
    if options.output is None:
        if options.resume:
            raise ShareDBError("--resume goes on with a file: name it with -o FILE")
        yield sys.stdout, _Written()
        sys.stdout.flush()
        return
    path = Path(options.output)
    stands = _already_written(path) if options.resume and path.exists() else _Written()
    if stands.whole:
        raise ShareDBError(f"{path} is whole; there is nothing to resume")
    try:
        with path.open("r+" if stands.offset else "w", encoding="utf-8", newline="\n") as file:
            file.truncate(stands.offset)
            file.seek(stands.offset)
            yield file, stands
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ShareDBError(f"Cannot write {path}: {error.strerror}") from error


def _export(options: argparse.Namespace) -> None:
    with _destination(options) as (file, stands):
        asyncio.run(_write_export(options, file, stands))


async def _write_export(options: argparse.Namespace, file: IO[str], stands: _Written) -> None:
    progress = Progress("Exported")
    docs, ops = stands.docs, stands.ops
    async with opened(options) as archive:
        if not stands.offset:
            file.write(format_record(None))
        async for record in export_records(archive, options.names, stands.last):
            file.write(format_record(record))
            is_doc, is_op = isinstance(record, DocRecord), isinstance(record, OpRecord)
            docs, ops = docs + is_doc, ops + is_op
            progress.add(is_doc, is_op)
        file.write(format_record(EndRecord(docs, ops)))
    progress.done()
    if options.output is not None:
        print(progress.text(), file=sys.stderr)


# Importing


@dataclass
class _Incoming:
    """The document whose records are coming in; ``skipped`` if it is there already."""

    collection: str
    snapshot: Snapshot
    skipped: bool
    ops: list[Op] = field(default_factory=list)


class Importer:
    """Stores records in the order in which export wrote them."""

    def __init__(self, archive: Archive, *, overwrite: bool = False) -> None:
        self._archive = archive
        self._overwrite = overwrite
        self._incoming: _Incoming | None = None
        self.docs = 0
        self.ops = 0
        self.skipped = 0
        self.whole = False

    @property
    def unfinished(self) -> str | None:
        """The document that is not stored yet, as people write it."""
        incoming = self._incoming
        return None if incoming is None else f"{incoming.collection}/{incoming.snapshot.id}"

    async def take(self, record: Record) -> None:
        """Store a record; raises ``ShareDBError`` for a document that is there and differs."""
        if isinstance(record, DocRecord):
            await self._finish()
            await self._begin(record)
        elif isinstance(record, EndRecord):
            await self._finish()
            if (record.docs, record.ops) != (self.docs, self.ops):
                raise ShareDBError(
                    f"The file should hold {record.docs} documents and {record.ops} ops, "
                    f"but has {self.docs} and {self.ops}"
                )
            self.whole = True
        else:
            await self._add(record)

    async def _begin(self, record: DocRecord) -> None:
        collection, snapshot = record.collection, record.snapshot
        self.docs += 1
        stored = await self._archive.db.get_snapshot(collection, snapshot.id, metadata=True)
        same = (
            stored.version == snapshot.version
            and stored.type_uri == snapshot.type_uri
            and json_equal(stored.data, snapshot.data)
        )
        if stored.version and not same:
            if not self._overwrite:
                raise ShareDBError(
                    f"{collection}/{snapshot.id} is there already, at version {stored.version}, "
                    f"and is not what the file has (version {snapshot.version}); --overwrite "
                    "replaces it"
                )
            await self._archive.purge(collection, snapshot.id)
        skipped = bool(stored.version) and same
        self.skipped += skipped
        self._incoming = _Incoming(collection, snapshot, skipped)

    async def _add(self, record: OpRecord | MilestoneRecord) -> None:
        incoming = self._incoming
        doc_id = record.doc_id if isinstance(record, OpRecord) else record.snapshot.id
        if incoming is None or (incoming.collection, incoming.snapshot.id) != (
            record.collection,
            doc_id,
        ):
            raise ShareDBError(f"The file has a record of {record.collection}/{doc_id} too early")
        if isinstance(record, MilestoneRecord):
            if not incoming.skipped:
                await self._archive.milestones.save(record.collection, record.snapshot)
            return
        self.ops += 1
        if not incoming.skipped:
            incoming.ops.append(record.op)
            if len(incoming.ops) == CHUNK:
                await self._archive.db.restore(record.collection, doc_id, incoming.ops)
                incoming.ops = []

    async def _finish(self) -> None:
        """Store what is left of a document, the snapshot last: it says that all is there."""
        incoming, self._incoming = self._incoming, None
        if incoming is not None and not incoming.skipped:
            snapshot = incoming.snapshot if incoming.snapshot.version else None
            await self._archive.db.restore(
                incoming.collection, incoming.snapshot.id, incoming.ops, snapshot
            )


@contextmanager
def _source(name: str | None) -> Iterator[IO[str]]:
    if name is None:
        yield sys.stdin
        return
    try:
        with Path(name).open(encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise ShareDBError(f"Cannot read {name}: {error.strerror}") from error


def _import(options: argparse.Namespace) -> None:
    with _source(options.file) as file:
        asyncio.run(_read_import(options, file))


async def _read_import(options: argparse.Namespace, file: IO[str]) -> None:
    progress = Progress("Imported")
    name = options.file or "Standard input"
    async with opened(options, create=True) as archive:
        importer = Importer(archive, overwrite=options.overwrite)
        try:
            await _take_lines(importer, file, name, progress)
        finally:
            progress.done()
    print(
        f"{progress.text()}"
        + (f"; there already: {counted(importer.skipped, 'document')}" if importer.skipped else ""),
        file=sys.stderr,
    )


async def _take_lines(importer: Importer, file: IO[str], name: str, progress: Progress) -> None:
    for number, line in enumerate(file, 1):
        if number == 1:
            if not is_header(line):
                raise ShareDBError(f"{name} is no export")
            continue
        if not line.endswith("\n"):
            break
        record = parse_record(line, number)
        await importer.take(record)
        progress.add(isinstance(record, DocRecord), isinstance(record, OpRecord))
    if not importer.whole:
        left = importer.unfinished
        raise ShareDBError(
            f"{name} is cut off" + (f" in {left}, which is not imported" if left else "")
        )
