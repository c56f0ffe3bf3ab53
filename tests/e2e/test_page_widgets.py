"""ipywidgets on the page: what one person moves moves for all, and lasts."""

from __future__ import annotations

import inspect
import json
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_output
from playwright.async_api import Error, Locator, expect

from derby_notebook.widgets.documents import VIEW
from derby_notebook.widgets.saved import STATE
from tests.e2e.conftest import NotebookServer, OpenNotebook
from tests.e2e.notebook_page import PATIENCE, NotebookPage
from tests.e2e.test_page_access import violations

pytestmark = [pytest.mark.browser, pytest.mark.jupyter, pytest.mark.timeout(300)]

CONTROLS = "@jupyter-widgets/controls"
KERNEL = 60_000
"""How long, in ms, a kernel may take to start and answer."""

SLIDER = """
import ipywidgets as w
from IPython.display import display
calls = []
s = w.IntSlider(value=30, description='Speed')
s.observe(lambda change: calls.append(change['new']), 'value')
display(s)
"""


def readout(page: NotebookPage, cell: int = 0) -> Locator:
    """Return the number beside a cell's slider."""
    return page.outputs(cell).locator(".widget-readout").first


async def nudge(page: NotebookPage, times: int = 1, cell: int = 0) -> None:
    """Move a cell's slider up by the keyboard."""
    await page.outputs(cell).get_by_role("slider").first.focus()
    for _ in range(times):
        await page.page.keyboard.press("ArrowRight")


async def test_a_slider_moves_for_all_and_its_callback_runs_once(
    open_notebook: OpenNotebook,
) -> None:
    ann = await open_notebook(new_code_cell(SLIDER), new_code_cell("print(calls)"), person="ann")
    ben = await open_notebook(person="ben")
    await ann.run(0)
    await expect(readout(ann)).to_have_text("30", timeout=KERNEL)
    await expect(readout(ben)).to_have_text("30", timeout=PATIENCE)
    await nudge(ann)
    await expect(readout(ben)).to_have_text("31", timeout=PATIENCE)
    await nudge(ben)
    await expect(readout(ann)).to_have_text("32", timeout=PATIENCE)
    await ann.run(1)
    await expect(ann.outputs(1)).to_contain_text("[31, 32]", timeout=KERNEL)
    cid = await open_notebook(person="cid")
    await expect(readout(cid)).to_have_text("32", timeout=PATIENCE)
    await ann.page.reload()
    await ann.ready()
    await expect(readout(ann)).to_have_text("32", timeout=PATIENCE)


async def test_a_drag_is_a_bounded_number_of_ops_and_ends_where_it_ended(
    open_notebook: OpenNotebook,
) -> None:
    ann = await open_notebook(new_code_cell(SLIDER), new_code_cell("print(calls)"))
    sent: list[str] = []
    ann.page.on(
        "websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame)))
    )
    await ann.page.reload()
    await ann.ready()
    await ann.run(0)
    await expect(readout(ann)).to_have_text("30", timeout=KERNEL)
    await ann.outputs(0).scroll_into_view_if_needed()
    box = await ann.outputs(0).get_by_role("slider").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await ann.page.mouse.move(x, y)
    await ann.page.mouse.down()
    for step in range(300):
        await ann.page.mouse.move(x + step / 5, y)
    await ann.page.mouse.up()
    end = await readout(ann).text_content()
    assert end is not None
    assert int(end) > 40
    await ann.run(1)
    await expect(ann.outputs(1)).to_contain_text(f"{end}]", timeout=KERNEL)
    ops = [frame for frame in sent if '"c":"widgets"' in frame and '"a":"op"' in frame]
    assert 1 <= len(ops) <= 60


