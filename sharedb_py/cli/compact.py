"""``sharedb-py compact``: old ops dropped, the history that remains kept exact."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from sharedb_py.archive import Archive
from sharedb_py.cli.opening import documents, now, opened
from sharedb_py.cli.parsing import add_command_parser, add_db_option, add_output_options
from sharedb_py.cli.terminal import Output, counted, output
from sharedb_py.errors import ShareDBError
from sharedb_py.replay.moments import Moment, format_time, parse_duration, parse_moment
from sharedb_py.replay.opinfo import time_of

__all__ = ["add_command"]


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = add_command_parser(
        commands,
        "compact",
        lambda options: asyncio.run(_compact(options)),
        summary="drop old ops, after writing a milestone",
        synopsis="sharedb-py compact [COLLECTION[/ID]]... --before MOMENT --db URL [OPTIONS]",
        description="""\
For the documents named, or all: writes a milestone of the version at MOMENT, and drops the
ops before it. Every version from there on can be shown, compared and verified as before.

A client that was away and comes back needs the ops since it left, to catch up and to have
its own edits transformed. So ops younger than --min-age are never dropped; nor are those of
a document that does not verify. What is refused is named, and the status is 1.""",
        examples="""\
sharedb-py compact --before 90d --db sqlite:///docs.sqlite
sharedb-py compact cells --before 90d --dry-run
sharedb-py compact cells/c1 --before 12000""",
    )
    add = parser.add_argument
    add("names", metavar="COLLECTION[/ID]", nargs="*", help="what to compact; nothing: everything")
    add_db_option(parser)
    add(
        "--before", metavar="MOMENT", required=True, help="a version, a time, or an age such as 90d"
    )
    add("--min-age", metavar="AGE", default="1d", help="how old an op must be (%(default)s)")
    add("--dry-run", action="store_true", help="only say what would be dropped")
    add_output_options(parser, pager=False)


async def _compact(options: argparse.Namespace) -> None:
    before = parse_moment(options.before, now())
    latest = now() - parse_duration(options.min_age)
    refused = 0
    async with opened(options) as archive:
        with output(pager=False) as out:
            async for collection, doc_id in documents(archive, options.names):
                try:
                    await _compact_one(out, archive, collection, doc_id, before, latest, options)
                except ShareDBError as error:
                    refused += 1
                    out.line(out.paint(f"{collection}/{doc_id}: left as it is: {error}", "red"))
                out.flush()
    if refused:
        were = "was left as it is" if refused == 1 else "were left as they are"
        raise ShareDBError(f"{counted(refused, 'document')} {were}")


async def _compact_one(
    out: Output,
    archive: Archive,
    collection: str,
    doc_id: str,
    before: Moment,
    latest: float,
    options: argparse.Namespace,
) -> None:
    head = await archive.head(collection, doc_id)
    first = await archive.first_version(collection, doc_id)
    if before.time is not None:
        # What is too young is kept, without complaint, where an age was asked for.
        cut = await archive.version_of(
            collection, doc_id, Moment(time=min(before.time, latest) - 1)
        )
    else:
        cut = min(before.version or 0, head.version)
        if cut > first:
            await _check_age(archive, collection, doc_id, cut, latest, options.min_age)
    dropped = max(cut - first, 0)
    if dropped and not options.dry_run:
        dropped = await archive.compact(collection, doc_id, cut)
    if options.json:
        out.json({"c": collection, "d": doc_id, "first": max(cut, first), "dropped": dropped})
    elif dropped:
        verb = "would drop" if options.dry_run else "dropped"
        out.line(
            out.paint(
                f"{collection}/{doc_id}: {verb} {counted(dropped, 'op')} before version {cut}"
            )
        )


async def _check_age(
    archive: Archive, collection: str, doc_id: str, cut: int, latest: float, min_age: str
) -> None:
    [last] = [op async for op in archive.ops(collection, doc_id, cut - 1, cut)]
    time = time_of(last)
    if time is None or time > latest:
        when = "has no time" if time is None else f"is of {format_time(time)}"
        raise ShareDBError(
            f"op {cut - 1} {when}, and a client may need what is not {min_age} old (--min-age)"
        )
