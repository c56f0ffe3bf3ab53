"""Widgets of a real kernel in the documents: what one writes the kernel knows, and all see."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from derby_notebook.service import NotebookService
from derby_notebook.widgets.documents import VIEW, document_id
from derby_notebook.widgets.saved import STATE
from derby_notebook.widgets.views import CHANNEL
from sharedb_py.client.aio.doc import Doc
from sharedb_py.errors import ShareDBError
from sharedb_py.inprocess import connect
from tests.proxy.conftest import JupyterServer, write_notebook
from tests.proxy.live import Live, eventually, said

pytestmark = [pytest.mark.jupyter]

SLIDER = """
import ipywidgets as w
from IPython.display import display
calls = []
s = w.IntSlider(value=3, description='Speed')
s.observe(lambda change: calls.append(change['new']), 'value')
display(s)
"""


@pytest.fixture
def open_live(service: NotebookService, jupyter: JupyterServer, folder: Path) -> Any:
    async def open_it(*sources: str, **metadata: Any) -> Live:
        path = write_notebook(folder / "a.ipynb", *sources, **metadata)
        return await Live.open(service, jupyter.folder, path)

    return open_it


def shown_model(cell: dict[str, Any]) -> str:
    """Return the id of the model that a cell's first widget output shows."""
    views = [output["data"][VIEW] for output in cell["outputs"] if VIEW in output.get("data", {})]
    return str(views[0]["model_id"])


async def model(live: Live, comm_id: str) -> dict[str, Any]:
    found = await live.service.documents.get("widgets", document_id(live.id, comm_id))
    return dict(found.data) if found.exists else {}


async def has(live: Live, comm_id: str, **state: Any) -> dict[str, Any]:
    """Wait until a model's document has these values."""

    async def reached() -> dict[str, Any] | None:
        found = await model(live, comm_id)
        if not found:
            return None
        ours = found.get("state", {})
        return found if all(ours.get(key) == value for key, value in state.items()) else None

    found: dict[str, Any] = await eventually(reached, f"{comm_id} has {state}")
    return found


@asynccontextmanager
async def person(live: Live, comm_id: str, user: str = "ann") -> AsyncIterator[Doc]:
    """Somebody's browser, as far as one widget goes."""
    await has(live, comm_id)
    async with connect(live.service.backend, custom={"user": {"username": user}}) as client:
        doc = client.doc("widgets", document_id(live.id, comm_id))
        await doc.subscribe()
        yield doc


async def write(doc: Doc, key: str, value: Any) -> None:
    await doc.submit([{"p": ["state", key], "oi": value}])


async def press(doc: Doc, message_id: str, content: Any, *buffers: bytes) -> None:
    sent = {"id": message_id, "content": content}
    if buffers:
        sent["buffers"] = [{"_buffer": base64.b64encode(buffer).decode()} for buffer in buffers]
    await doc.submit([{"p": ["_custom", len(doc.data["_custom"])], "li": sent}])


async def asked(live: Live, at: int) -> str:
    """Run a cell that prints something of the kernel's."""
    return said(await live.done(at)).strip()


async def test_models_become_documents_and_the_outputs_stay_as_they_are(open_live: Any) -> None:
    live = await open_live(SLIDER)
    cell = await live.done(0)
    comm_id = shown_model(cell)
    found = await has(live, comm_id)
    assert (found["model_name"], found["state"]["value"]) == ("IntSliderModel", 3)
    assert found["_live"] is True
    assert found["_cell"] == (await live.ids())[0]
    layout = found["state"]["layout"].removeprefix("IPY_MODEL_")
    assert (await has(live, layout))["model_name"] == "LayoutModel"
    [output] = cell["outputs"]
    assert output["data"][VIEW] == {"version_major": 2, "version_minor": 0, "model_id": comm_id}


async def test_two_write_and_the_kernel_is_called_once_for_each(open_live: Any) -> None:
    live = await open_live(SLIDER, "print(calls, s.value)")
    comm_id = shown_model(await live.done(0))
    async with person(live, comm_id) as ann, person(live, comm_id, "ben") as ben:
        await write(ann, "value", 7)
        await eventually(lambda: _value(ben, 7))
        assert await asked(live, 1) == "[7] 7"
        await write(ben, "value", 9)
        await eventually(lambda: _value(ann, 9))
        assert await asked(live, 1) == "[7, 9] 9"
        await write(ann, "value", 9)  # nothing changes by that
        assert await asked(live, 1) == "[7, 9] 9"


