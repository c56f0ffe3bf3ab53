"""The original JavaScript clients, from the first to the newest, against our server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import Program, free_port

HERE = Path(__file__).parent
CLIENTS = ["1.1", "1.9", "2", "3", "4", "5", "6", "7"]
WITH_PRESENCE = {"1.9", "2", "3", "4", "5", "6", "7"}

pytestmark = [pytest.mark.node]


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    db = "memory:" if request.param == "memory" else f"sqlite:///{folder}/rooms.sqlite"
    port = free_port()
    url = f"ws://127.0.0.1:{port}/channel"
    with Program(
        "sharedb-py",
        *("serve", "--db", db, "--port", str(port)),
        log=folder / "log",
        ready=url,
    ):
        yield url


@pytest.mark.parametrize("client", CLIENTS)
def test_a_javascript_client_creates_edits_subscribes_queries_and_reconnects(
    server: str, client: str
) -> None:
    ended = subprocess.run(
        ["node", "client_scenario.js", f"sharedb-{client}", server],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    steps = [json.loads(line)["step"] for line in ended.stdout.splitlines()]
    assert len(steps) == 10 + (client in WITH_PRESENCE), steps
