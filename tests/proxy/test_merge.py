"""A file that changed outside is merged into the live notebook: nothing typed is lost."""

from __future__ import annotations

import copy
import json
from typing import Any

import nbformat
from hypothesis import given, settings
from hypothesis import strategies as st

from derby_notebook.files.docs import to_notebook
from derby_notebook.files.merge import LiveCell, merge_notebook
from derby_notebook.files.merge.matching import match_cells, moved
from derby_notebook.files.merge.text import hunks, merge_text
from derby_notebook.files.merge.values import merge_objects
from sharedb_py.ot import types

json0, text0 = types["json0"], types["text0"]


def merged(base: str, ours: str, theirs: str) -> str:
    result: str = text0.apply(ours, merge_text(base, ours, theirs))
    return result


# Text


def test_both_sides_edits_survive() -> None:
    base = "a = 1\nb = 2\nc = 3\n"
    assert merged(base, "a = 10\nb = 2\nc = 3\n", "a = 1\nb = 2\nc = 30\n") == (
        "a = 10\nb = 2\nc = 30\n"
    )
    assert merged("word", "my word", "word!") == "my word!"


def test_what_both_did_is_done_once() -> None:
    assert merged("", "abc", "abc") == "abc"
    assert merged("", "abcd", "abc") == "abcd"
    assert merged("", "abc", "abcd") == "abcd"
    assert merged("x\ny\n", "x\n", "x\n") == "x\n"
    assert merged("a", "b!", "b") == "b!"


def test_typing_inside_what_they_deleted_stays() -> None:
    assert "NEW" in merged("one two three", "one tNEWwo three", "one three")


def test_positions_count_as_javascript_counts() -> None:
    assert merged("😀a", "😀ab", "😀😀a") == "😀😀ab"


texts = st.text(alphabet="ab \n😀", max_size=30)


@given(texts, texts)
def test_hunks_turn_one_text_into_the_other(before: str, after: str) -> None:
    shown = before
    for start, end, text in reversed(hunks(before, after)):
        shown = shown[:start] + text + shown[end:]
    assert shown == after


@given(texts, texts)
def test_one_side_alone_is_taken_as_it_is(base: str, other: str) -> None:
    assert merged(base, base, other) == other
    assert merged(base, other, base) == other
    assert merged(base, other, other) == other


@st.composite
def edited(draw: st.DrawFn, base: str, mark: str) -> str:
    """Insert unmistakable words at random places."""
    text = base
    for at in range(draw(st.integers(0, 3))):
        position = draw(st.integers(0, len(text)))
        text = text[:position] + mark * 3 + str(at) + text[position:]
    return text


@given(st.data(), st.text(alphabet="xyz\n ", max_size=40))
def test_every_character_typed_on_either_side_is_there(data: st.DataObject, base: str) -> None:
    ours = data.draw(edited(base, "O"))
    theirs = data.draw(edited(base, "T"))
    result = merged(base, ours, theirs)
    for side, mark in ((ours, "O"), (theirs, "T")):
        assert result.count(mark) == side.count(mark)


# Objects


def test_keys_changed_on_one_side_are_taken_and_ours_win_a_tie() -> None:
    base = {"a": 1, "b": 1, "c": {"x": 1, "y": 1}, "gone": 1}
    ours = {"a": 2, "b": 1, "c": {"x": 2, "y": 1}, "gone": 1}
    theirs = {"a": 3, "b": 3, "c": {"x": 1, "y": 3}, "new": []}
    op = merge_objects(["m"], base, ours, theirs)
    result = {"a": 2, "b": 3, "c": {"x": 2, "y": 3}, "new": []}
    assert json0.apply({"m": ours}, op) == {"m": result}


# Cells


def cell(cell_id: str, source: str, **fields: Any) -> dict[str, Any]:
    made = {"id": cell_id, "cell_type": "code", "source": source, "metadata": {}}
    return {**made, "outputs": [], "execution_count": None, **fields}


def test_cells_are_known_by_id_then_by_content_then_by_likeness() -> None:
    base = [cell("a", "import numpy as np"), cell("b", "same"), cell("c", "x")]
    theirs = [cell("z", "same"), cell("y", "import numpy as np  # !"), cell("c", "all new")]
    assert match_cells(base, theirs) == {0: 1, 1: 0, 2: 2}
    assert match_cells([cell("a", "print(1)")], [cell("z", "%%bash")]) == {}


def test_the_fewest_cells_count_as_moved() -> None:
    assert moved([0, 1, 2]) == set()
    assert moved([2, 0, 1]) == {2}
    assert moved([1, 0]) in ({0}, {1})
    assert moved([]) == set()


class Live:
    """A notebook's cells as documents, that a merge can be carried out on."""

    def __init__(self, cells: list[dict[str, Any]]) -> None:
        self.docs = {
            f"doc-{at}": {**one, "_weight": (at + 1) * 1000.0} for at, one in enumerate(cells)
        }

    def cells(self) -> list[LiveCell]:
        order = sorted(self.docs.items(), key=lambda item: (item[1]["_weight"], item[0]))
        return [
            LiveCell(doc_id, {k: v for k, v in doc.items() if k[0] != "_"}, doc["_weight"])
            for doc_id, doc in order
        ]

    def base(self) -> list[tuple[str, dict[str, Any]]]:
        return [(one.doc_id, copy.deepcopy(one.cell)) for one in self.cells()]

    def merge(self, base: list[tuple[str, dict[str, Any]]], theirs: list[dict[str, Any]]) -> Any:
        before = copy.deepcopy((base, theirs, self.docs))
        merge = merge_notebook(base, theirs, self.cells())
        assert (base, theirs, self.docs) == before, "a pure function changes nothing"
        for doc_id, op in merge.edits.items():
            self.docs[doc_id] = json0.apply(self.docs[doc_id], op)
        for doc_id in merge.deletes:
            del self.docs[doc_id]
        for at, (made, weight) in enumerate(merge.creates):
            self.docs[f"new-{at}"] = {**made, "_weight": weight}
        return merge

    @property
    def sources(self) -> list[str]:
        return [one.cell["source"] for one in self.cells()]