async def test_controls_of_every_kind_work_together(open_notebook: OpenNotebook) -> None:
    code = """
import ipywidgets as w, time
from IPython.display import display
name = w.Text(description='Name', continuous_update=False)
colour = w.Dropdown(options=['red', 'green'], description='Colour')
on = w.Checkbox(description='Enabled')
go = w.Button(description='Go')
out = w.Output()
bar = w.IntProgress(description='Done', max=20)
a, b = w.IntSlider(description='One'), w.IntSlider(description='Two')
link = w.jslink((a, 'value'), (b, 'value'))
def press(_):
    with out: print(name.value, colour.value, on.value)
    for i in range(21): bar.value = i; time.sleep(.02)
go.on_click(press)
tab = w.Tab([w.VBox([name, colour, on, go, bar]), w.HBox([a, b])], titles=['Form', 'Linked'])
display(tab, w.Accordion([out], titles=['Result'], selected_index=0))
"""
    ann = await open_notebook(new_code_cell(code))
    ben = await open_notebook()
    await ann.run(0)
    shown, seen = ann.outputs(0), ben.outputs(0)
    await expect(shown.get_by_label("Name")).to_be_visible(timeout=KERNEL)
    await shown.get_by_label("Name").fill("Ada")
    await shown.get_by_label("Colour").select_option("green")
    await shown.get_by_label("Enabled").check()
    await shown.get_by_role("button", name="Go").click()
    for outputs in (shown, seen):
        await expect(outputs.locator(".widget-outputs")).to_have_text(
            "Ada green True\n", timeout=KERNEL
        )
        await expect(outputs.locator(".progress-bar")).to_have_attribute(
            "style", re.compile("width: 100%"), timeout=PATIENCE
        )
    await expect(seen.get_by_label("Name")).to_have_value("Ada")
    await expect(seen.get_by_label("Colour")).to_have_value("green")
    await expect(seen.get_by_label("Enabled")).to_be_checked()
    await seen.get_by_text("Linked", exact=True).click()
    await expect(shown.get_by_role("slider", name="One")).to_be_visible(timeout=PATIENCE)
    await seen.get_by_role("slider", name="One").focus()
    await ben.page.keyboard.press("ArrowRight")
    for outputs in (shown, seen):
        for number in (0, 1):
            await expect(
                outputs.locator(".widget-hslider .widget-readout").nth(number)
            ).to_have_text("1", timeout=PATIENCE)


async def test_interact_and_pictures_show_for_all(open_notebook: OpenNotebook) -> None:
    ann = await open_notebook(
        new_code_cell(
            "import struct, zlib\nimport ipywidgets as w\nfrom ipywidgets import interact\n"
            f"{inspect.getsource(_png)}\n"
            "im = w.Image(value=_png(2, 3), format='png')\n"
            "@interact(x=(0, 10))\ndef f(x=2):\n    print('x is', x)\n"
        ),
        new_code_cell("im"),
        new_code_cell("im.value = _png(200, 100)"),
    )
    ben = await open_notebook()
    await ann.run(0)
    await ann.run(1)
    await expect(ben.outputs(0).locator(".widget-outputs")).to_have_text("x is 2\n", timeout=KERNEL)
    await nudge(ben)
    await expect(ann.outputs(0).locator(".widget-outputs")).to_have_text(
        "x is 3\n", timeout=PATIENCE
    )
    picture = ben.outputs(1).locator("img.widget-image")
    await expect(picture).to_be_visible(timeout=KERNEL)
    height = "async (img) => (await img.decode(), img.naturalHeight)"
    assert await picture.evaluate(height) == 3
    # A large one is beside the document, and comes all the same.
    small = await picture.get_attribute("src")
    await ann.run(2)
    await expect(picture).not_to_have_attribute("src", str(small), timeout=KERNEL)
    assert await picture.evaluate(height) == 100


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b"".join(b"\0" + b"\x80\x20\x20" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows, 0)), chunk(b"IEND", b"")]
    )


async def test_who_may_only_look_sees_and_cannot_move(open_notebook: OpenNotebook) -> None:
    ann = await open_notebook(new_code_cell(SLIDER), person="ann")
    vic = await open_notebook(person="vic")
    await ann.run(0)
    await expect(readout(vic)).to_have_text("30", timeout=KERNEL)
    await nudge(ann)
    await expect(readout(vic)).to_have_text("31", timeout=PATIENCE)
    await expect(vic.outputs(0).locator(".noUi-target")).to_have_attribute("disabled", "true")
    await nudge(vic)
    await nudge(ann)
    await expect(readout(vic)).to_have_text("32", timeout=PATIENCE)
    await expect(readout(ann)).to_have_text("32")


