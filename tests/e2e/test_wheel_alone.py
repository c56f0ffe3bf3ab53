"""The built wheel, alone in an empty environment with no Node on the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from hatchling.builders.wheel import WheelBuilder
from nbformat.v4 import new_code_cell, new_notebook
from playwright.async_api import expect

from tests.e2e.conftest import OpenPage
from tests.e2e.notebook_page import NotebookPage
from tests.running import ROOT, Program, free_port

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(420)]


async def test_the_wheel_alone_serves_a_notebook_that_runs(
    tmp_path: Path, open_page: OpenPage
) -> None:
    [wheel] = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(venv / "bin" / "python"), "install"]
    quietly = ["--quiet", "--disable-pip-version-check", "--no-compile"]  # few modules are used
    subprocess.run([*pip, *quietly, wheel], check=True)
    folder = tmp_path / "work"
    folder.mkdir()
    nbformat.write(new_notebook(cells=[new_code_cell("print(6*7)")]), folder / "one.ipynb")
    port = free_port()
    program = Program(
        "derby-notebook",
        *(str(folder), "--port", str(port), "--db", f"sqlite:///{tmp_path}/rooms.sqlite"),
        "--no-browser",
        log=tmp_path / "log",
        ready=rf"http://localhost:{port}/\S*token=([\w-]+)",
        scripts=venv / "bin",
        cwd=tmp_path,
        env={"PATH": f"{venv}/bin:/bin", "PYTHONPATH": "", "HOME": os.environ["HOME"]},
    )
    token = program.start()[1]
    try:
        page = NotebookPage(
            await open_page(f"http://localhost:{port}/notebooks/one.ipynb?token={token}")
        )
        await page.ready()
        await page.run(0)
        await expect(page.outputs(0)).to_contain_text("42", timeout=60_000)
    finally:
        program.stop()
