"""Questions from process to process, over the pub/sub that they share."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from sharedb_py.pubsub import Published, PubSub, Subscription

__all__ = ["Answerer", "NoAnswer", "PeerFailed", "Peers"]

log = logging.getLogger(__name__)

CHANNEL: Final = "$derby-notebook"
EVERYBODY: Final = "*"
HEARD_SECONDS: Final = 1.5
ANSWER_SECONDS: Final = 60.0

Answerer: TypeAlias = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class NoAnswer(Exception):
    """The process that was asked is gone, or does not answer."""


class PeerFailed(Exception):
    """The process that was asked tried, and failed; its log says why."""


class Peers:
    """This process's ear and voice among the others; ``answer`` answers what they ask.

    Messages are published, not stored: whoever is away does not hear them.
    """

    def __init__(self, pubsub: PubSub, name: str, answer: Answerer) -> None:
        self.name = name
        self._pubsub = pubsub
        self._answer = answer
        self._numbers = itertools.count(1)
        self._heard: dict[str, asyncio.Event] = {}
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._known: deque[str] = deque(maxlen=1000)
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscriptions: list[Subscription] = []

    async def start(self) -> None:
        """Listen; raises ``ShareDBError`` if the pub/sub is away."""
        for to in (self.name, EVERYBODY):
            channel = f"{CHANNEL}.{to}"
            self._subscriptions.append(await self._pubsub.subscribe(channel, self._receive))

    async def close(self) -> None:
        """Listen no more; what is being answered is cut off."""
        for subscription in self._subscriptions:
            subscription.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def ask(self, peer: str, question: dict[str, Any]) -> dict[str, Any]:
        """Return a process's answer; raises ``PeerFailed``, or ``NoAnswer``.

        That comes soon if it does not even hear.
        """
        number = f"{self.name}-{next(self._numbers)}"
        heard = self._heard[number] = asyncio.Event()
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        self._send(peer, {"ask": number, "from": self.name, "question": question})
        try:
            async with asyncio.timeout(HEARD_SECONDS):
                await heard.wait()
            async with asyncio.timeout(ANSWER_SECONDS):
                found: dict[str, Any] = await answer
        except TimeoutError:
            raise NoAnswer(f"Process {peer} does not answer") from None
        finally:
            del self._heard[number], self._answers[number]
        if "failed" in found:
            raise PeerFailed(f"Process {peer} failed; see its log")
        return found

    def tell_all(self, news: dict[str, Any]) -> None:
        """Tell every process something that needs no answer."""
        self._send(EVERYBODY, {"from": self.name, "question": news})

    def _send(self, to: str, message: dict[str, Any]) -> None:
        self._pubsub.publish([f"{CHANNEL}.{to}"], message)

    def _receive(self, published: Published) -> None:
        message = published.message
        if "heard" in message:
            heard = self._heard.get(message["heard"])
            if heard is not None:
                heard.set()
        elif "answers" in message:
            answer = self._answers.get(message["answers"])
            if answer is not None and not answer.done():
                answer.set_result(message["answer"])
        elif message["from"] != self.name and message.get("ask") not in self._known:
            task = asyncio.create_task(self._reply(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _reply(self, message: dict[str, Any]) -> None:
        number = message.get("ask")
        if number is not None:
            self._known.append(number)  # after a break, a message may come twice
            self._send(message["from"], {"heard": number})
        try:
            answer = await self._answer(message["question"])
        except Exception:
            log.exception("A question of process %s could not be answered", message["from"])
            answer = {"failed": True}
        if number is not None:
            self._send(message["from"], {"answers": number, "answer": answer})
