"""Imported first by a program, this keeps from being loaded what takes a second and is not used.

jsonschema, which nbformat and Jupyter's events stand on, loads a grammar of IRIs
where one is installed, and builds an Earley parser of it: more time than all
the rest of the start takes. Only the ``iri`` and ``iri-reference`` formats are
checked with it, and no schema of nbformat's or of Jupyter's events has them.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, cast

__all__: list[str] = []

# None stands for a module that is not there; jsonschema does without it.
cast("dict[str, ModuleType | Any | None]", sys.modules).setdefault("rfc3987_syntax", None)