async def test_values_outlive_our_process_and_the_last_state_outlives_the_kernel(
    open_notebook: OpenNotebook, own_server: NotebookServer, notebook_path: str
) -> None:
    cells = [new_code_cell(SLIDER), new_code_cell("print(calls)")]
    ann = await open_notebook(*cells, server=own_server)
    await ann.run(0)
    await expect(readout(ann)).to_have_text("30", timeout=KERNEL)
    await nudge(ann, 2)
    await expect(readout(ann)).to_have_text("32")
    own_server.kill()
    await nudge(ann)  # while nobody hears it
    own_server.launch()
    await ann.connected()
    await expect(readout(ann)).to_have_text("33")
    ben = await open_notebook(server=own_server)
    await expect(readout(ben)).to_have_text("33", timeout=PATIENCE)
    await nudge(ben)
    await expect(readout(ann)).to_have_text("34", timeout=PATIENCE)
    await ann.run(1)
    await expect(ann.outputs(1)).to_contain_text("33, 34]", timeout=KERNEL)

    # The kernel goes, what it showed stays.
    await ann.page.evaluate("derbyNotebook.page.kernelRequest('restart')")
    for page in (ann, ben):
        await expect(page.outputs(0).locator(".widget-note")).to_contain_text(
            "last state", timeout=KERNEL
        )
        await expect(page.outputs(0).locator(".noUi-target")).to_have_attribute("disabled", "true")
        await expect(readout(page)).to_have_text("34")
    await ann.saved()
    file = own_server.folder / notebook_path
    await expect_saved(ann, file, 34)
    # Another notebook of the same file, which no kernel ever knew.
    (own_server.folder / "copy.ipynb").write_bytes(file.read_bytes())
    await ben.page.goto(own_server.url("notebooks/copy.ipynb"))
    await ben.ready()
    await expect(readout(ben)).to_have_text("34", timeout=PATIENCE)
    await expect(ben.outputs(0).locator(".widget-note")).to_be_visible()


async def expect_saved(page: NotebookPage, file: Path, value: int) -> None:
    """Check that the file has a slider's value."""
    await page.page.evaluate("derbyNotebook.page.ask('save')")
    widgets = json.loads(file.read_text())["metadata"]["widgets"]
    [saved] = widgets.values()
    states = [entry["state"] for entry in saved["state"].values()]
    assert value in [state.get("value") for state in states]


async def test_axe_finds_nothing_serious_in_controls(open_notebook: OpenNotebook) -> None:
    code = """
import ipywidgets as w
names = ['primary', 'success', 'warning', '']
speed, span = w.IntSlider(description='Speed'), w.IntRangeSlider(description='Range')
w.VBox([
    w.Tab([speed, span], titles=['A', 'B']),
    w.Accordion([w.Text(description='Name'), w.Textarea(description='Long')], titles=['C', 'D']),
    w.HBox([w.Button(description=name or 'plain', button_style=name) for name in names]),
    w.Dropdown(options=['a'], description='One of'), w.Checkbox(description='On'),
    w.IntProgress(value=5, description='Done'),
    w.ToggleButtons(options=['x', 'y'], description='Pace'),
    w.RadioButtons(options=['x', 'y'], description='Pick'), w.HTML('<b>bold</b>'),
])
"""
    page = await open_notebook(new_code_cell(code), color_scheme="light", bypass_csp=True)
    await page.run(0)
    await expect(readout(page)).to_be_visible(timeout=KERNEL)
    assert await violations(page) == []
    await page.page.emulate_media(color_scheme="dark")
    assert await violations(page) == []


COUNTER = """
import anywidget, traitlets
class Counter(anywidget.AnyWidget):
    _esm = \"\"\"
    export default {render({model, el}) {
      const button = document.createElement('button');
      const say = () => button.textContent = `${model.get('value')} in ${window.origin}`;
      button.onclick = () => { model.set('value', model.get('value') + 1); model.save_changes(); };
      model.on('change:value', say);
      say();
      el.append(button);
    }}\"\"\"
    value = traitlets.Int(0).tag(sync=True)
Counter()
"""


async def test_a_widget_with_javascript_of_its_own_is_shared_and_cannot_reach_the_page(
    open_notebook: OpenNotebook, notebook_server: NotebookServer, notebook_path: str
) -> None:
    ann = await open_notebook(new_code_cell(COUNTER))
    ben = await open_notebook()
    await ann.run(0)
    mine, theirs = (
        page.outputs(0).frame_locator("iframe").get_by_role("button") for page in (ann, ben)
    )
    await expect(mine).to_have_text("0 in null", timeout=KERNEL)
    await mine.click()
    await expect(theirs).to_have_text("1 in null", timeout=PATIENCE)
    await theirs.click()
    await expect(mine).to_have_text("2 in null", timeout=PATIENCE)
    # What came with a file runs only once somebody asks for it.
    await ann.saved()
    await ann.page.evaluate("derbyNotebook.page.ask('save')")
    copy = notebook_server.folder / f"copy-{notebook_path}"
    text = (notebook_server.folder / notebook_path).read_text()
    copy.write_text(text.replace("Counter", "Unsigned"))  # Jupyter trusts what it signed itself
    await ben.page.goto(notebook_server.url(f"notebooks/{copy.name}"))
    await ben.ready()
    await expect(ben.outputs(0)).to_contain_text("was not run", timeout=PATIENCE)
    await expect(ben.page.locator("iframe")).to_have_count(0)
    await ben.outputs(0).get_by_role("button", name="sandbox").click()
    await expect(theirs).to_have_text("2 in null", timeout=PATIENCE)