async def _value(doc: Doc, value: Any) -> bool:
    return bool(doc.data["state"]["value"] == value)


async def test_a_value_that_the_kernel_corrects_comes_back_to_all(open_live: Any) -> None:
    live = await open_live(
        SLIDER + "def even(change): s.value = change['new'] // 2 * 2\ns.observe(even, 'value')\n"
    )
    comm_id = shown_model(await live.done(0))
    async with person(live, comm_id) as ann:
        await write(ann, "value", 11)
        await eventually(lambda: _value(ann, 10))
        await write(ann, "value", 500)  # past the slider's end
        await eventually(lambda: _value(ann, 100))


async def test_what_the_kernel_does_costs_a_bounded_number_of_ops(open_live: Any) -> None:
    live = await open_live(
        "import ipywidgets as w, time\nbar = w.IntProgress(max=1000)\ndisplay(bar)\n"
        "for i in range(1001): bar.value = i; time.sleep(.001)"
    )
    cell = await live.done(0)
    comm_id = shown_model(cell)
    await has(live, comm_id, value=1000)
    ops = await live.service.documents.ops("widgets", document_id(live.id, comm_id))
    seconds = (cell["_run"]["ended"] - cell["_run"]["started"]) / 1000
    assert len(ops) <= 5 + 20 * seconds


async def test_a_drag_reaches_a_busy_kernel_as_its_end_only(open_live: Any) -> None:
    live = await open_live(SLIDER, "import time; time.sleep(2)", "print(calls)")
    comm_id = shown_model(await live.done(0))
    await live.run(1)
    await live.state(1, "busy")
    async with person(live, comm_id) as ann:
        for value in range(10, 60):
            await write(ann, "value", value)
    await live.ended(1)
    calls = json.loads(await asked(live, 2))
    assert calls[-1] == 59
    assert len(calls) <= 3


async def test_a_click_is_one_click(open_live: Any) -> None:
    live = await open_live(
        "import ipywidgets as w\nclicks = []\nt = w.Text(continuous_update=False)\n"
        "b = w.Button(description='Go')\nb.on_click(lambda _: clicks.append(t.value))\n"
        "display(b, t)",
        "print(clicks, t.model_id)",
    )
    comm_id = shown_model(await live.done(0))
    text_id = (await asked(live, 1)).split()[-1]
    async with person(live, comm_id) as ann, person(live, comm_id, "ben") as ben:
        async with person(live, text_id) as field:
            await write(field, "value", "typed")
            await press(ann, "click-1", {"event": "click"})
        await press(ben, "click-2", {"event": "click"})
        await eventually(lambda: _none_wait(ann))
        assert (await asked(live, 1)).startswith("['typed', 'typed']")


async def _none_wait(doc: Doc) -> bool:
    return bool(doc.data["_custom"] == [])


async def test_binary_values_go_both_ways(open_live: Any) -> None:
    live = await open_live(
        "import ipywidgets as w\nimport traitlets\n"
        "im = w.Image(value=bytes(range(256)), format='png')\ngot = []\n"
        "im.on_msg(lambda _, content, bufs: got.append((content, [bytes(b) for b in bufs])))\n"
        "display(im)",
        "print(im.value == b'\\x00\\xff', got)",
        "im.value = b'new'",
    )
    comm_id = shown_model(await live.done(0))
    stored = (await has(live, comm_id))["state"]["value"]
    assert base64.b64decode(stored["_buffer"]) == bytes(range(256))
    async with person(live, comm_id) as ann:
        await write(ann, "value", {"_buffer": base64.b64encode(b"\x00\xff").decode()})
        await press(ann, "m1", {"kind": "draw"}, b"\x01\x02")
        await eventually(lambda: _none_wait(ann))
    assert await asked(live, 1) == "True [({'kind': 'draw'}, [b'\\x01\\x02'])]"
    await live.done(2)
    await has(live, comm_id, value={"_buffer": base64.b64encode(b"new").decode()})


