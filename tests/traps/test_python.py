"""Traps 52 to 59: where Python is not JavaScript (protocol section 12)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.db.memory import MemoryDB
from sharedb_py.db.sqlite import SQLiteDB
from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import json_equal
from sharedb_py.ot.json0 import json0
from tests.server.conftest import RawClient, connect

DOC: dict[str, Any] = {"c": "dogs", "d": "fido"}
JavaScript = Callable[[str], Awaitable[Any]]


@pytest.fixture(params=["memory", "sqlite"])
async def backend(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Backend]:
    made = Backend(MemoryDB() if request.param == "memory" else SQLiteDB(tmp_path / "db.sqlite"))
    yield made
    await made.close()


class Doc:
    """Fido, as one client edits it."""

    def __init__(self, client: RawClient) -> None:
        self.client = client
        self.version = 0

    async def send(self, **body: Any) -> dict[str, Any]:
        key = {"a": "op", **DOC, "v": self.version, "seq": self.version + 1}
        reply = await self.client.ask(**{**key, **body})
        if "error" not in reply:
            self.version += 1
        return reply

    async def create(self, data: Any) -> None:
        assert "error" not in await self.send(create={"type": "json0", "data": data})

    async def edit(self, *components: Any) -> dict[str, Any]:
        return await self.send(op=list(components))

    async def data(self) -> Any:
        """Return what a client that fetches gets."""
        return (await self.client.ask(a="f", **DOC))["data"]["data"]


@pytest.fixture
def doc(alice: RawClient) -> Doc:
    return Doc(alice)


async def test_trap_52_positions_count_utf_16_units(doc: Doc) -> None:
    await doc.create({"s": "a😀b"})
    await doc.edit({"p": ["s", 3], "si": "x"})
    assert await doc.data() == {"s": "a😀xb"}
    await doc.edit({"p": ["s", 2], "si": "-"})  # between the halves of the pair
    assert await doc.data() == {"s": "a\ud83d-\ude00xb"}
    await doc.edit({"p": ["s", 2], "sd": "-"})
    assert await doc.data() == {"s": "a😀xb"}
    # A stored half is read back and replayed as such.
    assert (await doc.client.ask(a="nf", id=1, **DOC, v=3))["data"] == {"s": "a\ud83d-\ude00xb"}


@pytest.mark.node
async def test_trap_52_the_original_client_splits_and_joins_pairs_alike(
    javascript: JavaScript,
) -> None:
    seen = await javascript("surrogates")
    assert seen["split"] == [seen["split"][0]] * 3
    assert seen["joined"] == ["a😀xb"] * 3


async def test_trap_53_true_is_not_one(doc: Doc) -> None:
    assert not json_equal(True, 1)
    assert json_equal(1, 1.0)
    merged = json0.compose([{"p": [0], "li": 1}], [{"p": [0], "ld": True}])
    assert len(merged) == 2
    await doc.create({"n": True, "l": [1]})
    refused = await doc.edit({"p": ["n"], "na": 1})
    assert refused["error"]["message"] == "Referenced element not a number"


async def test_trap_54_no_index_counts_from_the_end_by_accident(doc: Doc) -> None:
    root = [{"p": [], "oi": 1}]
    assert json0.transform([{"p": ["x"], "oi": 2}], root, "left") is not None
    await doc.create({"l": ["a", "b"]})
    refused = await doc.edit({"p": ["l", -1, "x"], "oi": 1})
    assert refused["error"]["code"] == "ERR_OT_OP_NOT_APPLIED"
    refused = await doc.edit({"p": ["l", -1, 0], "si": "x"})
    assert refused["error"]["code"] == "ERR_OT_OP_NOT_APPLIED"
    assert await doc.data() == {"l": ["a", "b"]}


@pytest.mark.parametrize("field", ["v", "seq", "d", "c"])
async def test_trap_55_a_boolean_is_no_number(alice: RawClient, field: str) -> None:
    message = {"a": "op", **DOC, "v": 0, "seq": 1, "create": {"type": "json0"}, field: True}
    assert (await alice.ask(**message))["error"]["code"] == "ERR_MESSAGE_BADLY_FORMED"


async def test_trap_55_nor_a_segment_of_a_path(doc: Doc) -> None:
    await doc.create({"l": ["a"]})
    segments: list[Any] = [True, False, None, 0.5, {}, ["l"]]
    for segment in segments:
        refused = await doc.edit({"p": ["l", segment], "ld": "a"})
        assert refused["error"] == {
            "code": "ERR_OT_OP_NOT_APPLIED",
            "message": "Invalid path segment",
        }, segment


async def test_trap_56_no_frame_holds_what_is_no_json(
    backend: Backend, doc: Doc, bob: RawClient
) -> None:
    def strict(constant: str) -> Any:
        raise AssertionError(f"{constant} was sent")

    frames: list[str] = []
    receive = bob.send

    def record(text: str) -> None:
        frames.append(text)
        receive(text)

    bob.send = record  # type: ignore[method-assign]
    await bob.ask(a="s", **DOC)
    await doc.create({"n": 1.7e308, "l": []})
    await doc.edit({"p": ["n"], "na": 1.7e308})
    assert (await doc.data())["n"] is None
    for constant in ("NaN", "Infinity", "-Infinity", "1e999"):
        other = await connect(backend)
        message = {"a": "op", **DOC, "v": 2, "seq": 1, "op": [{"p": ["n"], "oi": "?"}]}
        other.agent.receive_frame(json.dumps(message).replace('"?"', constant))
        assert other.closed is not None
    assert await doc.data() == {"n": None, "l": []}
    async with backend.connect() as local:
        mine = local.doc("dogs", "fido")
        await mine.subscribe()
        with pytest.raises(ShareDBError, match="JSON"):
            await mine.submit([{"p": ["n"], "oi": float("inf")}])
    # What the server's own code sends goes the way of JSON.stringify.
    bob.agent.send({"a": "pp", "n": float("nan")})
    for frame in frames:
        json.loads(frame, parse_constant=strict)
    assert json.loads(frames[-1])["n"] is None
    assert (await doc.data())["n"] is None


async def test_trap_58_numbers_name_the_keys_of_objects(doc: Doc, bob: RawClient) -> None:
    await doc.create({"5": 1, "l": {"0": "a"}})
    await bob.ask(a="s", **DOC)
    await doc.edit({"p": [5], "na": 1}, {"p": ["l", 0], "od": "a", "oi": "b"})
    assert await doc.data() == {"5": 2, "l": {"0": "b"}}
    assert (await bob.next())["op"][0]["p"] == [5]


async def test_trap_59_deep_and_huge_values_harm_nobody(
    backend: Backend, doc: Doc, bob: RawClient
) -> None:
    await doc.create({"x": {}})
    for opening, closing in ("[", "]"), ('{"a":', "}"):
        for depth in (300, 5_000, 100_000):
            other = await connect(backend)
            deep = opening * depth + "0" + closing * depth
            other.agent.receive_frame('{"a":"pp","x":' + deep + "}")
            if other.closed is None:
                error = (await other.next())["error"]
                assert error["message"] == "Message is nested too deeply"
            else:
                assert other.closed[0] == 1011
    big = 2**53 + 1
    await doc.edit({"p": ["x"], "oi": {"big": big}})
    await doc.edit({"p": ["x", "big"], "na": 1})
    # As JavaScript adds: in 64 bits.
    assert (await doc.data())["x"]["big"] == 2**53
    for version in (2**53, 2**63, 2**64, 10**300):
        reply = await bob.ask(a="op", **DOC, v=version, seq=1, op=[])
        assert reply["error"]["code"] == "ERR_OP_VERSION_NEWER_THAN_CURRENT_SNAPSHOT"
        assert "error" not in await bob.ask(a="f", **DOC, v=version)
        reply = await bob.ask(a="nf", id=1, **DOC, v=version)
        assert reply["error"]["code"] == "ERR_OP_VERSION_NEWER_THAN_CURRENT_SNAPSHOT"
        assert (await bob.ask(a="nt", id=1, **DOC, ts=version))["v"] == 3
    await asyncio.sleep(0)
    assert "error" not in await doc.edit({"p": ["x"], "oi": 1})
