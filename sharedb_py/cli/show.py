"""``sharedb-py show``: a document at a moment."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

from sharedb_py.cli.opening import opened, target_of
from sharedb_py.cli.parsing import add_command_parser, add_db_option, add_output_options
from sharedb_py.cli.terminal import output, printable
from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import MISSING
from sharedb_py.replay.paths import format_path, parse_path, value_at

__all__ = ["add_command"]


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = add_command_parser(
        commands,
        "show",
        lambda options: asyncio.run(_show(options)),
        summary="show a document as it is, or as it was",
        synopsis="sharedb-py show COLLECTION/ID[@VERSION|@TIME] [PATH] --db URL [OPTIONS]",
        description="""\
Writes the document's data as JSON. With a moment, the ops up to it are replayed from the
nearest milestone; a time is an ISO time (local unless it names a zone), ms since the epoch,
or so long ago: 90s, 15m, 2h, 3d. Text is written as it is with --raw.""",
        examples="""\
sharedb-py show cells/c1 --db sqlite:///docs.sqlite
sharedb-py show cells/c1@120 source --raw
sharedb-py show cells/c1@2026-01-31T09:30
sharedb-py show cells/c1@2h --json""",
    )
    add = parser.add_argument
    add("document", metavar="COLLECTION/ID[@MOMENT]", help="the document, and when")
    add("path", metavar="PATH", nargs="?", default=".", help="a place in it: outputs[0].text")
    add_db_option(parser)
    add("-r", "--raw", action="store_true", help="write a string itself, not as JSON")
    add_output_options(parser)


async def _show(options: argparse.Namespace) -> None:
    target, path = target_of(options.document), parse_path(options.path)
    async with opened(options) as archive:
        snapshot = await archive.at(target)
    value = value_at(snapshot.data, path)
    if path and value is MISSING:
        raise ShareDBError(
            f"There is nothing at {format_path(path)} in {target.name} "
            f"at version {snapshot.version}"
        )
    with output(pager=not (options.json or options.no_pager)) as out:
        if options.json:
            record = {"c": target.collection, "d": target.doc_id, "v": snapshot.version}
            record["type"] = snapshot.type_uri
            if value is not MISSING:
                record["data"] = value
            out.json(record)
        elif value is MISSING:
            out.line(
                out.paint(f"(no document at version {snapshot.version}: not created, or deleted)")
            )
        elif options.raw and isinstance(value, str):
            out.line(printable(value.removesuffix("\n")))
        else:
            out.line(printable(json.dumps(value, ensure_ascii=False, indent=2)))
