"""What goes wrong with a connection is said in one line that tells what to mend."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient
from pymongo.errors import (
    AutoReconnect,
    DocumentTooLarge,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from sharedb_mongo import MongoDB
from sharedb_mongo.connection import translated
from sharedb_mongo.url import Options, parse_url
from sharedb_py.db import open_db
from sharedb_py.errors import DatabaseError
from sharedb_py.snapshot import empty_snapshot
from tests.contract.writing import create, entry, write
from tests.running import Program, free_port
from tests.servers.mongo import ferret
from tests.servers.scripted_mongo import refusing_credentials, without_primary


def test_our_own_options_are_taken_out_of_the_url() -> None:
    parsed = parse_url(
        "mongodb://a:b%40@h1,h2:5/rooms?allowJSQueries=true&replicaSet=r&maxTimeMS=5"
    )
    assert parsed.url == "mongodb://a:b%40@h1,h2:5/rooms?replicaSet=r"
    assert parsed.database == "rooms"
    assert parsed.options.permissions.javascript
    assert not parsed.options.permissions.aggregate
    assert parsed.options.max_time_ms == 5
    assert parse_url("mongodb://h/rooms").options == Options()
    assert parse_url("mongodb://h/my%2Drooms").database == "my-rooms"
    everything = parse_url("mongodb://h/x?allowAllQueries=true").options.permissions
    assert everything.javascript
    assert everything.aggregate
    assert not parse_url("mongodb://h/x?getOpsWithoutStrictLinking=true").options.strict_linking


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mongodb://h", "names no database"),
        ("mongodb://h/", "names no database"),
        ("mongodb://h?x=1", "names no database"),
        ("mongodb://h/a b", "cannot be the name"),
        ("mongodb://h/a%20b", "cannot be the name"),
        ("mongodb://h/a$b", "cannot be the name"),
        ("mongodb://h/" + "x" * 64, "cannot be the name"),
        ("mongodb://h/x?allowJSQueries=perhaps", "allowJSQueries is true or false"),
        ("mongodb://h/x?maxTimeMS=soon", "maxTimeMS is a number"),
        ("mongodb://user@name:pass/x", "cannot be used"),
        ("mongodb://h:port/x", "cannot be used"),
    ],
)
def test_a_url_that_cannot_work_is_refused_at_once(url: str, why: str) -> None:
    with pytest.raises(DatabaseError, match=why):
        open_db(url)


# The driver leaves a socket open where it is closed while it connects.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
async def test_a_server_that_does_not_answer_is_named() -> None:
    port = free_port()
    db = open_db(f"mongodb://127.0.0.1:{port}/x?serverSelectionTimeoutMS=200")
    with pytest.raises(DatabaseError, match=f"No MongoDB server answers: 127.0.0.1:{port}"):
        await db.check()
    with pytest.raises(DatabaseError, match="No MongoDB server answers"):
        await db.get_snapshot("dogs", "fido")
    await db.close()
    gc.collect()


@pytest.mark.parametrize("options", ["", "replicaSet=rs0&"])
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
async def test_a_replica_set_without_a_primary_is_named_so(options: str) -> None:
    async with without_primary() as host:
        db = open_db(f"mongodb://{host}/x?{options}serverSelectionTimeoutMS=200")
        with pytest.raises(DatabaseError, match="MongoDB has no primary that takes writes"):
            await db.check()
        [outcome] = await db.commit([entry("dogs", empty_snapshot("fido"), create({}))])
        assert isinstance(outcome, DatabaseError)
        assert "no primary" in outcome.message
        await db.close()
    gc.collect()


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
async def test_wrong_credentials_are_named_so_without_the_password() -> None:
    async with refusing_credentials() as host:
        db = open_db(f"mongodb://ann:s3cret@{host}/x?serverSelectionTimeoutMS=2000")
        with pytest.raises(DatabaseError, match="refused the user name or password") as caught:
            await db.check()
        assert "s3cret" not in caught.value.message
        await db.close()
    gc.collect()


async def test_each_command_says_in_one_line_why_it_does_not_start(tmp_path: Path) -> None:
    async with refusing_credentials() as denying, without_primary() as waiting:
        no_primary = f"mongodb://{waiting}/x?serverSelectionTimeoutMS=300"
        cases = [
            ("sharedb-py", f"mongodb://ann:s3cret@{denying}/x", "refused the user name or pass"),
            ("sharedb-py", no_primary, "has no primary that takes"),
            ("sharedb-py", "mongodb://127.0.0.1/a%20b", "cannot be the name of a MongoDB"),
            ("derby-notebook", f"mongodb://ann:s3cret@{denying}/x", "refused the user name or pa"),
            ("derby-notebook", no_primary, "has no primary that takes"),
        ]
        for number, (command, url, why) in enumerate(cases):
            arguments = ["serve"] if command == "sharedb-py" else [str(tmp_path), "--no-browser"]
            program = Program(
                *(command, *arguments, "--db", url, "--port", "0"),
                log=tmp_path / f"log{number}",
                ready="Open http|Serving",
            )
            with pytest.raises(AssertionError, match=f"{command}: .*{why}"):
                await asyncio.to_thread(program.start)
            said = program.output().strip()
            assert "\n" not in said
            assert "s3cret" not in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OperationFailure("Authentication failed.", 18), "refused the user name or password"),
        (OperationFailure("not authorized on rooms", 13), "user may not do this"),
        (ServerSelectionTimeoutError("No primary available for writes, Timeout: 9s"), "no primary"),
        (ServerSelectionTimeoutError("No replica set members match selector"), "no primary"),
        (NotPrimaryError("not primary"), "no primary that takes writes"),
        (OperationFailure("not master", 10107), "no primary that takes writes"),
        (AutoReconnect("connection closed"), "connection to MongoDB was lost"),
        (DocumentTooLarge("BSON document too large"), "cannot store this"),
        (OperationFailure("odd", 5, {"huge": "x" * 999}), r"^MongoDB: odd$"),
    ],
)
def test_what_the_driver_says_becomes_one_line_and_keeps_its_code(
    error: PyMongoError, said: str
) -> None:
    with pytest.raises(DatabaseError, match=said) as caught, translated():
        raise error
    assert caught.value.code == getattr(error, "code", None)


@pytest.mark.parametrize("kind", [AsyncMongoClient, AsyncIOMotorClient])
@pytest.mark.mongo
async def test_a_client_of_the_applications_own_is_used_and_left_open(url: str, kind: Any) -> None:
    client = kind(url)
    own = client.get_default_database()
    for number, (source, name) in enumerate([(client, None), (client, "test_x"), (own, None)]):
        db = MongoDB(source, name)
        await write(db, "dogs", f"d{number}", create({}))
        await db.close()
        with pytest.raises(DatabaseError, match="Already closed") as caught:
            await db.get_snapshot("dogs", "fido")
        assert caught.value.code == 5101
    await client.drop_database("test_x")
    closing = client.close()
    if asyncio.iscoroutine(closing):
        await closing


@pytest.mark.mongo
def test_the_command_says_what_is_wrong_with_the_database_and_ends(tmp_path: Path) -> None:
    url = f"mongodb://someone:secret@127.0.0.1:{free_port()}/x?serverSelectionTimeoutMS=300"
    program = Program(
        *("sharedb-py", "serve", "--db", url, "--port", "0"), log=tmp_path / "log", ready="Serving"
    )
    with pytest.raises(AssertionError, match="sharedb-py: No MongoDB server answers"):
        program.start()
    assert program.process is not None
    assert program.process.wait() == 1
    assert "secret" not in program.output()
    assert "Traceback" not in program.output()


@pytest.mark.ferret
@pytest.mark.timeout(600)
async def test_what_was_committed_outlives_the_servers_kill(tmp_path: Path) -> None:
    server = ferret(tmp_path / "data", tmp_path / "log")
    server.start()
    db = open_db(f"mongodb://127.0.0.1:{server.port}/rooms")
    for n in range(20):
        await write(db, "dogs", f"d{n}", create({"n": n}))
    server.kill()
    server.start()
    found = await db.get_snapshots("dogs", [f"d{n}" for n in range(20)])
    assert [snapshot.data for snapshot in found.values()] == [{"n": n} for n in range(20)]
    await write(db, "dogs", "after", create({}))
    await db.close()
    server.stop()


@pytest.mark.mongo
async def test_queries_are_polled_where_the_application_says_and_later(url: str) -> None:
    """Such as at a secondary, which has an op a moment later."""
    async with AsyncMongoClient[Any](url) as client:
        polled = f"{parse_url(url).database}_polled"
        elsewhere = MongoDB(client, polled)
        await write(elsewhere, "dogs", "there", create({"n": 1}))
        db = MongoDB(url, poll=client[polled], poll_delay=0.2)
        await write(db, "dogs", "here", create({"n": 1}))
        assert [found.id for found in (await db.query("dogs", {"n": 1})).snapshots] == ["here"]
        began = asyncio.get_running_loop().time()
        assert (await db.query_poll("dogs", {"n": 1})).ids == ["there"]
        assert await db.query_poll_doc("dogs", "there", {"n": 1})
        assert not await db.query_poll_doc("dogs", "here", {"n": 1})
        assert asyncio.get_running_loop().time() - began >= 0.6
        assert db.live_query("dogs", {"n": 1}) is None
        assert MongoDB(client, "x", poll=client["y"])._poll_delay == 0.3
        await db.close()
        await client.drop_database(polled)
