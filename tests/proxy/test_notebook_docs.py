"""A file becomes documents, and documents become the same file."""

from __future__ import annotations

import copy
import json
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derby_notebook.files.docs import cells_to_docs, parse_notebook, to_notebook

METADATA = {"kernelspec": {"name": "python3", "display_name": "P"}, "colab": {"x": [1]}}


def notebook(*cells: dict[str, Any], minor: int = 5) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": METADATA, "nbformat": 4, "nbformat_minor": minor}


def code(source: Any, **fields: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        **fields,
    }


def there_and_back(content: dict[str, Any]) -> dict[str, Any]:
    parsed = parse_notebook(json.dumps(content))
    contents = {"metadata": parsed["metadata"], "nbformat_minor": parsed["nbformat_minor"]}
    found = to_notebook(contents, cells_to_docs(parsed, "n"))
    nbformat.validate(nbformat.from_dict(found))
    return found


outputs = st.sampled_from(
    [
        {"output_type": "stream", "name": "stdout", "text": "a\n"},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]},
        {"output_type": "display_data", "data": {"application/json": {"_x": 1}}, "metadata": {}},
        {
            "output_type": "execute_result",
            "data": {"text/plain": "1"},
            "metadata": {},
            "execution_count": 3,
        },
    ]
)
metadata = st.dictionaries(st.sampled_from(["_mine", "deletable"]), st.just(True))


@st.composite
def notebooks(draw: st.DrawFn) -> dict[str, Any]:
    cells = []
    for at in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["code", "markdown", "raw"]))
        cell: dict[str, Any] = {"id": f"c{at}", "cell_type": kind, "source": draw(st.text())}
        cell["metadata"] = draw(metadata)
        if kind == "code":
            cell |= {"outputs": draw(st.lists(outputs, max_size=3)), "execution_count": at}
        cells.append(cell)
    return notebook(*cells)


@given(notebooks())
def test_a_current_notebook_comes_back_as_it_was(content: dict[str, Any]) -> None:
    before = copy.deepcopy(content)
    assert there_and_back(content) == before
    assert content == before


def test_lists_of_lines_become_texts_and_attachments_stay() -> None:
    picture = {"a.png": {"image/png": "AAAA"}}
    cell = {"id": "m", "cell_type": "markdown", "source": ["# a\n", "b"], "metadata": {}}
    found = there_and_back(notebook({**cell, "attachments": picture}))["cells"][0]
    assert (found["source"], found["attachments"]) == ("# a\nb", picture)


def test_cells_of_older_files_get_ids_that_stay() -> None:
    parsed = parse_notebook(json.dumps(notebook(code("1"), code("2"), minor=2)))
    ids = [cell["id"] for cell in parsed["cells"]]
    assert len(set(ids)) == 2
    assert (parsed["nbformat"], parsed["nbformat_minor"]) == (4, 5)
    docs = cells_to_docs(parsed, "n")
    found = to_notebook({"metadata": {}}, docs)
    assert [cell["id"] for cell in found["cells"]] == ids


def test_an_nbformat_3_file_is_read() -> None:
    cell = {"cell_type": "code", "input": "1+1", "language": "python", "outputs": []}
    sheets = [{"cells": [cell]}]
    old: dict[str, Any] = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "x"}}
    old["worksheets"] = sheets
    parsed = parse_notebook(json.dumps(old))
    assert [cell["source"] for cell in parsed["cells"]] == ["1+1"]
    assert "orig_nbformat" not in parsed["metadata"]


def test_equal_and_impossible_ids_are_replaced() -> None:
    content = notebook(code("1", id="a"), code("2", id="a"), code("3", id="no spaces!"))
    ids = [cell["id"] for cell in there_and_back(content)["cells"]]
    assert ids[0] == "a"
    assert len(set(ids)) == 3


def test_what_is_ours_never_reaches_the_file() -> None:
    parsed = parse_notebook(json.dumps(notebook(code("1", id="a"))))
    [(doc_id, doc)] = cells_to_docs(parsed, "n").items()
    doc |= {"_run": {}, "_editors": {"ann": 1}, "_input": {}, "attachments": {"x": 1}}
    doc["metadata"] = {"trusted": True, "tags": ["x"]}
    doc["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "", "_cut": 1, "transient": {}}
    ]
    found = to_notebook({"metadata": {}}, {doc_id: doc})
    nbformat.validate(nbformat.from_dict(found))
    assert "_" not in "".join(key[0] for cell in found["cells"] for key in cell)
    assert found["cells"][0]["metadata"] == {"tags": ["x"]}


@pytest.mark.parametrize(
    "doc",
    [
        {"cell_type": "odd", "source": None, "_weight": None},
        {"cell_type": "code", "outputs": "no", "metadata": None},
        {"cell_type": "code", "outputs": [None, {"output_type": "stream"}], "metadata": {}},
        {"cell_type": "markdown", "source": 3, "metadata": [], "attachments": 3},
        {"cell_type": "code", "execution_count": "x", "metadata": {}},
    ],
)
def test_a_spoilt_document_still_makes_a_valid_file(doc: dict[str, Any]) -> None:
    found = to_notebook({"metadata": None}, {"x": doc})
    nbformat.validate(nbformat.from_dict(found))


@pytest.mark.parametrize(
    "text", ["{", "[]", "3", '"x"', "{}", '{"nbformat": 99}', "<<<<<<< HEAD", "\x00"]
)
def test_what_is_no_notebook_is_said_so(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - every kind of damage has a text of its own
        parse_notebook(text)


def test_an_empty_file_is_an_empty_notebook() -> None:
    assert parse_notebook(" \n")["cells"] == []


def test_cells_stand_by_weight_and_equal_weights_by_id() -> None:
    docs = {
        "b": {**code("b"), "_weight": 1},
        "a": {**code("a"), "_weight": 1},
        "c": {**code("c"), "_weight": 0.5},
    }
    assert [cell["source"] for cell in to_notebook({}, docs)["cells"]] == ["c", "a", "b"]
