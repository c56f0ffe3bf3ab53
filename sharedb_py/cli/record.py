"""``sharedb-py record``: the messages between clients and a server, kept in a file."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import IO, Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from sharedb_py.cli.parsing import add_command_parser
from sharedb_py.errors import ShareDBError

__all__ = ["Recorder", "add_command", "first_line", "is_recording"]

RECORDING: Final = {"sharedb-py": "recording", "format": 1}
FORWARDED: Final = ("cookie", "authorization", "origin", "user-agent")
BAD_GATEWAY: Final = 1014


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = add_command_parser(
        commands,
        "record",
        _record,
        summary="record the traffic between clients and a server",
        synopsis="sharedb-py record FILE --url ws://HOST/PATH [--host HOST] [--port PORT]",
        description="""\
Stands between ShareDB clients and a server: listens for websockets, opens one to the server
for each, passes on every frame of both directions, and writes it to FILE as a line of JSON
with its time. Cookies and credentials are passed on but not recorded; what the documents
hold is. Ends with Ctrl-C. sharedb-py play sends the recording to another server.""",
        examples="""\
sharedb-py record bug.jsonl --url ws://127.0.0.1:8080/channel --port 8081
sharedb-py play bug.jsonl --to ws://127.0.0.1:9090/channel""",
    )
    add = parser.add_argument
    add("file", metavar="FILE", help="where to write; it must not be there yet")
    add("--url", metavar="URL", required=True, help="the server to pass everything on to")
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=int, default=8081, help="port (%(default)s; 0: any)")


def first_line() -> str:
    """Return the first line of a recording."""
    return json.dumps(RECORDING, separators=(",", ":")) + "\n"


def is_recording(line: str) -> bool:
    """Whether a line is the first one of a recording that can be read here."""
    try:
        return bool(json.loads(line) == RECORDING)
    except ValueError:
        return False


def frame_line(number: int, sender: str, data: str | bytes | None) -> str:
    """Return the line for a frame; ``sender`` is client or server, or says open or close."""
    record: dict[str, Any] = {"t": round(time.time() * 1000, 3), "n": number, "from": sender}
    if isinstance(data, bytes):
        data = data.decode("utf-8", "replace")
    if data is not None:
        record["text"] = data
    return json.dumps(record, separators=(",", ":")) + "\n"


class Recorder:
    """Passes frames on and writes them down."""

    def __init__(self, url: str, file: IO[str]) -> None:
        self._url = url
        self._file = file
        self._connections = 0
        self.frames = 0

    def _write(self, number: int, sender: str, data: str | bytes | None = None) -> None:
        self.frames += data is not None
        self._file.write(frame_line(number, sender, data))

    async def handle(self, client: ServerConnection) -> None:
        """Serve one client for as long as both sides stay."""
        self._connections += 1
        number = self._connections
        request = client.request
        headers = request.headers if request is not None else {}
        passed = {name: headers[name] for name in FORWARDED if name in headers}
        protocol = client.subprotocol
        try:
            async with open_websocket(
                self._url,
                additional_headers=passed,
                user_agent_header=None,
                subprotocols=None if protocol is None else [Subprotocol(protocol)],
                max_size=None,
            ) as server:
                self._write(number, "open")
                await self._relay(number, client, server)
        except (OSError, InvalidHandshake) as error:
            print(f"sharedb-py: {self._url} is not to be reached: {error}", file=sys.stderr)
            await client.close(BAD_GATEWAY, "The server is not to be reached")
        finally:
            self._write(number, "close")
            self._file.flush()

    async def _relay(self, number: int, client: ServerConnection, server: ClientConnection) -> None:
        both = [
            asyncio.create_task(self._pass_on(number, "client", client, server)),
            asyncio.create_task(self._pass_on(number, "server", server, client)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.wait(both)

    async def _pass_on(
        self,
        number: int,
        sender: str,
        source: ServerConnection | ClientConnection,
        target: ServerConnection | ClientConnection,
    ) -> None:
        try:
            while True:
                data = await source.recv()
                self._write(number, sender, data)
                await target.send(data)
        except ConnectionClosed as closed:
            reason = closed.rcvd or closed.sent
            if reason is not None and reason.code < 5000 and reason.code not in (1005, 1006):
                await target.close(reason.code, reason.reason)
            else:
                await target.close()


def _choose(client: ServerConnection, offered: Any) -> Subprotocol | None:
    """Accept whatever the client offers first; the server decides in the end."""
    return offered[0] if offered else None


def _record(options: argparse.Namespace) -> None:
    try:
        with Path(options.file).open("x", encoding="utf-8", newline="\n") as file:
            file.write(first_line())
            file.flush()
            asyncio.run(_serve(options, file))
    except FileExistsError:
        raise ShareDBError(f"{options.file} is there already") from None


async def _serve(options: argparse.Namespace, file: IO[str]) -> None:
    recorder = Recorder(options.url, file)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        server = await serve_websockets(
            recorder.handle,
            options.host,
            options.port,
            select_subprotocol=_choose,
            max_size=None,
            compression=None,
        )
    except (OSError, InvalidURI) as error:
        raise ShareDBError(f"Cannot listen on {options.host}:{options.port}: {error}") from error
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        print(f"Recording ws://{host}:{port} for {options.url} in {options.file}", flush=True)
        await stopped.wait()
    print(f"Recorded {recorder.frames} frames", flush=True)
