"""What an operational-transform type is (protocol section 11.1)."""

from __future__ import annotations

from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

__all__ = [
    "Composable",
    "Invertible",
    "Normalizable",
    "OTType",
    "PresenceTransformer",
    "Side",
]

Side: TypeAlias = Literal["left", "right"]
"""Who wins a tie in ``transform``: ``left`` does. A server's submitted op is left."""


@runtime_checkable
class OTType(Protocol):
    """A type of document: pure functions over JSON values.

    No function modifies its arguments. Results may share unchanged parts with
    the arguments, so callers treat every document and op as immutable.
    Each raises :class:`~sharedb_py.errors.OpNotApplied` for an op that does not
    fit the document, or :class:`~sharedb_py.errors.OpBadlyFormed` for one that
    no document could take.
    """

    @property
    def name(self) -> str:
        """The short name, such as ``json0``."""

    @property
    def uri(self) -> str:
        """The name on the wire and in databases."""

    def create(self, data: Any = ...) -> Any:
        """Return a new document from a create op's data."""

    def apply(self, snapshot: Any, op: Any) -> Any:
        """Return the document after ``op``."""

    def transform(self, op: Any, other: Any, side: Side) -> Any:
        """Return ``op`` as it must read after ``other``, both made on one document."""


@runtime_checkable
class Composable(Protocol):
    """A type whose consecutive ops can be merged into one."""

    def compose(self, first: Any, second: Any) -> Any:
        """Return one op that does what ``first`` and then ``second`` do."""


@runtime_checkable
class Invertible(Protocol):
    """A type whose ops carry what is needed to undo them."""

    def invert(self, op: Any) -> Any:
        """Return the op that undoes ``op``."""


@runtime_checkable
class Normalizable(Protocol):
    """A type whose ops have a canonical form."""

    def normalize(self, op: Any) -> Any:
        """Return an equivalent op in canonical form."""


@runtime_checkable
class PresenceTransformer(Protocol):
    """A type that can carry a presence value, such as a cursor, over an op (section 6)."""

    def transform_presence(self, presence: Any, op: Any, is_own_op: bool) -> Any:
        """Return the presence value as it reads after ``op``; None when it is gone."""
