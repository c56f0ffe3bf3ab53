"""What was read from a kernel is kept until its outcome is written, and no longer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from derby_notebook.kernels import inbox as inbox_module
from derby_notebook.kernels.inbox import Inbox
from derby_notebook.kernels.journal import Journal
from derby_notebook.kernels.messages import KernelMessage


def message(message_id: str) -> KernelMessage:
    return KernelMessage("iopub", {"msg_id": message_id}, {})


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path, "n")


async def test_a_frame_is_in_the_journal_before_anybody_has_dealt_with_it(
    journal: Journal, tmp_path: Path
) -> None:
    inbox = Inbox(journal)
    await inbox.put(b"one", message("1"))
    assert list(Journal(tmp_path, "n").frames()) == [b"one"]
    assert inbox.last == "1"
    journal.close()


async def test_what_waits_is_kept_when_what_came_before_it_is_written(
    journal: Journal, tmp_path: Path
) -> None:
    inbox = Inbox(journal)
    for number in range(4):
        await inbox.put(str(number).encode(), message(str(number)))
    for _ in range(2):
        await inbox.first()
        inbox.done()
    inbox.mark()
    await inbox.put(b"4", message("4"))
    await inbox.first()
    inbox.done()  # after the mark: it is not yet among what is written
    inbox.settle()
    assert inbox.settled == 2
    assert list(Journal(tmp_path, "n").frames()) == [b"2", b"3", b"4"]
    for _ in range(2):
        await inbox.first()
        inbox.done()
    inbox.mark()
    inbox.settle()
    assert inbox.settled == 5
    assert list(Journal(tmp_path, "n").frames()) == []
    journal.close()


async def test_whoever_reads_waits_while_too_much_is_not_dealt_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox_module, "MOST_BYTES", 3)
    inbox = Inbox(Journal(None, "n"))
    await inbox.put(b"abc", message("1"))
    reading = asyncio.create_task(inbox.put(b"d", message("2")))
    await inbox.first()
    await asyncio.sleep(0)
    assert not reading.done()
    inbox.done()
    await reading
