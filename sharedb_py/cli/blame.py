"""``sharedb-py blame``: who wrote what."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sharedb_py.cli.opening import opened, target_of
from sharedb_py.cli.parsing import add_command_parser, add_db_option, add_output_options
from sharedb_py.cli.terminal import Output, brief, output
from sharedb_py.ops import Op
from sharedb_py.ot.utf16 import join, length
from sharedb_py.replay.attribution import BEFORE
from sharedb_py.replay.blaming import Piece, blame
from sharedb_py.replay.moments import format_time
from sharedb_py.replay.opinfo import Author, author_of, time_of
from sharedb_py.replay.paths import parse_path

__all__ = ["add_command"]


@dataclass(frozen=True, slots=True)
class _Source:
    author: Author
    time: float | None


UNKNOWN = _Source(Author(None, "(older)"), None)


@dataclass(frozen=True, slots=True)
class _Row:
    """Pieces that are shown on one line; ``first`` and ``last`` are versions of ops."""

    piece: Piece
    first: int
    last: int


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = add_command_parser(
        commands,
        "blame",
        lambda options: asyncio.run(_blame(options)),
        summary="show who wrote each run of a text, or each element of a list",
        synopsis="sharedb-py blame COLLECTION/ID[@MOMENT] [PATH] --db URL [OPTIONS]",
        description="""\
For a string at PATH, writes its runs of characters; for a list or an object its elements or
values: the op they came from, when, and by whom; positions count UTF-16 code units, as ops
do. What was moved keeps its author; what was deleted and written again has the new one.
Neighbouring runs of one author are shown as one, unless --each-op is given. An element that
was changed inside after it came also shows the op that last did so.""",
        examples="""\
sharedb-py blame cells/c1 source --db sqlite:///docs.sqlite
sharedb-py blame cells/c1@120 source --each-op
sharedb-py blame cells/c1 outputs --json""",
    )
    add = parser.add_argument
    add("document", metavar="COLLECTION/ID[@MOMENT]", help="the document, and when")
    add("path", metavar="PATH", nargs="?", default=".", help="a string, list or object in it")
    add_db_option(parser)
    add("--each-op", action="store_true", help="a line for each op's run, however short")
    add_output_options(parser)


async def _blame(options: argparse.Namespace) -> None:
    target, path = target_of(options.document), parse_path(options.path)
    sources: dict[int, _Source] = {BEFORE: UNKNOWN}

    def watch(op: Op) -> None:
        sources[op["v"]] = _Source(author_of(op), time_of(op))

    async with opened(options) as archive:
        collection, doc_id = target.collection, target.doc_id
        version = await archive.version_of(collection, doc_id, target.moment)
        pieces = blame(await archive.attribution(collection, doc_id, version, watch), path)
    is_text = bool(pieces) and pieces[0].place is not None and isinstance(pieces[0].value, str)
    with output(pager=not (options.json or options.no_pager)) as out:
        if options.json:
            for piece in pieces:
                out.json(_record(piece, sources))
            return
        runs = is_text and _are_runs(pieces) and not options.each_op
        rows = (
            _by_author(pieces, sources) if runs else (_Row(p, p.origin, p.origin) for p in pieces)
        )
        for row in rows:
            _write(out, row, sources)


def _are_runs(pieces: list[Piece]) -> bool:
    """Whether the pieces are those of a string: each begins where the last one ends."""
    position = 0
    for piece in pieces:
        if piece.place != position or not isinstance(piece.value, str):
            return False
        position += length(piece.value)
    return True


def _record(piece: Piece, sources: dict[int, _Source]) -> dict[str, Any]:
    source = sources[piece.origin]
    return {
        "place": piece.place,
        "value": piece.value,
        "v": None if piece.origin == BEFORE else piece.origin,
        "changed": None if piece.changed == BEFORE else piece.changed,
        "src": source.author.src,
        "user": source.author.user if piece.origin != BEFORE else None,
        "time": source.time,
    }


def _by_author(pieces: Iterable[Piece], sources: dict[int, _Source]) -> Iterator[_Row]:
    waiting: list[Piece] = []
    for piece in pieces:
        if waiting and sources[waiting[-1].origin].author != sources[piece.origin].author:
            yield _united(waiting)
            waiting = []
        waiting.append(piece)
    if waiting:
        yield _united(waiting)


def _united(pieces: list[Piece]) -> _Row:
    origins = [piece.origin for piece in pieces]
    text = join(*(piece.value for piece in pieces))
    first, last = min(origins), max(origins)
    return _Row(Piece(pieces[0].place, text, last, last), first, last)


def _write(out: Output, row: _Row, sources: dict[int, _Source]) -> None:
    piece, source = row.piece, sources[row.last]
    if row.last == BEFORE:
        versions = "-"
    else:
        versions = str(row.last) if row.first == row.last else f"{max(row.first, 0)}–{row.last}"
    place = "" if piece.place is None else f"{piece.place}"
    line = (
        f"{out.paint(f'{versions:>11}', 'yellow')}  "
        f"{out.paint(f'{format_time(source.time):<19}', 'dim')}  "
        f"{out.author(source.author.name, 12)} {out.paint(f'{place:>6}', 'dim')}  "
        f"{brief(piece.value)}"
    )
    if piece.changed != piece.origin:
        last = sources[piece.changed]
        line += out.paint(
            f"  (changed by op {piece.changed}, {last.author.name}, {format_time(last.time)})",
            "dim",
        )
    out.line(line)
