"""``sharedb-py diff``: what differs between two moments."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable
from typing import Any

from sharedb_py.cli.opening import opened, target_of
from sharedb_py.cli.parsing import add_command_parser, add_db_option, add_output_options
from sharedb_py.cli.terminal import Output, brief, output
from sharedb_py.replay.diffing import Difference, TextPart, diff_values, hunks
from sharedb_py.replay.moments import Moment, Target
from sharedb_py.replay.paths import format_path, parse_path, value_at

__all__ = ["add_command", "write_differences"]

ONE_LINE = 60  # characters up to which a changed text is shown on one line


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = add_command_parser(
        commands,
        "diff",
        lambda options: asyncio.run(_diff(options)),
        summary="show what differs between two moments of a document",
        synopsis="sharedb-py diff COLLECTION/ID@A [COLLECTION/ID@B] --db URL [OPTIONS]",
        description="""\
Compares keys of objects, elements of lists (moved ones are recognised), and strings by lines
and characters. With one document and a moment, shows what the op before that moment did.
On a terminal colours show what was removed and added; elsewhere [-removed-] and {+added+}.""",
        examples="""\
sharedb-py diff cells/c1@120 cells/c1@125 --db sqlite:///docs.sqlite
sharedb-py diff cells/c1@1h cells/c1
sharedb-py diff cells/c1@121
sharedb-py diff cells/c1@120 cells/c1 --path source""",
    )
    add = parser.add_argument
    add("before", metavar="COLLECTION/ID@A", help="the document at one moment")
    add("after", metavar="COLLECTION/ID@B", nargs="?", help="the document, or another, at another")
    add_db_option(parser)
    add("--path", metavar="PATH", default=".", help="only what is at a place such as outputs[0]")
    add_output_options(parser)


async def _diff(options: argparse.Namespace) -> None:
    before, path = target_of(options.before), parse_path(options.path)
    async with opened(options) as archive:
        if options.after is None:
            after = before
            version = await archive.version_of(before.collection, before.doc_id, before.moment)
            earlier = Moment(version=max(version - 1, 0))
            before = Target(before.collection, before.doc_id, earlier)
        else:
            after = target_of(options.after)
        old, new = await archive.at(before), await archive.at(after)
    differences = diff_values(value_at(old.data, path), value_at(new.data, path), path)
    with output(pager=not (options.json or options.no_pager)) as out:
        if options.json:
            for difference in differences:
                out.json(difference.as_json())
            return
        out.line(out.paint(f"{before.name}@{old.version} → {after.name}@{new.version}", "bold"))
        if old.type_uri != new.type_uri:
            out.line(f"type: {old.type_uri or 'no document'} → {new.type_uri or 'no document'}")
        write_differences(out, differences)


def write_differences(out: Output, differences: Iterable[Difference]) -> None:
    """Write what differs, for people."""
    for difference in differences:
        where = format_path(difference.path)
        if difference.kind == "added":
            out.line(out.paint(f"+ {where}: {brief(difference.after)}", "green"))
        elif difference.kind == "removed":
            out.line(out.paint(f"- {where}: {brief(difference.before)}", "red"))
        elif difference.kind == "moved":
            out.line(out.paint(f"> {where}: moved from [{difference.source}]", "cyan"))
        elif difference.is_text:
            _write_text(out, where, difference.before, difference.after)
        else:
            change = f"~ {where}: {brief(difference.before)} → {brief(difference.after)}"
            out.line(out.paint(change, "yellow"))


def _write_text(out: Output, where: str, before: str, after: str) -> None:
    out.line(out.paint(f"~ {where}:", "yellow"))
    for hunk in hunks(before, after):
        out.line(out.paint(f"  @ line {hunk.line}", "cyan"))
        for parts in hunk.lines:
            kind = parts[0].kind
            sign = {"keep": " ", "remove": "-", "add": "+"}[kind]
            style = {"keep": "dim", "remove": "red", "add": "green"}[kind]
            out.line(out.paint(f"  {sign} ", style) + _line(out, parts, style))
    if before.splitlines() == after.splitlines():
        out.line(
            f"  {brief(before[-ONE_LINE:])} → {brief(after[-ONE_LINE:])} (ends of lines differ)"
        )


def _line(out: Output, parts: Iterable[TextPart], style: str) -> str:
    """A line with its changed parts marked: by reversed colours, or by brackets."""
    text = ""
    for part in parts:
        if not part.text:
            continue
        if part.kind == "keep":
            text += out.paint(part.text, style)
        elif out.paint("x", "bold") != "x":
            text += out.paint(part.text, style, "reverse")
        else:
            marks = ("[-", "-]") if part.kind == "remove" else ("{+", "+}")
            text += marks[0] + out.paint(part.text) + marks[1]
    return text
