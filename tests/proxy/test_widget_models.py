"""Widgets without a kernel: messages to documents and back, whatever the order."""

from __future__ import annotations

import base64
import json
import random
from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derby_notebook.kernels.messages import KernelMessage
from derby_notebook.widgets import messages
from derby_notebook.widgets.buffers import joined, split
from derby_notebook.widgets.documents import VIEW, document, reachable, state_op
from derby_notebook.widgets.kernel_side import KernelSide
from derby_notebook.widgets.large import LARGE_CHARS, blob_names, put_back, taken_out
from derby_notebook.widgets.links import consequences
from derby_notebook.widgets.model import Model
from derby_notebook.widgets.rules import refusal
from derby_notebook.widgets.saved import (
    STATE,
    has_widgets,
    saved_documents,
    with_widgets,
    without_widgets,
)
from derby_notebook.widgets.sent import SentMessages
from sharedb_py.jsonvalue import json_equal
from sharedb_py.ot.json0 import json0

# Binary values

scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))
keys = st.sampled_from(["a", "b", "_buffer", "_blob", "_plain"])
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=12,
)


def with_holes(value: Any, paths: list[Any], at: list[Any]) -> None:
    """Note each place in a state where a buffer could stand."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for step, item in parts:
        paths.append([*at, step])
        if isinstance(item, (dict, list)):
            with_holes(item, paths, [*at, step])


@given(st.dictionaries(keys, values, max_size=4), st.randoms(use_true_random=False))
def test_a_state_comes_back_as_it_came_buffers_and_all(
    state: dict[str, Any], choice: random.Random
) -> None:
    paths: list[Any] = []
    with_holes(state, paths, [])
    choice.shuffle(paths)
    chosen: list[Any] = []
    for path in paths[:3]:
        if not any(path[: len(other)] == other or other[: len(path)] == path for other in chosen):
            chosen.append(path)
    buffers = [bytes([at, 255]) * choice.choice([1, LARGE_CHARS]) for at in range(len(chosen))]
    holed = json.loads(json.dumps(state))
    for path in chosen:
        holder = holed
        for step in path[:-1]:
            holder = holder[step]
        if isinstance(holder, dict):
            del holder[path[-1]]
        else:
            holder[path[-1]] = None
    kept = joined(holed, chosen, buffers)
    assert json_equal(json.loads(json.dumps(kept)), kept)
    beside: dict[str, bytes] = {}
    held = taken_out(kept, beside)
    assert set(blob_names(held)) == set(beside)
    assert json_equal(put_back(held, beside), kept)
    again, places, found = split(kept)
    assert json_equal(again, holed)
    assert {tuple(place): buffer for place, buffer in zip(places, found, strict=True)} == {
        tuple(path): buffer for path, buffer in zip(chosen, buffers, strict=True)
    }


def test_a_buffer_without_a_place_is_named() -> None:
    with pytest.raises(ValueError, match="No place for a buffer at"):
        joined({"a": 1}, [["b", "c"]], [b""])
    with pytest.raises(ValueError, match="1 places for 0 buffers"):
        joined({}, [["b"]], [])
    with pytest.raises(ValueError, match="No base64"):
        split({"a": {"_buffer": "?"}})


# Kernel, service and people, in any order


class Kernel:
    """A kernel as ipywidgets is: it echoes what it is told, corrects it, and tells of it."""

    def __init__(self, echoes: bool) -> None:
        self.state = {"x": 0, "y": 0}
        self.calls = 0
        self.echoes = echoes
        self.inbox: deque[tuple[str, dict[str, Any]]] = deque()
        self.outbox: deque[tuple[str, str, dict[str, Any]]] = deque()

    def step(self) -> None:
        message_id, told = self.inbox.popleft()
        if message_id.startswith("states"):
            self.outbox.append(("states", message_id, dict(self.state)))
            return
        if self.echoes:
            self.outbox.append(("echo", message_id, dict(told)))
        for key, value in told.items():
            if self.state[key] != value:
                self.calls += 1
            self.state[key] = value
        for key, value in told.items():
            if value % 5 == 4:  # a callback that corrects it
                self.set(key, value - 1, message_id)
        self.outbox.append(("idle", message_id, {}))

    def set(self, key: str, value: int, parent: str) -> None:
        if self.state[key] != value:
            self.state[key] = value
            self.outbox.append(("update", parent, {key: value}))


class Life:
    """One widget's life: each step is one thing that can happen next."""

    def __init__(self, choice: random.Random, echoes: bool) -> None:
        self.choice = choice
        self.kernel = Kernel(echoes)
        self.model = Model("m", dict(self.kernel.state))
        self.document: dict[str, Any] = dict(self.kernel.state)
        self.ops: deque[tuple[str, int]] = deque()
        self.read: tuple[dict[str, Any], set[str]] | None = None
        self.count = 0

    def possible(self, people: int) -> list[Any]:
        things: list[Any] = []
        if people:
            things.append(self.person)
        if self.kernel.inbox:
            things.append(self.kernel.step)
        if self.kernel.outbox:
            things.append(self.hear)
        if self.ops:
            things.append(self.take)
        if self.model.waits and not self.model._outstanding:
            things.append(self.tell)
        if self.read is not None:
            things.append(self.commit)
        elif self.model.dirty:
            things.append(self.look)
        return things

    def person(self) -> None:
        key, value = self.choice.choice("xy"), self.choice.randrange(20)
        self.document[key] = value
        self.ops.append((key, value))

    def take(self) -> None:
        self.model.write(*self.ops.popleft())

    def tell(self) -> None:
        self.count += 1
        state = self.model.take(str(self.count))
        assert state is not None
        self.kernel.inbox.append((str(self.count), state))

    def hear(self) -> None:
        kind, parent, state = self.kernel.outbox.popleft()
        if kind == "idle":
            assert self.model.processed(parent)
        else:
            self.model.receive(state, parent, echo=kind == "echo")

    def look(self) -> None:
        """The service reads the document, to write what it lacks a moment later."""
        self.read, self.model.dirty = (dict(self.document), self.model.dirty), set()

    def commit(self) -> None:
        assert self.read is not None
        (seen, dirty), self.read = self.read, None
        for component in state_op(seen, self.model.current, dirty):
            self.document[component["p"][1]] = component["oi"]


