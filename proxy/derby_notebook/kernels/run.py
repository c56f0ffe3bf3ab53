"""One run of one cell: what the kernel said of it so far. Pure."""

from __future__ import annotations

from typing import Any

from derby_notebook.kernels.messages import KernelMessage
from derby_notebook.kernels.queue import Asked
from derby_notebook.kernels.reasons import GAP, INTERRUPTED
from derby_notebook.outputs.area import OutputArea

__all__ = ["Run"]


class Run:
    """Folds messages into what the cell's document is to say.

    A run is over when both the kernel's reply and its return to idle are here,
    in whichever order; outputs of threads and tasks may still follow.
    """

    def __init__(self, asked: Asked, started: int, area: OutputArea | None = None) -> None:
        self.asked = asked
        self.started = started
        self.area = area or OutputArea()
        self.count: int | None = None
        self.input: dict[str, Any] | None = None
        """The question that waits for an answer: its ``id``, ``prompt``, and if a ``password``."""
        self.input_header: dict[str, Any] = {}
        self.payloads: list[dict[str, Any]] = []
        self.seen = ""
        """The id of the last message that has its part in this."""
        self.generation: int | None = None
        """Over which of the channel's lines it was sent; -1: over none that we know of."""
        self.unheard = ""
        """Why it is over if the kernel, asked after it, has no more to say; "": not asked yet."""
        self.interrupt_at_start = False
        """Whether to interrupt it as it begins: an idle kernel does not hear an interrupt."""
        self.failed = False
        self.outcome = ""
        self.reason = ""
        self.written = False
        """Whether its end is in its cell."""
        self._idle = False
        self._replied = False

    @property
    def over(self) -> bool:
        """Whether the kernel is done with it."""
        return self._idle and self._replied

    @property
    def lacks_idle(self) -> bool:
        """Whether the kernel has replied, but its return to idle was not seen."""
        return self._replied and not self._idle

    @property
    def ends(self) -> dict[str, bool]:
        """What was seen of its end, for :meth:`resume`."""
        return {"idle": self._idle, "replied": self._replied, "failed": self.failed}

    def resume(self, ends: dict[str, bool]) -> None:
        """Take over what an earlier process saw of its end."""
        self._idle, self._replied = bool(ends.get("idle")), bool(ends.get("replied"))
        self.failed = bool(ends.get("failed"))

    def settle(self, reason: str) -> None:
        """The kernel has no more to say of it, asked after it was sent: it is over.

        With only one half of its end, all it showed is here, as outputs come before
        both; with neither it ends for ``reason``. An interrupt in the moment a cell begins
        makes ipykernel idle without a reply and without an error: that run did not succeed.
        """
        failed = any(output["output_type"] == "error" for output in self.area.outputs())
        if self._replied:
            self._idle = True
        elif reason == INTERRUPTED and not failed:
            self.abort("interrupted", reason)
        elif self._idle:
            self.failed = failed
            self._replied = True
        else:
            self.abort("lost", reason)

    def record(self, ended: int | None = None) -> dict[str, Any]:
        """Return what the cell's ``_run`` says."""
        record: dict[str, Any] = {
            "user": self.asked.user,
            "asked": self.asked.at,
            "started": self.started,
            "ended": ended,
        }
        if self.seen:
            record["seen"] = self.seen
        if ended is not None:
            record["outcome"] = self.outcome or ("error" if self.failed else "ok")
            if self.reason:
                record["reason"] = self.reason
        return record

    def receive(self, message: KernelMessage) -> bool:
        """Take a message that this run has caused; return whether there is something to write."""
        kind, content = message.kind, message.content
        self.seen = message.id
        if kind == "status":
            if content.get("execution_state") == "idle":
                self._idle = True
                return True
            return False
        if kind == "execute_input":
            self.count = content.get("execution_count")
            return True
        if kind == "execute_reply":
            self._reply(content)
            return True
        if kind == "input_request":
            self.input_header = message.header
            self.input = {
                "id": message.id,
                "prompt": str(content.get("prompt", "")),
                "password": bool(content.get("password")),
            }
            return True
        return self.area.receive(kind, content)

    def _reply(self, content: dict[str, Any]) -> None:
        self._replied = True
        self.failed = content.get("status") != "ok"
        self.input = None
        payloads = content.get("payload")
        self.payloads = [item for item in payloads or [] if isinstance(item, dict)]

    def answered(self, value: str) -> None:
        """Show a question and its answer as a terminal would; a password as dots."""
        if self.input is None:
            return
        shown = "········" if self.input["password"] else value
        text = f"{self.input['prompt']}{shown}\n"
        self.area.receive("stream", {"name": "stdout", "text": text})
        self.input = None

    def note_gap(self) -> None:
        """Say where its output is that some of it may be missing."""
        self.area.receive("stream", {"name": "stderr", "text": f"\n{GAP}\n"})

    def abort(self, outcome: str, reason: str) -> None:
        """End it without the kernel, and say why where its output is."""
        if self.over:
            return
        self.failed, self.outcome, self.reason = True, outcome, reason
        self.input = None
        error = {"ename": "KernelError", "evalue": reason, "traceback": [f"KernelError: {reason}"]}
        self.area.receive("error", error)
        self._idle = self._replied = True
