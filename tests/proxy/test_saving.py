"""The file and the documents stay the same, whichever changes; nothing typed is lost."""

from __future__ import annotations

import asyncio
import functools
import json
import random
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from derby_notebook.jupyter.api import JupyterAPI
from derby_notebook.people.access import guard
from derby_notebook.service import NotANotebook, NotebookService
from sharedb_py.backend import Backend
from sharedb_py.errors import ShareDBError
from tests.proxy.conftest import TOKEN, JupyterServer, write_notebook
from tests.proxy.live import Live, eventually

pytestmark = [pytest.mark.jupyter]


@pytest.fixture
async def service(jupyter: JupyterServer) -> AsyncIterator[NotebookService]:
    """The service, looking at its files more often than it usually does."""
    backend = Backend()
    api = JupyterAPI(jupyter.url, TOKEN)
    service = NotebookService(backend, api, watch_seconds=0.1)
    guard(backend, service)
    await service.start()
    yield service
    await service.close()
    await backend.close()
    await api.close()


@pytest.fixture
def root(jupyter: JupyterServer) -> Path:
    return jupyter.folder


def sources(path: Path) -> list[str]:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    return [cell["source"] for cell in notebook["cells"]]


async def until(holds: Callable[[], bool], what: str = "") -> None:
    async def ask() -> bool:
        try:
            return holds()
        except (OSError, ValueError, nbformat.reader.NotJSONError):
            return False

    await eventually(ask, what)


async def live_sources(live: Live) -> list[str]:
    return [cell["source"] for _, cell in await live.cells()]


async def until_live(live: Live, *expected: str) -> None:
    async def same() -> bool:
        return await live_sources(live) == list(expected)

    try:
        await eventually(same, steps=500)
    except AssertionError:
        assert await live_sources(live) == list(expected)


def edit_file(path: Path, change: Callable[[Any], None]) -> None:
    """Change a notebook as another program does: written beside, then renamed into place."""
    beside = path.with_suffix(".tmp")
    while True:
        text = path.read_text()
        try:
            notebook = nbformat.reads(text, as_version=4)
        except nbformat.reader.NotJSONError:
            continue  # Jupyter is just writing it
        change(notebook)
        nbformat.write(notebook, beside)
        # Not over what came meanwhile: it would be a change to take that away again.
        if path.read_text() == text:
            beside.replace(path)
            return


def append(cell: Any, notebook: Any) -> None:
    notebook.cells.append(cell)


async def test_typing_is_saved_and_the_file_is_valid(
    service: NotebookService, root: Path, folder: Path
) -> None:
    path = write_notebook(folder / "a.ipynb", "x", "y")
    live = await Live.open(service, root, path)
    await live.type(0, "# typed\n")
    await until(lambda: sources(path) == ["# typed\nx", "y"])
    assert (await live.saved())["state"] == "saved"


async def test_opening_and_saving_leaves_every_byte(
    service: NotebookService, root: Path, folder: Path
) -> None:
    path = folder / "a.ipynb"
    path.write_text(json.dumps(new_notebook(cells=[new_code_cell("x", id="a")]), indent=4))
    before = (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns)
    await Live.open(service, root, path)
    live = await Live.open(service, root, path)
    assert (await service.saver(live.id).sync())["state"] == "saved"
    assert (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns) == before


async def test_a_save_changes_nothing_but_what_was_changed(
    service: NotebookService, root: Path, folder: Path
) -> None:
    metadata = {"kernelspec": {"name": "python3", "display_name": "P"}, "colab": {"a": [1]}}
    path = write_notebook(folder / "a.ipynb", "x", "y", **metadata)
    edit_file(path, lambda nb: nb.cells[0].metadata.update({"tags": ["t"], "vscode": {}}))
    before = path.read_text().splitlines()
    live = await Live.open(service, root, path)
    await live.type(1, "z")
    await until(lambda: sources(path)[1] == "zy")
    after = path.read_text().splitlines()
    assert [line for line in after if line not in before] == ['    "zy"']
    assert len(after) == len(before)


