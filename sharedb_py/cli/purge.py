"""``sharedb-py purge``: documents erased for good."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any

from sharedb_py.cli.opening import documents, opened
from sharedb_py.cli.parsing import add_command_parser, add_db_option
from sharedb_py.cli.terminal import counted, printable
from sharedb_py.errors import ShareDBError

__all__ = ["add_command"]

SHOWN = 10


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = add_command_parser(
        commands,
        "purge",
        lambda options: asyncio.run(_purge(options)),
        summary="erase documents with their whole history",
        synopsis="sharedb-py purge COLLECTION[/ID]... --db URL [--yes]",
        description="""\
Erases snapshots, ops and milestones, as if the documents had never been: for what must not
be kept. In a SQLite file the bytes are overwritten too. Backups, exports, and what clients
hold are not reached; nor is the memory of a running server, so stop it first. A document
that is only no longer wanted is better deleted by a client: its history stays.""",
        examples="""\
sharedb-py purge cells/c1 --db sqlite:///docs.sqlite
sharedb-py purge users/ana messages --yes""",
    )
    add = parser.add_argument
    add(
        "names", metavar="COLLECTION[/ID]", nargs="+", help="the documents; a collection: all of it"
    )
    add_db_option(parser)
    add("--yes", action="store_true", help="do not ask")


async def _purge(options: argparse.Namespace) -> None:
    async with opened(options) as archive:
        found = [entry async for entry in documents(archive, options.names)]
        if not options.yes:
            _ask([f"{collection}/{doc_id}" for collection, doc_id in found])
        for collection, doc_id in found:
            await archive.purge(collection, doc_id)
    print(f"Erased {counted(len(found), 'document')}")


def _ask(names: list[str]) -> None:
    """Return if a person at the terminal says yes; raises ``ShareDBError`` otherwise."""
    if not sys.stdin.isatty():
        raise ShareDBError("Nothing was erased: confirm with --yes")
    shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    print(f"This erases {counted(len(names), 'document')} for good: {printable(shown)}")
    if input("Type yes to erase them: ").strip().lower() != "yes":
        raise ShareDBError("Nothing was erased")
