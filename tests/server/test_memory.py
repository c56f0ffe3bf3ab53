"""What the server keeps of documents is bounded, and what it let go of is read again."""

from __future__ import annotations

from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.recent import MAX_BYTES, MAX_OPS, RecentOps, size_of
from sharedb_py.submit import Submitter, submitter
from tests.server.conftest import RawClient, connect


def op(version: int, text: str = "x") -> dict[str, Any]:
    return {"v": version, "src": "s", "seq": version, "op": [{"p": ["t", 0], "si": text}]}


def test_recent_ops_are_the_last_ones_without_a_gap() -> None:
    recent = RecentOps()
    assert recent.since(0, 0) == []
    assert recent.since(0, 1) is None
    recent.extend(op(version) for version in range(MAX_OPS + 10))
    assert recent.since(9, 20) is None
    assert recent.since(10, 13) == [op(10), op(11), op(12)]
    recent.clear()
    assert recent.weight == 0
    assert recent.since(10, 13) is None


def test_recent_ops_are_few_where_they_are_large() -> None:
    recent = RecentOps()
    for version in range(10):
        recent.extend([op(version, "x" * (MAX_BYTES // 4))])
        assert recent.weight <= MAX_BYTES
    assert recent.since(7, 10) == [op(v, "x" * (MAX_BYTES // 4)) for v in (7, 8, 9)]
    recent.extend([op(10, "x" * MAX_BYTES)])
    assert recent.weight == 0
    assert recent.since(11, 11) == []
    assert recent.since(10, 11) is None


def submitter_of(backend: Backend) -> Submitter:
    return backend._submitter


def weights(held: Submitter) -> list[int]:
    return [actor.weight for actor in held._actors.values()]


async def write(client: RawClient, doc_id: str, version: int, **body: Any) -> dict[str, Any]:
    key = {"c": "dogs", "d": doc_id, "v": version, "seq": version + 1}
    return await client.ask(**{"a": "op", **key, **body})


async def test_documents_are_let_go_of_when_they_are_too_large_together(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitter, "MAX_HELD_BYTES", 100_000)
    client, held = await connect(backend), submitter_of(backend)
    create = {"type": "json0", "data": {"t": "x" * 10_000}}
    for number in range(30):
        reply = await write(client, f"d{number}", 0, create=create)
        assert "error" not in reply
        assert held.held_bytes == sum(weights(held))
    assert 0 < held.held_bytes < 150_000  # those being written are aside
    for number in range(30):
        reply = await write(client, f"d{number}", 1, op=[{"p": ["t", 0], "si": "y"}])
        assert reply["v"] == 1
    # An op whose predecessors are forgotten is transformed all the same.
    client.post(a="op", c="dogs", d="d0", v=1, seq=9, op=[{"p": ["t", 0], "si": "z"}])
    assert [(await client.next())["v"], (await client.next())["v"]] == [1, 2]


async def test_a_document_that_does_not_grow_does_not_weigh_more(backend: Backend) -> None:
    client, held = await connect(backend), submitter_of(backend)
    await write(client, "fido", 0, create={"type": "json0", "data": {"t": ""}})
    for version in range(1, 60):
        value = {"t": str(version) * 3000}
        await write(client, "fido", version, op=[{"p": [], "od": None, "oi": value}])
    size = size_of(value)
    assert held.held_bytes == sum(weights(held))
    assert held.held_bytes < MAX_BYTES + 4 * size + 2**17
