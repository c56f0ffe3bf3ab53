"""The same questions to ``sharedb-mongo`` and to us, on the same documents: the same answers."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from bson import ObjectId

from sharedb_mongo import MongoDB
from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import MISSING
from tests.contract.writing import create, write
from tests.servers.mongo import MONGO, database_url, mongo_url

pytestmark = [*MONGO, pytest.mark.node]

HERE = Path(__file__).parent
OPERATIONS: Final = ("$count", "$explain", "$distinct", "$aggregate", "$mapReduce")

QUERIES: Final[list[dict[str, Any]]] = [
    *({}, {"a": 1}, {"a": {"$gt": 1}}, {"a": None}, {"b": "x"}, {"a": {"$ne": None}}),
    *({"a": {"$exists": False}}, {"_type": None}, {"_id": "d1"}, {"_id": {"$in": ["d1", "d2"]}}),
    *({"_id": {"$ne": "d1"}}, {"$or": [{"a": 1}, {"b": "y"}]}, {"$nor": [{"a": 1}]}),
    *({"$and": [{"a": {"$gte": 2}}, {"b": "y"}]}, {"a": {"$not": {"$gt": 1}}}),
    *({"a": {"$in": [1, None]}}, {"a": {"$nin": [1]}}, {"list": 2}, {"list": {"$size": 2}}),
    *({"list": {"$all": [1, 2]}}, {"list": {"$elemMatch": {"$gt": 1}}}, {"deep.x": 1}),
    *({"deep": {"x": 1}}, {"_data": 5}, {"_v": 1}, {"_v": {"$gte": 2}}, {"_m.mtime": {"$gt": 0}}),
    *({"b": {"$regex": "^x"}}, {"a": {"$mod": [2, 0]}}, {"a": {"$type": "number"}}),
    *({"$sort": {"a": -1}}, {"$sort": {"a": -1}, "$limit": 2}, {"$orderby": {"a": 1}, "$skip": 1}),
    *({"$sort": [["a", -1]]}, {"$limit": 0}, {"$limit": -2, "$sort": {"a": 1}}),
    *({"$count": True}, {"$count": True, "a": {"$gt": 1}}, {"$count": 1, "$limit": 2}),
    *({"$count": 1, "$skip": 2}, {"$distinct": {"field": "b"}}),
    *({"$distinct": {"field": "b"}, "a": {"$gt": 1}}, {"$distinct": {"field": "b"}, "$limit": 1}),
    *({"$comment": "hi", "a": 1}, {"$batchSize": 1}, {"$maxTimeMS": 1000}, {"$hint": {"_id": 1}}),
    *({"$aggregate": []}, {"$where": "true"}, {"$mapReduce": {}}, {"$query": {}}),
    *({"$distinct": {"field": "a"}, "$aggregate": []}, {"$count": 1, "$explain": 1}),
    *({"$aggregate": [], "$sort": {"a": 1}}, {"a": {"$foo": 1}}),
]
OPS: Final[list[dict[str, Any]]] = [
    {"v": 1, "op": [{"p": ["a"], "na": 1}]},
    {"v": 1, "op": [{"p": ["other"], "na": 1}]},
    {"v": 1, "op": [{"p": ["deep", "x"], "na": 1}]},
    {"v": 1, "op": [{"p": [], "oi": 1}]},
    {"v": 1, "op": []},
    {"v": 1, "create": {"type": "x"}},
    {"v": 1, "del": True},
    {"v": 1},
]
NOT_STRICT: Final = "getOpsWithoutStrictLinking"
STRICTER: Final = {"$readPref": "x"}, {"$sort": {"a": 5}}, {"$skip": -1}


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[MongoDB]:
    db = MongoDB(database_url(mongo_url(), tmp_path))
    for number in range(4):
        data = {"a": number, "b": "xy"[number % 2], "list": [number, number + 1]}
        await write(db, "dogs", f"d{number}", create({**data, "deep": {"x": number}}))
    await write(db, "dogs", "five", create(5))
    await write(db, "dogs", "gone", create({"a": 1}), {"del": True})
    yield db
    await db.close()


def by_node(
    tmp_path: Path, questions: list[list[Any]], options: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    ended = subprocess.run(
        ["node", "queries.js", database_url(mongo_url(), tmp_path), json.dumps(options or {})],
        cwd=HERE,
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    answers: list[dict[str, Any]] = json.loads(ended.stdout)
    return answers


async def by_us(db: MongoDB, method: str, arguments: list[Any]) -> dict[str, Any]:
    try:
        if method == "query":
            found = await db.query(*arguments)
            return _list([snapshot.id for snapshot in found.snapshots], found.extra)
        if method == "queryPoll":
            polled = await db.query_poll(*arguments)
            return _list(list(polled.ids), polled.extra)
        if method == "queryPollDoc":
            return _list(await db.query_poll_doc(*arguments), MISSING)
        if method == "canPollDoc":
            return {"result": db.can_poll_doc(*arguments)}
        return {"result": db.skip_poll(*arguments)}
    except ShareDBError as error:
        return {"code": error.code}


def _list(result: Any, extra: Any) -> dict[str, Any]:
    return {"result": result, "extra": None if extra is MISSING else extra}


async def test_every_question_has_the_same_answer(db: MongoDB, tmp_path: Path) -> None:
    questions: list[list[Any]] = []
    for query in QUERIES:
        for method in ("query", "queryPoll", "canPollDoc"):
            questions.append([method, "dogs", query])
        if not any(key in query for key in OPERATIONS):
            for doc_id in ("d1", "gone", "five", "not there"):
                questions.append(["queryPollDoc", "dogs", doc_id, query])
        questions += [["skipPoll", "dogs", "d1", op, query] for op in OPS]
    for collection in ("o_dogs", "system", "dogs", "cats"):
        questions.append(["query", collection, {}])
    differing = []
    for question, node in zip(questions, by_node(tmp_path, questions), strict=True):
        ours = await by_us(db, question[0], question[1:])
        # To poll where Node does not is no mistake; not to poll where it does would be one.
        polls = question[0] == "skipPoll" and node == {"result": True}
        if ours != node and not (polls and ours == {"result": False}):
            differing.append((question, node, ours))
    assert differing == []
    assert len(questions) > 700


async def test_what_node_lets_pass_or_dies_of_is_refused_with_a_code(
    db: MongoDB, tmp_path: Path
) -> None:
    for query in STRICTER:
        assert await by_us(db, "query", ["dogs", query]) == {"code": 4107}
    for collection in ("m_dogs", "", "a$b"):
        assert await by_us(db, "query", [collection, {}]) == {"code": 4102}
    dies = [["query", "dogs", {"$sort": {"a": 5}}], ["query", "dogs", {"$readPref": {"mode": "x"}}]]
    assert by_node(tmp_path, dies) == [{"crash": True}] * 2


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "not strict"])
async def test_ops_are_found_alike_among_those_that_crashes_left(
    db: MongoDB, tmp_path: Path, strict: bool
) -> None:
    edits = [{"op": [{"p": ["a"], "na": number}]} for number in range(1, 6)]
    await write(db, "dogs", "much", create({"a": 0}), *edits, {"del": True}, create({"a": 1}))
    ops = db.connection.collection("o_dogs")
    for version in (0, 2, 3, 6, 7, 8):
        like = await ops.find_one({"d": "much", "v": min(version, 7)})
        for age in (-100_000, 100_000):
            op_id = ObjectId(f"{int(str(like['_id'])[:8], 16) + age:08x}{secrets.token_hex(8)}")
            await ops.insert_one({**like, "_id": op_id, "v": version, "src": "orphan"})
    await db.connection.collection("dogs").delete_one({"_id": "gone"})
    ranges = [(start, end) for start in range(10) for end in (*range(start, 10), None)]
    questions = [["getOps", "dogs", "much", *found] for found in ranges]
    questions += [["getOps", "dogs", "gone", start, None] for start in range(3)]
    questions += [["getOps", "dogs", "not there", 0, None]]
    ours = db if strict else MongoDB(f"{database_url(mongo_url(), tmp_path)}?{NOT_STRICT}=true")
    options = {} if strict else {NOT_STRICT: True}
    for question, node in zip(questions, by_node(tmp_path, questions, options), strict=True):
        _, collection, doc_id, start, end = question
        found = await ours.get_ops(collection, doc_id, start, end)
        wanted = [{key: op[key] for key in op if key != "c"} for op in node["result"]]
        assert found == wanted, question
        assert all(op["src"] != "orphan" for op in found)
    if ours is not db:
        await ours.close()
