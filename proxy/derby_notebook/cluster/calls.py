"""Has things done by whichever process looks after the notebook that they are about."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from derby_notebook.cluster.owners import Owners
from derby_notebook.cluster.peers import NoAnswer, Peers
from sharedb_py.pubsub import PubSub

__all__ = ["Calls", "Handler"]

PATIENCE: Final = 12.0
"""Longer than a dead owner's leases last."""
PAUSE: Final = 0.2

Handler: TypeAlias = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""Does something to a notebook, here, with arguments and a result that are JSON."""


class Calls:
    """Handlers by name; each runs in the process that owns the notebook in question."""

    def __init__(self, pubsub: PubSub, owners: Owners) -> None:
        self.handlers: dict[str, Handler] = {}
        self._owners = owners
        self._peers = Peers(pubsub, owners.name, self._answer)

    async def start(self) -> None:
        """Answer the others; raises ``ShareDBError`` if the pub/sub is away."""
        await self._peers.start()

    async def close(self) -> None:
        """Answer no more."""
        await self._peers.close()

    async def call(
        self,
        what: str,
        notebook_id: str,
        arguments: dict[str, Any] | None = None,
        *,
        patience: float = PATIENCE,
    ) -> dict[str, Any]:
        """Return what a handler returns, here or in another process.

        Waits while an owner that died is replaced; raises ``NoAnswer`` where that
        takes longer than ``patience`` seconds, ``PeerFailed``, ``DatabaseError``, and
        what a handler raises here.
        """
        deadline = asyncio.get_running_loop().time() + patience
        while True:
            if await self._owners.acquire(notebook_id):
                return await self.handlers[what](notebook_id, arguments or {})
            owner = self._owners.owner_of(notebook_id)
            if owner is not None:
                question = {"call": what, "notebook": notebook_id, "arguments": arguments or {}}
                try:
                    answer = await self._peers.ask(owner, question)
                except NoAnswer:
                    pass
                else:
                    if "result" in answer:
                        result: dict[str, Any] = answer["result"]
                        return result
            if asyncio.get_running_loop().time() > deadline:
                raise NoAnswer("The process that looks after this notebook does not answer")
            await asyncio.sleep(PAUSE)

    def tell(self, what: str, notebook_id: str) -> None:
        """Have something done by whoever owns a notebook, if anybody hears."""
        self._peers.tell_all({"call": what, "notebook": notebook_id, "arguments": {}})

    async def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        notebook_id = question["notebook"]
        if notebook_id not in self._owners.owned:
            return {}
        handler = self.handlers[question["call"]]
        return {"result": await handler(notebook_id, question["arguments"])}
