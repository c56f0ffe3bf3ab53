"""``sharedb-py verify``: whether logs, milestones and snapshots agree."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from sharedb_py.archive import Archive
from sharedb_py.cli.opening import documents, opened
from sharedb_py.cli.parsing import add_command_parser, add_db_option, add_output_options
from sharedb_py.cli.terminal import Output, Progress, counted, output
from sharedb_py.errors import ShareDBError
from sharedb_py.replay.findings import DeleteOp, Finding, KeepOp, Repair, Report, WriteSnapshot
from sharedb_py.replay.moments import format_time
from sharedb_py.replay.opinfo import describe

__all__ = ["add_command"]


class DamagedHistory(ShareDBError):
    """Something is wrong with the data; what, was written already."""


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = add_command_parser(
        commands,
        "verify",
        lambda options: asyncio.run(_verify(options)),
        summary="check that the op logs lead to the stored documents",
        synopsis="sharedb-py verify [COLLECTION[/ID]]... --db URL [--repair] [OPTIONS]",
        description="""\
Replays every op of the documents named, or of all, and compares the result with the stored
snapshot and each milestone; finds missing and doubled versions, ops that do not apply, ops
committed twice, broken links between ops, and what crashed commits left behind. Where two
things disagree, names the ops that wrote the difference. Warnings do not make it fail.

With --repair, does what is provably right and says so: deletes records that no snapshot
leads to, and of doubled ones that with which the log does not lead to the snapshot; writes a
snapshot that is missing, or that log and milestone contradict; writes a milestone that log
and snapshot contradict. Stop the servers first. What cannot be proved is left as it is.""",
        examples="""\
sharedb-py verify --db sqlite:///docs.sqlite
sharedb-py verify cells notebooks/n1
sharedb-py verify cells/c1 --repair""",
    )
    add = parser.add_argument
    add("names", metavar="COLLECTION[/ID]", nargs="*", help="what to check; nothing: everything")
    add_db_option(parser)
    add("--repair", action="store_true", help="mend what is provably right to mend")
    add_output_options(parser, pager=False)


async def _verify(options: argparse.Namespace) -> None:
    progress = Progress("Verified")
    wrong = 0
    async with opened(options) as archive:
        with output(pager=False) as out:
            async for collection, doc_id in documents(archive, options.names):
                report = await archive.verify(collection, doc_id)
                progress.add(docs=1, ops=report.ops)
                done = report.repairs if options.repair else []
                if report.findings or options.json:
                    progress.done()
                    await _write(out, archive, collection, report, options)
                for repair in done:
                    await archive.repair(collection, doc_id, repair)
                if done:
                    again = await archive.verify(collection, doc_id)
                    report.findings = again.findings
                    left = "sound now" if again.sound else "still damaged"
                    if not options.json:
                        out.line(f"{collection}/{doc_id}: {left}")
                wrong += not report.sound
                out.flush()
            progress.done()
            if not options.json:
                out.line(f"{progress.text()}: {'all sound' if not wrong else f'{wrong} damaged'}")
    if wrong:
        raise DamagedHistory(f"{wrong} of {counted(progress.docs, 'document')} damaged")


async def _write(
    out: Output, archive: Archive, collection: str, report: Report, options: argparse.Namespace
) -> None:
    if options.json:
        out.json(
            {
                "c": collection,
                "d": report.doc_id,
                "v": report.version,
                "first": report.first,
                "ops": report.ops,
                "milestones": report.milestones,
                "sound": report.sound,
                "findings": [finding.as_json() for finding in report.findings],
                "repairs": [_describe_repair(repair) for repair in report.repairs],
                "repaired": bool(options.repair and report.repairs),
            }
        )
        return
    name = f"{collection}/{report.doc_id}"
    for finding in report.findings:
        style = "red" if finding.severity == "error" else "yellow"
        kind = "" if finding.severity == "error" else "warning: "
        out.line(f"{out.paint(name, 'bold')}: {kind}{out.paint(finding.message, style)}")
        await _write_suspects(out, archive, collection, report.doc_id, finding)
    for repair in report.repairs:
        verb = "repaired" if options.repair else "--repair would"
        out.line(f"{out.paint(name, 'bold')}: {verb}: {_describe_repair(repair)}")


async def _write_suspects(
    out: Output, archive: Archive, collection: str, doc_id: str, finding: Finding
) -> None:
    for version in finding.suspects[:5]:
        async for op in archive.ops(collection, doc_id, version, version + 1):
            info = describe(op)
            who = f"{info.author.name}, {format_time(info.time)}"
            out.line(out.paint(f"    written by op {version} ({who}): {info.summary}", "dim"))
    more = len(finding.suspects) - 5
    if more > 0:
        out.line(out.paint(f"    and {more} more", "dim"))


def _describe_repair(repair: Repair) -> str:
    if isinstance(repair, DeleteOp):
        return f"delete a record of op {repair.version}: {repair.why}"
    if isinstance(repair, KeepOp):
        return f"keep one op of version {repair.version}: {repair.why}"
    if isinstance(repair, WriteSnapshot):
        return f"write the snapshot of version {repair.snapshot.version}: {repair.why}"
    return f"write the milestone of version {repair.snapshot.version}: {repair.why}"
