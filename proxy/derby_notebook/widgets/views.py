"""What a kernel says to a widget's views goes to whoever looks, and is not kept.

It goes as presence does: to those who listen at that moment, in order.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable
from typing import Any, Final

from derby_notebook.documents import Documents

__all__ = ["CHANNEL", "ViewMessages", "is_view_channel"]

CHANNEL: Final = "widgets:"
"""What the names of the presence channels begin with; the notebook's id follows."""


def is_view_channel(channel: Any) -> bool:
    """Whether only the service speaks on a presence channel."""
    return isinstance(channel, str) and channel.startswith(CHANNEL)


class ViewMessages:
    """The channel of one notebook's views."""

    def __init__(self, documents: Documents, notebook_id: str) -> None:
        self._documents = documents
        self._channel = f"{CHANNEL}{notebook_id}"
        # Listeners believe only what is newer than what they heard, of an earlier process too.
        self._version = int(time.time() * 1000) * 1000

    def tell(self, said: Iterable[dict[str, Any]]) -> None:
        """Tell messages: the model, the content and the buffers of each."""
        told = [
            {**one, "buffers": [base64.b64encode(buffer).decode() for buffer in one["buffers"]]}
            for one in said
        ]
        self._version += 1
        self._documents.broadcast(self._channel, "kernel", {"messages": told}, self._version)
