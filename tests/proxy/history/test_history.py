"""A notebook's history on every kind of database: what it holds, states, steps, bringing back."""

from __future__ import annotations

from typing import Any

import pytest

from derby_notebook.history import telling
from derby_notebook.history.kinds import Kind
from derby_notebook.history.moments import format_moment, parse_moment
from derby_notebook.history.restorer import TooLate
from sharedb_py.archive import Archive
from sharedb_py.errors import ShareDBError
from tests.proxy.history.conftest import Shelf
from tests.proxy.history.seeding import (
    Author,
    History,
    notebook_doc,
    plain_cell,
    seed,
    state_after,
)
from tests.replay.stores import Store

NOTEBOOK = "nb"


async def make_notebook(shelf: Shelf, *cells: str) -> None:
    """Make a notebook by ann with cells of these sources, their ids c1, c2, …"""
    ann = shelf.documents("ann")
    await ann.create("notebooks", NOTEBOOK, notebook_doc("page.ipynb"))
    for number, source in enumerate(cells, 1):
        cell = plain_cell(f"c{number}", NOTEBOOK, number * 1000.0, source=source)
        await ann.create("cells", f"c{number}", cell)


async def sources(shelf: Shelf) -> dict[str, str]:
    """Return what the cells hold now."""
    found = await shelf.backend.db.query("cells", {"_notebook": NOTEBOOK})
    return {snapshot.id: snapshot.data["source"] for snapshot in found.snapshots}


async def test_every_state_is_what_the_ops_make_of_it(store: Store, shelf: Shelf) -> None:
    history = await seed(store.db, NOTEBOOK, 600)
    line = await shelf.library.line(NOTEBOOK)
    assert len(line.timeline) == 600
    for position in (0, 1, 45, 300, 599, 600, 301):
        told = await telling.state_at(line, shelf.library, position, {})
        versions = line.timeline.versions_at(position)
        assert sum(versions.values()) == position
        for key, version in versions.items():
            expected = state_after(history.ops[key], version, key[1])
            name = f"{key[0]}/{key[1]}"
            assert (name in told["docs"]) == (version > 0)
            if version:
                assert told["docs"][name] == expected.data
                assert told["versions"][name] == version


async def test_only_documents_that_the_asker_has_not_are_sent(store: Store, shelf: Shelf) -> None:
    await seed(store.db, NOTEBOOK, 300)
    line = await shelf.library.line(NOTEBOOK)
    first = await telling.state_at(line, shelf.library, 250, {})
    second = await telling.state_at(line, shelf.library, 251, first["versions"])
    assert len(second["docs"]) == 1
    assert set(second["versions"]) == set(first["versions"])


async def test_ops_between_positions_lead_from_state_to_state(store: Store, shelf: Shelf) -> None:
    history = await seed(store.db, NOTEBOOK, 400)
    line = await shelf.library.line(NOTEBOOK)
    told = await telling.ops_of(line, shelf.library.archive, 120, 180)
    assert (told["from"], told["to"], len(told["ops"])) == (120, 180, 60)
    keys = line.timeline.keys
    for op in told["ops"]:
        stored = history.ops[keys[op["d"]]][op["v"]]
        assert {key: op[key] for key in ("create", "op") if key in op} == {
            key: stored[key] for key in ("create", "op") if key in stored
        }
        assert line.timeline.authors[op["a"]] == stored["m"]["user"]
        assert op["t"] == stored["m"]["ts"]


async def test_cells_that_are_gone_are_in_the_history(shelf: Shelf) -> None:
    await make_notebook(shelf, "first", "second")
    other = shelf.documents("ben")
    await other.create("cells", "elsewhere", plain_cell("elsewhere", "another", 1.0))
    await other.delete("cells", "c2")
    line = await shelf.library.line(NOTEBOOK)
    assert {key[1] for key in line.timeline.keys} == {NOTEBOOK, "c1", "c2"}
    before = await telling.cells_at(line, shelf.library, len(line.timeline) - 1)
    assert before["c2"]["source"] == "second"
    assert "c2" not in await telling.cells_at(line, shelf.library, len(line.timeline))


