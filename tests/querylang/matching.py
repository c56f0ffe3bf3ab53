"""Runs one query over a handful of values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sharedb_py.jsonvalue import MISSING
from sharedb_py.querylang import parse_query

__all__ = ["ABSENT", "case_name", "documents_that_match", "values_that_match"]

ABSENT = MISSING
"""Stands for a document that lacks the field."""


def case_name(value: object) -> str:
    """Return how a parameter is named in a test's id, the same in every process."""
    return str(sorted(value)) if isinstance(value, set) else str(value)


def documents_that_match(query: Any, documents: Iterable[dict[str, Any]]) -> list[Any]:
    """Return the documents that a query accepts."""
    parsed = parse_query(query)
    return [document for document in documents if parsed.matches(document)]


def values_that_match(condition: Any, values: Iterable[Any]) -> list[Any]:
    """Return the values of a field ``x`` that a condition accepts."""
    parsed = parse_query({"x": condition})
    return [value for value in values if parsed.matches({} if value is ABSENT else {"x": value})]
