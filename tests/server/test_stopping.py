"""A server that is stopped: its clients come back to the next one (protocol section 1.2)."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from tests.running import Program, free_port


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_connections_are_dropped_without_a_close_frame(
    tmp_path: Path, stop: signal.Signals
) -> None:
    """Derby's clients reconnect only after a close that was not clean."""
    url = f"ws://127.0.0.1:{free_port()}/channel"
    db = f"sqlite:///{tmp_path}/rooms.sqlite"
    program = Program(
        *("sharedb-py", "serve", "--db", db, "--port", url.split(":")[2].split("/")[0]),
        log=tmp_path / "log",
        ready=url,
    )
    with program:
        async with connect(url) as socket:
            await socket.recv()
            create = {"type": "json0", "data": {}}
            op = {"a": "op", "c": "dogs", "d": "fido", "v": 0, "seq": 1, "create": create}
            await socket.send(json.dumps(op))
            assert json.loads(await socket.recv())["v"] == 0
            assert program.process is not None
            program.process.send_signal(stop)
            with pytest.raises(ConnectionClosedError) as ended:
                await socket.recv()
            assert ended.value.rcvd is None
            assert program.process.wait(20) == 0
