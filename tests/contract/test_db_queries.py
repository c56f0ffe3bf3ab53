"""Queries through an adapter: results, windows, values, polling, and what is refused.

What each operator means is tested in ``tests/querylang``.
"""

from __future__ import annotations

from typing import Any

import pytest

from sharedb_py.db.base import DB
from sharedb_py.errors import QueryError
from sharedb_py.jsonvalue import MISSING
from sharedb_py.snapshot import Snapshot, empty_snapshot
from tests.contract.conftest import QUOTED_KEYS
from tests.contract.writing import DELETE, TEXT0, create, edit, entry, insert, write

DOGS: dict[str, Any] = {
    "a": {"name": "Ace", "age": 5, "tags": ["big", "loud"]},
    "b": {"name": "Bo", "age": 3, "owner": {"name": "Ann"}},
    "c": {"name": "Cy", "age": 9, "tags": []},
    "d": {"name": "Di", "age": 3, "owner": {"name": "Bob"}, "tags": ["big"]},
    "e": {"name": "Ed"},
}


@pytest.fixture
async def dogs(db: DB) -> DB:
    """A database with five dogs, one that was deleted and a cat."""
    for name, data in DOGS.items():
        await write(db, "dogs", name, create(data))
    await write(db, "dogs", "gone", create({"name": "Gone", "age": 3}), DELETE)
    await write(db, "cats", "a", create({"name": "Tom", "age": 3}))
    return db


async def ids(db: DB, query: dict[str, Any], collection: str = "dogs") -> list[str]:
    """The ids a query finds, asserted to be those that a poll finds."""
    result = await db.query(collection, query)
    found = [snapshot.id for snapshot in result.snapshots]
    polled = await db.query_poll(collection, query)
    assert polled.ids == found
    assert polled.extra is result.extra is MISSING
    return found


async def extra(db: DB, query: dict[str, Any]) -> Any:
    """The value an operation answers, asserted to come alone and from a poll too."""
    result = await db.query("dogs", query)
    polled = await db.query_poll("dogs", query)
    assert (result.snapshots, polled.ids) == ([], [])
    assert polled.extra == result.extra
    return result.extra


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "abcde"),
        ({"age": 3}, "bd"),
        ({"age": {"$gte": 5}}, "ac"),
        ({"name": "Ed"}, "e"),
        ({"name": "ed"}, ""),
        ({"name": {"$in": ["Bo", "Di", "Gone"]}}, "bd"),
        ({"tags": "big"}, "ad"),
        ({"tags": ["big"]}, "d"),
        ({"owner.name": "Ann"}, "b"),
        ({"age": None}, "e"),
        ({"age": {"$exists": False}}, "e"),
        ({"age": {"$ne": 3}}, "ace"),
        ({"$or": [{"age": 9}, {"name": "Ed"}]}, "ce"),
        ({"$nor": [{"age": 3}, {"name": "Ed"}]}, "ac"),
        ({"_id": "d"}, "d"),
        ({"_id": "gone"}, ""),
        ({"_id": {"$in": ["a", "e", "gone", "nobody"]}}, "ae"),
        ({"name": "Ace", "age": 3}, ""),
        ({"nothing": "there"}, ""),
        ({"$comment": "why", "age": 9}, "c"),
    ],
    ids=str,
)
async def test_a_filter_finds_the_documents_that_match(
    dogs: DB, query: dict[str, Any], expected: str
) -> None:
    assert sorted(await ids(dogs, query)) == list(expected)


async def test_a_result_is_the_current_snapshot(dogs: DB) -> None:
    await write(dogs, "dogs", "b", insert("age", 4))
    [found] = (await dogs.query("dogs", {"age": 4})).snapshots
    assert found == await dogs.get_snapshot("dogs", "b")
    assert found.version == 2


