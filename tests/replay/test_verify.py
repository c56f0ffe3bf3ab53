"""A damaged history is found, named exactly, and mended only where that is provably right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sharedb_py.archive import Archive
from sharedb_py.db import DocCommit
from sharedb_py.jsonvalue import copy_json
from sharedb_py.ops import Op, replay
from sharedb_py.ot import types
from sharedb_py.replay.findings import Finding, Report
from sharedb_py.snapshot import Snapshot, empty_snapshot
from tests.replay.stores import Store

JSON0 = types["json0"].uri
BODIES: list[dict[str, Any]] = [
    {"create": {"type": JSON0, "data": {"source": "", "n": 0, "tags": []}}},
    {"op": [{"p": ["source", 0], "si": "the quick fox"}]},
    {"op": [{"p": ["n"], "na": 2}]},
    {"op": [{"p": ["source", 4], "sd": "quick"}, {"p": ["source", 4], "si": "brown"}]},
    {"op": [{"p": ["tags", 0], "li": "red"}]},
    {"op": [{"p": ["title"], "oi": "Foxes"}]},
    {"op": [{"p": ["tags", 1], "li": "small"}]},
    {"op": [{"p": ["title"], "od": "Foxes", "oi": "On foxes"}]},
    {"op": [{"p": ["source", 13], "si": " jumps"}]},
    {"op": [{"p": ["tags", 0], "lm": 1}]},
]


def log() -> list[Op]:
    return [
        {"v": v, "src": "ab"[v % 2], "seq": v, "m": {"ts": 1000 + v}, **body}
        for v, body in enumerate(copy_json(BODIES))
    ]


def state(version: int, ops: list[Op] | None = None) -> Snapshot:
    meta = {"ctime": 1000, "mtime": 999 + version, "_create": {"src": "a", "seq": 0, "v": 0}}
    return replace(replay(empty_snapshot("d"), (ops or log())[:version]), meta=meta)


END = len(BODIES)

takes_doubles = pytest.mark.parametrize("store", ["memory"], indirect=True)
"""SQLite's own key refuses two records of one version; MongoDB's are told apart by links."""


async def stored(
    store: Store, ops: list[Op], snapshot: Snapshot | None = None, milestones: Sequence[int] = ()
) -> Archive:
    """Put a history into the store, right or wrong; the milestones are right."""
    await store.db.restore("c", "d", ops, snapshot or state(END))
    for version in milestones:
        await store.milestones.save("c", state(version))
    return Archive(store.db, store.milestones)


def only(report: Report) -> Finding:
    assert len(report.findings) == 1, report.findings
    assert not report.sound
    return report.findings[0]


async def repaired(archive: Archive) -> Report:
    """Do what verify offers, and verify again."""
    for repair in (await archive.verify("c", "d")).repairs:
        await archive.repair("c", "d", repair)
    return await archive.verify("c", "d")


async def test_a_sound_history_has_no_findings(store: Store) -> None:
    archive = await stored(store, log(), milestones=[3, 7, 10])
    report = await archive.verify("c", "d")
    assert (report.findings, report.repairs) == ([], [])
    assert (report.ops, report.version, report.milestones, report.first) == (10, 10, 3, 0)


@pytest.mark.parametrize("missing", [0, 1, 5, 9])
async def test_a_missing_op_is_named(store: Store, missing: int) -> None:
    archive = await stored(store, [op for op in log() if op["v"] != missing])
    finding = (await archive.verify("c", "d")).findings[0]
    assert (finding.code, finding.version) == ("missing-op", missing)
    assert f"op {missing} is missing" in finding.message


async def test_a_missing_range_is_named_once(store: Store) -> None:
    archive = await stored(store, [op for op in log() if op["v"] not in (4, 5, 6)])
    assert "ops 4 to 6 are missing" in only(await archive.verify("c", "d")).message


async def test_after_a_gap_the_next_milestone_is_checked_on(store: Store) -> None:
    ops = [op for op in log() if op["v"] != 4]
    archive = await stored(store, ops, milestones=[7])
    assert only(await archive.verify("c", "d")).version == 4
    wrong = replace(state(END), data={})
    await store.db.restore("c", "d", [], wrong)
    codes = [finding.code for finding in (await archive.verify("c", "d")).findings]
    assert codes == ["missing-op", "snapshot-differs"]


async def test_a_compacted_log_is_sound_from_its_milestone_on(store: Store) -> None:
    archive = await stored(store, log()[6:], milestones=[6])
    report = await archive.verify("c", "d")
    assert report.findings == []
    assert (report.first, report.ops) == (6, 4)


@takes_doubles
async def test_a_doubled_version_is_named_and_the_wrong_record_deleted(store: Store) -> None:
    wrong: Op = {"v": 4, "src": "z", "seq": 1, "op": [{"p": ["n"], "na": 100}], "m": {"ts": 5}}
    for ops in ([*log(), wrong], [wrong, *log()]):
        await store.db.erase("c", "d")
        archive = await stored(store, sorted(ops, key=lambda op: int(op["v"])))
        finding = only(await archive.verify("c", "d"))
        assert (finding.code, finding.version) == ("doubled-version", 4)
        assert (await repaired(archive)).findings == []
        assert (await store.db.get_ops("c", "d", 4, 5))[0]["src"] == "a"


@takes_doubles
async def test_the_same_op_stored_twice_loses_one_record(store: Store) -> None:
    archive = await stored(store, sorted([*log(), *log()[4:5]], key=lambda op: int(op["v"])))
    assert only(await archive.verify("c", "d")).code == "doubled-version"
    assert (await repaired(archive)).findings == []


@takes_doubles
async def test_two_records_that_both_lead_to_the_snapshot_are_left_alone(store: Store) -> None:
    twin = {**log()[4], "src": "z"}
    archive = await stored(store, sorted([*log(), twin], key=lambda op: int(op["v"])))
    report = await archive.verify("c", "d")
    assert "each of them leads to the snapshot" in only(report).message
    assert report.repairs == []


async def test_an_op_whose_text_was_edited_is_named_by_the_snapshot(store: Store) -> None:
    ops = log()
    ops[8]["op"][0]["si"] = " hops"
    archive = await stored(store, ops)
    finding = only(await archive.verify("c", "d"))
    assert (finding.code, finding.path, finding.suspects) == ("snapshot-differs", ("source",), [8])
    assert '"ho" replayed, "jum" stored' in finding.message


async def test_an_op_that_was_edited_is_named_by_the_op_that_deletes_its_text(
    store: Store,
) -> None:
    ops = log()
    ops[1]["op"][0]["si"] = "the quack fox"
    archive = await stored(store, ops)
    finding = only(await archive.verify("c", "d"))
    assert (finding.code, finding.version, finding.suspects) == ("op-does-not-apply", 3, [1])


async def test_an_edited_op_is_told_from_a_wrong_snapshot_by_a_milestone(store: Store) -> None:
    ops = log()
    ops[4]["op"][0]["li"] = "blue"
    archive = await stored(store, ops, milestones=[3, 6])
    report = await archive.verify("c", "d")
    finding = only(report)
    assert (finding.code, finding.version, finding.suspects) == ("log-differs", 6, [4])
    assert report.repairs == []


async def test_a_changed_value_that_was_replaced_later_leaves_a_trace(store: Store) -> None:
    ops = log()
    ops[5]["op"][0]["oi"] = "Wolves"
    archive = await stored(store, ops)
    [finding] = (await archive.verify("c", "d")).findings
    assert (finding.code, finding.severity) == ("replaced-value-differs", "warning")
    assert (finding.version, finding.path) == (7, ("title",))
    assert finding.suspects == [5]


async def test_a_wrong_snapshot_is_mended_only_if_a_milestone_agrees_with_the_log(
    store: Store,
) -> None:
    right = state(END)
    wrong = replace(right, data={**right.data, "n": 3})
    archive = await stored(store, log(), wrong)
    report = await archive.verify("c", "d")
    finding = only(report)
    assert (finding.code, finding.path) == ("snapshot-differs", ("n",))
    assert "n: 2 replayed, 3 stored" in finding.message
    assert report.repairs == []
    await store.milestones.save("c", right)
    assert (await repaired(archive)).findings == []
    mended = await store.db.get_snapshot("c", "d", metadata=True)
    assert replace(mended, adapter=None) == right


async def test_a_wrong_milestone_is_mended_if_the_log_leads_past_it(store: Store) -> None:
    archive = await stored(store, log(), milestones=[3, 9])
    await store.milestones.save("c", replace(state(6), data={"source": "else"}))
    finding = only(await archive.verify("c", "d"))
    assert (finding.code, finding.version) == ("milestone-differs", 6)
    assert (await repaired(archive)).findings == []
    found = await store.milestones.get("c", "d", 6)
    assert found is not None
    assert found.data == state(6).data


async def test_a_lost_snapshot_is_written_again_from_a_whole_log(store: Store) -> None:
    await store.db.restore("c", "d", log())
    archive = Archive(store.db, store.milestones)
    assert only(await archive.verify("c", "d")).code == "snapshot-missing"
    assert (await repaired(archive)).findings == []
    found = await store.db.get_snapshot("c", "d", metadata=True)
    assert replace(found, adapter=None) == state(END)
    following: Op = {"v": END, "src": "a", "seq": 99, "op": [{"p": ["n"], "na": 1}], "m": {}}
    assert await store.db.commit([DocCommit("c", "d", [following], replace(found, version=11))])


async def test_a_lost_snapshot_is_not_made_up_from_a_log_with_a_gap(store: Store) -> None:
    await store.db.restore("c", "d", log()[:5] + log()[6:])
    report = await Archive(store.db, store.milestones).verify("c", "d")
    assert {"missing-op", "snapshot-missing"} <= {finding.code for finding in report.findings}
    assert report.repairs == []


async def test_ops_past_the_snapshot_are_named(store: Store) -> None:
    archive = await stored(store, log()[:8], state(8))
    await store.db.restore("c", "d", log()[8:])
    first = (await archive.verify("c", "d")).findings[0]
    # Where ops are chained, those that no snapshot leads to are left over from a crash.
    code = "orphan-op" if store.links_ops else "ops-past-snapshot"
    assert (first.code, first.version) == (code, 8)


async def test_a_milestone_of_a_version_never_reached_is_named(store: Store) -> None:
    archive = await stored(store, log())
    await store.milestones.save("c", replace(state(END), version=12))
    assert only(await archive.verify("c", "d")).code == "milestone-beyond"


async def test_an_op_committed_twice_is_named(store: Store) -> None:
    ops = log()
    ops[9] |= {"src": "a", "seq": 6}
    archive = await stored(store, ops)
    assert "op 9 was committed before as op 6" in only(await archive.verify("c", "d")).message


async def test_a_deletion_of_other_data_than_the_log_leads_to_is_named(store: Store) -> None:
    ops = log()
    data = {**state(END).data, "n": 5}
    ops.append({"v": END, "src": "a", "seq": 50, "del": True, "m": {"ts": 2000, "data": data}})
    archive = await stored(store, ops, Snapshot("d", END + 1, None, meta={"mtime": 2000}))
    [finding] = (await archive.verify("c", "d")).findings
    assert (finding.code, finding.suspects) == ("deleted-data-differs", [2])


async def test_what_racer_adds_to_its_copies_is_no_damage(store: Store) -> None:
    ops = log()
    ops[5]["op"] = [{"p": ["title"], "oi": {"text": "Foxes"}}]
    ops[7]["op"] = [{"p": ["title"], "od": {"text": "Foxes", "id": "r1"}, "oi": "On foxes"}]
    archive = await stored(store, ops, state(END, ops))
    assert (await archive.verify("c", "d")).findings == []
