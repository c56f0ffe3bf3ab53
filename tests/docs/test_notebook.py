"""The notebook guide: its example is the one that ships, and it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharedb_py.client.aio.websocket import connect
from tests.docs.blocks import blocks
from tests.proxy.conftest import DerbyServer, JupyterServer, write_notebook
from tests.proxy.live import eventually
from tests.running import ROOT

EXAMPLE = ROOT / "examples" / "announce_runs.py"


def test_the_guide_shows_the_example_that_ships() -> None:
    [block] = blocks(ROOT / "docs" / "notebook.md")
    assert (block.kind, block.name) == ("file", EXAMPLE.name)
    assert block.code == EXAMPLE.read_text("utf-8").strip()


@pytest.mark.jupyter
async def test_a_file_of_hooks_is_told_who_runs_what(tmp_path: Path) -> None:
    jupyter = JupyterServer(tmp_path / "jupyter")
    write_notebook(jupyter.folder / "a.ipynb", "6 * 7")
    with jupyter, DerbyServer(jupyter, tmp_path / "d", "--hooks", str(EXAMPLE)) as server:
        browser = await server.browser()
        page = await browser.get("notebooks/a.ipynb")
        notebook = page.text.split('"notebookId": "')[1].split('"')[0]
        me = (await browser.get("api/me")).json()["identity"]["username"]
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        async with connect(f"ws{server.url[4:]}channel", headers={"Cookie": cookies}) as client:
            [cell] = (await client.query("cells", {"_notebook": notebook})).docs
            await cell.submit([{"p": ["_state"], "oi": "run"}])

            async def told() -> bool:
                return f"{me} runs '6 * 7'" in server.output()

            await eventually(told)
        await browser.aclose()


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "there is no such file"), ("x = 1", "it has no function add_hooks(service)")],
)
def test_hooks_that_cannot_be_loaded_are_said_in_one_line(
    text: str | None, said: str, tmp_path: Path
) -> None:
    from derby_notebook.extensions import load_hooks

    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=r"mine\.py") as caught:
        load_hooks(str(path))
    assert said in str(caught.value)
    with pytest.raises(ValueError, match="no such module"):
        load_hooks("no.such.module")