async def test_a_large_binary_value_is_kept_beside_the_document_and_comes_back_whole(
    open_live: Any, service: NotebookService, jupyter: JupyterServer, folder: Path
) -> None:
    live = await open_live(
        "import ipywidgets as w\nim = w.Image(value=bytes(200_000), format='png')\ndisplay(im)",
        "im.value = b'x' * 300_000",
        "print(len(im.value), bytes(im.value[:3]))",
    )
    comm_id = shown_model(await live.done(0))
    first = (await has(live, comm_id))["state"]["value"]["_blob"]
    assert base64.b64decode(await service.documents.blobs.get(first) or b"") == bytes(200_000)
    await live.done(1)

    async def changed() -> bool:
        return bool((await model(live, comm_id))["state"]["value"] != {"_blob": first})

    await eventually(changed)
    ops = await service.documents.ops("widgets", document_id(live.id, comm_id))
    assert len(repr(ops)) < 20_000
    async with person(live, comm_id) as ann:
        sent = base64.b64encode(b"new" * 50_000).decode()
        await write(ann, "value", {"_buffer": sent})

        async def beside() -> bool:
            return "_blob" in ann.data["state"]["value"]

        await eventually(beside)
        with pytest.raises(ShareDBError, match="sent whole"):
            await write(ann, "value", {"_blob": first})
    assert await asked(live, 2) == "150000 b'new'"
    await live.saved()
    notebook = json.loads((folder / "a.ipynb").read_text())
    [saved] = notebook["metadata"]["widgets"][STATE]["state"][comm_id]["buffers"]
    assert saved["data"] == sent
    (folder / "b.ipynb").write_text((folder / "a.ipynb").read_text())
    copy = await Live.open(service, jupyter.folder, folder / "b.ipynb")
    assert "_blob" in (await model(copy, comm_id))["state"]["value"]


async def test_what_a_kernel_says_to_views_reaches_those_who_look_and_is_not_kept(
    open_live: Any,
) -> None:
    live = await open_live(SLIDER, "s.send({'hello': 1}, buffers=[b'xy']); s.send('second')")
    comm_id = shown_model(await live.done(0))
    heard: list[Any] = []
    async with connect(live.service.backend, custom={"user": {"username": "ann"}}) as client:
        presence = client.presence(f"{CHANNEL}{live.id}")
        presence.on_change(lambda change: heard.extend(change.value["messages"]))
        await presence.subscribe()
        await live.done(1)

        async def both() -> bool:
            return len(heard) == 2

        await eventually(both)
    buffers = [base64.b64encode(b"xy").decode()]
    assert heard[0] == {"comm": comm_id, "content": {"hello": 1}, "buffers": buffers}
    assert heard[1]["content"] == "second"
    assert "hello" not in repr(
        await live.service.documents.ops("widgets", document_id(live.id, comm_id))
    )


async def test_an_output_widget_takes_what_is_shown_while_it_is_entered(open_live: Any) -> None:
    live = await open_live(
        "import ipywidgets as w\nfrom IPython.display import clear_output\n"
        "out, inner = w.Output(), w.Output()\ndisplay(out)\nprint('before')\n"
        "with out:\n    print('in')\n    with inner: print('inner')\n    display(1)\n"
        "    1/0\nprint('after')",
        "print(out.outputs[0]['text'], len(out.outputs), inner.outputs[0]['text'], inner.model_id)",
        "out.clear_output()",
        "out.append_stdout('appended')",
        "print(out.outputs)",
    )
    cell = await live.done(0)
    comm_id = shown_model(cell)
    assert said({"outputs": [o for o in cell["outputs"] if o["output_type"] == "stream"]}) == (
        "before\nafter\n"
    )

    async def shows() -> bool:
        outputs = (await has(live, comm_id))["state"]["outputs"]
        return [o["output_type"] for o in outputs] == ["stream", "display_data", "error"]

    await eventually(shows)
    words = (await asked(live, 1)).split()
    assert words[:4] == ["in", "3", "inner", words[3]]
    await has(live, words[3], msg_id="")
    await live.done(2)
    await has(live, comm_id, outputs=[])
    await live.done(3)
    expected = [{"output_type": "stream", "name": "stdout", "text": "appended"}]
    await has(live, comm_id, outputs=expected)
    assert await asked(live, 4) == f"({expected[0]},)"


