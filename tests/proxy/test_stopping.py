"""Ending ``derby-notebook``: nothing that it started is left behind."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from derby_notebook.jupyter.keeper import alive
from tests.running import Program, free_port

pytestmark = [pytest.mark.jupyter]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_stopped_by_a_person_or_a_service_manager_it_takes_its_jupyter_along(
    tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    port = free_port()
    program = Program(
        "derby-notebook",
        *(str(folder), "--port", str(port), "--no-browser"),
        log=tmp_path / "log",
        ready=f"Open http://localhost:{port}",
    )
    program.start()
    record = folder / ".derby-notebook" / "jupyter.json"
    keeper = json.loads(record.read_text())["keeper"]
    assert alive(keeper)
    assert program.process is not None
    program.process.send_signal(number)
    assert program.process.wait(30) == 0, program.output()
    assert not alive(keeper)
    assert not record.exists()
    assert "Traceback" not in program.output()