async def test_a_change_outside_appears_and_typing_goes_on(
    service: NotebookService, root: Path, folder: Path
) -> None:
    path = write_notebook(folder / "a.ipynb", "one\ntwo\n", "b", "c")
    live = await Live.open(service, root, path)
    ids = await live.ids()

    def change(notebook: Any) -> None:
        notebook.cells[0].source = "one\ntwo, from outside\n"
        notebook.cells.insert(1, new_markdown_cell("new", id="new"))
        del notebook.cells[3]
        notebook.metadata["title"] = "T"

    await live.type(0, "# from here\n")
    edit_file(path, change)
    await until_live(live, "# from here\none\ntwo, from outside\n", "new", "b")
    assert (await live.ids())[0] == ids[0]
    await until(
        lambda: sources(path) == ["# from here\none\ntwo, from outside\n", "new", "b"], "saved"
    )
    notebook = await live.notebook()
    assert notebook["_merged"]["deleted"] == 1
    assert notebook["contents"]["metadata"]["title"] == "T"


async def test_a_checkout_under_typing_loses_nothing(
    service: NotebookService, root: Path, folder: Path
) -> None:
    path = write_notebook(folder / "a.ipynb", "", "old line\n")
    live = await Live.open(service, root, path)

    async def type_words(at: int, mark: str) -> None:
        for number in range(30):
            await live.type(at, f"{mark}{number};", user=mark)
            await asyncio.sleep(0.03)

    typing = [asyncio.create_task(type_words(0, "a")), asyncio.create_task(type_words(1, "b"))]
    for number in range(4):
        await asyncio.sleep(0.25)
        added = new_markdown_cell(f"outside {number}", id=f"o{number}")
        edit_file(path, functools.partial(append, added))
    await asyncio.gather(*typing)

    def all_there() -> bool:
        text = "\n".join(sources(path))
        return all(
            text.count(f"{mark}{number};") == 1 for mark in "ab" for number in range(30)
        ) and all(text.count(f"outside {number}") == 1 for number in range(4))

    await until(all_there, "everything typed and everything checked out is in the file, once")
    assert await live_sources(live) == sources(path)
    await live.saved()


async def test_what_a_save_wrote_without_noting_it_is_not_merged_twice(
    service: NotebookService, root: Path, folder: Path
) -> None:
    path = write_notebook(folder / "a.ipynb", "x")
    live = await Live.open(service, root, path)
    record = (await service.documents.get("notebookFiles", live.id)).data
    await live.type(0, "typed ")
    await until(lambda: sources(path) == ["typed x"])
    await live.saved()
    # As if the process had died right after the file was written.
    after = (await service.documents.get("notebookFiles", live.id)).data
    [cell_id] = await live.ids()
    intent = {"cells": {cell_id: after["cells"][cell_id]}, "notebook": after["notebook"]}
    await service.documents.set("notebookFiles", live.id, **{**record, "intent": intent})
    await live.type(0, "and more ")
    await until(lambda: sources(path) == ["and more typed x"])
    assert await live_sources(live) == ["and more typed x"]


async def test_a_deleted_file_stays_deleted_until_somebody_saves(
    service: NotebookService, root: Path, folder: Path
) -> None:
    path = write_notebook(folder / "a.ipynb", "x")
    live = await Live.open(service, root, path)
    path.unlink()
    said = await live.saved("error")
    assert said["reason"] == "missing"
    await live.type(0, "kept ")
    await asyncio.sleep(1.5)
    assert not path.exists()
    assert (await live.saved("error"))["reason"] == "missing"
    assert await service.open(str(path.relative_to(root))) == live.id
    assert (await service.saver(live.id).sync(anew=True))["state"] == "saved"
    assert sources(path) == ["kept x"]


