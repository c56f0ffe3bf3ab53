"""json1: JSON documents in which anything can be moved anywhere, edits inside of it included.

Answers as the published JavaScript type does; clients run that one. An op is a tree
that mirrors the document, written as nested lists: ``["a", {"r": true}]`` removes,
``["b", {"i": 5}]`` inserts, ``[["a", {"p": 0}], ["b", {"d": 0}]]`` moves, and
``["text", {"es": [...]}]``, ``["n", {"ena": 1}]`` and ``["x", {"et": type, "e": op}]`` edit
a text, a number or a value of another type. None does nothing.
"""

from __future__ import annotations

from typing import Any, Final

from sharedb_py.jsonvalue import MISSING
from sharedb_py.ot.base import Side
from sharedb_py.ot.json1 import applying, checking, composing, inverting, normalizing, transforming
from sharedb_py.ot.json1.conflicts import Conflict, ConflictKind, WriteConflict
from sharedb_py.ot.json1.positions import transform_position
from sharedb_py.ot.json1.subtypes import register
from sharedb_py.ot.json1.transforming import Allow
from sharedb_py.ot.json1.tree import Op, Path

__all__ = ["JSON1", "Conflict", "ConflictKind", "Op", "Path", "WriteConflict", "json1"]


class JSON1:
    """The type itself; see :class:`~sharedb_py.ot.base.OTType` for what each function promises.

    ``allow`` says which conflicts ``transform`` resolves; by default it resolves none.
    """

    name: Final = "json1"
    uri: Final = "http://sharejs.org/types/JSONv1"

    def __init__(self, allow: Allow | None = None) -> None:
        self._allow = allow

    def create(self, data: Any = MISSING) -> Any:
        """Return a new document: the data, which an op may still have to insert."""
        return data

    def check_op(self, op: Any) -> None:
        """Raise ``OpBadlyFormed`` for an op that no document could take."""
        checking.check_op(op)

    def is_noop(self, op: Any) -> bool:
        """Whether an op does nothing."""
        return op is None

    def register_subtype(self, subtype: Any) -> None:
        """Let values of another type be edited inside documents."""
        register(subtype)

    def apply(self, snapshot: Any, op: Any) -> Any:
        """Return the document after ``op``, sharing with the old one what did not change."""
        return applying.apply(snapshot, op)

    def transform(self, op: Any, other: Any, side: Side) -> Op:
        """Return ``op`` as it reads after ``other``; raises ``WriteConflict`` if it cannot."""
        if self._allow is None:
            return transforming.transform(op, other, side)
        return transforming.transform_allowing(self._allow, op, other, side)

    def try_transform(self, op: Any, other: Any, side: Side) -> Op | Conflict:
        """Return the transformed op, or the first conflict that is in its way."""
        try:
            return transforming.transform(op, other, side)
        except WriteConflict as error:
            return error.conflict

    def transform_no_conflict(self, op: Any, other: Any, side: Side) -> Op:
        """Return ``op`` as it reads after ``other``, whatever is lost by it."""
        return transforming.transform_allowing(lambda _: True, op, other, side)

    def transform_position(self, path: Path, op: Any) -> Path | None:
        """Return the path at which a place is after ``op``; None if it is gone."""
        return transform_position(path, op)

    def compose(self, first: Any, second: Any) -> Op:
        """Return one op that does what ``first`` and then ``second`` do."""
        return composing.compose(first, second)

    def normalize(self, op: Any) -> Op:
        """Return an equivalent op in canonical form."""
        return normalizing.normalize(op)

    def make_invertible(self, op: Any, snapshot: Any) -> Op:
        """Return ``op`` with what it removes from the document put in."""
        return inverting.make_invertible(op, snapshot)

    def invert(self, op: Any) -> Op:
        """Return the op that undoes ``op``, which must hold all that it removes."""
        return inverting.invert(op)

    def invert_with_doc(self, op: Any, snapshot: Any) -> Op:
        """Return the op that undoes ``op``, made for this document."""
        return inverting.invert(inverting.make_invertible(op, snapshot))


json1: Final = JSON1()
