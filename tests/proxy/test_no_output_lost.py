"""Our process is killed again and again while output pours in: none is lost unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest

from derby_notebook.kernels.reasons import GAP, UNSEEN
from tests.proxy.conftest import JupyterServer, write_notebook
from tests.proxy.live import said
from tests.proxy.session import ended, session_on, until

pytestmark = [pytest.mark.jupyter, pytest.mark.timeout(300)]

LINES = 4000
KILLS = 4
COUNTING = (
    "import time\n"
    f"for number in range({LINES}):\n"
    "    print(number, flush=True)\n"
    "    if number % 20 == 0: time.sleep(.02)\n"
)


async def run_and_kill(jupyter: JupyterServer, folder: Path, state: Path) -> tuple[str, list[str]]:
    """Return the outcome, and the lines shown, of a run that outlived several of our processes."""
    path = write_notebook(folder / "a.ipynb", COUNTING)
    async with session_on(jupyter, path, state) as session, session.line() as client:
        [doc] = await session.cells(client)
        await doc.submit([{"p": ["_state"], "oi": "run"}])
        for _ in range(KILLS):
            length = len(said(doc.data))
            await until(lambda n=length: len(said(doc.data)) > n or ended(doc))
            session.server.kill()
            session.server.start()
        await until(lambda: ended(doc), "the run ended")
        return doc.data["_run"]["outcome"], said(doc.data).splitlines()


async def test_no_line_is_lost_or_doubled_where_jupyter_keeps_what_nobody_has_put_away(
    jupyter: JupyterServer, folder: Path, tmp_path: Path
) -> None:
    outcome, lines = await run_and_kill(jupyter, folder, tmp_path / "derby")
    assert outcome == "ok"
    assert lines == [str(number) for number in range(LINES)]


async def test_where_jupyter_forgets_what_it_has_sent_the_cell_says_that_some_may_be_missing(
    tmp_path: Path,
) -> None:
    with JupyterServer(tmp_path / "jupyter", extension=False) as jupyter:
        outcome, lines = await run_and_kill(jupyter, jupyter.folder, tmp_path / "derby")
    numbers = [int(line) for line in lines if line.isdigit()]
    assert numbers == sorted(set(numbers)), "none is doubled, and all are in order"
    for last, number in zip([-1, *numbers], numbers, strict=False):
        if number != last + 1:
            start = lines.index(str(last)) if last >= 0 else 0
            assert GAP in lines[start : lines.index(str(number))], (last, number)
    if outcome == "lost":  # its end may be what is missing
        assert f"KernelError: {UNSEEN}" in lines
    else:
        assert outcome == "ok"
        assert numbers[-1] == LINES - 1 or GAP in lines[lines.index(str(numbers[-1])) :]
