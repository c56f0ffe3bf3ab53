"""The page's pure JavaScript modules, tested by Node's own test runner."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.running import ROOT, SCRIPTS

CLIENT = ROOT / "client"


@pytest.mark.node
@pytest.mark.timeout(120)
def test_the_pages_modules_do_what_their_own_tests_say() -> None:
    node = shutil.which("node", path=SCRIPTS) or shutil.which("node")
    if node is None or not (CLIENT / "node_modules").is_dir():
        pytest.skip("needs Node.js and the npm packages of client/")
    done = subprocess.run([node, "--test"], cwd=CLIENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout
    assert "# tests 0" not in done.stdout
