"""``sharedb-py serve``: each option as flag and in the environment, mistakes, and stopping."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from sharedb_py.cli import main
from sharedb_py.db import open_db
from sharedb_py.milestones import open_milestones
from sharedb_py.ot import types
from tests.running import Program, free_port

READY = r"Serving (?P<db>\S+) at (?P<url>ws://\S+/channel)\n"
OPTIONS = (
    "DB PUBSUB HOST PORT PROJECTION PRESENCE DO_NOT_COMMIT_NO_OPS MILESTONE_INTERVAL "
    "MAX_MESSAGE_BYTES TYPE LOG_LEVEL WORKERS"
).split()
COUNTER = '''
class Counter:
    """A number that ops add to."""

    name = "counter"
    uri = "http://example.org/types/counter"

    def create(self, data=0):
        return data

    def apply(self, snapshot, op):
        return snapshot + op

    def transform(self, op, other, side):
        return op


counter = Counter()
nothing = object()
'''


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OPTIONS:
        monkeypatch.delenv(f"SHAREDB_{name}", raising=False)


class Client:
    """A connection that asks one thing at a time."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        assert self.receive()["a"] == "init"
        assert self.ask(a="hs", id=None, protocol=1, protocolMinor=2)["protocol"] == 1
        self._seq = 0

    def receive(self) -> Any:
        return json.loads(self.socket.recv(timeout=60))

    def send(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def ask(self, **message: Any) -> Any:
        """Return what answers a message, past what is pushed."""
        self.send(**message)
        while (reply := self.receive())["a"] != message["a"]:
            pass
        return reply

    def submit(self, doc_id: str, version: int, **body: Any) -> Any:
        """Submit an op and return its reply."""
        self._seq += 1
        self.send(a="op", c="dogs", d=doc_id, v=version, seq=self._seq, **body)
        while True:
            reply = self.receive()
            if reply["a"] == "op" and reply.get("seq") == self._seq and "op" not in reply:
                return reply
            if "error" in reply:
                return reply

    def create(self, doc_id: str, data: Any, type_name: str = "json0") -> None:
        reply = self.submit(doc_id, 0, create={"type": type_name, "data": data})
        assert "error" not in reply, reply

    def fetch(self, collection: str, doc_id: str) -> Any:
        return self.ask(a="f", c=collection, d=doc_id)["data"]


class Served(Program):
    """A server that is to be stopped, and the address it gave."""

    def __init__(self, folder: Path, *arguments: str, **env: str) -> None:
        log = folder / f"server{len(list(folder.glob('server*.log')))}.log"
        super().__init__(
            "sharedb-py", "serve", *arguments, log=log, ready=READY, cwd=folder, env=env
        )

    def start(self) -> Any:
        found = super().start()
        self.db, self.url = found["db"], found["url"]
        return found

    @contextmanager
    def client(self) -> Iterator[Client]:
        with connect(self.url, proxy=None) as socket:
            yield Client(socket)


def flags(settings: dict[str, str]) -> list[str]:
    """The command line of settings."""
    arguments = []
    for name, value in settings.items():
        option = name.lower().replace("_", "-")
        if name == "PRESENCE":
            arguments.append("--presence" if value == "1" else "--no-presence")
        elif name == "DO_NOT_COMMIT_NO_OPS":
            arguments.append(f"--{option}")
        else:
            arguments += [word for each in value.split() for word in (f"--{option}", each)]
    return arguments


def environment(settings: dict[str, str]) -> dict[str, str]:
    """The environment of settings."""
    return {f"SHAREDB_{name}": value for name, value in settings.items()}


@pytest.mark.parametrize("how", ["flags", "environment"])
async def test_each_option_is_a_flag_and_a_variable(tmp_path: Path, how: str) -> None:
    (tmp_path / "mytypes.py").write_text(COUNTER)
    port = free_port()
    settings = {
        "DB": f"sqlite:///{tmp_path}/store.sqlite",
        "PUBSUB": "memory:",
        "HOST": "localhost",
        "PORT": str(port),
        "PROJECTION": "names=dogs:name tags=dogs:tags,age",
        "PRESENCE": "0",
        "DO_NOT_COMMIT_NO_OPS": "1",
        "MILESTONE_INTERVAL": "2",
        "MAX_MESSAGE_BYTES": "2000",
        "TYPE": "mytypes:counter",
        "LOG_LEVEL": "debug",
        "WORKERS": "1",
    }
    assert settings.keys() == set(OPTIONS)
    given, env = (flags(settings), {}) if how == "flags" else ([], environment(settings))
    with Served(tmp_path, *given, **env, PYTHONPATH=str(tmp_path)) as server:
        assert server.url == f"ws://127.0.0.1:{port}/channel"
        assert server.db == settings["DB"]
        assert "DEBUG" in server.output()
        with server.client() as client:
            client.create("fido", {"name": "Fido", "age": 3, "tags": []})
            assert client.fetch("names", "fido")["data"] == {"name": "Fido"}
            assert client.fetch("tags", "fido")["data"] == {"age": 3, "tags": []}
            # Presence is not answered: the next answer is to the next message.
            client.send(a="ps", ch="room", seq=1)
            client.send(a="pp")
            assert client.receive() == {"a": "pp"}
            # Of two equal edits the second has become a no-op.
            remove = [{"p": ["age"], "od": 3}]
            assert "error" not in client.submit("fido", 1, op=remove)
            assert client.submit("fido", 1, op=remove)["error"]["code"] == "ERR_NO_OP"
            client.create("count", 5, "counter")
            assert client.fetch("dogs", "count")["type"] == "http://example.org/types/counter"
            with pytest.raises(ConnectionClosed) as caught:
                client.ask(a="pp", filling="x" * 2000)
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1009
    db, milestones = open_db(settings["DB"]), open_milestones(settings["DB"])
    assert (await db.get_snapshot("dogs", "fido")).data == {"name": "Fido", "tags": []}
    milestone = await milestones.get("dogs", "fido", None)
    assert milestone is not None
    assert milestone.version == 2
    await milestones.close()
    await db.close()


def test_what_is_served_unless_told_otherwise(tmp_path: Path) -> None:
    with Served(tmp_path, "--port", "0") as server:
        assert server.db == "memory:"
        assert server.url.startswith("ws://127.0.0.1:")
        with server.client() as client:
            client.create("fido", {"age": 3, "filling": "x" * 2**20})
            assert client.ask(a="ps", ch="room", seq=1) == {"a": "ps", "ch": "room", "seq": 1}
            remove = [{"p": ["age"], "od": 3}]
            assert client.submit("fido", 1, op=remove)["v"] == 1
            assert client.submit("fido", 1, op=remove)["v"] == 2
    assert server.output().count("\n") == 1, "it says where it serves and no more"
    assert list(tmp_path.iterdir()) == [server.log]


def test_a_flag_goes_before_the_environment(tmp_path: Path) -> None:
    port = free_port()
    env = environment(
        {"PORT": "1", "DB": "nosuch:x", "PRESENCE": "0", "PROJECTION": "bad", "LOG_LEVEL": "debug"}
    )
    given = [
        "--port",
        str(port),
        "--db",
        "memory:",
        "--presence",
        "--projection",
        "names=dogs:name",
    ]
    with Served(tmp_path, *given, "--log-level", "error", **env) as server:
        assert server.url.endswith(f":{port}/channel")
        with server.client() as client:
            assert client.ask(a="ps", ch="room", seq=1)["seq"] == 1


def test_an_empty_variable_is_as_good_as_none(tmp_path: Path) -> None:
    env = environment(dict.fromkeys(OPTIONS, ""))
    with Served(tmp_path, "--port", "0", **env) as server:
        assert server.db == "memory:"


@pytest.mark.parametrize("truth", ["1", "true", "YES", "On"])
@pytest.mark.parametrize("untruth", ["0", "false", "NO", "Off"])
def test_truth_has_several_spellings(
    truth: str, untruth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sharedb_py.cli.settings import flag

    monkeypatch.setenv("SHAREDB_PRESENCE", truth)
    assert flag(None, "PRESENCE", False) is True
    assert flag(False, "PRESENCE", True) is False
    monkeypatch.setenv("SHAREDB_PRESENCE", untruth)
    assert flag(None, "PRESENCE", True) is False


# Stopping


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("connected", [False, True])
def test_a_signal_stops_it_with_status_0(
    tmp_path: Path, number: signal.Signals, connected: bool
) -> None:
    db = f"sqlite:///{tmp_path}/store.sqlite"
    with Served(tmp_path, "--port", "0", "--db", db) as server:
        assert server.process is not None
        if connected:
            with server.client() as client:
                client.create("fido", {"age": 3})
                server.process.send_signal(number)
                assert server.process.wait(20) == 0
                with pytest.raises(ConnectionClosed):
                    client.receive()
        else:
            server.process.send_signal(number)
            assert server.process.wait(20) == 0
    assert server.output().count("\n") == 1
    assert not (tmp_path / "store.sqlite-wal").exists(), "the file was closed"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_second_signal_while_it_stops_is_no_failure(
    tmp_path: Path, number: signal.Signals
) -> None:
    with Served(tmp_path, "--port", "0") as server, server.client():
        assert server.process is not None
        for _ in range(2):
            server.process.send_signal(number)
        assert server.process.wait(20) == 0
    assert "Traceback" not in server.output()


def test_its_port_can_be_had_again_at_once(tmp_path: Path) -> None:
    port = str(free_port())
    for _ in range(2):
        with Served(tmp_path, "--port", port) as server, server.client() as client:
            client.create("fido", 1)


def test_only_two_paths_are_served(tmp_path: Path) -> None:
    import httpx

    with Served(tmp_path, "--port", "0") as server:
        root = server.url.removesuffix("/channel")
        for path in ("/", "/channel", "/channel?x=1"):
            with connect(root + path, proxy=None) as socket:
                Client(socket)
        address = root.replace("ws://", "http://")
        assert httpx.get(f"{address}/elsewhere", trust_env=False).status_code == 404


# Mistakes


class Failure:
    """How a command line failed: its status and what it said."""

    def __init__(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        captured = capsys.readouterr()
        code = caught.value.code
        # A text as the code is printed by Python, with status 1.
        self.status = 1 if isinstance(code, str) else code
        self.lines = [*captured.err.splitlines(), *([code] if isinstance(code, str) else [])]
        assert captured.out == ""

    @property
    def line(self) -> str:
        """The one line that says what was wrong."""
        [line] = self.lines
        assert line.startswith("sharedb-py")
        return line


BAD: list[tuple[str, str, str]] = [
    ("PORT", "x", "port: 'x'"),
    ("PORT", "-1", "-1"),
    ("PORT", "65536", "65535"),
    ("PORT", "80.5", "port: '80.5'"),
    ("MILESTONE_INTERVAL", "often", "milestone-interval: 'often'"),
    ("MILESTONE_INTERVAL", "-5", "-5"),
    ("MAX_MESSAGE_BYTES", "10MB", "max-message-bytes: '10MB'"),
    ("MAX_MESSAGE_BYTES", "0", "max-message-bytes: '0'"),
    ("LOG_LEVEL", "loud", "log-level: 'loud' is none of debug, info, warning, error"),
    ("DB", "nosuch://x", "known are memory"),
    ("DB", "docs.sqlite", "sqlite:///"),
    ("DB", "sqlite:///", "names no file"),
    ("DB", "sqlite:///:memory:", "memory:"),
    ("DB", "sqlite:////proc/nowhere/x.sqlite", "/proc/nowhere/x.sqlite"),
    ("PUBSUB", "nosuch://ann:secret@x", "known are memory"),
    ("PUBSUB", "redis", "redis"),
    ("WORKERS", "many", "workers: 'many'"),
    ("WORKERS", "0", "workers: '0'"),
    ("WORKERS", "2", "--db"),
    ("HOST", "no.such.host.invalid", "no.such.host.invalid"),
    ("HOST", "..", "Cannot listen on .."),
    ("PROJECTION", "names", "'names' does not read NAME=COLLECTION:FIELD,FIELD"),
    ("PROJECTION", "names=dogs", "'names=dogs'"),
    ("PROJECTION", "names=dogs:", "'names=dogs:'"),
    ("PROJECTION", "names=:name", "'names=:name'"),
    ("PROJECTION", "=dogs:name", "'=dogs:name'"),
    ("PROJECTION", "names:dogs=name", "'names:dogs=name'"),
    ("PROJECTION", "names=dogs:name,,age", "'names=dogs:name,,age'"),
    ("PROJECTION", "names=dogs:name names=cats:name", "names already exists"),
    ("TYPE", "no_such_module:x", "no_such_module"),
    ("TYPE", "json:no_such_attribute", "no_such_attribute"),
    ("TYPE", "json", "'json'"),
    ("TYPE", ":x", "':x'"),
    ("TYPE", "json:dumps", "'json:dumps' is no OT type"),
    ("TYPE", "broken_types:x", "broken_types:x"),
]


@pytest.mark.parametrize("how", ["flag", "variable"])
@pytest.mark.parametrize(("name", "value", "said"), BAD, ids=[f"{n}={v}" for n, v, _ in BAD])
def test_a_bad_value_gives_one_clear_line(
    name: str,
    value: str,
    said: str,
    how: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "broken_types.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    known = dict(types)
    arguments = ["serve", *(["--port", "0"] if name != "PORT" else [])]
    if how == "flag":
        option = name.lower().replace("_", "-")
        words = value.split() if name == "PROJECTION" else [value]
        arguments += [f"--{option}={word}" for word in words]
    else:
        monkeypatch.setenv(f"SHAREDB_{name}", value)
    failure = Failure(arguments, capsys)
    assert failure.status in (1, 2)
    assert said in failure.line
    assert "secret" not in failure.line
    assert dict(types) == known


@pytest.mark.parametrize("name", ["PRESENCE", "DO_NOT_COMMIT_NO_OPS"])
def test_a_variable_that_is_neither_true_nor_false_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"SHAREDB_{name}", "maybe")
    failure = Failure(["serve", "--port", "0"], capsys)
    assert failure.status == 1
    assert f"SHAREDB_{name}=maybe" in failure.line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "COMMAND"),
        (["serve", "--nonsense"], "--nonsense"),
        (["serve", "extra"], "extra"),
        (["serve", "--port"], "--port"),
        (["nonsense"], "nonsense"),
    ],
    ids=str,
)
def test_a_wrong_command_line_has_status_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    failure = Failure(arguments, capsys)
    assert failure.status == 2
    assert said in failure.line


