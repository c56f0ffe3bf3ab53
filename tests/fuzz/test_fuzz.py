"""Ten thousand frames that are almost right: answered, or the connection is closed; no more."""

from __future__ import annotations

import asyncio
import json
import math
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, Self

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed

from sharedb_py.client.aio import connect
from sharedb_py.jsonvalue import depth_exceeds, json_equal
from sharedb_py.ops import replay
from sharedb_py.snapshot import empty_snapshot
from tests.fuzz.corpus import ACTIONS, DOCS, Corpus
from tests.fuzz.mutations import Frame, mutated
from tests.fuzz.rules import broken_rules
from tests.running import Program, free_port
from tests.seeds import RecordProperty, announce, seed_of, size_of
from tests.soak.editors import Editors

FRAMES = size_of("FUZZ_FRAMES", 10_000)
SEED = seed_of("FUZZ")
ATTACKERS = 4
ROOMS = [["room", "one"], ["room", "two"]]
START = {"text": "", "list": [], "map": {}, "n": 0}
MAX_GROWTH_KB = 150_000
MAX_MESSAGE_BYTES = 1_000_000
OF_FORM = {"ERR_MESSAGE_BADLY_FORMED", "ERR_CONNECTION_SEQ_INTEGER_OVERFLOW"}
OF_OPS = {
    *("Invalid op message", "Invalid src", "Invalid version", "Invalid id"),
    "Connection seq has exceeded the max safe integer, maybe from being open for too long",
}
"""What else the form of a message may be refused for: its op, and versions that are no integers."""
CLOSES = {1000, 1007, 1009, 1011}
PATIENCE = 30

