"""Questions to a kernel that have one answer: completion, help, its own description."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

from derby_notebook.kernels.channel import KernelChannel
from derby_notebook.kernels.messages import KernelMessage, request

__all__ = ["Requests"]

ANSWER_SECONDS: Final = 20.0


class Requests:
    """Matches replies with who asked; where the kernel has subshells, none waits for a cell."""

    def __init__(self) -> None:
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._features: set[str] = set()
        self._subshell: str | None = None
        self._recent: deque[str] = deque(maxlen=100)
        self.language = ""
        """What the kernel runs, as it says itself: ``python``, ``bash``."""

    def asked(self, message_id: str) -> bool:
        """Whether a request was one of these, and no run of a cell."""
        return message_id in self._recent

    def receive(self, message: KernelMessage) -> None:
        """Take note of a message that may be an answer."""
        answer = self._answers.get(message.parent_id)
        if answer is not None and message.kind.endswith("_reply") and not answer.done():
            answer.set_result(message.content)
        if message.kind == "kernel_info_reply":
            self._features = set(message.content.get("supported_features") or [])
            self.language = str((message.content.get("language_info") or {}).get("name", ""))

    def restarted(self) -> None:
        """Forget what the kernel had that is no more."""
        self._subshell = None

    async def ask(
        self, channel: KernelChannel, kind: str, content: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the kernel's answer; raises ``TimeoutError`` while a cell leaves no room."""
        message = request("shell", kind, content, channel.session)
        if "kernel subshells" in self._features:
            message.header["subshell_id"] = await self._own_subshell(channel)
        return await self._answer_to(channel, message)

    async def _own_subshell(self, channel: KernelChannel) -> str | None:
        """Return the id of a subshell that answers while a cell runs."""
        if self._subshell is None:
            message = request("control", "create_subshell_request", {}, channel.session)
            self._subshell = (await self._answer_to(channel, message)).get("subshell_id")
        return self._subshell

    async def _answer_to(self, channel: KernelChannel, message: KernelMessage) -> dict[str, Any]:
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[message.id] = answer
        self._recent.append(message.id)
        try:
            await channel.send(message)
            return await asyncio.wait_for(answer, ANSWER_SECONDS)
        finally:
            del self._answers[message.id]