@settings(max_examples=300)
@given(st.integers(0, 2**32), st.booleans())
def test_document_and_kernel_end_the_same_whoever_writes_when(seed: int, echoes: bool) -> None:
    choice = random.Random(seed)
    life = Life(choice, echoes)
    people = 12
    while things := life.possible(people):
        thing = choice.choice(things)
        people -= thing == life.person
        if choice.random() < 0.1 and people:
            life.kernel.set(choice.choice("xy"), choice.randrange(20), "")
        thing()
    assert life.document == life.kernel.state, f"seed {seed}"
    assert life.kernel.calls <= 12


class Succession(Life):
    """Processes come and go in one widget's life; of the kernel's word each keeps a journal."""

    def __init__(self, choice: random.Random, echoes: bool) -> None:
        super().__init__(choice, echoes)
        self.side = KernelSide()
        self.side.add(self.model)
        self.model.dirty.clear()
        self.journal: list[tuple[str, str, dict[str, Any]]] = []
        self.lives = 1
        self.found = True
        self.written: dict[str, int] = {}

    def possible(self, people: int) -> list[Any]:
        things = super().possible(people)
        if not self.found:
            things.append(self.find)
            return [thing for thing in things if thing != self.tell]
        return things

    def person(self) -> None:
        super().person()
        self.written[self.ops[-1][0]] = self.ops[-1][1]

    def tell(self) -> None:
        self.count += 1
        state = self.side.take(str(self.count), "m", at_once=False)
        assert state is not None
        self.kernel.inbox.append((str(self.count), state))

    def take(self) -> None:
        self.side.write("m", *self.ops.popleft())

    def hear(self) -> None:
        if self.kernel.outbox[0][0] == "states":
            _, asker, state = self.kernel.outbox.popleft()
            if asker == f"states {self.lives}":
                self.side.states({"m": state})
            return
        self.journal.append(self.kernel.outbox[0])
        self.receive(*self.kernel.outbox.popleft())

    def receive(self, kind: str, parent: str, state: dict[str, Any]) -> None:
        if kind == "idle":
            self.side.processed(parent)
            return
        method = "echo_update" if kind == "echo" else "update"
        content = {"comm_id": "m", "data": {"method": method, "state": dict(state)}}
        told = {"msg_id": parent, "msg_type": "comm_msg"}
        self.side.receive(KernelMessage("iopub", {"msg_type": "comm_msg"}, content, told), None)

    def look(self) -> None:
        """The service hears of what was written before it writes, as it does beside a kernel."""
        while self.ops:
            self.take()
        super().look()
        self.commit()
        self.journal.clear()

    def die(self) -> None:
        """A process dies with all it knew, and the next takes up what is left."""
        self.lives += 1
        self.ops.clear()
        self.side = KernelSide()
        self.model = Model("m", dict(self.document))
        self.side.add(self.model)
        self.model.dirty.clear()
        self.model.unheard = set(self.written)
        for kept in self.journal:
            self.receive(*kept)
        self.found = False

    def find(self) -> None:
        """The line stands: what was said meanwhile comes first, then the kernel is asked."""
        while self.kernel.inbox:
            self.kernel.step()
        while self.kernel.outbox:
            self.hear()
        self.side.lost()
        self.kernel.inbox.append((f"states {self.lives}", {}))
        self.found = True


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_what_people_wrote_last_counts_however_often_our_process_dies(
    seed: int, echoes: bool
) -> None:
    choice = random.Random(seed)
    life = Succession(choice, echoes)
    people, deaths = 12, 3
    while things := life.possible(people):
        if deaths and choice.random() < 0.1:
            deaths -= 1
            life.die()
            continue
        thing = choice.choice(things)
        people -= thing == life.person
        thing()
    corrected = {key: value - (value % 5 == 4) for key, value in life.written.items()}
    assert life.document == life.kernel.state == {"x": 0, "y": 0} | corrected, f"seed {seed}"