pytestmark = [pytest.mark.node, pytest.mark.timeout(120 + FRAMES // 50)]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "fuzz.sqlite"


@pytest.fixture
def server(database: Path, tmp_path: Path) -> Iterator[Program]:
    program = Program(
        *("sharedb-py", "serve", "--db", f"sqlite:///{database}", "--port", str(free_port())),
        *("--max-message-bytes", str(MAX_MESSAGE_BYTES)),
        log=tmp_path / "log",
        ready=r"ws://\S+",
    )
    with program:
        yield program


def url_of(server: Program) -> str:
    found = server.ready.search(server.output())
    assert found is not None
    return found[0]


def memory_of(server: Program) -> int:
    """Return what the server occupies, in kB; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{server.pid}/status").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def message_in(frame: Frame) -> dict[str, Any] | None:
    """Return the message that JavaScript would find in a frame, or None."""
    try:
        text = frame if isinstance(frame, str) else frame.decode()
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not _finite(found):
        return None
    return found


def _finite(value: Any) -> bool:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, (int, float)) and not isinstance(item, bool):
            try:
                if not math.isfinite(item):
                    return False
            except OverflowError:
                return False
    return True


class Attacker:
    """Sends frames, one after the other, and sees to it that each has its answer."""

    def __init__(self, url: str, number: int) -> None:
        self.outcomes: Counter[str] = Counter()
        self.corpus = Corpus(random.Random(f"{SEED}/{number}"))
        self._url = url
        self._number = number
        self._socket: ClientConnection | None = None
        self._src = ""

    async def attack(self, frames: int) -> None:
        """Send so many frames."""
        async with self:
            for marker in range(frames):
                await self.send(mutated(self.corpus, marker), marker)

    async def send(self, frame: Frame, marker: int) -> None:
        """Send a frame that has a marker, and wait for its answer."""
        try:
            await asyncio.wait_for(self._send(frame, marker), PATIENCE)
        except (AssertionError, TimeoutError) as error:
            shown = repr(frame if len(frame) < 2000 else frame[:2000])
            raise AssertionError(
                f"seed {SEED}, attacker {self._number}, frame {marker}: {error!r}\n{shown}"
            ) from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._socket is not None:
            await self._socket.close()

    async def _send(self, frame: Frame, marker: int) -> None:
        if self._socket is None:
            self._socket = await open_websocket(self._url, max_size=None)
            self._src = (await self._hear())["id"]
        message = message_in(frame)
        try:
            await self._socket.send(frame, text=_as_text(frame))
            while not self._answers(message, marker, heard := await self._hear()):
                pass
        except ConnectionClosed as closed:
            self._socket = None
            self._closed(frame, message, closed)
        else:
            assert message is not None, f"answered what is no message: {heard}"
            self._answered(message, heard)

    async def _hear(self) -> dict[str, Any]:
        assert self._socket is not None
        text = await self._socket.recv()
        heard: dict[str, Any] = json.loads(text, parse_constant=_refuse)
        return heard

    def _answers(self, message: dict[str, Any] | None, marker: int, heard: dict[str, Any]) -> bool:
        if message is None:
            return False
        if "error" in heard:
            return bool(heard.get("zz") == message.get("zz") == marker) or heard == {
                **message,
                "error": heard["error"],
            }
        action = message.get("a")
        if heard["a"] != action:
            return False
        if action == "hs":
            self._src = heard["id"]
        if action == "op":
            own = (message.get("src") or self._src, message.get("seq"))
            is_ack = not {"op", "create", "del"} & heard.keys()
            return is_ack and (heard.get("src"), heard.get("seq")) == own
        if action == "p":
            return (heard.get("src"), heard.get("id")) == (self._src, message.get("id"))
        return action != "pr" or "ch" not in heard

    def _closed(self, frame: Frame, message: Any, closed: ConnectionClosed) -> None:
        assert closed.rcvd is not None, "the connection broke"
        code = closed.rcvd.code
        assert code in CLOSES, closed
        too_big = len(frame) > MAX_MESSAGE_BYTES
        assert message is None or too_big or depth_exceeds(message), f"closed: {closed}"
        self.outcomes[f"closed {code}"] += 1

    def _answered(self, message: dict[str, Any], heard: dict[str, Any]) -> None:
        broken = broken_rules(message)
        if "error" not in heard:
            assert not broken, f"accepted in spite of {broken}"
            self.outcomes["accepted"] += 1
            return
        error = heard["error"]
        assert set(error) <= {"code", "message"}, error
        assert isinstance(error["message"], str)
        assert error.get("code") != "ERR_UNKNOWN_ERROR", error
        if broken:
            assert error.get("code") in OF_FORM, f"{broken}: {error}"
            assert error["message"] in broken or error["message"] in OF_OPS, f"{broken}: {error}"
        elif error.get("code") == "ERR_MESSAGE_BADLY_FORMED":
            assert error["message"] in OF_OPS, f"unbroken: {error}"
        self.outcomes[str(error.get("code"))] += 1


def _as_text(frame: Frame) -> bool:
    """Whether bytes go out as a text frame: those that are no text, to be refused as such."""
    if isinstance(frame, str):
        return True
    try:
        frame.decode()
    except UnicodeDecodeError:
        return len(frame) % 2 == 0
    return False


def test_the_corpus_has_valid_frames_of_every_action() -> None:
    """A fuzz that begins with nonsense finds nothing."""
    corpus = Corpus(random.Random(1))
    for action in ACTIONS:
        for _ in range(20):
            frame = corpus.frame(action)
            assert frame["a"] == action
            assert message_in(json.dumps(frame)) == frame


async def test_the_corpus_is_taken_for_well_formed(server: Program) -> None:
    async with Attacker(url_of(server), 0) as attacker:
        for action in dict.fromkeys(ACTIONS):
            for marker in range(100):
                frame = {**attacker.corpus.frame(action), "zz": marker}
                await attacker.send(json.dumps(frame), marker)
            assert attacker.outcomes["accepted"] > 0, action
            del attacker.outcomes["accepted"]
        assert attacker.outcomes["ERR_MESSAGE_BADLY_FORMED"] == 0


async def test_mutated_frames_harm_nobody(
    server: Program, database: Path, record_property: RecordProperty
) -> None:
    announce(record_property, f"SHAREDB_FUZZ_SEED={SEED} SHAREDB_FUZZ_FRAMES={FRAMES}")
    url = url_of(server)
    async with connect(url) as connection:
        for collection, doc_id in ROOMS:
            await connection.doc(collection, doc_id).create(START)
    attackers = [Attacker(url, number) for number in range(ATTACKERS)]
    neighbours = Editors(
        url, SEED, ops=[FRAMES // 25] * 2, javascript=1, edits=ROOMS, watches=DOCS, pause=10
    )
    sizes: list[int] = []

    async def weigh() -> NoReturn:
        while True:
            sizes.append(memory_of(server))
            await asyncio.sleep(0.2)

    async with neighbours:
        await neighbours.started()
        weighing = asyncio.create_task(weigh())
        try:
            async with asyncio.TaskGroup() as group:
                for attacker in attackers:
                    group.create_task(attacker.attack(FRAMES // ATTACKERS))
        finally:
            weighing.cancel()
        counts = await neighbours.finished()
        logs = {f"{c}.{d}": ops_of(database, c, d) for c, d in [*ROOMS, *DOCS]}
        states = await neighbours.states({name: len(ops) for name, ops in logs.items()})

    assert server.process is not None
    assert server.process.poll() is None, server.output()
    # uvicorn logs text that is no UTF-8 so; nothing of ours may fail.
    output = server.output()
    assert output.count("Traceback") == output.count("Invalid UTF-8 sequence"), output
    # The neighbours lost nothing, and see what the server sees.
    assert [(each["acked"], each["refused"]) for each in counts] == [(FRAMES // 25, 0)] * 2
    assert sum(len(logs[f"{c}.{d}"]) for c, d in ROOMS) == 2 * (FRAMES // 25) + len(ROOMS)
    for name, ops in logs.items():
        final = replay(empty_snapshot(name), ops)
        wanted = in_64_bits(final.data) if final.exists else None
        for state in states:
            assert state[name]["version"] == len(ops), f"seed {SEED}: {name}"
            assert json_equal(in_64_bits(state[name].get("data")), wanted), f"seed {SEED}: {name}"
    total = sum((attacker.outcomes for attacker in attackers), Counter())
    assert total.total() == ATTACKERS * (FRAMES // ATTACKERS)
    growth = max(sizes) - sizes[0]
    announce(record_property, f"{dict(total.most_common())}, memory +{growth // 1024} MB")
    assert growth < MAX_GROWTH_KB, f"seed {SEED}: {sizes[0]} kB grew to {max(sizes)} kB"


def in_64_bits(value: Any) -> Any:
    """Return a value as a client sees it whose numbers are floats."""
    return json.loads(json.dumps(value), parse_int=float)


def ops_of(database: Path, collection: str, doc_id: str) -> list[dict[str, Any]]:
    """Return a document's op log, as it is stored."""
    connection = sqlite3.connect(database)
    try:
        rows = connection.execute(
            "SELECT op FROM ops WHERE collection = ? AND id = ? ORDER BY v", (collection, doc_id)
        )
        return [json.loads(text) for (text,) in rows]
    finally:
        connection.close()