async def test_a_moved_file_is_followed(service: NotebookService, root: Path, folder: Path) -> None:
    path = write_notebook(folder / "a.ipynb", "x")
    live = await Live.open(service, root, path)
    await live.done(0)
    await until(lambda: nbformat.read(path, 4).cells[0].execution_count == 1)
    await live.saved()
    (folder / "sub").mkdir()
    new = folder / "sub" / "b ü.ipynb"
    shutil.move(path, new)

    async def followed() -> bool:
        return (await live.notebook())["name"] == str(new.relative_to(root))  # type: ignore[no-any-return]

    await eventually(followed)
    await live.type(0, "typed ")
    await until(lambda: sources(new) == ["typed x"])
    assert not path.exists()
    assert await service.open(str(new.relative_to(root))) == live.id
    write_notebook(path, "another")
    assert await service.open(str(path.relative_to(root))) != live.id


async def test_a_rename_through_jupyter_is_followed_at_once(
    service: NotebookService, root: Path, folder: Path, jupyter: JupyterServer
) -> None:
    path = write_notebook(folder / "a.ipynb", "x")
    live = await Live.open(service, root, path)
    await live.done(0)
    old = str(path.parent.relative_to(root))
    shutil.move(folder, root / f"{old}-new")
    await service.files.renamed(old, f"{old}-new")
    try:
        assert (await live.notebook())["name"] == f"{old}-new/a.ipynb"
        with jupyter.http() as http:
            paths = [session["path"] for session in http.get("api/sessions").json()]
        assert f"{old}-new/a.ipynb" in paths
    finally:
        shutil.move(root / f"{old}-new", folder)


@pytest.mark.parametrize(
    "text", ['{"cells": [', "<<<<<<< HEAD\n", '{"no": "notebook"}', "\x00\x01", ""]
)
async def test_what_is_no_notebook_is_left_as_it_is(
    service: NotebookService, root: Path, folder: Path, text: str
) -> None:
    path = write_notebook(folder / "a.ipynb", "x")
    live = await Live.open(service, root, path)
    path.write_text(text)
    assert (await live.saved("error"))["reason"] == "unreadable"
    await live.type(0, "kept ")
    await asyncio.sleep(1.2)
    assert path.read_text() == text
    write_notebook(path, "mended x")
    await until_live(live, "kept mended x")
    await until(lambda: sources(path) == ["kept mended x"])
    await live.saved()


async def test_writing_over_what_is_no_notebook_keeps_a_copy(
    service: NotebookService, root: Path, folder: Path
) -> None:
    path = write_notebook(folder / "a.ipynb", "x")
    live = await Live.open(service, root, path)
    path.write_text("half {")
    await live.saved("error")
    assert (await service.saver(live.id).sync(anew=True))["state"] == "saved"
    assert sources(path) == ["x"]
    [copy] = folder.glob("a-replaced-*.txt")
    assert copy.read_text() == "half {"


async def test_a_folder_in_the_files_place_is_said(
    service: NotebookService, root: Path, folder: Path
) -> None:
    path = write_notebook(folder / "a.ipynb", "x")
    live = await Live.open(service, root, path)
    path.unlink()
    path.mkdir()
    assert (await live.saved("error"))["reason"] == "not-a-file"
    path.rmdir()
    write_notebook(path, "x")
    await live.saved("saved")


async def test_a_read_only_file_is_not_written_and_saved_once_it_may_be(
    service: NotebookService, root: Path, folder: Path
) -> None:
    path = write_notebook(folder / "a.ipynb", "x")
    live = await Live.open(service, root, path)
    path.chmod(0o444)
    before = path.read_bytes()
    await live.type(0, "kept ")
    said = await live.saved("error")
    assert (said["reason"], "only be read" in said["error"]) == ("read-only", True)
    assert path.read_bytes() == before
    assert await live_sources(live) == ["kept x"]
    path.chmod(0o644)
    await until(lambda: sources(path) == ["kept x"])
    await live.saved("saved")


