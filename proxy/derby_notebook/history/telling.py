"""What the replay page is told: the overview, ops, states, the history of a cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from derby_notebook.documents import Documents
from derby_notebook.history.authors import describe_authors
from derby_notebook.history.comparing import compare
from derby_notebook.history.kinds import Kind, typed
from derby_notebook.history.library import Library
from derby_notebook.history.line import NotebookLine
from derby_notebook.history.moments import format_moment
from sharedb_py.archive import Archive
from sharedb_py.errors import ShareDBError
from sharedb_py.replay.blaming import blame
from sharedb_py.replay.overview import overview
from sharedb_py.replay.timeline import DocKey, Entry
from sharedb_py.snapshot import Snapshot

__all__ = [
    "Unit",
    "blame_cell",
    "cells_at",
    "changes_of_cell",
    "differences",
    "ops_of",
    "overview_of",
    "state_at",
    "step",
]

BUCKETS: Final = 240
MOST_RUNS: Final = 5000
MOST_OPS: Final = 500
MOST_CHANGES: Final = 300

Unit = Literal["op", "burst", "run"]


async def overview_of(line: NotebookLine, documents: Documents) -> dict[str, Any]:
    """Return what the slider shows: how much happened when, by whom, and the runs."""
    timeline = line.timeline
    buckets = overview(timeline, BUCKETS)
    numbers = {author: number for number, author in enumerate(timeline.authors)}
    docs = {key: number for number, key in enumerate(timeline.keys)}
    runs = line.runs()[-MOST_RUNS:]
    return {
        "revision": line.revision,
        "edition": line.edition,
        "total": len(timeline),
        "first": timeline.time_at(0),
        "last": timeline.time_at(len(timeline)),
        "authors": await describe_authors(timeline.authors, documents),
        "docs": [[key[0], key[1]] for key in timeline.keys],
        "buckets": [
            [bucket.position, bucket.time, [list(pair) for pair in sorted(bucket.counts.items())]]
            for bucket in buckets
        ],
        "runs": [
            [position, docs[key], numbers.get(run.user, -1), run.outcome, run.started, run.ended]
            for position, key, run in runs
        ],
    }


async def ops_of(line: NotebookLine, archive: Archive, start: int, end: int) -> dict[str, Any]:
    """Return the ops between two positions, as many as go into one answer."""
    timeline = line.timeline
    start, end = max(0, start), min(end, start + MOST_OPS, len(timeline))
    entries = timeline.entries(start, end)
    before, after = timeline.versions_at(start), timeline.versions_at(end)
    found: dict[tuple[DocKey, int], Any] = {}
    for collection in ("cells", "notebooks"):
        ranges = {
            key[1]: (before[key], after[key])
            for key in before
            if key[0] == collection and before[key] < after[key]
        }
        if not ranges:
            continue
        for doc_id, ops in (await archive.db.get_ops_bulk(collection, ranges)).items():
            for op in ops:
                found[(collection, doc_id), op["v"]] = op
    numbers = {author: number for number, author in enumerate(timeline.authors)}
    docs = {key: number for number, key in enumerate(timeline.keys)}
    told = []
    for entry in entries:
        op = found[entry.key, entry.version]
        told.append(
            {
                "d": docs[entry.key],
                "v": entry.version,
                "t": entry.time,
                "a": numbers[entry.author],
                "k": entry.kind,
                "s": entry.start,
                "e": entry.ends_burst,
                **{key: op[key] for key in ("create", "del", "op") if key in op},
            }
        )
    return {"from": start, "to": start + len(told), "ops": told}


async def state_at(
    line: NotebookLine, library: Library, position: int, have: Mapping[str, int]
) -> dict[str, Any]:
    """Return the documents at a position, those left out that the asker has at their version."""
    timeline = line.timeline
    versions = {key: version for key, version in timeline.versions_at(position).items() if version}
    missing = {
        key: version
        for key, version in versions.items()
        if have.get(f"{key[0]}/{key[1]}") != version
    }
    found = await library.states.at(missing)
    return {
        "position": position,
        "time": timeline.time_at(position),
        "at": format_moment(timeline, position),
        "versions": {f"{key[0]}/{key[1]}": version for key, version in versions.items()},
        "docs": {
            f"{key[0]}/{key[1]}": snapshot.data if snapshot.exists else None
            for key, snapshot in found.items()
        },
    }


def step(
    line: NotebookLine,
    position: int,
    unit: Unit,
    *,
    forward: bool,
    author: str | None = None,
    key: DocKey | None = None,
) -> int | None:
    """Return the next place to stop at, or None where there is none."""
    if unit != "run":
        return line.timeline.next_end(
            position, forward=forward, author=author, key=key, ops=unit == "op"
        )
    places = [
        place
        for place, cell, run in line.runs()
        if (author is None or run.user == author)
        and (key is None or cell == key)
        and (place > position if forward else place < position)
    ]
    if not places:
        return None
    return places[0] if forward else places[-1]


async def cells_at(
    line: NotebookLine, library: Library, position: int
) -> dict[str, dict[str, Any]]:
    """Return the data of the cells that there were, by id."""
    wanted = {
        key: version
        for key, version in line.timeline.versions_at(position).items()
        if key[0] == "cells" and version
    }
    notebook_id = line.notebook_key[1]
    return {
        key[1]: snapshot.data
        for key, snapshot in (await library.states.at(wanted)).items()
        if is_cell_of(snapshot, notebook_id)
    }


def is_cell_of(snapshot: Snapshot, notebook_id: str) -> bool:
    """Whether a document is a cell of a notebook, there and not deleted."""
    data = snapshot.data if snapshot.exists else None
    return isinstance(data, dict) and data.get("_notebook") == notebook_id


async def differences(
    line: NotebookLine, library: Library, start: int, end: int
) -> list[dict[str, Any]]:
    """Return the cells that differ between two positions."""
    before = await cells_at(line, library, start)
    return compare(before, await cells_at(line, library, end))


async def changes_of_cell(
    line: NotebookLine, archive: Archive, key: DocKey
) -> list[dict[str, Any]]:
    """Return the bursts that a cell came about by, the newest first, as many as anybody reads."""
    timeline = line.timeline
    numbers = {author: number for number, author in enumerate(timeline.authors)}
    entries: dict[int, list[Entry]] = {}
    for entry in timeline.of_doc(key):
        if entry.kind != Kind.BACKGROUND:
            entries.setdefault(entry.start, []).append(entry)
    bursts = list(entries.values())[-MOST_CHANGES:]
    if not bursts:
        return []
    first = min(burst[0].version for burst in bursts)
    counts = {op["v"]: typed(op) async for op in archive.ops(*key, first, timeline.reached(key))}
    return [_change(line, burst, counts, numbers) for burst in reversed(bursts)]


def _change(
    line: NotebookLine,
    burst: list[Entry],
    counts: Mapping[int, tuple[int, int]],
    numbers: Mapping[str, int],
) -> dict[str, Any]:
    kind = 0
    change: dict[str, Any] = {
        "from": burst[0].position,
        "to": burst[-1].position + 1,
        "author": numbers[burst[0].author],
        "started": burst[0].time,
        "ended": burst[-1].time,
        "added": sum(counts[entry.version][0] for entry in burst),
        "removed": sum(counts[entry.version][1] for entry in burst),
    }
    for entry in burst:
        kind |= entry.kind
        run = line.run_at(entry.key, entry.version)
        if run is not None:
            change["outcome"] = run.outcome
    return {**change, "kind": kind}


async def blame_cell(
    line: NotebookLine, archive: Archive, key: DocKey, position: int
) -> list[dict[str, Any]]:
    """Return the runs of a cell's source, each with its author and time; none for no cell.

    What was typed without a pause is one run, of the time when it ended.
    """
    timeline = line.timeline
    version = timeline.versions_at(position).get(key, 0)
    if not version:
        return []
    attribution = await archive.attribution(*key, version)
    try:
        pieces = blame(attribution, ("source",))
    except ShareDBError:
        return []  # deleted, or a cell without a source
    numbers = {author: number for number, author in enumerate(timeline.authors)}
    runs: list[tuple[int | None, dict[str, Any]]] = []
    for piece in pieces:
        try:
            entry: Entry | None = timeline.entry(timeline.position_of(key, piece.origin))
        except KeyError:
            entry = None  # older than the log
        burst = None if entry is None else entry.start
        if not runs or runs[-1][0] != burst:
            runs.append((burst, {"text": ""}))
        run = runs[-1][1]
        run["text"] += piece.value
        if entry is not None:
            run["author"] = numbers[entry.author]
            run["time"] = max(entry.time, run.get("time", 0.0))
    return [run for _, run in runs]
