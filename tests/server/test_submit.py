"""The submit algorithm (protocol section 3), seen from the wire."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.db.base import DocCommit
from sharedb_py.db.memory import MemoryDB
from sharedb_py.submit import SubmitRequest
from tests.server.conftest import RawClient, connect

DOC = {"c": "dogs", "d": "fido"}


async def create(client: RawClient, data: Any) -> None:
    reply = await client.ask(a="op", **DOC, v=0, seq=1, create={"type": "json0", "data": data})
    assert reply == {"a": "op", **DOC, "v": 0, "seq": 1, "src": client.agent.src}


async def data_of(backend: Backend) -> Any:
    return (await backend.db.get_snapshot("dogs", "fido")).data


async def test_missed_ops_arrive_before_the_acknowledgement(backend: Backend) -> None:
    alice, bob = await connect(backend), await connect(backend)
    await create(alice, {"n": 1})
    assert (await alice.ask(a="op", **DOC, v=1, seq=2, op=[{"p": ["n"], "na": 1}]))["v"] == 1
    missed = await bob.ask(a="op", **DOC, v=1, seq=1, op=[{"p": ["n"], "na": 5}])
    assert missed["op"] == [{"p": ["n"], "na": 1}]
    assert (await bob.next())["v"] == 2
    assert await data_of(backend) == {"n": 7}


async def test_the_sender_of_an_op_hears_of_it_before_others(backend: Backend) -> None:
    alice, bob = await connect(backend), await connect(backend)
    bob.received = alice.received  # one queue, for the order in which both are sent to
    await create(alice, {"n": 1})
    assert (await bob.ask(a="s", **DOC, v=1))["a"] == "s"
    heard = await alice.ask(a="op", **DOC, v=1, seq=2, op=[{"p": ["n"], "na": 1}])
    assert "op" not in heard
    assert (await bob.next())["op"] == [{"p": ["n"], "na": 1}]


async def test_an_op_sent_twice_is_committed_once(backend: Backend) -> None:
    alice = await connect(backend)
    await create(alice, {"n": 1})
    for _ in range(2):
        reply = await alice.ask(a="op", **DOC, v=1, seq=2, op=[{"p": ["n"], "na": 1}])
        assert reply["v"] == 1
        assert "error" not in reply
    assert await data_of(backend) == {"n": 2}


@pytest.mark.parametrize("version", [0, None])
async def test_a_create_sent_twice_is_acknowledged(backend: Backend, version: int | None) -> None:
    alice = await connect(backend)
    await create(alice, 1)
    reply = await alice.ask(a="op", **DOC, v=version, seq=1, create={"type": "json0", "data": 1})
    assert reply["v"] == 0
    assert "error" not in reply


async def test_ops_sent_in_one_go_take_consecutive_versions(backend: Backend) -> None:
    clients = [await connect(backend) for _ in range(5)]
    await create(clients[0], {"n": 0})
    for client in clients:
        client.post(a="op", **DOC, v=1, seq=2, op=[{"p": ["n"], "na": 1}])
    acknowledged = []
    for client in clients:
        while (message := await client.next())["src"] != client.agent.src:
            pass
        acknowledged.append(message["v"])
    assert acknowledged == [1, 2, 3, 4, 5]
    assert await data_of(backend) == {"n": 5}


class RacingDB(MemoryDB):
    """Lets another process commit just before this one, ``races`` times."""

    def __init__(self, races: int) -> None:
        super().__init__()
        self.races = races

    async def commit(self, batch: Sequence[DocCommit]) -> list[bool]:
        [entry] = batch
        version = entry.ops[0]["v"]
        if version > 0 and self.races:
            self.races -= 1
            before = await self.get_snapshot("dogs", "fido", metadata=True)
            op = {"src": "other", "seq": self.races, "v": version}
            op["op"] = [{"p": ["list", 0], "li": "other"}]
            apply_op = import_module("sharedb_py.ops").apply_op
            other = DocCommit("dogs", "fido", [op], apply_op(before, op))
            assert await super().commit([other]) == [True]
        return await super().commit(batch)


async def test_a_batch_that_loses_the_race_is_transformed_again() -> None:
    backend = Backend(RacingDB(2))
    alice, bob = await connect(backend), await connect(backend)
    await create(alice, {"list": ["x"]})
    alice.post(a="op", **DOC, v=1, seq=2, op=[{"p": ["list", 1], "li": "alice"}])
    bob.post(a="op", **DOC, v=1, seq=2, op=[{"p": ["list", 1], "li": "bob"}])
    for client, version in ((alice, 3), (bob, 4)):
        while (message := await client.next())["src"] != client.agent.src:
            pass
        assert message["v"] == version
    assert await data_of(backend) == {"list": ["other", "other", "x", "bob", "alice"]}
    await backend.close()


async def test_retries_end() -> None:
    backend = Backend(RacingDB(1), max_submit_retries=0)
    alice = await connect(backend)
    await create(alice, {"list": []})
    reply = await alice.ask(a="op", **DOC, v=1, seq=2, op=[{"p": ["list", 0], "li": 1}])
    assert reply["error"]["code"] == "ERR_MAX_SUBMIT_RETRIES_EXCEEDED"
    await backend.close()


async def test_a_fixup_is_applied_once_in_spite_of_retries() -> None:
    backend = Backend(RacingDB(1))

    @backend.use("apply")
    def amend(request: SubmitRequest) -> None:
        if "op" in request.op:
            request.fixup([{"p": ["list", 0], "li": "fix"}])

    alice = await connect(backend)
    await create(alice, {"list": []})
    alice.post(a="op", **DOC, v=1, seq=2, op=[{"p": ["list", 0], "li": 1}])
    assert (await alice.next())["src"] == "other"
    assert len((await alice.next())["fixup"]) == 1
    assert await data_of(backend) == {"list": ["fix", 1, "other"]}
    await backend.close()


async def test_an_op_that_fails_leaves_those_beside_it_alone(backend: Backend) -> None:
    alice = await connect(backend)
    await create(alice, {"n": 1})
    alice.post(a="op", **DOC, v=1, seq=2, op=[{"p": ["none", 1], "li": 1}])
    alice.post(a="op", **DOC, v=1, seq=3, op=[{"p": ["n"], "na": 1}])
    assert (await alice.next())["error"]["code"] == "ERR_OT_OP_NOT_APPLIED"
    assert (await alice.next())["v"] == 1
