"""Cells run in a real kernel, for everyone, and their outputs come out right."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from derby_notebook.kernels.relay import NoKernel
from derby_notebook.service import NotebookService
from sharedb_py.jsonvalue import json_equal
from tests.proxy.conftest import JupyterServer, write_notebook
from tests.proxy.live import Live, eventually, said

pytestmark = [pytest.mark.jupyter]


@pytest.fixture
def open_live(service: NotebookService, jupyter: JupyterServer, folder: Path) -> Any:
    async def open_it(*sources: str, **metadata: Any) -> Live:
        path = write_notebook(folder / "a.ipynb", *sources, **metadata)
        return await Live.open(service, jupyter.folder, path)

    return open_it


def relay(live: Live) -> Any:
    return live.service.kernels.relay(live.id)


async def test_a_run_is_recorded_with_its_outputs(open_live: Any) -> None:
    live = await open_live("print(6*7)\n43")
    cell = await live.done(0, "ann")
    assert said(cell) == "42\n43"
    assert (cell["_state"], cell["execution_count"]) == ("idle", 1)
    record = cell["_run"]
    assert (record["user"], record["outcome"]) == ("ann", "ok")
    assert record["asked"] <= record["started"] <= record["ended"]
    kernel = await live.kernel("idle")
    assert (kernel["name"], kernel["display_name"]) == ("python3", "Python 3 (ipykernel)")


async def test_the_second_run_takes_the_place_of_the_first(open_live: Any) -> None:
    live = await open_live("print('x')")
    await live.done(0)
    cell = await live.done(0)
    assert (said(cell), cell["execution_count"]) == ("x\n", 2)


async def test_run_all_runs_in_order_and_only_its_own_users_cells_stop_at_an_error(
    open_live: Any,
) -> None:
    live = await open_live(
        "import time; time.sleep(.5); n = []", "n.append(1)", "1/0", "n.append(2)", "print(n)"
    )
    ids = await live.ids()
    await relay(live).put(ids[:4], "ann")
    await relay(live).put(ids[4:], "ben")
    assert (await live.notebook())["_queue"] == ids
    assert (await live.state(4, "queued"))["_run"]["user"] == "ben"
    assert said(await live.ended(4)) == "[1]\n"
    failed, stopped = await live.cell(2), await live.cell(3)
    assert failed["_state"] == "error"
    assert "ZeroDivisionError" in said(failed)
    assert (stopped["_state"], stopped["_run"]["outcome"]) == ("idle", "aborted")
    await eventually(lambda: _nothing_waits(live), "the queue is empty")


async def test_a_cell_that_may_fail_stops_nobody(open_live: Any, service: NotebookService) -> None:
    live = await open_live("1/0", "print('on')")
    [first, _] = await live.ids()
    await service.documents.set("cells", first, metadata={"tags": ["raises-exception"]})
    await relay(live).put(await live.ids(), "ann")
    assert said(await live.ended(1)) == "on\n"


async def test_above_below_and_all(open_live: Any, service: NotebookService) -> None:
    live = await open_live("a = 1", "a += 1", "print(a)")
    ids = await live.ids()
    kernels = service.kernels
    assert await kernels.run_many(live.id, "ann", "above", ids[2]) == ids[:2]
    await live.ended(1)
    assert await kernels.run_many(live.id, "ann", "below", ids[1]) == ids[1:]
    assert said(await live.ended(2)) == "3\n"
    assert await kernels.run_many(live.id, "ann", "all") == ids
    await eventually(lambda: _counts(live, 7), "the last one ran again")


async def _nothing_waits(live: Live) -> bool:
    return not (await live.notebook())["_queue"]


async def _counts(live: Live, count: int) -> bool:
    return bool((await live.cell(2))["execution_count"] == count)


async def test_what_waits_can_be_cancelled(open_live: Any) -> None:
    live = await open_live("import time; time.sleep(1)", "1", "2", "3")
    ids = await live.ids()
    await relay(live).put(ids, "ann")
    await live.state(0, "busy")
    assert await relay(live).cancel(ids[1]) == [ids[1]]
    assert (await live.cell(1))["_run"]["outcome"] == "cancelled"
    assert await relay(live).cancel() == ids[2:]
    assert (await live.ended(0))["_run"]["outcome"] == "ok"
    assert [(await live.cell(at))["execution_count"] for at in (1, 2, 3)] == [None] * 3


async def test_an_interrupted_cell_says_so(open_live: Any) -> None:
    live = await open_live("import time\nprint('in')\ntime.sleep(60)", "print('after')")
    await relay(live).put(await live.ids(), "ann")
    await live.shows(0, "in")
    await relay(live).interrupt()
    assert "KeyboardInterrupt" in said(await live.ended(0))
    assert (await live.ended(1))["_run"]["outcome"] == "aborted"


async def test_an_interrupt_is_heard_at_whatever_moment_of_a_cells_start(open_live: Any) -> None:
    live = await open_live("import time; time.sleep(600)", "1")
    await live.done(1)
    [cell_id, _] = await live.ids()
    for milliseconds in (0, 0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 21, 34):
        await relay(live).put([cell_id], "ann")
        while not relay(live).runs(cell_id):  # noqa: ASYNC110 - at that very moment
            await asyncio.sleep(0)
        await asyncio.sleep(milliseconds / 1000)
        await relay(live).interrupt()
        cell = await live.ended(0)
        assert cell["_state"] == "error"
        assert "Interrupt" in said(cell) or "interrupted" in said(cell)
        assert said(await live.done(1)) == "1"


async def test_a_restart_ends_what_runs_and_what_waits(open_live: Any) -> None:
    live = await open_live("x = 1\nprint('in')\nimport time; time.sleep(60)", "print(x)")
    ids = await live.ids()
    await relay(live).put(ids, "ann")
    await live.shows(0, "in")
    await relay(live).restart()
    assert "restarted" in said(await live.ended(0))
    assert (await live.ended(1))["_run"]["outcome"] == "cancelled"
    cell = await live.done(1)
    assert "NameError" in said(cell)
    assert cell["execution_count"] == 1
    await live.kernel("idle")


async def test_run_all_right_after_a_restart_runs_in_the_new_kernel(open_live: Any) -> None:
    live = await open_live("print('x' in dir())\nx = 1", "import time; time.sleep(.2)", "print(x)")
    for _ in range(3):
        if relay(live).kernel_id is not None:
            await relay(live).restart()
        await relay(live).put(await live.ids(), "ann")

        async def all_ended() -> bool:
            return not (await live.notebook())["_queue"]

        await eventually(all_ended, "the queue is empty")
        cells = [cell for _, cell in await live.cells()]
        assert [cell["_run"]["outcome"] for cell in cells] == ["ok"] * 3
        assert [said(cell) for cell in cells] == ["False\n", "", "1\n"]


async def test_what_runs_and_waits_says_since_when_and_for_whom(open_live: Any) -> None:
    live = await open_live("import time; time.sleep(.3)", "1")
    ids = await live.ids()
    await relay(live).put(ids[:1], "ann")
    await relay(live).put(ids[1:], "ben")
    running, waiting = await live.state(0, "busy"), await live.state(1, "queued")
    assert running["_run"]["started"] >= running["_run"]["asked"]
    assert running["_run"]["ended"] is None
    assert (waiting["_run"]["user"], waiting["_run"]["started"]) == ("ben", None)
    assert (await live.notebook())["_queue"] == ids
    first, second = await live.ended(0), await live.ended(1)
    assert 250 <= first["_run"]["ended"] - first["_run"]["started"] < 20_000
    assert second["_run"]["started"] >= first["_run"]["ended"]


async def test_a_kernel_that_dies_is_told_and_started_again(open_live: Any) -> None:
    live = await open_live("import os; os._exit(1)", "print('well')", "print('again')")
    await relay(live).put((await live.ids())[:2], "ann")
    cell = await live.ended(0)
    assert (cell["_state"], cell["_run"]["outcome"]) == ("error", "died")
    assert "died" in said(cell)
    assert (await live.ended(1))["_run"]["outcome"] in ("cancelled", "aborted")
    assert said(await live.done(2)) == "again\n"


async def test_a_kernel_shut_down_is_gone_and_the_next_run_starts_another(
    open_live: Any, jupyter: JupyterServer
) -> None:
    live = await open_live("x = 1", "print(x)")
    await live.done(0)
    first = (await live.kernel("idle"))["id"]
    await relay(live).shut_down()
    await live.kernel("none")
    with jupyter.http() as http:
        assert http.get(f"api/kernels/{first}").status_code == 404
    assert "NameError" in said(await live.done(1))
    assert (await live.kernel("idle"))["id"] != first


async def test_another_kind_of_kernel(open_live: Any, service: NotebookService) -> None:
    live = await open_live("print('py')", "echo $((6*7))")
    await live.done(0)
    await service.change_kernel(live.id, "bash")
    assert said(await live.done(1)).strip() == "42"
    assert (await live.kernel("idle"))["display_name"] == "Bash"
    contents = (await live.notebook())["contents"]
    assert contents["metadata"]["kernelspec"]["name"] == "bash"


async def test_a_bash_kernel_does_what_it_can(open_live: Any, service: NotebookService) -> None:
    spec = {"name": "bash", "display_name": "Bash", "language": "bash"}
    live = await open_live(
        *("x=6; echo out; echo err >&2", "echo $((x*7))", "sleep 60"),
        "exit_code() { return 3; }\nexit_code",
        kernelspec=spec,
    )
    first = await live.done(0)
    assert "out" in said(first)
    assert "err" in said(first)
    assert said(await live.done(1)).strip() == "42"
    found = await relay(live).ask("complete_request", {"code": "exit_c", "cursor_pos": 6})
    assert found["status"] == "ok"
    await live.run(2)
    await live.state(2, "busy")
    await relay(live).interrupt()
    stopped = await live.ended(2)
    assert stopped["_run"]["ended"] - stopped["_run"]["started"] < 30_000
    assert (await live.done(3))["_state"] == "error"
    assert (await live.notebook())["contents"]["metadata"]["language_info"]["name"] == "bash"
    await relay(live).restart()
    assert said(await live.done(1)).strip() == "0"


async def test_a_stranger_on_the_kernel_shows_as_busy_elsewhere(
    open_live: Any, jupyter: JupyterServer
) -> None:
    from websockets.asyncio.client import connect

    from derby_notebook.kernels.messages import SUBPROTOCOL, encode, request
    from tests.proxy.conftest import TOKEN

    live = await open_live("print('ours')")
    await live.done(0)
    kernel = await live.kernel("idle")
    async with connect(
        f"ws{jupyter.url[4:]}api/kernels/{kernel['id']}/channels?session_id=lab",
        additional_headers={"Authorization": f"token {TOKEN}"},
        subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
    ) as socket:
        content = {"code": "print('theirs'); import time; time.sleep(1)", "silent": False}
        await socket.send(encode(request("shell", "execute_request", content, "lab")))
        assert (await live.kernel("busy"))["elsewhere"] is True
        assert "elsewhere" not in await live.kernel("idle")
    assert said(await live.cell(0)) == "ours\n"


# What a cell shows


async def test_outputs_of_every_kind(open_live: Any) -> None:
    code = """