def test_a_port_in_use_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failure = Failure(["serve", "--port", str(port)], capsys)
    assert failure.status == 1
    assert f"127.0.0.1:{port}" in failure.line
    assert "in use" in failure.line
    assert "--port" in failure.line


def test_a_mistake_shows_as_one_line_and_status_1_to_the_shell(tmp_path: Path) -> None:
    server = Served(tmp_path, "--port", "0", "--projection", "bad")
    with pytest.raises(AssertionError, match="ended by itself"):
        server.start()
    assert server.process is not None
    assert server.process.returncode == 1
    said = "sharedb-py: Projection 'bad' does not read NAME=COLLECTION:FIELD,FIELD\n"
    assert server.output() == said


def test_a_password_in_the_url_is_not_printed(tmp_path: Path) -> None:
    from sharedb_py.cli.settings import without_password

    assert without_password("mongodb://ann:secret@host/name") == "mongodb://…@host/name"
    assert without_password(f"sqlite:///{tmp_path}") == f"sqlite:///{tmp_path}"


def test_help_names_every_option_and_the_environment(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["serve", "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    named = {option.strip("-") for option in re.findall(r"(?<!\S)\[?(--[a-z-]+)", text)}
    known = {name.lower().replace("_", "-") for name in OPTIONS}
    assert named - {"help", "no-presence"} == known, "an option that is not tested here"
    assert "SHAREDB_PORT" in text
    assert os.environ.get("SHAREDB_PORT") is None
