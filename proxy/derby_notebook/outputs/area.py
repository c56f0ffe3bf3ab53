"""How a kernel's messages become a cell's outputs, and outputs become ops. Pure."""

from __future__ import annotations

from typing import Any, Final

from sharedb_py.jsonvalue import json_equal
from sharedb_py.ot.utf16 import length

__all__ = ["OutputArea", "outputs_op", "terminal_text"]

MAX_STREAM: Final = 400_000
_HEAD: Final = 100_000
TRUNCATED: Final = "\n… output truncated …\n"


def terminal_text(text: str) -> str:
    """Return what a terminal would show: carriage returns and backspaces carried out.

    A carriage return at the very end is kept, as what follows it may still come.
    """
    if "\r" not in text and "\b" not in text:
        return text
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        lines.append(_terminal_line(line))
    return "\n".join(lines)


def _terminal_line(line: str) -> str:
    pending = "\r" if line.endswith("\r") else ""
    shown: list[str] = []
    column = 0
    for char in line.rstrip("\r") if pending else line:
        if char == "\r":
            column = 0
        elif char == "\b":
            column = max(0, column - 1)
        else:
            shown[column : column + 1] = [char]
            column += 1
    return "".join(shown) + pending


class OutputArea:
    """The outputs of one run of a cell, growing as messages come."""

    def __init__(self) -> None:
        self.outputs: list[dict[str, Any]] = []
        self._clear_next = False

    def receive(self, kind: str, content: dict[str, Any]) -> bool:
        """Take a message; return whether it is one that carries output."""
        if kind == "clear_output":
            if content.get("wait"):
                self._clear_next = True
            else:
                self.outputs = []
            return True
        if kind not in ("stream", "display_data", "execute_result", "error"):
            return False
        if self._clear_next:
            self.outputs, self._clear_next = [], False
        if kind == "stream":
            self._add_stream(content.get("name", "stdout"), content.get("text", ""))
        elif kind == "error":
            keys = ("ename", "evalue", "traceback")
            self.outputs.append({"output_type": kind, **{key: content[key] for key in keys}})
        else:
            output = {
                "output_type": kind,
                "data": content.get("data", {}),
                "metadata": content.get("metadata", {}),
            }
            if kind == "execute_result":
                output["execution_count"] = content.get("execution_count")
            self.outputs.append(output)
        return True

    def _add_stream(self, name: str, text: str) -> None:
        last = self.outputs[-1] if self.outputs else {}
        before = last["text"] if last.get("name") == name else ""
        text = terminal_text(before + text)
        if len(text) > MAX_STREAM:
            tail = MAX_STREAM - _HEAD - len(TRUNCATED)
            text = text[:_HEAD] + TRUNCATED + text[-tail:]
        output = {"output_type": "stream", "name": name, "text": text}
        if last.get("name") == name:
            self.outputs[-1] = output
        else:
            self.outputs.append(output)


def outputs_op(before: list[Any], after: list[Any]) -> list[dict[str, Any]]:
    """Return the json0 op on a cell that turns its outputs from one list into the other.

    What was only added to a stream is an insert at its end.
    """
    same = 0
    while same < min(len(before), len(after)) and json_equal(before[same], after[same]):
        same += 1
    op: list[dict[str, Any]] = []
    if same < min(len(before), len(after)):
        grown = _grown(before[same], after[same], same)
        if grown is not None:
            op.append(grown)
            same += 1
    op += [{"p": ["outputs", same], "ld": item} for item in before[same:]]
    op += [{"p": ["outputs", same + at], "li": item} for at, item in enumerate(after[same:])]
    return op


def _grown(before: dict[str, Any], after: dict[str, Any], index: int) -> dict[str, Any] | None:
    if before.get("output_type") != "stream" or before.get("name") != after.get("name"):
        return None
    old, new = before["text"], after.get("text", "")
    if not new.startswith(old):
        return None
    return {"p": ["outputs", index, "text", length(old)], "si": new[len(old) :]}