import sys
from IPython.display import display, HTML, clear_output
print('gone'); clear_output()
print('out'); sys.stdout.flush()
print('err', file=sys.stderr)
sys.stderr.flush()
print('12%\\r50%\\r100%')
display(HTML('<b>x</b>'))
'result'
"""
    live = await open_live(code)
    cell = await live.done(0)
    kinds = [(item["output_type"], item.get("name")) for item in cell["outputs"]]
    assert ("execute_result", None) in kinds
    text = said(cell)
    assert "gone" not in text
    assert "100%\n" in text
    assert "50%" not in text
    [html] = [item for item in cell["outputs"] if "text/html" in item.get("data", {})]
    assert html["data"]["text/html"] == "<b>x</b>"


async def test_clear_output_waits_for_what_comes_next(open_live: Any) -> None:
    live = await open_live(
        "from IPython.display import clear_output\n"
        "for i in range(5):\n    clear_output(wait=True)\n    print(i)"
    )
    assert said(await live.done(0)) == "4\n"


async def test_a_display_is_updated_from_another_cell(open_live: Any) -> None:
    live = await open_live(
        "from IPython.display import display, update_display\n_ = display('old', display_id='d')",
        "_ = display('old too', display_id='d')",
        "update_display('new', display_id='d')",
    )
    for at in range(3):
        await live.done(at)
    for at in (0, 1):
        await live.shows(at, "'new'")
    assert (await live.cell(2))["outputs"] == []


async def test_output_of_a_thread_comes_after_the_run(open_live: Any) -> None:
    live = await open_live(
        "import threading, time\n"
        "def late():\n    time.sleep(1)\n    print('late')\n"
        "threading.Thread(target=late).start()\nprint('early')"
    )
    assert said(await live.done(0)) == "early\n"
    await live.shows(0, "early\nlate\n")


async def test_a_question_is_answered_once_by_anybody(open_live: Any) -> None:
    live = await open_live("x = input('Your name? ')\nprint('hello', x)")
    await live.run(0, "ann")
    question = (await _asks(live, 0))["_input"]
    assert (question["prompt"], question["password"]) == ("Your name? ", False)
    cell_id = (await live.ids())[0]
    assert not await relay(live).answer(cell_id, "another question", "x")
    assert await relay(live).answer(cell_id, question["id"], "Ben")
    assert not await relay(live).answer(cell_id, question["id"], "Cid")
    cell = await live.ended(0)
    assert said(cell) == "Your name? Ben\nhello Ben\n"
    assert "_input" not in cell


async def test_a_password_is_in_no_document_and_no_op(
    open_live: Any, service: NotebookService
) -> None:
    live = await open_live("import getpass\nprint(len(getpass.getpass('Secret: ')))")
    await live.run(0)
    question = (await _asks(live, 0))["_input"]
    assert question["password"] is True
    cell_id = (await live.ids())[0]
    assert await relay(live).answer(cell_id, question["id"], "xyzzy12345")
    cell = await live.ended(0)
    assert said(cell).endswith("10\n")
    ops = await service.backend.db.get_ops("cells", cell_id, 0, None)
    assert "xyzzy" not in repr(ops) + repr(cell)


async def test_an_interrupt_ends_a_question(open_live: Any) -> None:
    live = await open_live("input('?')")
    await live.run(0)
    await _asks(live, 0)
    await relay(live).interrupt()
    assert "_input" not in await live.ended(0)


async def _asks(live: Live, at: int) -> dict[str, Any]:
    async def asks() -> dict[str, Any] | None:
        cell = await live.cell(at)
        return cell if cell.get("_input") else None

    found: dict[str, Any] = await eventually(asks, "a question")
    return found


async def test_help_comes_in_a_pager(open_live: Any) -> None:
    live = await open_live("len?")
    cell = await live.done(0, "ann")
    assert "number of items" in cell["_pager"]["data"]["text/plain"]
    assert cell["_pager"]["user"] == "ann"


async def test_text_for_the_next_cell(open_live: Any) -> None:
    live = await open_live(
        "get_ipython().set_next_input('fresh')",
        "get_ipython().set_next_input('instead', replace=True)",
    )
    await live.done(1)
    await live.done(0)

    async def there() -> bool:
        sources = [cell["source"] for _, cell in await live.cells()]
        return sources[1:] == ["fresh", "instead"]

    await eventually(there)


async def test_a_flood_costs_little_says_what_it_left_out_and_keeps_its_end(
    open_live: Any, service: NotebookService
) -> None:
    live = await open_live("for i in range(10**6): print(i)")
    cell_id = (await live.ids())[0]
    cell = await live.done(0)
    text = said(cell)
    assert text.startswith("0\n1\n2\n")
    assert text.endswith("999998\n999999\n")
    assert "truncated" in text
    assert len(text) < 110_000
    record = cell["_run"]
    seconds = (record["ended"] - record["started"]) / 1000
    ops = await service.backend.db.get_ops("cells", cell_id, 0, None)
    size = sum(len(repr(op)) for op in ops)
    assert len(ops) <= 12 + 11 * seconds
    assert size < 250_000 + 12_000 * seconds


async def test_a_flood_of_pictures_is_bounded(open_live: Any, service: NotebookService) -> None:
    live = await open_live("for i in range(3000): display(i)")
    cell = await live.done(0)
    assert len(cell["outputs"]) <= 251
    assert cell["outputs"][-1]["data"]["text/plain"] == "2999"


async def test_the_op_log_replays_to_the_outputs(open_live: Any, service: NotebookService) -> None:
    live = await open_live(
        "from IPython.display import clear_output\nimport time\n"
        "for i in range(5):\n    print(i, end='\\r'); time.sleep(.12)\n    clear_output(wait=i % 2)"
    )
    cell_id = (await live.ids())[0]
    cell = await live.done(0)
    snapshot = await service.backend.history.at_version(
        "cells", cell_id, (await service.documents.get("cells", cell_id)).version
    )
    assert json_equal(snapshot.data, cell)


# Completion and inspection


async def test_completion_and_inspection_are_answered(open_live: Any) -> None:
    live = await open_live("some_long_name = 1")
    with pytest.raises(NoKernel):
        await relay(live).ask("complete_request", {"code": "so", "cursor_pos": 2})
    await live.done(0)
    found = await relay(live).ask("complete_request", {"code": "some_l", "cursor_pos": 6})
    assert found["matches"] == ["some_long_name"]
    content = {"code": "len", "cursor_pos": 3, "detail_level": 0}
    shown = await relay(live).ask("inspect_request", content)
    assert "number of items" in shown["data"]["text/plain"]


async def test_completion_does_not_wait_for_a_long_cell(open_live: Any) -> None:
    live = await open_live("name_in_kernel = 1", "import time; print('in'); time.sleep(30)")
    await live.done(0)
    await live.run(1)
    await live.shows(1, "in")
    content = {"code": "name_in_k", "cursor_pos": 9}
    found = await asyncio.wait_for(relay(live).ask("complete_request", content), 60)
    assert found["matches"] == ["name_in_kernel"]
    await relay(live).interrupt()
    await live.ended(1)
