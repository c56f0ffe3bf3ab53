"""What holds for any documents and queries, whichever adapter answers."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharedb_py.db.memory import MemoryDB
from sharedb_py.db.sqlite import SQLiteDB
from sharedb_py.querylang import order_key, parse_query
from sharedb_py.querylang.values import key_of
from sharedb_py.snapshot import empty_snapshot
from tests.contract.writing import create, entry
from tests.querylang.generators import conditions, documents, filters, sorts, values

check = settings(deadline=None)


def matches(query: Any, document: dict[str, Any]) -> bool:
    return parse_query(query).matches(document)


@check
@given(query=filters, document=documents)
def test_neither_the_query_nor_the_document_is_changed(query: Any, document: Any) -> None:
    before = copy.deepcopy([query, document])
    first = matches(query, document)
    assert matches(query, document) == first
    assert [query, document] == before


@check
@given(several=st.lists(filters, min_size=1, max_size=3), document=documents)
def test_nor_is_not_or_and_and_is_all(several: Any, document: Any) -> None:
    each = [matches(query, document) for query in several]
    assert matches({"$or": several}, document) is any(each)
    assert matches({"$nor": several}, document) is not any(each)
    assert matches({"$and": several}, document) is all(each)


@check
@given(condition=conditions, document=documents)
def test_not_is_the_opposite(condition: Any, document: Any) -> None:
    if not isinstance(condition, dict) or not any(key.startswith("$") for key in condition):
        condition = {"$eq": condition}
    yes = matches({"a.b": condition}, document)
    assert matches({"a.b": {"$not": condition}}, document) is not yes


@check
@given(value=values, document=documents)
def test_each_negation_is_the_opposite(value: Any, document: Any) -> None:
    for name, opposite, operand in [("$eq", "$ne", value), ("$in", "$nin", [value, 1])]:
        yes = matches({"a": {name: operand}}, document)
        assert matches({"a": {opposite: operand}}, document) is not yes


@check
@given(value=values, document=documents)
def test_equality_has_three_spellings(value: Any, document: Any) -> None:
    equal = matches({"a.b": {"$eq": value}}, document)
    assert matches({"a.b": {"$in": [value]}}, document) is equal
    assert matches({"a.b": {"$all": [value]}}, document) is equal


@check
@given(value=values, document=documents)
def test_or_equal_is_or_equal(value: Any, document: Any) -> None:
    equal = matches({"a": value}, document)
    for strict, loose in [("$gt", "$gte"), ("$lt", "$lte")]:
        either = equal or matches({"a": {strict: value}}, document)
        assert matches({"a": {loose: value}}, document) is either


@check
@given(value=values)
def test_a_document_is_found_by_what_it_holds(value: Any) -> None:
    for condition in ({"$eq": value}, {"$gte": value}, {"$lte": value}, {"$in": [1, value]}):
        assert matches({"a": condition}, {"a": value})


@check
@given(several=st.lists(values, max_size=6))
def test_values_have_one_total_order(several: list[Any]) -> None:
    keys = sorted(map(key_of, several))
    for i, low in enumerate(keys):
        for high in keys[i:]:
            assert low <= high
            assert low != high or hash(low) == hash(high)
            assert (low < high) + (low == high) + (low > high) == 1


@check
@given(several=st.lists(documents, max_size=6), sort=sorts)
def test_sorting_is_a_stable_total_order(several: list[Any], sort: Any) -> None:
    key = order_key(parse_query({"$sort": sort}).sort)
    once = sorted(several, key=key)
    assert [id(document) for document in sorted(once, key=key)] == [id(d) for d in once]
    for earlier, later in pairwise(once):
        assert not key(later) < key(earlier)
    for a in several:
        for b in several:
            assert (key(a) < key(b)) + (key(a) == key(b)) + (key(b) < key(a)) == 1


@check
@given(several=st.lists(documents, max_size=6), sort=sorts)
def test_the_opposite_direction_is_the_opposite_order(several: list[Any], sort: Any) -> None:
    flat = [{"a": value} for value in several]
    up, down = order_key([("a", 1)]), order_key([("a", -1)])
    ascending = [key_of(document["a"]) for document in sorted(flat, key=up)]
    descending = [key_of(document["a"]) for document in sorted(flat, key=down)]
    assert descending == ascending[::-1]


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[tuple[MemoryDB, SQLiteDB]]:
    sqlite = SQLiteDB(tmp_path / "store.sqlite")
    yield MemoryDB(), sqlite
    await sqlite.close()


collections = (f"c{number}" for number in count())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    several=st.lists(documents | values, max_size=6),
    query=filters,
    sort=sorts | st.none(),
    skip=st.sampled_from([None, 0, 1]),
    limit=st.sampled_from([None, 0, 2]),
    operation=st.sampled_from([{}, {}, {"$count": True}, {"$distinct": {"field": "a"}}]),
)
async def test_memory_and_sqlite_answer_alike(
    both: tuple[MemoryDB, SQLiteDB],
    several: list[Any],
    query: Any,
    sort: Any,
    skip: Any,
    limit: Any,
    operation: Any,
) -> None:
    memory, _ = both
    collection = next(collections)
    windows = {"$sort": sort, "$skip": skip, "$limit": limit}
    asked = query | operation | {k: v for k, v in windows.items() if v is not None}
    batch = [
        entry(collection, empty_snapshot(doc_id), create(data))
        for doc_id, data in zip(["a", "b", "ab", "0", "é", ""], several, strict=False)
    ]
    for db in both:
        assert all(await db.commit(batch))
    left, right = [await db.query(collection, asked) for db in both]
    assert repr(left) == repr(right)
    live = memory.live_query(collection, asked)
    if live is not None:
        ids = sorted(item.doc_id for item in batch)
        every = (await memory.get_snapshots(collection, ids)).values()
        found = [snapshot for snapshot in every if live.matches(snapshot)]
        if live.ordered:
            found.sort(key=live.sort_key)
        assert found == left.snapshots