def test_a_state_that_was_asked_for_earlier_replaces_nothing_that_is_on_its_way() -> None:
    side = KernelSide()
    side.add(Model("m", {"value": 32}))
    side.models["m"].unheard = {"value"}
    side.write("m", "value", 33)
    assert side.take("a", "m", at_once=False) == {"value": 33}
    side.write("m", "value", 34)  # waits until the kernel is done with the first
    side.states({"m": {"value": 31}})
    assert side.processed("a")
    assert side.take("b", "m", at_once=False) == {"value": 34}


def test_what_an_earlier_process_told_is_no_news_where_people_wrote_since() -> None:
    model = Model("m", {"x": 32, "y": 5})
    model.unheard = {"x"}
    assert model.receive({"x": 31, "y": 6}, "earlier", echo=True, answer=True) == {"y"}
    assert model.receive({"x": 40}, "a run") == {"x"}  # the kernel did that by itself


def test_a_views_message_is_sent_once_whatever_line_breaks() -> None:
    sent = SentMessages()
    assert sent.begin("a", "m")
    sent.sent("a", None)  # there was no line
    assert sent.begin("a", "m")
    sent.sent("a", 1)
    sent.lost(1)
    assert not sent.begin("a", "m")
    sent.lost(2)
    assert sent.begin("a", "m")
    assert sent.processed("a")
    assert not sent.begin("a", "m")
    assert sent.take_handled() == {"m": {"a"}}
    assert sent.take_handled() == {}