ABC = [cell("a", "A"), cell("b", "B"), cell("c", "C")]


def test_an_unchanged_file_changes_nothing() -> None:
    live = Live(ABC)
    assert not live.merge(live.base(), [one.cell for one in live.cells()])


def test_cells_added_removed_and_moved_in_the_file() -> None:
    live = Live(ABC)
    live.merge(live.base(), [cell("c", "C"), cell("n", "N"), cell("a", "A")])
    assert live.sources == ["C", "N", "A"]


def test_a_cell_typed_in_here_outlives_its_deletion_in_the_file() -> None:
    live = Live(ABC)
    base = live.base()
    live.docs["doc-1"]["source"] = "B and more"
    merge = live.merge(base, [cell("a", "A"), cell("c", "C")])
    assert live.sources == ["A", "B and more", "C"]
    assert merge.notes


def test_a_cell_deleted_here_comes_back_only_if_the_file_has_new_text_in_it() -> None:
    live = Live(ABC)
    base = live.base()
    del live.docs["doc-1"]
    live.merge(base, ABC)
    assert live.sources == ["A", "C"]
    merge = live.merge(base, [cell("a", "A"), cell("b", "B new"), cell("c", "C")])
    assert live.sources == ["A", "B new", "C"]
    assert merge.notes


def test_outputs_of_a_run_here_are_newer_than_those_of_the_file() -> None:
    old, theirs, ours = ([{"output_type": "stream", "name": "stdout", "text": t}] for t in "otu")
    live = Live([cell("a", "A", outputs=old), cell("b", "B", outputs=old)])
    base = live.base()
    live.docs["doc-1"]["outputs"] = ours
    new = [cell("a", "A", outputs=theirs, execution_count=3), cell("b", "B", outputs=theirs)]
    live.merge(base, new)
    assert [one.cell["outputs"] for one in live.cells()] == [theirs, ours]


def test_a_file_of_which_no_cell_is_known_takes_the_place_of_all() -> None:
    live = Live(ABC)
    live.merge(live.base(), [cell("x", "import this"), cell("y", "%matplotlib inline")])
    assert live.sources == ["import this", "%matplotlib inline"]


def test_an_older_file_without_ids_keeps_the_documents() -> None:
    live = Live(ABC)
    ids = set(live.docs)
    live.merge(live.base(), [cell("1", "A"), cell("2", "B"), cell("3", "C")])
    assert set(live.docs) == ids
    assert [one.cell["id"] for one in live.cells()] == ["1", "2", "3"]


def test_a_save_of_ours_that_was_not_noted_doubles_nothing() -> None:
    live = Live(ABC)
    base = live.base()
    live.docs["doc-0"]["source"] = "A typed"
    live.docs["doc-9"] = {**cell("n", "new"), "_weight": 1500.0}
    written = [copy.deepcopy(one.cell) for one in live.cells()]
    live.docs["doc-0"]["source"] = "A typed on"
    live.merge(base, written)
    assert live.sources == ["A typed on", "new", "B", "C"]


@st.composite
def changed(draw: st.DrawFn, cells: list[dict[str, Any]], mark: str) -> list[dict[str, Any]]:
    """Edit, delete, add and move cells at random, as somebody might."""
    found = copy.deepcopy(cells)
    for at in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["edit", "edit", "delete", "add", "move"]))
        place = draw(st.integers(0, max(0, len(found) - 1)))
        if kind == "add":
            found.insert(place, cell(f"{mark}{at}", mark * 3 + str(at)))
        elif found and kind == "edit":
            found[place] = {**found[place], "source": draw(edited(found[place]["source"], mark))}
        elif found and kind == "delete":
            del found[place]
        elif found:
            found.insert(draw(st.integers(0, len(found) - 1)), found.pop(place))
    return found


@settings(max_examples=200)
@given(st.data(), st.lists(st.text(alphabet="xyz \n", max_size=20), max_size=5))
def test_random_edits_on_disk_and_here_both_survive(
    data: st.DataObject, sources: list[str]
) -> None:
    start = [cell(f"c{at}", source) for at, source in enumerate(sources)]
    live = Live(start)
    base = live.base()
    theirs = data.draw(changed(start, "T"))
    ours = data.draw(changed(start, "O"))
    doc_of = {one["id"]: doc_id for doc_id, one in base}
    live.docs = {
        doc_of.get(one["id"], f"mine-{one['id']}"): {**one, "_weight": at * 10.0}
        for at, one in enumerate(ours)
    }
    live.merge(base, theirs)
    text = "".join(live.sources)
    for side, mark in ((ours, "O"), (theirs, "T")):
        typed = sum(one["source"].count(mark) for one in side)
        assert text.count(mark) == typed, "what either side typed is there, once"
    result = to_notebook({"metadata": {}}, live.docs)
    nbformat.validate(nbformat.from_dict(json.loads(json.dumps(result))))
    again = Live([])
    again.docs = copy.deepcopy(live.docs)
    now = again.base()
    assert not again.merge(now, [one for _, one in now]), "once merged, nothing is left to do"