async def test_what_happens_later_is_added_to_the_line(shelf: Shelf) -> None:
    await make_notebook(shelf, "first")
    line = await shelf.library.line(NOTEBOOK)
    before = len(line.timeline)
    ben = shelf.documents("ben")
    await ben.edit("cells", "c1", [{"p": ["source", 0], "si": "the "}])
    await ben.create("cells", "new", plain_cell("new", NOTEBOOK, 500.0))
    line = await shelf.library.line(NOTEBOOK)
    assert len(line.timeline) == before + 2
    assert line.timeline.entry(before).author == "ben"
    assert ("cells", "new") in line.timeline.keys
    assert line.edition == 0


async def test_a_compacted_notebook_shows_what_history_is_left(store: Store, shelf: Shelf) -> None:
    await make_notebook(shelf, "one")
    ann = shelf.documents("ann")
    for number in range(10):
        await ann.edit("cells", "c1", [{"p": ["source", 0], "si": str(number)}])
    archive = Archive(store.db, store.milestones)
    await archive.compact("cells", "c1", 6)
    line = await shelf.library.line(NOTEBOOK)
    assert line.timeline.versions_at(0)["cells", "c1"] == 6
    told = await telling.cells_at(line, shelf.library, 0)
    assert told["c1"]["source"] == "43210one"
    last = await telling.cells_at(line, shelf.library, len(line.timeline))
    assert last["c1"]["source"] == "9876543210one"


async def test_steps_go_by_op_burst_and_run_of_one_author_or_cell() -> None:
    history = History(NOTEBOOK)
    ann, ben, service = Author("ann", "a1"), Author("ben", "b1"), Author("service", "service-1")
    history.create_cell("c1", 1000, ann)
    history.create_cell("c2", 2000, ann)
    for letter in "abc":
        history.type("c1", ann, letter, 0)
        history.type("c2", ben, letter, 0)
    history.clock += 10_000
    history.run("c1", ann, service, 1, "done\n")
    line = line_of(history)
    total = len(line.timeline)
    assert telling.step(line, 0, "op", forward=True) == 1
    assert telling.step(line, 2, "op", forward=True, author="ben") == 4
    assert telling.step(line, 2, "burst", forward=True) == 7  # ann's typing ends before ben's
    assert telling.step(line, 7, "burst", forward=True) == 8
    assert telling.step(line, 2, "burst", forward=True, key=("cells", "c2")) == 8
    assert telling.step(line, 0, "run", forward=True) == total
    assert telling.step(line, total, "run", forward=True) is None
    assert telling.step(line, total, "run", forward=False) is None
    assert telling.step(line, 0, "run", forward=True, author="ben") is None


def line_of(history: History) -> Any:
    """Return the line of a history that no database holds."""
    from derby_notebook.history.kinds import record_of
    from derby_notebook.history.line import NotebookLine

    line = NotebookLine(history.notebook, None, None)  # type: ignore[arg-type]
    for key, ops in history.ops.items():
        for op in ops:
            line.note(key, op)
    line.timeline.extend(record_of(key, op) for key, ops in history.ops.items() for op in ops)
    return line


async def test_the_overview_tells_who_did_how_much_and_what_was_run(
    store: Store, shelf: Shelf
) -> None:
    await seed(store.db, NOTEBOOK, 900)
    await shelf.documents("ann").create("users", "ann", {"name": "Ann Arbor", "color": "#123456"})
    line = await shelf.library.line(NOTEBOOK)
    told = await telling.overview_of(line, shelf.documents("service"))
    assert told["total"] == 900
    assert sum(count for _, _, counts in told["buckets"] for _, count in counts) == 900
    by_id = {author["id"]: author for author in told["authors"]}
    assert (by_id["ann"]["name"], by_id["ann"]["color"]) == ("Ann Arbor", "#123456")
    assert by_id["ben"]["name"] == "ben"
    assert by_id["service"]["kind"] == "service"
    assert told["runs"]
    for position, doc, who, outcome, _, _ in told["runs"]:
        entry = line.timeline.entry(position - 1)
        assert entry.kind & Kind.RAN
        assert entry.key == tuple(told["docs"][doc])
        assert told["authors"][who]["kind"] == "person"
        assert outcome == "ok"


