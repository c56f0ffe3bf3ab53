"""Large values of outputs are taken out of the documents and put back as they were."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derby_notebook.files.docs import cells_to_docs, parse_notebook, to_notebook
from derby_notebook.outputs.area import HEAD_BYTES, TAIL_BYTES, OutputArea
from derby_notebook.outputs.references import (
    LARGE_BYTES,
    LARGE_TEXT_BYTES,
    MISSING_TEXT,
    Blobs,
    by_digest,
    is_reference,
    put_back,
    references,
    take_out_all,
)
from derby_notebook.web.downloads import as_served
from sharedb_py.blobs import digest

LARGE = "A" * (LARGE_BYTES + 1)


def shown(**data: Any) -> dict[str, Any]:
    mimes = {mime.replace("_", "/"): value for mime, value in data.items()}
    return {"output_type": "display_data", "data": mimes, "metadata": {}}


def printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def cell(*outputs: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": "", "metadata": {}, "outputs": list(outputs)}


values = st.one_of(
    st.text(max_size=20),
    st.sampled_from([LARGE, LARGE + "\n", "é😀" * LARGE_BYTES, "\ud800" * LARGE_BYTES]),
    st.lists(st.integers(), max_size=3),
    st.sampled_from([[LARGE], {"deep": {"x": [LARGE, None, 1.5]}}]),
    st.just({"_blob": "mine", "size": 3}),
)
outputs = st.one_of(
    st.builds(lambda png, html: shown(image_png=png, text_html=html), values, values),
    st.builds(printed, st.sampled_from(["a\n", "x\n" * LARGE_TEXT_BYTES])),
)


@given(st.lists(outputs, max_size=4))
def test_what_is_taken_out_comes_back_as_it_was(made: list[dict[str, Any]]) -> None:
    before = cell(*copy.deepcopy(made))
    blobs: Blobs = {}
    kept = take_out_all(before, blobs)
    assert before["outputs"] == made
    assert len(json.dumps(kept)) < len(made) * (2 * LARGE_BYTES + LARGE_TEXT_BYTES) + 1000
    assert set(references(kept)) == set(blobs)
    assert all(digest(data) == name for name, data in blobs.items())
    assert put_back(kept, blobs) == before
    further_down = take_out_all(cell(*[printed("")] * 64, *copy.deepcopy(made)), {})
    assert by_digest(kept)["outputs"] == by_digest(further_down)["outputs"][64:]


def test_small_values_stay_where_they_are() -> None:
    before = cell(shown(image_png="A" * LARGE_BYTES), printed("a" * LARGE_TEXT_BYTES))
    blobs: Blobs = {}
    assert take_out_all(before, blobs) == before
    assert blobs == {}


def test_no_number_of_values_fills_a_document() -> None:
    blobs: Blobs = {}
    kept = take_out_all(cell(*(shown(image_png=f"{n}" * 10_000) for n in range(1000))), blobs)
    assert len(json.dumps(kept)) < 4_000_000
    assert put_back(kept, blobs)["outputs"][999]["data"]["image/png"] == "999" * 10_000


def test_somebodys_own_json_is_not_taken_for_a_reference() -> None:
    mine = {"_blob": digest(b"secret")}
    blobs: Blobs = {}
    kept = take_out_all(cell(shown(application_json=mine)), blobs)
    [name] = references(kept)
    assert name != mine["_blob"]
    assert put_back(kept, blobs)["outputs"][0]["data"]["application/json"] == mine


def test_a_value_that_is_lost_is_said_to_be() -> None:
    blobs: Blobs = {}
    kept = take_out_all(cell(shown(image_png=LARGE), shown(image_png=LARGE, text_plain="p")), blobs)
    lost = put_back(kept, {})
    assert [output["data"] for output in lost["outputs"]] == [
        {"text/plain": MISSING_TEXT},
        {"text/plain": "p"},
    ]


def test_documents_refer_and_files_would_too_until_they_are_whole() -> None:
    notebook = {"cells": [cell(shown(image_png=LARGE))], "metadata": {}, "nbformat": 4}
    parsed = parse_notebook(json.dumps({**notebook, "nbformat_minor": 5}))
    blobs: Blobs = {}
    docs = {doc_id: take_out_all(doc, blobs) for doc_id, doc in cells_to_docs(parsed, "n").items()}
    [made] = to_notebook({"metadata": {}}, docs)["cells"]
    assert is_reference(made["outputs"][0]["data"]["image/png"])
    assert put_back(made, blobs)["outputs"] == parsed["cells"][0]["outputs"]


def test_a_run_keeps_its_large_values_until_they_are_put_away() -> None:
    area = OutputArea()
    content = {"data": {"image/png": LARGE}, "metadata": {}, "transient": {"display_id": "d"}}
    area.receive("display_data", content)
    [first] = references(area.outputs())
    assert area.large_values() == {first: LARGE.encode()}
    other = "B" * (LARGE_BYTES + 1)
    area.update_display("d", {"data": {"image/png": other}})
    [second] = references(area.outputs())
    assert area.large_values() == {second: other.encode()}, "the first is not shown any more"
    area.put_away([second])
    assert area.large_values() == {}
    area.receive("clear_output", {"wait": False})
    assert area.large_values() == {}


def test_a_flood_of_large_values_is_bounded_and_most_are_never_put_away() -> None:
    area = OutputArea()
    put: set[str] = set()
    size = 4_000_000
    for number in range(120):
        area.receive("display_data", {"data": {"image/png": f"{number:04d}" + "A" * size}})
        if number % 10 == 9:  # as often as a writer would come by
            large = area.large_values(whole=False)
            put.update(large)
            area.put_away(large)
            shown = set(references(area.outputs(whole=False)))
            assert shown <= put
    large = area.large_values()
    put.update(large)
    area.put_away(large)
    outputs = area.outputs()
    kept = set(references(outputs))
    assert kept <= put
    assert size * len(kept) <= HEAD_BYTES + TAIL_BYTES + size
    assert len(put) < 90
    [cut] = [item["_cut"] for item in outputs if "_cut" in item]
    assert cut["items"] + len(kept) == 120
    last = outputs[-1]["data"]["image/png"]["_blob"]
    assert last == digest(b"0119" + b"A" * size)


def test_what_must_be_whole_keeps_its_large_values() -> None:
    area = OutputArea(in_line=True)
    area.receive("display_data", {"data": {"image/png": LARGE}, "metadata": {}})
    assert area.outputs()[0]["data"] == {"image/png": LARGE}
    assert area.large_values() == {}


def test_an_endless_error_is_cut() -> None:
    area = OutputArea()
    lines = ["x" * 1_000_000, *("frame" for _ in range(5000))]
    area.receive("error", {"ename": "E", "evalue": "v" * 1_000_000, "traceback": lines})
    [item] = area.outputs()
    assert len(json.dumps(item)) < 50_000
    assert "truncated" in item["evalue"]
    assert "4,801 frames left out" in "".join(item["traceback"])


@pytest.mark.parametrize(
    ("data", "mime", "served"),
    [
        (b"iVBO\nRw==\n", "image/png", (b"\x89PNG", "image/png")),
        (b"no base64!!", "image/png", (b"no base64!!", "text/plain; charset=utf-8")),
        (b"<svg/>", "image/svg+xml", (b"<svg/>", "image/svg+xml; charset=utf-8")),
        (b"alert()", "application/javascript", (b"alert()", "text/plain; charset=utf-8")),
        (b"{}", "text/css\r\nX: y", (b"{}", "text/plain; charset=utf-8")),
        (b"{}", "", (b"{}", "text/plain; charset=utf-8")),
    ],
)
def test_values_are_served_as_what_they_may_be(
    data: bytes, mime: str, served: tuple[bytes, str]
) -> None:
    body, kind = as_served(data, mime)
    assert (body[: len(served[0])], kind) == served
