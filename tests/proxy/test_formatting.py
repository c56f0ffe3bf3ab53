"""Code is formatted by what is installed where the kernel runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derby_notebook.files.merge.text import edits
from derby_notebook.kernels.formatting import NotFormatted
from derby_notebook.kernels.in_kernel import format_python
from derby_notebook.service import NotebookService
from sharedb_py.ot.utf16 import length
from tests.proxy.conftest import JupyterServer, write_notebook
from tests.proxy.live import Live

texts = st.text(alphabet="ab =\n😀", max_size=30)


@given(texts, texts)
def test_edits_turn_one_text_into_the_other_as_javascript_counts(before: str, after: str) -> None:
    units = before.encode("utf-16-le")
    for edit in edits(before, after):
        start, end = edit["at"], edit["at"] + length(edit["removed"])
        assert units[2 * start : 2 * end].decode("utf-16-le") == edit["removed"]
        units = units[: 2 * start] + edit["inserted"].encode("utf-16-le") + units[2 * end :]
    assert units.decode("utf-16-le") == after


def test_magics_and_shell_commands_stay() -> None:
    code = "%matplotlib inline\nx=  1\n!ls -l"
    found = format_python.formatted(code)
    assert found == {"code": "%matplotlib inline\nx = 1\n!ls -l", "formatter": "ruff"}
    cell_magic = "%%bash\necho   1"
    assert format_python.formatted(cell_magic)["code"] == cell_magic


def test_where_nothing_is_installed_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(format_python, "find_spec", lambda name: None)
    assert format_python.formatted("x=1") == {"missing": True}


@pytest.mark.jupyter
async def test_a_kernel_formats_even_while_a_cell_runs_and_keeps_no_trace(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    path = write_notebook(folder / "a.ipynb", "import time; print('in'); time.sleep(30)", "dir()")
    live = await Live.open(service, jupyter.folder, path)
    relay = service.kernels.relay(live.id)
    found = await relay.format("x=  1\nprint( 'é' )")
    assert found == {"code": 'x = 1\nprint("é")', "formatter": "ruff"}, sys.executable
    await live.run(0)
    await live.shows(0, "in")
    assert (await relay.format("y=2"))["code"] == "y = 2"
    assert (await live.kernel("busy"))["status"] == "busy"
    with pytest.raises(NotFormatted, match="ruff: "):
        await relay.format("def f(:")
    assert (await live.cell(0))["_state"] == "busy"
    await relay.interrupt()
    await live.ended(0)
    cell = await live.done(1)
    assert cell["execution_count"] == 2, "formatting counts as no run"
    names = cell["outputs"][0]["data"]["text/plain"]
    assert "scope" not in names
    assert "formatted" not in names


@pytest.mark.jupyter
async def test_a_kernel_of_another_language_says_that_there_is_none(
    service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    spec: dict[str, Any] = {"name": "bash", "display_name": "Bash", "language": "bash"}
    path = write_notebook(folder / "a.ipynb", "echo 1", kernelspec=spec)
    live = await Live.open(service, jupyter.folder, path)
    with pytest.raises(NotFormatted, match="no formatter for bash"):
        await service.kernels.relay(live.id).format("echo  1")
