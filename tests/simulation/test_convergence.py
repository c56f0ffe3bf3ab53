"""Clients without I/O and a model server, stepped in any order, with cuts: all converge."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharedb_py.client.connection import ConnectionCore
from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import json_equal
from sharedb_py.messages import Message, encode, parse
from sharedb_py.ops import replay
from sharedb_py.snapshot import empty_snapshot
from tests.simulation.model_server import Line, ModelServer

LETTERS = "abcdefgh"


class Client:
    """One client, and what became of the ops it was given."""

    def __init__(self, server: ModelServer) -> None:
        self.server = server
        self.core = ConnectionCore(self.post)
        self.doc = self.core.doc("c", "d")
        self.asked = 0
        self.acknowledged = 0
        self.refused: list[ShareDBError] = []
        self.line: Line = server.connect()
        self.doc.subscribe()

    def post(self, message: Message) -> None:
        self.line.to_server.append(encode(message))

    def step(self) -> None:
        self.core.receive(parse(self.line.to_client.popleft()))

    def reconnect(self) -> None:
        self.server.cut(self.line)
        self.core.disconnected()
        self.line = self.server.connect()

    def done(self, error: ShareDBError | None) -> None:
        if error is None:
            self.acknowledged += 1
        else:
            self.refused.append(error)

    def edit(self, kind: int, place: int) -> None:
        """Make some edit that fits what is shown here."""
        doc, data = self.doc, self.doc.data
        if doc.version is None and not doc.exists and kind % 2:
            return
        self.asked += 1
        if not doc.exists:
            doc.create({"s": "", "l": []}, done=self.done)
        elif kind == 9:
            doc.delete(self.done)
        else:
            doc.submit([component(data, kind, place)], self.done)


def component(data: Any, kind: int, place: int) -> dict[str, Any]:
    text, items = data["s"], data["l"]
    if kind == 0 and text:
        at = place % len(text)
        return {"p": ["s", at], "sd": text[at : at + 2]}
    if kind <= 3:
        return {"p": ["s", place % (len(text) + 1)], "si": LETTERS[place % 8]}
    if kind == 4 and items:
        at = place % len(items)
        return {"p": ["l", at], "ld": items[at]}
    if kind == 5 and items:
        return {"p": ["l", place % len(items)], "lm": (place // 8) % len(items)}
    if kind == 6 and items:
        return {"p": ["l", place % len(items)], "na": 1}
    if kind == 7:
        key = LETTERS[place % 3]
        replaced = {"od": data[key]} if key in data else {}
        return {"p": [key], "oi": place, **replaced}
    return {"p": ["l", place % (len(items) + 1)], "li": place}


def settle(server: ModelServer, clients: list[Client]) -> None:
    """Let everything arrive, until nothing is on its way."""
    for _ in range(10_000):
        moved = False
        for client in clients:
            while client.line.to_server:
                server.step(client.line)
                moved = True
            while client.line.to_client:
                client.step()
                moved = True
        if not moved:
            return
    raise AssertionError("never settled")


def run(steps: list[tuple[int, int, int]], *, deletes: bool, cuts: bool) -> list[Client]:
    server = ModelServer()
    clients = [Client(server) for _ in range(3)]
    if not deletes:
        clients[0].edit(0, 0)
        settle(server, clients)
    for action, kind, place in steps:
        client = clients[action % 3]
        match action // 3:
            case 0 | 1:
                client.edit(kind if deletes or kind != 9 else 8, place)
            case 2 | 3 if client.line.to_server:
                server.step(client.line)
            case 4 | 5 if client.line.to_client:
                client.step()
            case 6 if cuts and kind < 3:
                client.reconnect()
    settle(server, clients)
    for client in clients:
        doc = client.doc
        assert doc.idle
        assert client.asked == client.acknowledged + len(client.refused)
        assert doc.version == server.snapshot.version
        assert doc.type_uri == server.snapshot.type_uri
        assert not doc.exists or json_equal(doc.data, server.snapshot.data)
    sources = [(op["src"], op["seq"]) for op in server.log]
    assert len(set(sources)) == len(sources), "an op was committed twice"
    assert replay(empty_snapshot("d"), server.log).data == server.snapshot.data
    return clients


STEPS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9), st.integers(0, 63)), max_size=120)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(STEPS)
def test_clients_converge(steps: list[tuple[int, int, int]]) -> None:
    run(steps, deletes=False, cuts=False)


@QUICK
@given(STEPS)
def test_clients_converge_over_lines_that_break(steps: list[tuple[int, int, int]]) -> None:
    run(steps, deletes=False, cuts=True)


@QUICK
@given(STEPS)
def test_clients_converge_when_documents_come_and_go(steps: list[tuple[int, int, int]]) -> None:
    run(steps, deletes=True, cuts=True)
