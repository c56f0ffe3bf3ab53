"""``sharedb-py play``: recorded traffic sent to a server, as it was."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sharedb_py.archive import Archive
from sharedb_py.cli.opening import documents, opened
from sharedb_py.cli.parsing import add_command_parser, add_db_option, add_output_options
from sharedb_py.cli.player import Player
from sharedb_py.cli.record import is_recording
from sharedb_py.cli.terminal import Output, counted, output
from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import JSONObject
from sharedb_py.ops import Op
from sharedb_py.replay.exporting import (
    DocRecord,
    EndRecord,
    MilestoneRecord,
    is_header,
    parse_record,
)
from sharedb_py.replay.playing import (
    DocPlay,
    Frame,
    play_of_log,
    plays_of_recording,
)
from sharedb_py.snapshot import Snapshot, empty_snapshot

__all__ = ["add_command", "plays_of_file"]


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = add_command_parser(
        commands,
        "play",
        lambda options: asyncio.run(_play(options)),
        summary="send recorded traffic to a server, and compare what comes of it",
        synopsis="""\
sharedb-py play FILE --to ws://HOST/PATH [OPTIONS]
sharedb-py play COLLECTION[/ID]... --db URL --to ws://HOST/PATH [OPTIONS]""",
        description="""\
Plays a file that record or export wrote, or the op logs of documents, into a server that
does not have the documents yet. Each author has a connection of its own; ops keep their
order, their src and seq, and the pauses between them. From a recording, ops are sent for the
version their client knew, and ops that were refused are sent too: the server has to
transform and refuse as it did then. An op log only has the versions at which ops were
committed. A document whose log does not begin with its creation is first created as it was.

Says whether every document became what it was, how fast that went, and what the server took
to acknowledge an op. As a load test, play many documents with --speed max.""",
        examples="""\
sharedb-py play bug.jsonl --to ws://127.0.0.1:9090/channel
sharedb-py play cells --db sqlite:///docs.sqlite --to ws://127.0.0.1:9090/channel --speed 10x
sharedb-py play docs.jsonl --to ws://127.0.0.1:9090/channel --speed max --json""",
    )
    add = parser.add_argument
    add("sources", metavar="FILE|COLLECTION[/ID]", nargs="+", help="a file, or documents of --db")
    add_db_option(parser)
    add("--to", metavar="URL", required=True, help="the server's websocket")
    add("--speed", metavar="N", type=_speed, default=1.0, help="1x, 10x, 0.5x or max (1x)")
    add(
        "--max-pause",
        metavar="SECONDS",
        type=float,
        default=10.0,
        help="cut longer recorded pauses to this (%(default)s)",
    )
    add_output_options(parser, pager=False)


def _speed(text: str) -> float:
    speed = math.inf if text == "max" else float(text.removesuffix("x"))
    if not speed > 0:
        raise ValueError
    return speed


# What to play


def plays_of_file(path: Path) -> list[DocPlay]:
    """Return what a recording or an export holds; raises ``ShareDBError`` for another file."""
    try:
        with path.open(encoding="utf-8") as file:
            first = file.readline()
            if is_recording(first):
                return plays_of_recording(_frames(file))
            if is_header(first):
                return list(_plays_of_export(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ShareDBError(f"Cannot read {path}: {error}") from error
    raise ShareDBError(f"{path} is neither a recording nor an export")


def _frames(lines: Any) -> Iterator[Frame]:
    for number, line in enumerate(lines, 2):
        if not line.endswith("\n"):
            return  # the recorder was killed while it wrote
        try:
            record = json.loads(line)
            sender = record["from"]
            if sender in ("client", "server"):
                message = json.loads(record["text"])
                if isinstance(message, dict):
                    yield Frame(record["n"], record["t"], sender == "client", message)
        except (ValueError, KeyError, TypeError):
            raise ShareDBError(f"Line {number} is no line of a recording") from None


def _plays_of_export(lines: Any) -> Iterator[DocPlay]:
    doc: DocRecord | None = None
    ops: list[Op] = []
    milestones: dict[int, Snapshot] = {}
    for number, line in enumerate(lines, 2):
        record = parse_record(line, number)
        if isinstance(record, (DocRecord, EndRecord)):
            if doc is not None:
                yield _play_of_doc(doc, ops, milestones)
            doc = record if isinstance(record, DocRecord) else None
            ops, milestones = [], {}
        elif isinstance(record, MilestoneRecord):
            milestones[record.snapshot.version] = record.snapshot
        else:
            ops.append(record.op)


def _play_of_doc(doc: DocRecord, ops: list[Op], milestones: dict[int, Snapshot]) -> DocPlay:
    first = ops[0]["v"] if ops else doc.snapshot.version
    start = empty_snapshot(doc.snapshot.id) if first == 0 else milestones.get(first)
    if start is None:
        raise ShareDBError(
            f"The log of {doc.collection}/{doc.snapshot.id} begins at version {first}, "
            "and what it was then is not there"
        )
    return play_of_log(doc.collection, start, ops, doc.snapshot if doc.snapshot.version else None)


async def _plays_of_archive(archive: Archive, names: list[str]) -> list[DocPlay]:
    plays = []
    async for collection, doc_id in documents(archive, names):
        head = await archive.head(collection, doc_id)
        first = await archive.first_version(collection, doc_id)
        start = await archive.at_version(collection, doc_id, first)
        ops = [op async for op in archive.ops(collection, doc_id, first, head.version)]
        plays.append(play_of_log(collection, start, ops, head))
    return plays


async def _play(options: argparse.Namespace) -> None:
    plays = await _sources(options)
    if not any(play.acts for play in plays):
        raise ShareDBError("There is nothing to play")
    player = Player(options.to, options.speed, options.max_pause)
    await player.play(plays)
    report = player.report(plays)
    with output(pager=False) as out:
        if options.json:
            out.json(report)
        else:
            _write(out, report)
    if player.problems:
        raise ShareDBError("What came of it is not what was recorded")


async def _sources(options: argparse.Namespace) -> list[DocPlay]:
    files = [Path(source) for source in options.sources]
    if options.db is None or all(await asyncio.to_thread(_are_files, files)):
        return [play for path in files for play in await asyncio.to_thread(plays_of_file, path)]
    async with opened(options) as archive:
        return await _plays_of_archive(archive, options.sources)


def _are_files(paths: list[Path]) -> list[bool]:
    return [path.is_file() for path in paths]


def _write(out: Output, report: JSONObject) -> None:
    took = ", ".join(f"{name} {value} ms" for name, value in report["ack_ms"].items())
    refused = f" ({report['refused']} refused, as recorded)" if report["refused"] else ""
    out.line(
        f"Played {counted(report['ops'], 'op')}{refused} of "
        f"{counted(report['authors'], 'author')} on {counted(report['docs'], 'document')} "
        f"in {report['seconds']} s: "
        f"{report['ops_per_second']} ops/s, acknowledged in {took}"
    )
    for note in report["notes"]:
        out.line(out.paint(f"note: {note}", "yellow"))
    for problem in report["problems"]:
        out.line(out.paint(problem, "red"))
    if report["same"]:
        out.line(out.paint("Every document is what it was when it was recorded", "green"))
