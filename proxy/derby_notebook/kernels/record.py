"""What a successor of this process needs to take up a notebook's kernel, kept as a document."""

from __future__ import annotations

import uuid
from typing import Any

from derby_notebook.documents import Documents

__all__ = ["RelayRecord"]


class RelayRecord:
    """``kernelRelays/<notebook>``: which kernel, over which line, and what it runs."""

    def __init__(self, notebook_id: str, documents: Documents) -> None:
        self._id = notebook_id
        self._documents = documents
        self.session = uuid.uuid4().hex
        """The line's own session: Jupyter keeps for it what comes while no line stands."""
        self.jupyter_session = ""
        """The id of Jupyter's session, which ties the notebook's path to its kernel."""
        self.kernel: dict[str, Any] = {}
        """The kernel's ``id``, ``name`` and ``display_name``; empty while there is none."""
        self.running: dict[str, Any] | None = None
        """The run that goes on, as :meth:`Runs.take_up` reads it."""

    async def load(self) -> bool:
        """Read what an earlier process left; False if it left no kernel."""
        snapshot = await self._documents.get("kernelRelays", self._id)
        if not snapshot.exists or not snapshot.data.get("kernel"):
            return False
        state = snapshot.data
        self.session, self.kernel = state["session"], state["kernel"]
        self.jupyter_session = state.get("jupyter_session", "")
        self.running = state.get("running")
        return True

    async def save(self) -> None:
        """Write it all."""
        state = {
            "session": self.session,
            "kernel": self.kernel,
            "jupyter_session": self.jupyter_session,
            "running": self.running,
        }
        if not await self._documents.create("kernelRelays", self._id, state):
            await self._documents.set("kernelRelays", self._id, **state)
