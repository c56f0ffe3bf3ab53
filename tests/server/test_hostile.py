"""Messages that keep every rule and mean harm: refused, at no one else's cost."""

from __future__ import annotations

from typing import Any

import pytest

from sharedb_py.backend import Backend
from sharedb_py.ot import types
from tests.server.conftest import connect

DOC = {"c": "dogs", "d": "fido"}


async def test_a_document_cannot_be_nested_deeper_than_a_message() -> None:
    """Else encoding it would exceed the depth the interpreter recurses to."""
    backend = Backend()
    client = await connect(backend)
    await client.ask(a="op", **DOC, v=0, seq=1, create={"type": "json0", "data": {}})
    deep: Any = {}
    for _ in range(150):
        deep = {"x": deep}
    reply = await client.ask(a="op", **DOC, v=1, seq=2, op=[{"p": ["x"], "oi": deep}])
    assert "error" not in reply
    reply = await client.ask(a="op", **DOC, v=2, seq=3, op=[{"p": ["x"] * 150, "oi": deep}])
    assert reply["error"]["code"] == "ERR_OT_OP_NOT_APPLIED"
    assert "data" in (await client.ask(a="f", **DOC))
    await backend.close()


@pytest.mark.parametrize(
    "component",
    [
        {"p": ["list", "length"], "ld": 1, "li": 0},
        {"p": ["list", "x"], "ld": 1},
        {"p": ["list", 0], "lm": []},
        {"p": ["list", 0], "lm": None},
        {"p": ["list", 0], "lm": 1.5},
        {"p": ["list", 0], "lm": "length"},
        {"p": [], "lm": 1},
        {"p": [2**53], "oi": 1},
        {"p": [-(2**64)], "oi": 1},
    ],
)
async def test_an_op_that_javascript_would_apply_otherwise_is_refused(
    backend: Backend, component: dict[str, Any]
) -> None:
    """What we committed, clients apply: they must come to the same document."""
    client = await connect(backend)
    await client.ask(a="op", **DOC, v=0, seq=1, create={"type": "json0", "data": {"list": [1]}})
    reply = await client.ask(a="op", **DOC, v=1, seq=2, op=[component])
    assert reply["error"]["code"] == "ERR_OT_OP_NOT_APPLIED"
    for index in (0, "0"):
        moved = await client.ask(
            a="op", **DOC, v=None, seq=3, op=[{"p": ["list", index], "lm": "0"}]
        )
        assert "error" not in moved
        await client.ask(a="op", **DOC, v=None, seq=4, op=[{"p": ["list", 0], "li": 0}])


async def test_an_op_that_cannot_be_transformed_is_its_senders_error(backend: Backend) -> None:
    class Fragile:
        name = "fragile"
        uri = "http://example.org/types/fragile"

        def create(self, data: Any = None) -> Any:
            return data

        def apply(self, snapshot: Any, op: Any) -> Any:
            return op

        def transform(self, op: Any, other: Any, side: Any) -> Any:
            return op["missing"]

    types.register(Fragile())
    client = await connect(backend)
    await client.ask(a="op", **DOC, v=0, seq=1, create={"type": "fragile", "data": {}})
    await client.ask(a="op", **DOC, v=1, seq=2, op={})
    reply = await client.ask(a="op", **DOC, v=1, seq=3, op={})
    assert reply["error"] == {"message": "The op cannot be transformed: 'missing'"}
