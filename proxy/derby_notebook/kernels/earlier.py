"""The run that an earlier process had begun, as it left it."""

from __future__ import annotations

from typing import Any

from derby_notebook.documents import Documents
from derby_notebook.kernels.messages import KernelMessage
from derby_notebook.kernels.queue import Asked
from derby_notebook.kernels.run import Run
from derby_notebook.outputs.area import OutputArea

__all__ = ["recorded", "restored", "unwritten"]


def recorded(run: Run, message_id: str) -> dict[str, Any]:
    """Return what :func:`restored` needs of a run whose request has this id. Pure."""
    return {
        "message": message_id,
        "cell": run.asked.cell,
        "user": run.asked.user,
        "asked": run.asked.at,
        "started": run.started,
        "input": run.input_header,
        "clear": run.area.clear_next,
        "ends": run.ends,
    }


async def restored(documents: Documents, running: dict[str, Any]) -> Run | None:
    """Return the run as its cell shows it; None if its end is written."""
    cell = await documents.get("cells", running["cell"])
    if not cell.exists or cell.data.get("_state") not in ("busy", "queued"):
        return None
    asked = Asked(running["cell"], running.get("user"), running["asked"])
    area = OutputArea(cell.data.get("outputs") or [], bool(running.get("clear")))
    run = Run(asked, running["started"], area)
    run.generation = -1
    run.count = cell.data.get("execution_count")
    run.input = cell.data.get("_input")
    run.input_header = running.get("input") or {}
    run.resume(running.get("ends") or {})
    run.seen = (cell.data.get("_run") or {}).get("seen", "")
    return run


def unwritten(messages: list[KernelMessage], seen: str) -> list[KernelMessage]:
    """Return the messages whose outcome may not be in a cell that has seen one of them. Pure."""
    written = [at for at, message in enumerate(messages) if message.id == seen]
    return messages[written[-1] + 1 :] if written else messages
