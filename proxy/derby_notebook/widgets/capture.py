"""Output widgets: what their kernel shows while they are entered goes to them. Pure.

An ``OutputModel`` whose ``msg_id`` is a request's id takes what that request shows,
until its ``msg_id`` is something else; of several, the one entered last does.
"""

from __future__ import annotations

from typing import Any, Final

from derby_notebook.outputs.area import OutputArea

__all__ = ["SHOWING", "Captures", "is_output"]

SHOWING: Final = frozenset({"stream", "display_data", "execute_result", "error", "clear_output"})
"""The messages that can be captured."""


def is_output(state: dict[str, Any]) -> bool:
    """Whether a model is an Output widget's."""
    return state.get("_model_name") == "OutputModel"


class Captures:
    """The Output widgets of one kernel, and whose messages each takes now."""

    def __init__(self) -> None:
        self._areas: dict[str, OutputArea] = {}
        self._taking: dict[str, str] = {}

    def update(self, comm_id: str, state: dict[str, Any], changed: set[str]) -> None:
        """The kernel set some keys of an Output widget."""
        if comm_id not in self._areas or "outputs" in changed:
            # The kernel is told what the widget shows, so it has to be whole.
            self._areas[comm_id] = OutputArea(list(state.get("outputs") or []), in_line=True)
        if "msg_id" in changed:
            self._taking.pop(comm_id, None)
            if state.get("msg_id"):
                self._taking[comm_id] = state["msg_id"]

    def forget(self, comm_id: str) -> None:
        """An Output widget was closed."""
        self._areas.pop(comm_id, None)
        self._taking.pop(comm_id, None)

    def taker(self, parent_id: str) -> str | None:
        """Return the widget that takes what a request shows."""
        takers = [comm_id for comm_id, taken in self._taking.items() if taken == parent_id]
        return takers[-1] if takers else None

    def receive(self, comm_id: str, kind: str, content: dict[str, Any]) -> bool:
        """Show a message in a widget; return whether that changed its outputs."""
        return self._areas[comm_id].receive(kind, content)

    def update_display(self, display_id: str, content: dict[str, Any]) -> list[str]:
        """Show new data wherever a display is shown; return the widgets that show it."""
        areas = self._areas.items()
        return [comm_id for comm_id, area in areas if area.update_display(display_id, content)]

    def outputs(self, comm_id: str) -> list[dict[str, Any]]:
        """Return what a widget shows."""
        return self._areas[comm_id].outputs()