async def test_blame_names_who_wrote_each_run_of_a_cell(shelf: Shelf) -> None:
    await make_notebook(shelf, "one three")
    await shelf.documents("ben").edit("cells", "c1", [{"p": ["source", 4], "si": "two "}])
    line = await shelf.library.line(NOTEBOOK)
    archive = shelf.library.archive
    key = ("cells", "c1")
    told = await telling.blame_cell(line, archive, key, len(line.timeline))
    names = line.timeline.authors
    assert [(run["text"], names[run["author"]]) for run in told] == [
        ("one ", "ann"),
        ("two ", "ben"),
        ("three", "ann"),
    ]
    earlier = await telling.blame_cell(line, archive, key, len(line.timeline) - 1)
    assert [run["text"] for run in earlier] == ["one three"]
    changes = await telling.changes_of_cell(line, archive, key)
    assert [(names[change["author"]], change["added"]) for change in changes] == [
        ("ben", 4),
        ("ann", 0),
    ]


async def test_a_cell_is_brought_back_and_what_others_typed_elsewhere_stays(shelf: Shelf) -> None:
    await make_notebook(shelf, "one two three", "other")
    line = await shelf.library.line(NOTEBOOK)
    good = len(line.timeline)
    ben = shelf.documents("ben")
    await ben.edit("cells", "c1", [{"p": ["source", 4], "sd": "two "}])
    await ben.edit("cells", "c2", [{"p": ["source", 0], "si": "an"}])
    line = await shelf.library.line(NOTEBOOK)
    restored = await shelf.restorer.restore(line, good, "eva", "c1")
    assert (restored.documents, restored.notes) == (1, [])
    assert await sources(shelf) == {"c1": "one two three", "c2": "another"}
    line = await shelf.library.line(NOTEBOOK)
    assert line.timeline.entry(len(line.timeline) - 1).author == "eva"
    await ben.edit("cells", "c1", [{"p": ["source", 0], "si": "zero "}])
    await shelf.restorer.undo(NOTEBOOK, "eva", restored.token)
    assert (await sources(shelf))["c1"] == "zero one three"
    with pytest.raises(TooLate):
        await shelf.restorer.undo(NOTEBOOK, "eva", restored.token)


async def test_only_who_restored_can_undo_it(shelf: Shelf) -> None:
    await make_notebook(shelf, "one")
    line = await shelf.library.line(NOTEBOOK)
    await shelf.documents("ben").edit("cells", "c1", [{"p": ["source", 0], "si": "x"}])
    restored = await shelf.restorer.restore(line, len(line.timeline), "eva", "c1")
    with pytest.raises(TooLate):
        await shelf.restorer.undo(NOTEBOOK, "ben", restored.token)
    with pytest.raises(TooLate):
        await shelf.restorer.undo("another", "eva", restored.token)
    assert await sources(shelf) == {"c1": "one"}