async def test_an_unsorted_query_answers_in_the_same_order_each_time(dogs: DB) -> None:
    first = await ids(dogs, {})
    await write(dogs, "dogs", "c", insert("age", 1))
    assert await ids(dogs, {}) == first


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"$sort": {"name": 1}}, "abcde"),
        ({"$sort": {"name": -1}}, "edcba"),
        ({"$sort": {"age": 1, "name": 1}}, "ebdac"),
        ({"$sort": {"age": 1, "name": -1}}, "edbac"),
        ({"$sort": {"age": -1, "name": 1}}, "cabde"),
        ({"$sort": {"owner.name": -1, "name": 1}}, "dbace"),
        ({"$orderby": {"name": -1}}, "edcba"),
        ({"$sort": {"name": 1}, "$skip": 2}, "cde"),
        ({"$sort": {"name": 1}, "$limit": 2}, "ab"),
        ({"$sort": {"name": 1}, "$skip": 1, "$limit": 2}, "bc"),
        ({"$sort": {"name": 1}, "$skip": 10}, ""),
        ({"$sort": {"name": 1}, "$limit": 0}, "abcde"),
        ({"$sort": {"name": 1}, "$limit": 100}, "abcde"),
        ({"age": 3, "$sort": {"name": -1}, "$limit": 1}, "d"),
        ({"$sort": {"_id": -1}, "$limit": 2}, "ed"),
    ],
    ids=str,
)
async def test_results_are_sorted_and_cut_to_a_window(
    dogs: DB, query: dict[str, Any], expected: str
) -> None:
    assert await ids(dogs, query) == list(expected)


async def test_limits_without_an_order_bound_the_results(dogs: DB) -> None:
    everything = await ids(dogs, {})
    assert len(await ids(dogs, {"$limit": 2})) == 2
    assert await ids(dogs, {"$skip": 2}) == everything[2:]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"$count": True}, 5),
        ({"$count": True, "age": 3}, 2),
        ({"$count": True, "name": "nobody"}, 0),
        ({"$count": 1, "$limit": 3}, 3),
        ({"$count": {}, "$skip": 4}, 1),
        ({"$count": None, "$skip": 2, "$limit": 2}, 2),
    ],
    ids=str,
)
async def test_count_answers_a_number(dogs: DB, query: dict[str, Any], expected: int) -> None:
    assert await extra(dogs, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"$distinct": {"field": "age"}}, [3, 5, 9]),
        ({"$distinct": {"field": "tags"}}, ["big", "loud"]),
        ({"$distinct": {"field": "owner.name"}}, ["Ann", "Bob"]),
        ({"$distinct": {"field": "name"}, "age": 3}, ["Bo", "Di"]),
        ({"$distinct": {"field": "nothing"}}, []),
    ],
    ids=str,
)
async def test_distinct_answers_each_value_once(
    dogs: DB, query: dict[str, Any], expected: list[Any]
) -> None:
    assert sorted(await extra(dogs, query)) == expected


async def test_distinct_tells_types_apart(db: DB) -> None:
    values = [1, True, "1", None, 1.0, False, 0, {"a": 1}, {"a": 1}]
    for number, value in enumerate(values):
        await write(db, "dogs", f"d{number}", create({"x": value}))
    found = await extra(db, {"$distinct": {"field": "x"}})
    assert sorted(map(repr, found)) == sorted(map(repr, [1, True, "1", None, False, 0, {"a": 1}]))


async def test_documents_that_are_no_objects_are_found_by_id(db: DB) -> None:
    for name, data in {"n": 5, "s": "text", "l": [1, 2], "z": None}.items():
        await write(db, "values", name, create(data))
    await write(db, "values", "t", create("text", TEXT0))
    assert sorted(await ids(db, {}, "values")) == ["l", "n", "s", "t", "z"]
    assert await ids(db, {"_id": "l"}, "values") == ["l"]
    assert await ids(db, {"text": "text"}, "values") == []


async def test_documents_that_are_no_objects_are_matched_as_data(db: DB) -> None:
    for name, data in {"n": 5, "s": "text", "l": [1, "text"], "z": None}.items():
        await write(db, "values", name, create(data))
    assert await ids(db, {"_data": 5}, "values") == ["n"]
    assert sorted(await ids(db, {"_data": "text"}, "values")) == ["l", "s"]


