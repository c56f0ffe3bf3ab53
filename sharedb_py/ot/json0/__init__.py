"""json0, the default type: JSON documents whose values, lists and strings are edited together.

Op by op as the published JavaScript type answers (protocol section 11); clients run
that one, so where it has a quirk, so has this.
"""

from __future__ import annotations

from typing import Any, Final

from sharedb_py.jsonvalue import MISSING
from sharedb_py.ot.base import Side
from sharedb_py.ot.json0 import applying, components
from sharedb_py.ot.json0.components import Component, Op
from sharedb_py.ot.json0.paths import check_paths, check_submitted, normalize_legacy
from sharedb_py.ot.json0.transforming import transform_component
from sharedb_py.ot.transforming import transform_lists

__all__ = [
    "JSON0",
    "Component",
    "Op",
    "check_paths",
    "check_submitted",
    "json0",
    "normalize_legacy",
]


class JSON0:
    """The type itself; see :class:`~sharedb_py.ot.base.OTType` for what each function promises."""

    name: Final = "json0"
    uri: Final = "http://sharejs.org/types/JSONv0"

    def create(self, data: Any = MISSING) -> Any:
        """Return a new document: the data, or None."""
        return None if data is MISSING else data

    def apply(self, snapshot: Any, op: Any) -> Any:
        """Return the document after ``op``, sharing with the old one what did not change."""
        return applying.apply(snapshot, op)

    def transform(self, op: Any, other: Any, side: Side) -> Op:
        """Return ``op`` as it reads after ``other``."""
        return transform_lists(
            components.require_paths(op),
            components.require_paths(other),
            side,
            transform_component,
            components.append,
        )

    def compose(self, first: Any, second: Any) -> Op:
        """Return one op that does what ``first`` and then ``second`` do."""
        return components.compose(first, second)

    def invert(self, op: Any) -> Op:
        """Return the op that undoes ``op``."""
        return components.invert(op)

    def normalize(self, op: Any) -> Op:
        """Return an equivalent op of merged components."""
        return components.normalize(op)


json0: Final = JSON0()
