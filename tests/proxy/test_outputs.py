"""A kernel's messages fold into outputs as a terminal and Jupyter's own page show them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derby_notebook.outputs.area import HEAD_CHARS, TAIL_CHARS, TAIL_ITEMS, OutputArea
from derby_notebook.outputs.ops import display_op, outputs_op
from derby_notebook.outputs.terminal import append_text
from sharedb_py.ot import types

json0 = types["json0"]


def shown(*texts: str) -> str:
    screen = ""
    for text in texts:
        screen = append_text(screen, text)
    return screen


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["a\n", "b"], "a\nb"),
        (["10%\r20%\r30%\n"], "30%\n"),
        (["100%\r", "5%"], "5%0%\b\b"),
        (["10%\r"], "10%\r"),
        (["a\r", "\nb"], "a\nb"),
        (["a\r\nb"], "a\nb"),
        (["abc\b\bX"], "aXc\b"),
        (["\b\bX"], "X"),
        (["a\n\bb"], "a\nb"),
        (["first\nlong line\rshort\n"], "first\nshortline\n"),
        (["abc\r\x1b[K", "x"], "x"),
        (["\x1b[31mred\x1b[0m\n"], "\x1b[31mred\x1b[0m\n"),
        (["\x1b[31mr\x1b[0mx\r\x1b[32mg"], "\x1b[32mg\x1b[0mx\b"),
    ],
)
def test_text_looks_as_on_a_terminal(texts: list[str], expected: str) -> None:
    assert shown(*texts) == expected


@given(st.lists(st.text(alphabet="ab\r\b\n", max_size=6)))
def test_it_does_not_matter_how_text_is_cut_into_messages(texts: list[str]) -> None:
    assert shown(*texts).rstrip("\r\b") == shown("".join(texts)).rstrip("\r\b")


def stream(text: str, name: str = "stdout") -> tuple[str, dict[str, Any]]:
    return "stream", {"name": name, "text": text}


def display(text: str, display_id: str | None = None) -> tuple[str, dict[str, Any]]:
    transient = {"display_id": display_id} if display_id else {}
    return "display_data", {"data": {"text/plain": text}, "metadata": {}, "transient": transient}


def folded(*messages: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    area = OutputArea()
    for kind, content in messages:
        area.receive(kind, content)
    return area.outputs()


def texts(outputs: list[dict[str, Any]]) -> list[str]:
    return [item.get("text") or item["data"]["text/plain"] for item in outputs]


def test_texts_of_one_stream_in_a_row_are_one_output() -> None:
    found = folded(stream("a"), stream("b"), stream("!", "stderr"), stream("c"))
    assert [(item["name"], item["text"]) for item in found] == [
        ("stdout", "ab"),
        ("stderr", "!"),
        ("stdout", "c"),
    ]


def test_clear_output_drops_at_once_or_with_what_comes_next() -> None:
    assert folded(stream("a"), ("clear_output", {"wait": False})) == []
    waiting = [stream("a"), ("clear_output", {"wait": True})]
    assert texts(folded(*waiting)) == ["a"]
    assert texts(folded(*waiting, stream("b"))) == ["b"]
    assert texts(folded(*waiting, display("c"))) == ["c"]


def test_a_result_an_error_and_a_picture_are_kept_as_the_file_has_them() -> None:
    found = folded(
        ("execute_result", {"data": {"text/plain": "42"}, "metadata": {}, "execution_count": 7}),
        ("error", {"ename": "E", "evalue": "v", "traceback": ["t"], "extra": 1}),
        ("comm_open", {"data": {}}),
    )
    assert found == [
        {
            "output_type": "execute_result",
            "data": {"text/plain": "42"},
            "metadata": {},
            "execution_count": 7,
        },
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]},
    ]


def test_a_display_is_updated_wherever_it_is_shown() -> None:
    area = OutputArea()
    for kind, content in (display("a", "d"), stream("-"), display("b", "d"), display("c", "e")):
        area.receive(kind, content)
    assert area.update_display("d", {"data": {"text/plain": "new"}})
    assert texts(area.outputs()) == ["new", "-", "new", "c"]
    assert not area.update_display("unknown", {"data": {}})


@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=40), st.booleans())
def test_a_flood_is_bounded_says_what_is_cut_and_keeps_its_ends(
    sizes: list[int], whole: bool
) -> None:
    area = OutputArea()
    sent = ""
    for at, size in enumerate(sizes):
        text = f"{at:05d}\n" * (size // 6 + 1)
        sent += text
        area.receive(*stream(text))
    outputs = area.outputs(whole=whole)
    kept = [item["text"] for item in outputs if "_cut" not in item]
    assert sent.startswith(kept[0])
    assert sent.endswith(kept[-1])
    assert sum(map(len, kept)) <= HEAD_CHARS + TAIL_CHARS
    cut = sum(item["_cut"]["chars"] for item in outputs if "_cut" in item)
    assert sum(map(len, kept)) + cut == len(sent)
    lines = sum(item["_cut"]["lines"] for item in outputs if "_cut" in item)
    assert "".join(kept).count("\n") + lines == sent.count("\n")


def test_a_flood_of_displays_is_bounded() -> None:
    found = folded(*(display(str(at)) for at in range(1000)))
    assert texts(found[-1:]) == ["999"]
    assert len(found) == 200 + 1 + TAIL_ITEMS
    assert found[200]["_cut"]["items"] == 1000 - 200 - TAIL_ITEMS


def test_one_endless_line_is_bounded_too() -> None:
    found = folded(*(stream("x" * 10_000) for _ in range(30)))
    assert sum(len(item["text"]) for item in found if "_cut" not in item) <= 100_000
    assert found[1]["_cut"]["chars"] == 200_000


def test_work_is_taken_up_where_another_process_left_it() -> None:
    messages = [stream(f"{at}\n" * 3000) for at in range(20)]
    expected = folded(*messages)
    area = OutputArea()
    for message in messages[:15]:
        area.receive(*message)
    area = OutputArea(copy.deepcopy(area.outputs()))
    for message in messages[15:]:
        area.receive(*message)
    assert area.outputs() == expected


items = st.one_of(
    st.builds(
        lambda name, text: {"output_type": "stream", "name": name, "text": text},
        st.sampled_from(["stdout", "stderr"]),
        st.text(),
    ),
    st.builds(
        lambda text, more: {"output_type": "display_data", "data": {"t": text}, **more},
        st.text(),
        st.sampled_from([{}, {"_display": "d"}, {"metadata": {"a": 1}}]),
    ),
)


@given(st.lists(items), st.lists(items))
def test_the_op_turns_one_list_into_the_other(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    op = outputs_op(before, after)
    assert json0.apply({"outputs": before}, op) == {"outputs": after}


def test_added_text_is_an_insert_and_nothing_else() -> None:
    before = [{"output_type": "stream", "name": "stdout", "text": "a😀"}]
    after = [{**before[0], "text": "a😀b"}]
    assert outputs_op(before, after) == [{"p": ["outputs", 0, "text", 3], "si": "b"}]
    assert outputs_op(after, after) == []


def test_other_cells_outputs_follow_a_display() -> None:
    outputs = [{"output_type": "display_data", "data": {"t": "a"}, "metadata": {}, "_display": "d"}]
    op = display_op(outputs, {"d": {"data": {"t": "b"}}, "e": {"data": {}}}, {})
    assert op == [{"p": ["outputs", 0, "data"], "oi": {"t": "b"}}]
