"""All widget models of one kernel: its messages in, what the documents lack out. Pure."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from derby_notebook.kernels.messages import KernelMessage
from derby_notebook.widgets.buffers import joined
from derby_notebook.widgets.capture import SHOWING, Captures, is_output
from derby_notebook.widgets.links import consequences, is_link
from derby_notebook.widgets.messages import WIDGET, state_of
from derby_notebook.widgets.model import Model
from sharedb_py.jsonvalue import json_equal

__all__ = ["KernelSide"]

REMEMBERED: Final = 500


class KernelSide:
    """What the kernel of one notebook has of widgets, as far as its messages tell."""

    def __init__(self) -> None:
        self.models: dict[str, Model] = {}
        self.closed: set[str] = set()
        """Models that the kernel closed and that may still have a document."""
        self.missing: set[str] = set()
        """Models that the kernel has no more, without having closed them that we know of."""
        self.said: list[dict[str, Any]] = []
        """Messages of the kernel's for the views, in order."""
        self._captures = Captures()
        self._links: set[str] = set()
        self._causes: OrderedDict[str, str] = OrderedDict()

    # What the kernel says

    def receive(self, message: KernelMessage, cell: str | None) -> bool:
        """Take a message; return whether it is about widgets and nothing else.

        ``cell`` is the one in whose run the kernel said it. Raises ``ValueError``
        for a message that makes no sense.
        """
        kind = message.kind
        if kind == "update_display_data":
            self._update_display(message.content)
            return False
        if kind in SHOWING:
            return self._capture(message)
        comm_id = str(message.content.get("comm_id", ""))
        if kind == "comm_open":
            if message.content.get("target_name") != WIDGET:
                return False
            self.add(Model(comm_id, state_of(message), cell or self.cell_of(message.parent_id)))
            self.models[comm_id].seen = message.id
        elif comm_id not in self.models:
            return False
        elif kind == "comm_close":
            self._forget(comm_id)
            self.closed.add(comm_id)
        elif kind == "comm_msg":
            self._receive_data(self.models[comm_id], message)
        return kind.startswith("comm_")

    def add(self, model: Model) -> None:
        """Know a model, all of whose state is new."""
        self.models[model.comm_id] = model
        self.closed.discard(model.comm_id)
        self.missing.discard(model.comm_id)
        model.dirty |= model.state.keys()
        self._changed(model, set(model.state))

    def _receive_data(self, model: Model, message: KernelMessage) -> None:
        data = message.content.get("data") or {}
        method = data.get("method")
        model.seen = message.id
        if method in ("update", "echo_update"):
            parent_id = message.parent_id
            told = message.parent.get("msg_type") == "comm_msg"
            self.update(
                model,
                state_of(message),
                parent_id,
                echo=method == "echo_update",
                answer=told and parent_id not in self._causes,
            )
        elif method == "custom":
            said: dict[str, Any] = {"comm": model.comm_id, "content": data.get("content")}
            self.said.append({**said, "buffers": list(message.buffers)})

    def update(
        self,
        model: Model,
        state: dict[str, Any],
        parent_id: str = "",
        *,
        echo: bool = False,
        answer: bool = False,
    ) -> None:
        """Take values of the kernel's."""
        changed = set()
        if is_output(model.state) and "outputs" in state:
            # What an Output widget shows is ours to tell the kernel, unless it says otherwise.
            outputs = state.pop("outputs")
            if not echo:
                model.replace("outputs", outputs)
                changed.add("outputs")
        changed |= model.receive(state, parent_id, echo=echo, answer=answer)
        self._changed(model, changed)

    def _changed(self, model: Model, keys: set[str]) -> None:
        if is_output(model.state):
            self._captures.update(model.comm_id, model.state, keys)
        if is_link(model.state):
            self._links.add(model.comm_id)
            source = model.state.get("source") or ["", ""]
            self._follow([(str(source[0]).removeprefix("IPY_MODEL_"), str(source[1]))])
        self._follow([(model.comm_id, key) for key in keys])

    def _forget(self, comm_id: str) -> None:
        del self.models[comm_id]
        self._captures.forget(comm_id)
        self._links.discard(comm_id)

    def processed(self, message_id: str) -> bool:
        """The kernel is done with a message; return whether it was an update of ours."""
        model = self.models.get(self._causes.get(message_id, ""))
        return model is not None and model.processed(message_id)

    def states(self, states: dict[str, dict[str, Any]]) -> None:
        """Take all the states that the kernel has.

        Where it has something else than people wrote last, before this process was
        there, it has not been told.
        """
        for comm_id in self.models.keys() - states.keys():
            self._forget(comm_id)
            self.missing.add(comm_id)
        for comm_id, state in states.items():
            model = self.models.get(comm_id)
            if model is None:
                self.add(Model(comm_id, state))
                continue
            if is_output(state):
                state.pop("outputs", None)
            for key in model.unheard & state.keys() & model.state.keys():
                if not json_equal(state.pop(key), model.state[key]):
                    self.write(comm_id, key, model.state[key])
            model.unheard.clear()
            differing = {
                key: value
                for key, value in state.items()
                if key not in model.state or not json_equal(model.state[key], value)
            }
            self.update(model, differing)

    # What it is to be told

    def write(self, comm_id: str, key: str, value: Any) -> None:
        """Somebody wrote a key of a model's document."""
        model = self.models.get(comm_id)
        if model is not None:
            model.write(key, value)
            self._follow([(comm_id, key)])

    def _follow(self, changed: list[tuple[str, str]]) -> None:
        if not self._links:
            return
        states = {comm_id: model.current for comm_id, model in self.models.items()}
        for comm_id, key, value in consequences(states, changed):
            self.models[comm_id].write(key, value)
            self.models[comm_id].dirty.add(key)

    def take(self, message_id: str, comm_id: str, *, at_once: bool) -> dict[str, Any] | None:
        """Return what to tell the kernel of a model in a message of this id."""
        state = self.models[comm_id].take(message_id, at_once=at_once)
        if state is not None:
            self.caused(message_id, comm_id)
        return state

    def lost(self) -> None:
        """Messages that are not processed now never will be."""
        for model in self.models.values():
            model.lost()

    # Who made the kernel speak

    def caused(self, message_id: str, comm_id: str) -> None:
        """A message is sent to the kernel for a model."""
        self._causes[message_id] = comm_id
        while len(self._causes) > REMEMBERED:
            self._causes.popitem(last=False)

    def cell_of(self, message_id: str) -> str | None:
        """Return the cell that made the model for which a message was sent."""
        model = self.models.get(self._causes.get(message_id, ""))
        return model.cell if model else None

    # Output widgets

    def taker(self, message: KernelMessage) -> str | None:
        """Return the Output widget that takes a message."""
        return self._captures.taker(message.parent_id) if message.kind in SHOWING else None

    def _capture(self, message: KernelMessage) -> bool:
        comm_id = self.taker(message)
        if comm_id is None:
            return False
        if self._captures.receive(comm_id, message.kind, message.content):
            self._shows(comm_id, message.id)
        return True

    def _update_display(self, content: dict[str, Any]) -> None:
        display_id = (content.get("transient") or {}).get("display_id")
        if display_id:
            for comm_id in self._captures.update_display(display_id, content):
                self._shows(comm_id)

    def _shows(self, comm_id: str, message_id: str = "") -> None:
        model = self.models[comm_id]
        model.seen = message_id or model.seen
        outputs = joined(self._captures.outputs(comm_id), [], [])
        model.state["outputs"] = outputs
        model.dirty.add("outputs")
        model.write("outputs", outputs)
