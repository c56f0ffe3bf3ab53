"""The operational-transform kernel: pure functions over JSON values.

``types["json0"]`` (or its URI) is a type: ``types["json0"].transform(op, other, "left")``.
"""

from __future__ import annotations

from typing import Final

from sharedb_py.ot.base import (
    Composable,
    Invertible,
    Normalizable,
    OTType,
    PresenceTransformer,
    Side,
)
from sharedb_py.ot.json0 import json0
from sharedb_py.ot.json1 import json1
from sharedb_py.ot.registry import TypeRegistry
from sharedb_py.ot.rich_text import rich_text
from sharedb_py.ot.text0 import text0
from sharedb_py.ot.text_unicode import text_unicode

__all__ = [
    "DEFAULT_TYPE",
    "Composable",
    "Invertible",
    "Normalizable",
    "OTType",
    "PresenceTransformer",
    "Side",
    "TypeRegistry",
    "types",
]

types: Final = TypeRegistry(json0, json1, rich_text, text0, text_unicode)
"""The types every server knows; register more with ``types.register``."""

DEFAULT_TYPE: Final = json0
"""The type that snapshots on the wire leave unnamed."""