async def test_a_notebook_is_brought_back_whole_and_again_undone(shelf: Shelf) -> None:
    await make_notebook(shelf, "one", "two", "three")
    line = await shelf.library.line(NOTEBOOK)
    good = len(line.timeline)
    ben = shelf.documents("ben")
    await ben.edit("cells", "c1", [{"p": ["source", 0], "sd": "one"}])
    await ben.delete("cells", "c2")
    await ben.set("cells", "c3", _weight=1.0, outputs=[{"output_type": "stream", "text": "x"}])
    await ben.create("cells", "new", plain_cell("new", NOTEBOOK, 9000.0, source="new"))
    metadata = {"p": ["contents", "metadata"], "od": {}, "oi": {"language": "r"}}
    await ben.edit("notebooks", NOTEBOOK, [metadata])
    line = await shelf.library.line(NOTEBOOK)
    changed = await telling.cells_at(line, shelf.library, len(line.timeline))
    wanted = await telling.cells_at(line, shelf.library, good)
    restored = await shelf.restorer.restore(line, good, "eva")
    line = await shelf.library.line(NOTEBOOK)
    assert restored.documents == 5
    assert await telling.cells_at(line, shelf.library, len(line.timeline)) == wanted
    notebook = await shelf.documents("eva").get("notebooks", NOTEBOOK)
    assert notebook.data["contents"]["metadata"] == {}
    undone = await shelf.restorer.undo(NOTEBOOK, "eva", restored.token)
    assert undone.documents == 5
    line = await shelf.library.line(NOTEBOOK)
    assert await telling.cells_at(line, shelf.library, len(line.timeline)) == changed


async def test_a_cell_that_runs_keeps_its_outputs_and_its_place(shelf: Shelf) -> None:
    await make_notebook(shelf, "one")
    line = await shelf.library.line(NOTEBOOK)
    good = len(line.timeline)
    ben = shelf.documents("ben")
    await ben.create("cells", "new", plain_cell("new", NOTEBOOK, 9000.0))
    running = [{"output_type": "stream", "name": "stdout", "text": "1"}]
    await ben.set("cells", "c1", _state="busy", outputs=running, source="changed")
    await ben.set("cells", "new", _state="queued")
    restored = await shelf.restorer.restore(line, good, "eva")
    assert restored.notes == ["2 cells that run keep their outputs"]
    cell = await ben.get("cells", "c1")
    assert (cell.data["source"], cell.data["outputs"]) == ("one", running)
    assert (await ben.get("cells", "new")).exists


async def test_nothing_is_brought_back_that_was_not_there(shelf: Shelf) -> None:
    await make_notebook(shelf, "one")
    line = await shelf.library.line(NOTEBOOK)
    with pytest.raises(ShareDBError, match="no such cell"):
        await shelf.restorer.restore(line, 0, "eva", "c1")
    with pytest.raises(ShareDBError, match="no notebook"):
        await shelf.restorer.restore(line, 0, "eva")
    same = await shelf.restorer.restore(line, len(line.timeline), "eva")
    assert same.documents == 0


async def test_differences_name_what_changed_in_which_cell(shelf: Shelf) -> None:
    await make_notebook(shelf, "one\ntwo\n", "stays", "goes")
    line = await shelf.library.line(NOTEBOOK)
    good = len(line.timeline)
    ben = shelf.documents("ben")
    await ben.edit("cells", "c1", [{"p": ["source", 4], "sd": "two"}])
    await ben.delete("cells", "c3")
    await ben.create("cells", "new", plain_cell("new", NOTEBOOK, 500.0, source="new"))
    line = await shelf.library.line(NOTEBOOK)
    told = await telling.differences(line, shelf.library, good, len(line.timeline))
    assert [(cell["id"], cell["kind"]) for cell in told] == [
        ("new", "added"),
        ("c1", "changed"),
        ("c3", "removed"),
    ]
    assert told[1]["source"] == [["keep", "one\n"], ["remove", "two"], ["keep", "\n"]]


async def test_moments_lead_back_to_their_positions(store: Store, shelf: Shelf) -> None:
    await seed(store.db, NOTEBOOK, 120)
    line = await shelf.library.line(NOTEBOOK)
    for position in range(1, 121):
        assert parse_moment(line.timeline, format_moment(line.timeline, position)) == position
    assert parse_moment(line.timeline, "2001-01-01T00:00:00Z") == 0
    assert parse_moment(line.timeline, "2999-01-01") == 120
    with pytest.raises(ShareDBError, match="'soon' is no moment"):
        parse_moment(line.timeline, "soon")
