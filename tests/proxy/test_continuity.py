"""What the ids of a kernel's messages tell of those that are missing."""

from __future__ import annotations

from derby_notebook.kernels.continuity import Continuity
from derby_notebook.kernels.messages import KernelMessage


def message(message_id: str, channel: str = "iopub") -> KernelMessage:
    return KernelMessage(channel, {"msg_id": message_id, "msg_type": "stream"}, {})


def known(*ids: str) -> Continuity:
    made = Continuity()
    for message_id in ids:
        made.saw(message_id)
    return made


def test_while_the_line_stands_nothing_is_missing() -> None:
    made = Continuity()
    assert not any(made.lacks(message(f"k_1_{number}")) for number in (1, 2, 5, 9))


def test_a_message_that_no_line_brought_is_missed_once() -> None:
    made = known("k_1_1", "k_1_2")
    made.broke()
    assert made.lacks(message("k_1_4"))
    assert not made.lacks(message("k_1_6"))


def test_what_follows_at_once_is_whole() -> None:
    made = known("k_1_1", "k_1_2")
    made.broke()
    assert not made.lacks(message("k_1_3"))


def test_answers_that_came_by_another_stream_are_not_missed() -> None:
    made = known("k_1_1")
    made.broke()
    assert not made.lacks(message("k_1_2", "shell"))
    assert not made.lacks(message("k_1_3"))


def test_where_ids_tell_nothing_something_may_be_missing() -> None:
    made = known("4f6ca1c9", "k_1_1")
    made.broke()
    assert made.lacks(message("b83e0a55"))
    made.broke()
    assert made.lacks(message("another_2_2"))


def test_a_line_to_which_all_was_kept_has_no_gap() -> None:
    made = known("k_1_1")
    made.broke()
    made.mended()
    assert not made.lacks(message("k_1_9"))
