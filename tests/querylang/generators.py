"""Random documents and queries, small enough that they often meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

__all__ = ["conditions", "documents", "filters", "sorts", "values"]

KEYS = ["a", "b", "0", "_x", "a b", "_data"]
scalars = st.sampled_from(
    [None, True, False, 0, 1, 2, -1, 1.5, 1.0, "", "a", "b", "ab", "0", "é", "a\u0000b", 2**53]
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=6,
)
documents = st.dictionaries(st.sampled_from(KEYS), values, max_size=4)
paths = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3).map(".".join)


def _operator(
    names: list[str], operands: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda name, operand: {name: operand}, st.sampled_from(names), operands)


plain_operators = st.one_of(
    _operator(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"], values),
    _operator(["$in", "$nin", "$all"], st.lists(values, max_size=3)),
    _operator(["$exists"], st.booleans()),
    _operator(["$size"], st.integers(0, 3)),
    _operator(["$type"], st.sampled_from(["null", "bool", "number", "string", "object", "array"])),
    _operator(
        ["$mod"], st.builds(list, st.tuples(st.sampled_from([2, 3, -2]), st.integers(-1, 2)))
    ),
    _operator(["$regex"], st.sampled_from(["a", "^a", "b$", "", "^$", "A"])),
)
operators = st.recursive(
    plain_operators, lambda inner: _operator(["$not", "$elemMatch"], inner), max_leaves=2
)
conditions = values | st.lists(operators, min_size=1, max_size=2).map(
    lambda several: {name: operand for each in several for name, operand in each.items()}
)
fields = st.dictionaries(paths | st.just("_id"), conditions, max_size=2)
filters = st.recursive(
    fields,
    lambda inner: st.tuples(
        st.sampled_from(["$and", "$or", "$nor"]), st.lists(inner, min_size=1, max_size=3)
    ).map(lambda pair: {pair[0]: pair[1]}),
    max_leaves=4,
)
sorts = st.dictionaries(paths | st.just("_id"), st.sampled_from([1, -1]), min_size=1, max_size=3)