async def test_an_unknown_collection_is_empty(dogs: DB) -> None:
    assert await ids(dogs, {}, "birds") == []
    assert (await dogs.query("birds", {"$count": True})).extra == 0


async def test_text_that_databases_stumble_over_is_matched_exactly(db: DB) -> None:
    texts = ["it's", 'a "b"', "a\\b", "%", "_", "a\u0000b", "a\u0000c", "null", "5", "字", "\u00c9"]
    texts.append("E\u0301")
    for number, text in enumerate(texts):
        await write(db, "texts", f"t{number}", create({"x": text, "l": [text]}))
    for number, text in enumerate(texts):
        for query in ({"x": text}, {"l": text}, {"x": {"$in": [text]}}):
            assert await ids(db, query, "texts") == [f"t{number}"]


QUOTED = pytest.param('a"b', marks=pytest.mark.needs(QUOTED_KEYS))


@pytest.mark.parametrize("key", ["a b", "a-b", "é", "0", "a'b", QUOTED, "constructor2", "_x", "A"])
async def test_a_field_of_any_name_is_matched(db: DB, key: str) -> None:
    await write(db, "odd", "x", create({key: "v", "other": key}))
    await write(db, "odd", "y", create({key: "w", key.lower() + "!": "v"}))
    assert await ids(db, {key: "v"}, "odd") == ["x"]
    assert await ids(db, {key: {"$gt": "v"}}, "odd") == ["y"]


# Following queries


async def test_a_document_is_asked_for_alone(dogs: DB) -> None:
    query = {"age": 3}
    assert dogs.can_poll_doc("dogs", query)
    found = {name: await dogs.query_poll_doc("dogs", name, query) for name in [*DOGS, "gone", "x"]}
    assert [name for name, matches in found.items() if matches] == ["b", "d"]


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ({"_id": "b", "age": 3}, True),
        ({"_id": "d", "age": 3}, False),
        ({"_id": {"$in": ["a", "b"]}}, True),
        ({"_id": {"$ne": "b"}}, False),
        ({"_id": {"$gt": "a"}, "age": 3}, True),
    ],
    ids=str,
)
async def test_a_document_is_asked_for_alone_by_queries_on_ids(
    dogs: DB, query: dict[str, Any], matches: bool
) -> None:
    assert await dogs.query_poll_doc("dogs", "b", query) is matches


@pytest.mark.parametrize(
    "query",
    [
        {"$sort": {"age": 1}},
        {"$limit": 2},
        {"$skip": 1},
        {"$count": True},
        {"$distinct": {"field": "age"}},
    ],
    ids=str,
)
def test_a_window_an_order_or_a_value_depends_on_more_than_one_document(
    db: DB, query: dict[str, Any]
) -> None:
    assert not db.can_poll_doc("dogs", {"age": 3, **query})


