"""The types a server knows, found by name or by URI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sharedb_py.ot.base import OTType

__all__ = ["TypeRegistry"]


class TypeRegistry(Mapping[str, OTType]):
    """A mapping from a type's name and its URI to the type."""

    def __init__(self, *types: OTType) -> None:
        self._types: dict[str, OTType] = {}
        for ot_type in types:
            self.register(ot_type)

    def register(self, ot_type: OTType) -> None:
        """Make a type known under its name and its URI, replacing one that had them."""
        self._types[ot_type.name] = ot_type
        self._types[ot_type.uri] = ot_type

    def __getitem__(self, name_or_uri: str) -> OTType:
        return self._types[name_or_uri]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)