async def test_what_a_callback_shows_is_below_the_cell_of_its_widget(open_live: Any) -> None:
    live = await open_live(
        "import ipywidgets as w\ns = w.IntSlider()\n"
        "s.observe(lambda c: print('now', c['new']) if c['new'] < 9 else 1/0, 'value')\n"
        "display(s)"
    )
    comm_id = shown_model(await live.done(0))
    async with person(live, comm_id) as ann:
        await write(ann, "value", 5)
        await live.shows(0, "now 5")
        await write(ann, "value", 9)
        await live.shows(0, "ZeroDivisionError")


async def test_interact_shows_its_result_in_place(open_live: Any) -> None:
    live = await open_live(
        "from ipywidgets import interact\n@interact(x=(0, 10))\ndef f(x=2): print('x is', x)",
    )
    box = shown_model(await live.done(0))

    async def filled() -> list[str] | None:
        children: list[str] = (await has(live, box))["state"]["children"]
        return children or None

    children = await eventually(filled, "interact has put its controls into the box")
    slider, out = (child.removeprefix("IPY_MODEL_") for child in children)
    await eventually(lambda: _says(live, out, "x is 2\n"))
    async with person(live, slider) as ann:
        await write(ann, "value", 8)
        await eventually(lambda: _says(live, out, "x is 8\n"))


async def _says(live: Live, comm_id: str, text: str) -> bool:
    return said((await has(live, comm_id))["state"]) == text


async def test_a_link_is_carried_out_once_and_by_us(open_live: Any) -> None:
    live = await open_live(
        "import ipywidgets as w\na, b, c = w.IntSlider(1), w.IntSlider(2), w.IntSlider(3)\n"
        "calls = []\nb.observe(lambda x: calls.append(x['new']), 'value')\n"
        "links = [w.jslink((a, 'value'), (b, 'value')), w.jsdlink((b, 'value'), (c, 'value'))]\n"
        "display(w.VBox([a, b, c]))",
        "print(a.value, b.value, c.value, calls)",
    )
    children = (await has(live, shown_model(await live.done(0))))["state"]["children"]
    a, b, c = (child.removeprefix("IPY_MODEL_") for child in children)
    await has(live, c, value=1)
    async with person(live, a) as ann:
        await write(ann, "value", 20)
    await has(live, c, value=20)
    assert await asked(live, 1) == "20 20 20 [1, 20]"
    async with person(live, b) as ben:
        await write(ben, "value", 30)
    await has(live, a, value=30)
    await has(live, c, value=30)
    async with person(live, c) as cid:
        await write(cid, "value", 40)
    assert await asked(live, 1) == "30 30 40 [1, 20, 30]"


async def test_a_closed_widget_is_gone(open_live: Any) -> None:
    live = await open_live(SLIDER, "s.close()")
    comm_id = shown_model(await live.done(0))
    await live.done(1)

    async def closed() -> bool:
        return not await model(live, comm_id)

    await eventually(closed)


async def test_after_a_restart_widgets_keep_their_last_state_and_take_no_more(
    open_live: Any,
) -> None:
    live = await open_live(SLIDER, "w.IntSlider(value=5)")
    comm_id = shown_model(await live.done(0))
    async with person(live, comm_id) as ann:
        await write(ann, "value", 44)
        await has(live, comm_id, value=44)
        await live.service.kernels.relay(live.id).restart()
        await has_live(live, comm_id, False)
        with pytest.raises(ShareDBError, match="gone"):
            await write(ann, "value", 1)
    assert (await model(live, comm_id))["state"]["value"] == 44
    # What nobody shows any more is cleared away once another kernel is there.
    second = shown_model(await live.done(0))
    assert second != comm_id
    await live.service.kernels.relay(live.id).shut_down()
    await live.done(0)

    async def pruned() -> bool:
        return not await model(live, comm_id)

    await eventually(pruned)


