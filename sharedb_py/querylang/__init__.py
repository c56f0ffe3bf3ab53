"""The Mongo-style query language, decided in memory: pure functions over snapshots.

``parse_query`` splits a query into its filter and its cursor parts and refuses
what it does not know; ``compile_filter`` makes the filter a predicate;
``order_key`` compares documents as MongoDB sorts them (protocol section 10.6).
"""

from __future__ import annotations

from sharedb_py.querylang.filters import compile_filter
from sharedb_py.querylang.ordering import order_key
from sharedb_py.querylang.parsing import ParsedQuery, parse_query

__all__ = ["ParsedQuery", "compile_filter", "order_key", "parse_query"]