def test_what_is_written_while_the_kernel_is_busy_is_told_once() -> None:
    model = Model("m", {"value": 0})
    model.write("value", 1)
    assert model.take("a") == {"value": 1}
    for value in range(2, 9):
        model.write("value", value)
        assert model.take("never") is None
    assert model.receive({"value": 1}, "a", echo=True) == set()
    assert model.processed("a")
    assert model.take("b") == {"value": 8}
    assert not model.processed("somebody else's")


def test_what_a_broken_line_lost_is_told_again_but_not_over_what_came_since() -> None:
    model = Model("m", {"x": 0, "y": 0})
    model.write("x", 1)
    model.write("y", 1)
    model.take("a")
    model.write("x", 2)
    model.lost()
    assert model.take("b") == {"x": 2, "y": 1}


# Messages


def said(kind: str, content: dict[str, Any], parent: str = "run", number: int = 0) -> KernelMessage:
    return KernelMessage(
        "iopub", {"msg_type": kind, "msg_id": f"m{number}"}, content, {"msg_id": parent}
    )


def opened(comm_id: str, **state: Any) -> KernelMessage:
    content = {"comm_id": comm_id, "target_name": "jupyter.widget", "data": {"state": state}}
    return said("comm_open", content)


def test_an_update_is_a_comm_message_with_its_buffers_beside_it() -> None:
    buffer = {"_buffer": base64.b64encode(b"xy").decode()}
    message = messages.update("c", {"value": buffer, "n": [1]}, "id")
    assert (message.kind, message.id, message.buffers) == ("comm_msg", "id", (b"xy",))
    assert message.content == {
        "comm_id": "c",
        "data": {"method": "update", "state": {"n": [1]}, "buffer_paths": [["value"]]},
    }


def test_of_nested_output_widgets_the_one_entered_last_takes_what_is_shown() -> None:
    kernel = KernelSide()
    for name in ("outer", "inner"):
        kernel.receive(opened(name, _model_name="OutputModel", outputs=[], msg_id=""), "cell")

    def enters(name: str, request: str) -> None:
        data = {"method": "update", "state": {"msg_id": request}}
        kernel.receive(said("comm_msg", {"comm_id": name, "data": data}), None)

    def prints(text: str) -> bool:
        return kernel.receive(said("stream", {"name": "stdout", "text": text}), None)

    assert not prints("nobody's")
    enters("outer", "run")
    assert prints("1")
    enters("inner", "run")
    assert prints("2")
    enters("inner", "")
    assert prints("3")
    enters("outer", "")
    assert not prints("nobody's")
    texts = {
        name: "".join(output["text"] for output in kernel.models[name].state["outputs"])
        for name in ("outer", "inner")
    }
    assert texts == {"outer": "13", "inner": "2"}


def test_what_grows_in_an_output_widget_is_an_op_that_grows() -> None:
    before = {"outputs": [{"output_type": "stream", "name": "stdout", "text": "a" * 1000}]}
    after = {"outputs": [{"output_type": "stream", "name": "stdout", "text": "a" * 1000 + "b"}]}
    op = state_op(before, after, ["outputs"])
    assert op == [{"p": ["state", "outputs", 0, "text", 1000], "si": "b"}]
    assert json0.apply({"state": before}, op) == {"state": after}


# Links


def test_a_link_goes_round_once() -> None:
    def link(kind: str, source: str, target: str) -> dict[str, Any]:
        ends = {"source": [f"IPY_MODEL_{source}", "v"], "target": [f"IPY_MODEL_{target}", "v"]}
        return {"_model_name": kind, "_model_module": "@jupyter-widgets/controls", **ends}

    states: dict[str, dict[str, Any]] = {
        "a": {"v": 5}, "b": {"v": 1}, "c": {"v": 2},
        "1": link("LinkModel", "a", "b"),
        "2": link("LinkModel", "b", "c"),
        "3": link("DirectionalLinkModel", "c", "a"),
    }  # fmt: skip
    assert list(consequences(states, [("a", "v")])) == [("b", "v", 5), ("c", "v", 5)]
    states["a"]["v"] = 1
    states["c"]["v"] = 9
    assert list(consequences(states, [("c", "v")])) == [("b", "v", 9), ("a", "v", 9)]
    assert list(consequences(states, [("c", "other")])) == []


