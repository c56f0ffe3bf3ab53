"""When a run is over: both halves of its end, or the kernel asked after it."""

from __future__ import annotations

from typing import Any

import pytest

from derby_notebook.kernels.messages import KernelMessage
from derby_notebook.kernels.queue import Asked
from derby_notebook.kernels.reasons import INTERRUPTED
from derby_notebook.kernels.run import Run

IDLE: tuple[str, dict[str, Any]] = ("status", {"execution_state": "idle"})
OK: tuple[str, dict[str, Any]] = ("execute_reply", {"status": "ok"})
PRINTED: tuple[str, dict[str, Any]] = ("stream", {"name": "stdout", "text": "a\n"})
ERROR: tuple[str, dict[str, Any]] = ("error", {"ename": "E", "evalue": "e", "traceback": []})


def a_run(*messages: tuple[str, dict[str, Any]]) -> Run:
    run = Run(Asked("cell", "ann", 1), 2)
    for kind, content in messages:
        run.receive(KernelMessage("iopub", {"msg_type": kind, "msg_id": kind}, content, {}))
    return run


@pytest.mark.parametrize("messages", [(IDLE,), (OK,), (PRINTED,), ()])
def test_one_half_of_its_end_is_not_its_end(messages: Any) -> None:
    assert not a_run(*messages).over


@pytest.mark.parametrize(
    ("messages", "outcome", "shown"),
    [
        ((PRINTED, OK), "ok", ["stream"]),
        ((PRINTED, IDLE), "ok", ["stream"]),
        ((ERROR, IDLE), "error", ["error"]),
        ((PRINTED,), "lost", ["stream", "error"]),
    ],
)
def test_asked_after_it_is_over_with_what_was_seen(
    messages: Any, outcome: str, shown: list[str]
) -> None:
    run = a_run(*messages)
    run.settle("its end was lost")
    assert run.over
    assert run.record(3)["outcome"] == outcome
    assert run.record(3).get("reason") == ("its end was lost" if outcome == "lost" else None)
    assert [output["output_type"] for output in run.area.outputs()] == shown


@pytest.mark.parametrize(
    ("messages", "outcome", "shown"),
    [
        ((PRINTED, OK), "ok", ["stream"]),
        ((ERROR, IDLE), "error", ["error"]),
        ((PRINTED, IDLE), "interrupted", ["stream", "error"]),
        ((), "interrupted", ["error"]),
    ],
)
def test_interrupted_and_without_a_reply_it_has_not_succeeded(
    messages: Any, outcome: str, shown: list[str]
) -> None:
    run = a_run(*messages)
    run.settle(INTERRUPTED)
    assert run.over
    assert run.failed is (outcome != "ok")
    assert run.record(3)["outcome"] == outcome
    assert [output["output_type"] for output in run.area.outputs()] == shown


def test_another_process_goes_on_from_what_was_seen_of_its_end() -> None:
    successor = a_run()
    successor.resume(a_run(OK).ends)
    assert not successor.over
    successor.receive(KernelMessage("iopub", {"msg_type": "status", "msg_id": "i"}, IDLE[1], {}))
    assert successor.over
