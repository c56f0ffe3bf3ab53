"""The npm type ``rich-text`` in the newest JavaScript client, with presence, against ours."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.running import Program, free_port

HERE = Path(__file__).parent

pytestmark = [pytest.mark.node]


def test_rich_texts_and_selections_are_edited_together(tmp_path: Path) -> None:
    port = free_port()
    url = f"ws://127.0.0.1:{port}/channel"
    serve = ("serve", "--db", f"sqlite:///{tmp_path}/texts.sqlite", "--port", str(port))
    with Program("sharedb-py", *serve, log=tmp_path / "log", ready=url):
        ended = subprocess.run(
            ["node", "rich_text_scenario.js", url],
            cwd=HERE,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    mine, theirs, stored = seen["docs"]
    assert mine == theirs == stored
    text = "".join(component["insert"] for component in stored)
    assert sum(char.isdigit() for char in text) == 20
    assert text.count("é") == 10  # every second one takes the one before it away
    assert len(set(seen["versions"])) == 1
    assert seen["versions"][0] > 10
    # Ada's selection of five characters grew with what was typed inside of it.
    assert seen["selection"]["length"] > 5