@pytest.mark.parametrize(
    ("body", "query", "skips"),
    [
        (create({}), {"age": 3}, False),
        (DELETE, {"age": 3}, False),
        ({}, {"age": 3}, True),
        (edit(), {"age": 3}, True),
        (insert("name", "x"), {"age": 3}, True),
        (insert("age", 4), {"age": 3}, False),
        (edit({"p": ["age"], "na": 1}), {"$or": [{"name": "x"}, {"age": 3}]}, False),
        (edit({"p": ["owner", "name", 0], "si": "x"}), {"owner.name": "Ann"}, False),
        (edit({"p": ["owner", "age"], "oi": 1}), {"owner.name": "Ann"}, False),
        (insert("age", 4), {"name": "x", "$sort": {"age": 1}}, False),
        (insert("name", "y"), {"$sort": {"age": 1}}, True),
        (insert("age", 4), {}, True),
        (edit({"p": [], "od": {}, "oi": {}}), {"age": 3}, False),
        (insert("name", "x"), {"$nor": [{"$and": [{"age": 3}]}]}, True),
        (insert("age", 4), {"$nor": [{"$and": [{"age": 3}]}]}, False),
        (insert("age", 4), {"$count": True, "name": "x"}, False),
        (insert("age", 4), {"$distinct": {"field": "age"}}, False),
        (edit({"p": 0, "i": "x"}), {"age": 3}, False),
        ({"op": "no list"}, {"age": 3}, False),
        ({"op": ["no component"]}, {"age": 3}, False),
        (edit({"p": [0], "li": 5}), {"_data": 5}, False),
    ],
    ids=str,
)
def test_an_op_that_cannot_change_results_is_skipped_and_no_other(
    db: DB, body: dict[str, Any], query: dict[str, Any], skips: bool
) -> None:
    assert db.skip_poll("dogs", "a", {"v": 1, **body}, query) is skips


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"age": 3},
        {"age": {"$gt": 3}, "$sort": {"name": -1}},
        {"$sort": {"age": 1, "name": 1}},
        {"tags": "big"},
        {"_id": {"$in": ["b", "gone"]}},
    ],
    ids=str,
)
async def test_a_query_decided_in_memory_agrees_with_the_database(
    dogs: DB, query: dict[str, Any]
) -> None:
    live = dogs.live_query("dogs", query)
    if live is None:
        return
    names = [*DOGS, "gone", "nobody"]
    every = list((await dogs.get_snapshots("dogs", names)).values())
    matching = [snapshot for snapshot in every if live.matches(snapshot)]
    if live.ordered:
        matching.sort(key=live.sort_key)
    found = await ids(dogs, query)
    assert live.ordered == ("$sort" in query)
    assert [snapshot.id for snapshot in matching] == (found if live.ordered else sorted(found))


@pytest.mark.parametrize(
    "query", [{"$limit": 1}, {"$skip": 1}, {"$count": True}, {"$distinct": {"field": "a"}}], ids=str
)
def test_a_window_or_a_value_is_not_decided_in_memory(db: DB, query: dict[str, Any]) -> None:
    assert db.live_query("dogs", query) is None


# What is refused


@pytest.mark.parametrize(
    ("query", "code", "named"),
    [
        ({"$where": "1"}, 4103, r"\$where"),
        ({"$or": [{"a": {"$not": {"$where": "1"}}}]}, 4103, r"\$where"),
        ({"$mapReduce": {"map": "1"}}, 4104, r"\$mapReduce"),
        ({"$aggregate": []}, 4105, r"\$aggregate"),
        ({"$query": {}}, 4106, r"\$query"),
        ({"$nonsense": 1}, 4107, r"\$nonsense"),
        ({"$distinct": {"field": "a"}, "$count": True}, 4110, r"\$distinct"),
    ],
    ids=str,
)
async def test_what_a_client_may_not_ask_is_refused_by_name_and_code(
    dogs: DB, query: dict[str, Any], code: int, named: str
) -> None:
    for ask in (dogs.query, dogs.query_poll):
        with pytest.raises(QueryError, match=named) as caught:
            await ask("dogs", query)
        assert caught.value.code == code


@pytest.mark.parametrize("query", [None, [], "age", 3])
async def test_a_query_that_is_no_object_is_refused(dogs: DB, query: Any) -> None:
    with pytest.raises(QueryError):
        await dogs.query("dogs", query)


async def test_a_thousand_documents_are_searched(db: DB) -> None:
    batch = [
        entry("many", empty_snapshot(f"d{number:04}"), create({"n": number, "odd": number % 2}))
        for number in range(1000)
    ]
    assert await db.commit(batch) == [True] * 1000
    assert (await db.query("many", {"$count": True, "odd": 1})).extra == 500
    window = {"odd": 1, "$sort": {"n": -1}, "$skip": 10, "$limit": 3}
    assert await ids(db, window, "many") == ["d0979", "d0977", "d0975"]


async def test_a_deleted_document_never_matches(dogs: DB) -> None:
    for query in ({"age": None}, {"name": {"$ne": "x"}}, {"$nor": [{"age": 3}]}, {"_id": "gone"}):
        assert "gone" not in await ids(dogs, query)
    assert not await dogs.query_poll_doc("dogs", "gone", {})
    live = dogs.live_query("dogs", {})
    assert live is None or not live.matches(Snapshot("gone", 2))