# The file


def test_the_file_has_what_is_shown_and_what_that_needs() -> None:
    models: dict[str, dict[str, Any]] = {
        "box": {"_model_name": "VBoxModel", "children": ["IPY_MODEL_s"], "_view_name": "VBoxView"},
        "s": {"_model_name": "IntSliderModel", "value": {"_buffer": "eHk="}, "_view_name": "V"},
        "l": {"_model_name": "LinkModel", "_view_name": None,
              "source": ["IPY_MODEL_s", "value"], "target": ["IPY_MODEL_box", "x"]},
        "other": {"_model_name": "IntSliderModel", "_view_name": "V"},
    }  # fmt: skip
    assert reachable(models, ["box"]) == {"box", "s", "l"}
    documents = [document("n", comm_id, dict(state)) for comm_id, state in models.items()]
    outputs = [[{"output_type": "display_data", "data": {VIEW: {"model_id": "box"}}}]]
    metadata = with_widgets({"kernelspec": {}, "widgets": {"else": 1}}, documents, outputs)
    saved = metadata["widgets"][STATE]
    assert set(saved["state"]) == {"box", "s", "l"}
    assert saved["state"]["s"]["buffers"] == [
        {"path": ["value"], "encoding": "base64", "data": "eHk="}
    ]
    rest, states = without_widgets(metadata)
    assert rest == {"kernelspec": {}, "widgets": {"else": 1}}
    back = saved_documents("n", states)
    assert back["s"]["state"] == models["s"]
    assert back["s"]["_live"] is False
    again = with_widgets(rest, back.values(), outputs)
    assert json_equal(again, metadata)
    assert has_widgets(metadata, again)
    assert not has_widgets(rest, again)
    moved = [{**back["s"], "state": {**back["s"]["state"], "value": 1}}, back["box"]]
    assert not has_widgets(metadata, with_widgets(rest, moved, outputs))


@pytest.mark.parametrize(
    "widgets",
    [None, [], {STATE: None}, {STATE: {"version_major": 1}}, {STATE: {"version_major": 2}}],
)
def test_what_is_no_widget_state_is_left_alone(widgets: Any) -> None:
    assert without_widgets({"widgets": widgets})[1] == {}
    broken = {"a": 1, "b": {"state": []}, "c": {"state": {}, "buffers": [{"path": ["x", "y"]}]}}
    assert saved_documents("n", broken) == {}


# Who may write what


@pytest.mark.parametrize(
    ("component", "reason"),
    [
        ({"p": ["state", "value"], "oi": 1}, None),
        ({"p": ["state", "value"], "od": 1, "oi": 2}, None),
        ({"p": ["_custom", 0], "li": {"id": "a-1", "content": None}}, None),
        ({"p": ["state", "value", 0], "li": 1}, "only"),
        ({"p": ["state", "_model_module"], "oi": "x"}, "only"),
        ({"p": [], "oi": {}}, "whole document"),
        ({"p": ["_custom", 0], "ld": {}}, "only"),
        ({"p": ["_custom", 0], "li": {"id": "a", "content": 1, "more": 2}}, "buffers"),
        ({"p": ["_cell"], "oi": "x"}, "only"),
    ],
)
def test_editors_write_values_and_messages_and_nothing_else(
    component: dict[str, Any], reason: str | None
) -> None:
    before = document("n", "c", {"_model_name": "IntSliderModel", "value": 0})
    found = refusal({"op": [component]}, before)
    assert (found is None) if reason is None else (found is not None and reason in found)
    assert "gone" in str(refusal({"op": [component]}, {**before, "_live": False}))


def test_no_more_messages_wait_than_can_be_told() -> None:
    before = {**document("n", "c", {}), "_custom": [{}] * 1000}
    op = {"op": [{"p": ["_custom", 1000], "li": {"id": "a", "content": 1}}]}
    assert "too many" in str(refusal(op, before))
