"""What an editor may write of a widget: values, and messages of its views. Pure."""

from __future__ import annotations

import re
from typing import Any, Final

from derby_notebook.widgets.capture import is_output
from derby_notebook.widgets.documents import KEPT_KEYS
from derby_notebook.widgets.large import blob_names

__all__ = ["refusal"]

MOST_WAITING: Final = 1000
"""How many messages of views may wait for a kernel that is busy."""

_ID: Final = re.compile(r"^[\w-]{1,64}$")
_CAPTURED: Final = frozenset({"outputs", "msg_id"})


def refusal(op: Any, before: Any) -> str | None:
    """Return why an editor's op on a model's document is refused, None if it is not."""
    if "op" not in op or not isinstance(before, dict):
        return "Widgets are made and closed by a kernel"
    if not before.get("_live"):
        return "The kernel that made this widget is gone. Run its cell again"
    for component in op["op"] or ():
        reason = _refuse_component(component, before)
        if reason:
            return reason
    return None


def _refuse_component(component: dict[str, Any], before: dict[str, Any]) -> str | None:
    path = component["p"]
    field = path[0] if path else None
    if field == "state" and len(path) == 2 and "oi" in component:
        captured = is_output(before.get("state") or {}) and path[1] in _CAPTURED
        if captured or path[1] in KEPT_KEYS:
            return f"{path[1]} is written by the kernel only"
        if next(blob_names([component["oi"]]), None) is not None:
            return (
                "A binary value is sent whole: what stands for one is written by the service only"
            )
        return None
    if field == "_custom" and len(path) == 2 and "li" in component and "ld" not in component:
        if len(before.get("_custom") or ()) >= MOST_WAITING:
            return "The kernel is busy, and too many messages wait for it already"
        sent = component["li"]
        if not isinstance(sent, dict) or set(sent) - {"id", "content", "buffers"}:
            return "A widget's message has an id, a content and buffers"
        if not isinstance(sent.get("id"), str) or not _ID.match(sent["id"]):
            return "A widget's message has an id"
        return None if "content" in sent else "A widget's message has a content"
    return f"{field or 'A whole document'} is written by the notebook service only"