@pytest.mark.parametrize("seed", range(4))
async def test_random_edits_on_disk_and_here_at_once_both_survive(
    service: NotebookService, root: Path, folder: Path, seed: int
) -> None:
    """Nobody's words are lost or doubled, and file and documents end up the same and valid."""
    rng = random.Random(seed)
    path = write_notebook(folder / "a.ipynb", "a\n", "b\n", "c\n")
    live = await Live.open(service, root, path)
    typed: list[str] = []

    async def here() -> None:
        for number in range(25):
            word = f"<h{number}>"
            ids = await live.ids()
            doc = await service.documents.get("cells", rng.choice(ids))
            if not doc.exists:
                continue
            at = rng.randint(0, len(doc.data["source"]))
            op = [{"p": ["source", at], "si": word}]
            try:
                await service.documents.edit("cells", doc.id, op, doc.version)
            except ShareDBError:
                continue  # taken out on disk meanwhile
            typed.append(word)
            await asyncio.sleep(rng.random() * 0.05)

    async def on_disk() -> None:
        for number in range(6):
            word = f"<d{number}>"

            def change(notebook: Any, word: str = word, number: int = number) -> None:
                cell = rng.choice(notebook.cells)
                kind = rng.choice(["edit", "edit", "add", "move"])
                if kind == "add":
                    place = rng.randint(0, len(notebook.cells))
                    notebook.cells.insert(place, new_code_cell(word, id=f"d{number}"))
                elif kind == "move":
                    notebook.cells.remove(cell)
                    notebook.cells.insert(rng.randint(0, len(notebook.cells)), cell)
                if kind != "add":
                    at = rng.randint(0, len(cell.source))
                    cell.source = cell.source[:at] + word + cell.source[at:]

            # No save is under way when it returns: nobody could tell whose a write into one is.
            await service.saver(live.id).sync()
            edit_file(path, change)
            typed.append(word)
            await asyncio.sleep(rng.random() * 0.1)

    await asyncio.gather(here(), on_disk())

    async def same() -> bool:
        await service.saver(live.id).sync()
        return sources(path) == await live_sources(live)

    await eventually(same)
    # A word may be split by one that was typed into it on the other side: count letter by letter.
    text = "".join(sources(path))
    assert sorted(text) == sorted("".join(typed) + "a\nb\nc\n")


async def test_an_older_file_is_kept_as_checkpoint_when_it_is_first_saved(
    service: NotebookService, root: Path, folder: Path
) -> None:
    path = folder / "old.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell("x")])
    notebook.nbformat_minor = 2
    for cell in notebook.cells:
        del cell["id"]
    path.write_text(json.dumps(notebook))
    before = path.read_text()
    live = await Live.open(service, root, path)
    await service.saver(live.id).sync()
    assert path.read_text() == before
    await live.type(0, "typed ")
    await until(lambda: sources(path) == ["typed x"])
    assert nbformat.read(path, nbformat.NO_CONVERT).nbformat_minor == 5
    [checkpoint] = (folder / ".ipynb_checkpoints").iterdir()
    kept = json.loads(checkpoint.read_text())
    assert (kept["nbformat_minor"], "".join(kept["cells"][0]["source"])) == (2, "x")
    await live.saved()
    assert "_older_format" not in await live.notebook()


async def test_twenty_at_once_open_one_document(
    service: NotebookService, root: Path, folder: Path
) -> None:
    path = write_notebook(folder / "a.ipynb", "x", "y")
    name = str(path.relative_to(root))
    found = await asyncio.gather(*(service.open(name) for _ in range(20)))
    assert len(set(found)) == 1
    notebooks = await service.documents.find("notebooks", {"name": name})
    cells = await service.documents.find("cells", {"_notebook": found[0]})
    assert (len(notebooks), len(cells)) == (1, 2)


@pytest.mark.parametrize("name", ["none.txt", "dir"])
async def test_what_is_no_notebook_is_not_opened(
    service: NotebookService, root: Path, folder: Path, name: str
) -> None:
    (folder / "dir").mkdir()
    (folder / "none.txt").write_text("text")
    with pytest.raises(NotANotebook):
        await service.open(f"{folder.name}/{name}")