async def has_live(live: Live, comm_id: str, alive: bool) -> None:
    async def reached() -> bool:
        return (await model(live, comm_id)).get("_live") is alive

    await eventually(reached, f"_live is {alive}")


async def test_the_file_has_the_states_and_brings_them_back(
    open_live: Any, jupyter: JupyterServer, service: NotebookService, folder: Path
) -> None:
    live = await open_live(SLIDER)
    comm_id = shown_model(await live.done(0))
    async with person(live, comm_id) as ann:
        await write(ann, "value", 77)
    await has(live, comm_id, value=77)
    await live.saved()
    notebook = json.loads((folder / "a.ipynb").read_text())
    saved = notebook["metadata"]["widgets"][STATE]
    assert (saved["version_major"], saved["version_minor"]) == (2, 0)
    assert saved["state"][comm_id]["state"]["value"] == 77
    assert saved["state"][comm_id]["model_name"] == "IntSliderModel"
    assert len(saved["state"]) == 3
    # Another notebook, of the same file: no kernel, the same picture.
    (folder / "b.ipynb").write_text((folder / "a.ipynb").read_text())
    copy = await Live.open(service, jupyter.folder, folder / "b.ipynb")
    found = await model(copy, comm_id)
    assert (found["state"]["value"], found["_live"]) == (77, False)
    assert "widgets" not in (await copy.notebook())["contents"]["metadata"]
    await service.saver(copy.id).sync()
    assert json.loads((folder / "b.ipynb").read_text()) == notebook


async def test_only_editors_write_values_and_nobody_what_a_widget_is(open_live: Any) -> None:
    live = await open_live(SLIDER + "out = w.Output(); display(out)")
    cell = await live.done(0)
    comm_id = shown_model(cell)
    out = cell["outputs"][1]["data"][VIEW]["model_id"]
    await has(live, out)
    viewer = {"user": {"username": "vi", "role": "viewer"}}
    async with connect(live.service.backend, custom=viewer) as client:
        doc = client.doc("widgets", document_id(live.id, comm_id))
        await doc.fetch()
        for op in (
            [{"p": ["state", "value"], "oi": 1}],
            [{"p": ["_custom", 0], "li": {"id": "x", "content": {}}}],
        ):
            with pytest.raises(ShareDBError, match="read this notebook"):
                await doc.submit(op)
    refused: list[tuple[str, list[dict[str, Any]]]] = [
        (comm_id, [{"p": ["state", "_view_module"], "oi": "evil"}]),
        (comm_id, [{"p": ["_live"], "oi": False}]),
        (comm_id, [{"p": ["state"], "oi": {}}]),
        (comm_id, [{"p": ["state", "value"], "od": 3}]),
        (comm_id, [{"p": ["_custom", 0], "li": {"id": "../x", "content": {}}}]),
        (out, [{"p": ["state", "outputs"], "oi": []}]),
    ]
    for target, op in refused:
        async with person(live, target) as ann:
            with pytest.raises(ShareDBError, match=r"only|has an id"):
                await ann.submit(op)
    async with connect(live.service.backend, custom={"user": {"username": "ann"}}) as client:
        with pytest.raises(ShareDBError, match="made and closed by a kernel"):
            await client.doc("widgets", "mine").create({"state": {}, "_live": True})
        with pytest.raises(ShareDBError, match="Only the kernel"):
            await client.presence(f"{CHANNEL}{live.id}").submit("kernel", {"messages": []})
    assert (await model(live, comm_id))["state"]["value"] == 3


async def test_a_line_that_breaks_loses_neither_values_nor_clicks(
    open_live: Any, service: NotebookService
) -> None:
    live = await open_live(
        SLIDER + "s.on_msg(lambda _, content, b: calls.append(content))", "print(calls, s.value)"
    )
    comm_id = shown_model(await live.done(0))
    channel = service.kernels.relay(live.id)._line.channel
    assert channel is not None
    assert channel._socket is not None
    async with person(live, comm_id) as ann:
        await channel._socket.close()
        await live.kernel("disconnected")
        await write(ann, "value", 12)
        await press(ann, "while-away", "click")
        await live.kernel("idle")
        await eventually(lambda: _none_wait(ann))
    assert await asked(live, 1) == "[12, 'click'] 12"
