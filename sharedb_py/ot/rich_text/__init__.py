"""Formatted text as Quill edits it: the npm type ``rich-text``, presence included.

Documents and ops are deltas, ``{"ops": [component, …]}``; see ``delta`` for components.
"""

from __future__ import annotations

from typing import Any, Final

from sharedb_py.errors import OpNotApplied
from sharedb_py.jsonvalue import MISSING, JSONObject, is_number
from sharedb_py.ot.base import Side
from sharedb_py.ot.rich_text.composing import compose
from sharedb_py.ot.rich_text.delta import Delta, components_of
from sharedb_py.ot.rich_text.transforming import transform, transform_position

__all__ = ["RichText", "rich_text"]


def _document(delta: Delta) -> JSONObject:
    if not all("insert" in component for component in delta):
        raise OpNotApplied("A rich-text document consists of inserts; the op reaches past its end")
    return {"ops": delta}


class RichText:
    """Formatted text; see the module for its ops."""

    name: Final = "rich-text"
    uri: Final = "http://sharejs.org/types/rich-text/v1"

    def create(self, data: Any = MISSING) -> JSONObject:
        """Return a new document: the initial inserts, or none."""
        return _document([] if data is MISSING or data is None else components_of(data))

    def apply(self, snapshot: Any, op: Any) -> JSONObject:
        """Return the document after an op, which may not reach past its end."""
        return _document(compose(components_of(snapshot), components_of(op)))

    def transform(self, op: Any, other: Any, side: Side) -> JSONObject:
        """Return ``op`` as it reads after ``other``; on the left, what ``other`` inserts is first.

        That is so for formats too: where both set one, ``other``'s stays if ``op`` is on the left.
        """
        return {"ops": transform(components_of(op), components_of(other), side == "left")}

    def compose(self, first: Any, second: Any) -> JSONObject:
        """Return one op that does what ``first`` and then ``second`` do."""
        return {"ops": compose(components_of(first), components_of(second))}

    def normalize(self, op: Any) -> Any:
        """Return the op as it is: the reference calls every one canonical."""
        components_of(op)
        return op

    def transform_presence(self, presence: Any, op: Any, is_own_op: bool) -> Any:
        """Return a selection, ``{"index": …, "length": …}``, as it lies after ``op``.

        What is typed at its edge pushes it if the selection's owner typed. A presence
        that is no selection stays as it is; none, or an empty one, is None.
        """
        if not presence and not isinstance(presence, (list, dict)):
            return None
        if not isinstance(presence, dict):
            return presence
        index: Any = presence.get("index")
        size: Any = presence.get("length")
        if not is_number(index) or not is_number(size):
            return presence
        delta = components_of(op)
        start = transform_position(index, delta, not is_own_op)
        end = transform_position(index + size, delta, not is_own_op)
        return {**presence, "index": start, "length": end - start}


rich_text: Final = RichText()