CORNER = """(canvas, {wanted, patience}) => new Promise((resolve) => {
  const look = () => {
    const pixel = [...canvas.getContext('2d').getImageData(3, 3, 1, 1).data];
    if (`${pixel}` === `${wanted}` || (patience -= 50) < 0) resolve(pixel);
    else setTimeout(look, 50);
  };
  look();
})"""


async def has_corner(page: NotebookPage, *colour: int) -> None:
    """Wait until the first cell's plot has a colour in its corner."""
    canvas = page.outputs(0).frame_locator("iframe").locator("canvas").first
    await canvas.wait_for(timeout=KERNEL)
    wanted = [*colour, 255]
    for _ in range(5):
        try:
            found = await canvas.evaluate(CORNER, {"wanted": wanted, "patience": KERNEL})
        except Error:
            continue  # the frame has just started anew
        assert found == wanted
        return
    raise AssertionError("The plot's frame starts anew again and again")


async def test_a_live_plot_is_drawn_for_all_from_binary_messages(
    open_notebook: OpenNotebook,
) -> None:
    colour = "ax.figure.set_facecolor('{}'); fig.canvas.draw_idle()"
    ann = await open_notebook(
        new_code_cell(
            "%matplotlib widget\nimport matplotlib.pyplot as plt\n"
            "fig, ax = plt.subplots(figsize=(3, 2))\nax.plot([1, 3, 2])"
        ),
        new_code_cell(colour.format("#ff0000")),
        new_code_cell(colour.format("#00ff00")),
    )
    ben = await open_notebook()
    await ann.run(0)
    for page in (ann, ben):
        await has_corner(page, 255, 255, 255)
    await ann.run(1)
    for page in (ann, ben):
        await has_corner(page, 255, 0, 0)
    # What one misses whose line is broken, they see once it stands again.
    await ben.page.context.set_offline(True)
    await ben.page.evaluate("derbyNotebook.model.connection.socket.socket.close()")
    await expect(ben.page.locator(".notice.offline")).to_be_visible(timeout=PATIENCE)
    await ann.run(2)
    await has_corner(ann, 0, 255, 0)
    await ben.page.context.set_offline(False)
    await has_corner(ben, 0, 255, 0)


async def test_what_a_file_brings_is_shown_as_far_as_it_can_be_and_runs_nothing(
    open_notebook: OpenNotebook,
) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\"><b>kept</b>"
    models: dict[str, dict[str, Any]] = {
        "html": {"model_name": "HTMLModel", "state": {"value": evil}},
        "odd": {"model_name": "HTMLModel", "state": {"_view_name": evil, "_view_module": CONTROLS}},
    }
    for entry in models.values():
        entry |= {"model_module": CONTROLS, "model_module_version": "2.0.0"}
    state = {"state": models, "version_major": 2, "version_minor": 0}
    cells = [
        new_code_cell(
            name,
            outputs=[
                new_output(
                    "display_data",
                    {VIEW: {"model_id": name, "version_major": 2}, "text/plain": "as text"},
                )
            ],
        )
        for name in ("html", "odd", "nobody")
    ]
    page = await open_notebook(*cells, metadata={"widgets": {STATE: state}})
    await expect(page.outputs(0).locator("b")).to_have_text("kept", timeout=PATIENCE)
    await expect(page.outputs(0).locator("[onerror]")).to_have_count(0)
    await expect(page.outputs(1)).to_contain_text("onerror", timeout=PATIENCE)
    await expect(page.outputs(1).locator("img")).to_have_count(0)
    await expect(page.outputs(2)).to_contain_text("not there any more", timeout=PATIENCE)
    await expect(page.outputs(2)).to_contain_text("as text")
    await expect(page.page).not_to_have_title("owned")
