"""``sharedb-py log``: the ops of a document."""

from __future__ import annotations

import argparse
import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from sharedb_py.archive import Archive
from sharedb_py.cli.opening import now, opened, target_of
from sharedb_py.cli.parsing import add_command_parser, add_db_option, add_output_options, count
from sharedb_py.cli.terminal import Output, output
from sharedb_py.ops import Op
from sharedb_py.replay.moments import Target, format_time, parse_moment
from sharedb_py.replay.opinfo import OpInfo, author_of, describe, time_of, touches
from sharedb_py.replay.paths import parse_path

__all__ = ["add_command", "op_line"]

FOLLOW_SECONDS = 0.3


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = add_command_parser(
        commands,
        "log",
        lambda options: asyncio.run(_log(options)),
        summary="list the ops of a document: when, who, how much, what",
        synopsis="sharedb-py log COLLECTION/ID --db URL [OPTIONS]",
        description="""\
Writes a line for each op, the oldest first: the version it applies to, its time, its author
(the user where the log names one, else the connection's source), its size as JSON, and what
it does. Op 7 takes the document from version 7 to version 8.""",
        examples="""\
sharedb-py log cells/c1 --db sqlite:///docs.sqlite
sharedb-py log cells/c1 --since 2h --author ana --path source
sharedb-py log cells/c1 -n 20 --follow
sharedb-py log cells/c1 --json | jq 'select(.size > 1000)'""",
    )
    add = parser.add_argument
    add("document", metavar="COLLECTION/ID", help="the document; with @MOMENT, only up to there")
    add_db_option(parser)
    add("--since", metavar="MOMENT", help="from a version on, or a time: 120, 2026-01-31T09:30, 2h")
    add("--until", metavar="MOMENT", help="up to a version or a time")
    add("--author", metavar="NAME", help="only ops of a user, or of a source that begins so")
    add("--path", metavar="PATH", help="only ops at, in or around a place such as outputs[0].text")
    add("-n", "--limit", metavar="N", type=count, help="only the last N")
    add("-f", "--follow", action="store_true", help="go on with what is committed from now on")
    add_output_options(parser)


async def _log(options: argparse.Namespace) -> None:
    target = target_of(options.document)
    path = None if options.path is None else parse_path(options.path)

    def wanted(op: Op) -> bool:
        by_author = options.author is None or author_of(op).is_called(options.author)
        return by_author and (path is None or touches(op, path))

    async with opened(options) as archive:
        head = await archive.head(target.collection, target.doc_id)
        with output(pager=not (options.json or options.no_pager or options.follow)) as out:
            shown = (
                op async for op in _range(archive, target, head.version, options) if wanted(op)
            )
            if options.limit is not None:
                last = deque([op async for op in shown], options.limit)
                for op in last:
                    _write(out, op, options.json)
            else:
                async for op in shown:
                    _write(out, op, options.json)
            if options.follow:
                await _follow(archive, target, head.version, out, options.json, wanted)


async def _range(
    archive: Archive, target: Target, end: int, options: argparse.Namespace
) -> AsyncIterator[Op]:
    collection, doc_id = target.collection, target.doc_id
    start = await archive.first_version(collection, doc_id)
    earliest: float | None = None
    if options.since is not None:
        since = parse_moment(options.since, now())
        earliest = since.time
        if since.version is not None:
            start = max(start, since.version)
        elif since.time is not None:
            start = await archive.version_at(collection, doc_id, since.time - 1)
    until = target.moment if options.until is None else parse_moment(options.until, now())
    if until is not None:
        end = min(end, await archive.version_of(collection, doc_id, until))
    async for op in archive.ops(collection, doc_id, start, end):
        if earliest is None or (time_of(op) or earliest) >= earliest:
            yield op


async def _follow(
    archive: Archive, target: Target, version: int, out: Output, as_json: bool, wanted: Any
) -> None:
    out.flush()
    while True:
        async for op in archive.ops(target.collection, target.doc_id, version):
            version = op["v"] + 1
            if wanted(op):
                _write(out, op, as_json)
        out.flush()
        await asyncio.sleep(FOLLOW_SECONDS)


def _write(out: Output, op: Op, as_json: bool) -> None:
    info = describe(op)
    if as_json:
        out.json(info.as_json())
    else:
        out.line(op_line(out, info))


def op_line(out: Output, info: OpInfo) -> str:
    """Return the line about one op."""
    version = out.paint(f"{info.version:>6}", "yellow")
    time = out.paint(f"{format_time(info.time):<19}", "dim")
    size = out.paint(f"{info.size:>6}", "dim")
    return f"{version}  {time}  {out.author(info.author.name, 12)} {size}  " + out.paint(
        info.summary, *(["bold"] if info.kind != "edit" else ["dim"] if not info.size else [])
    )
