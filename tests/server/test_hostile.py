"""Messages that keep every rule and mean harm: refused, at no one else's cost."""

from __future__ import annotations

from typing import Any

from sharedb_py.backend import Backend
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
