"""Our answers against recorded ones of the reference JavaScript types, line by line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.ot.answers import differences

VECTORS = Path(
    os.environ.get("SHAREDB_OT_VECTORS", Path(__file__).parents[3] / "shared" / "ot-vectors")
)


@pytest.mark.parametrize("name", ["json0", "json1", "rich-text", "text0", "text-unicode"])
def test_every_recorded_answer_is_ours(name: str) -> None:
    recorded = VECTORS / f"{name}.jsonl"
    if not recorded.is_file():
        pytest.skip(f"no vectors at {VECTORS}; SHAREDB_OT_VECTORS names another place")
    lines = recorded.read_text("utf-8").rstrip("\n").split("\n")
    for number, line in enumerate(lines, 1):
        vector = json.loads(line)
        assert not differences(vector, vector), f"{name}.jsonl:{number}"
