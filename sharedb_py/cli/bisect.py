"""``sharedb-py bisect``: the first version at which something is wrong."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from sharedb_py.cli.diff import write_differences
from sharedb_py.cli.log import op_line
from sharedb_py.cli.opening import now, opened, target_of
from sharedb_py.cli.parsing import add_command_parser, add_db_option, add_output_options
from sharedb_py.cli.terminal import output
from sharedb_py.replay.diffing import diff_values
from sharedb_py.replay.moments import parse_moment
from sharedb_py.replay.opinfo import describe
from sharedb_py.replay.predicates import compile_predicate

__all__ = ["add_command"]


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = add_command_parser(
        commands,
        "bisect",
        lambda options: asyncio.run(_bisect(options)),
        summary="find the first version of a document at which something holds",
        synopsis="sharedb-py bisect COLLECTION/ID[@MOMENT] --bad EXPRESSION --db URL [OPTIONS]",
        description="""\
Halves the versions between a good one, at which the expression does not hold, and the last
one, or MOMENT, at which it does; looks at as many versions as the number of ops has binary
digits. Names the op that made it so, and shows what that op did.

The expression is Python over data (None where there is no document), version, exists and
type: it runs as code of yours. With --jmespath it is JMESPath over the data. Where it cannot
be told, as for a key that is not there, it does not hold.""",
        examples="""\
sharedb-py bisect cells/c1 --bad "'import os' not in data['source']" --good 12
sharedb-py bisect cells/c1 --bad "len(data['outputs']) > 100"
sharedb-py bisect cells/c1 --jmespath --bad "outputs[?output_type=='error']" """.strip(),
    )
    add = parser.add_argument
    add("document", metavar="COLLECTION/ID[@MOMENT]", help="the document, and when it is bad")
    add("--bad", metavar="EXPRESSION", required=True, help="what holds where it is bad")
    add_db_option(parser)
    add("--good", metavar="MOMENT", help="when it was good still (the first version there is)")
    add("--jmespath", action="store_true", help="the expression is JMESPath")
    add_output_options(parser, pager=False)


async def _bisect(options: argparse.Namespace) -> None:
    target = target_of(options.document)
    holds = compile_predicate(options.bad, "jmespath" if options.jmespath else "python")
    async with opened(options) as archive:
        collection, doc_id = target.collection, target.doc_id
        bad = await archive.version_of(collection, doc_id, target.moment)
        good = None
        if options.good is not None:
            moment = parse_moment(options.good, now())
            good = await archive.version_of(collection, doc_id, moment)
        found = await archive.bisect(collection, doc_id, holds, good, bad)
        [op] = [
            op async for op in archive.ops(collection, doc_id, found.version - 1, found.version)
        ]
    with output(pager=False) as out:
        if options.json:
            record = {"c": collection, "d": doc_id, "v": found.version, "looked_at": found.probes}
            out.json({**record, "op": describe(op).as_json()})
            return
        out.line(
            f"{out.paint(target.name, 'bold')} is so since version "
            f"{out.paint(str(found.version), 'yellow')}, by op {found.version - 1} "
            f"({found.probes + 2} versions looked at):"
        )
        out.line(op_line(out, describe(op)))
        write_differences(out, diff_values(found.before.data, found.after.data))
