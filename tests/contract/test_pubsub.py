"""What every pub/sub promises: each message once, in order, to those on its channel."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from sharedb_py.jsonvalue import copy_json
from sharedb_py.projections import Projection
from sharedb_py.pubsub import Published, PubSub, doc_channel, presence_channel
from tests.contract.writing import JSON0

CHANNELS = ["a", "a.b", "a.b.c", "*", "a*", "?", "[ab]", "$presence.a", "a b", "", "é😀", "A", "\n"]


class Inbox:
    """Keeps what one receiver is given."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Published] = asyncio.Queue()

    def __call__(self, published: Published) -> None:
        self._queue.put_nowait(published)

    async def next(self) -> Any:
        """Return the next message, waiting for it."""
        return (await asyncio.wait_for(self._queue.get(), 60)).message

    async def several(self, many: int) -> list[Any]:
        return [await self.next() for _ in range(many)]

    @property
    def empty(self) -> bool:
        return self._queue.empty()


async def test_a_message_reaches_everyone_on_its_channel(pubsub: PubSub) -> None:
    inboxes = [Inbox() for _ in range(3)]
    for inbox in inboxes:
        await pubsub.subscribe("dogs", inbox)
    message = {
        "v": 1,
        "op": [{"p": ["é😀", 0], "li": [None, 1.5, "\u2028"]}],
        "c": "dogs",
        "d": "x",
    }
    pubsub.publish(["dogs"], message)
    for inbox in inboxes:
        assert await inbox.next() == message


async def test_a_channel_is_matched_exactly(pubsub: PubSub) -> None:
    inboxes = {channel: Inbox() for channel in CHANNELS}
    for channel, inbox in inboxes.items():
        await pubsub.subscribe(channel, inbox)
    for channel in CHANNELS:
        pubsub.publish([channel], {"to": channel})
    pubsub.publish(CHANNELS, {"to": "all"})
    for channel, inbox in inboxes.items():
        assert await inbox.several(2) == [{"to": channel}, {"to": "all"}]
        assert inbox.empty


async def test_messages_arrive_in_the_order_of_publishing(pubsub: PubSub) -> None:
    inbox = Inbox()
    await pubsub.subscribe("a", inbox)
    await pubsub.subscribe("b", inbox)
    for number in range(200):
        pubsub.publish(["a", "b"], {"v": number})
    assert await inbox.several(400) == [{"v": number // 2} for number in range(400)]
    assert inbox.empty


async def test_a_receiver_on_two_channels_of_a_message_gets_it_twice(pubsub: PubSub) -> None:
    inbox = Inbox()
    await pubsub.subscribe("dogs", inbox)
    await pubsub.subscribe("dogs.fido", inbox)
    pubsub.publish(["dogs", "dogs.fido", "elsewhere"], {"v": 1})
    assert await inbox.several(2) == [{"v": 1}, {"v": 1}]
    assert inbox.empty


async def test_what_was_published_before_is_not_received(pubsub: PubSub) -> None:
    pubsub.publish(["dogs"], {"v": 1})
    inbox = Inbox()
    await pubsub.subscribe("dogs", inbox)
    pubsub.publish(["dogs"], {"v": 2})
    assert await inbox.next() == {"v": 2}


async def test_a_closed_subscription_receives_nothing_more(pubsub: PubSub) -> None:
    left, stays = Inbox(), Inbox()
    subscription = await pubsub.subscribe("dogs", left)
    await pubsub.subscribe("dogs", stays)
    subscription.close()
    subscription.close()
    pubsub.publish(["dogs"], {"v": 1})
    assert await stays.next() == {"v": 1}
    assert left.empty


async def test_the_last_to_leave_does_not_stop_who_comes_next(pubsub: PubSub) -> None:
    for number in range(5):
        inbox = Inbox()
        subscription = await pubsub.subscribe("dogs", inbox)
        pubsub.publish(["dogs"], {"v": number})
        assert await inbox.next() == {"v": number}
        subscription.close()


async def test_simultaneous_subscribers_of_a_channel_all_receive(pubsub: PubSub) -> None:
    inboxes = [Inbox() for _ in range(10)]
    subscriptions = await asyncio.gather(*(pubsub.subscribe("dogs", inbox) for inbox in inboxes))
    subscriptions[0].close()
    pubsub.publish(["dogs"], {"v": 1})
    for inbox in inboxes[1:]:
        assert await inbox.next() == {"v": 1}
    assert inboxes[0].empty


async def test_a_receiver_may_leave_while_it_receives(pubsub: PubSub) -> None:
    inbox, stays = Inbox(), Inbox()

    def leave(published: Published) -> None:
        inbox(published)
        subscription.close()

    subscription = await pubsub.subscribe("dogs", leave)
    await pubsub.subscribe("dogs", stays)
    pubsub.publish(["dogs"], {"v": 1})
    pubsub.publish(["dogs"], {"v": 2})
    assert await stays.several(2) == [{"v": 1}, {"v": 2}]
    assert await inbox.next() == {"v": 1}
    assert inbox.empty


async def test_publishing_changes_neither_channels_nor_message(pubsub: PubSub) -> None:
    channels, message = ["dogs", "dogs.fido"], {"v": 1, "op": [{"p": ["a"], "oi": [1]}]}
    before = copy_json([channels, message])
    inbox = Inbox()
    await pubsub.subscribe("dogs", inbox)
    pubsub.publish(channels, message)
    await inbox.next()
    assert [channels, message] == before


async def test_a_message_to_nobody_is_no_error(pubsub: PubSub) -> None:
    pubsub.publish(["nobody"], {"v": 1})
    pubsub.publish([], {"v": 1})


async def test_a_big_message_arrives_whole(pubsub: PubSub) -> None:
    inbox = Inbox()
    await pubsub.subscribe("big", inbox)
    message = {"v": 1, "create": {"type": JSON0, "data": "0123456789abcdef" * 2**17}}
    pubsub.publish(["big"], message)
    assert await inbox.next() == message


async def test_a_receiver_that_fails_harms_no_other(
    pubsub: PubSub, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(published: Published) -> None:
        raise ValueError("a receiver's own mistake")

    inbox = Inbox()
    await pubsub.subscribe("dogs", fail)
    await pubsub.subscribe("dogs", inbox)
    for number in range(2):
        pubsub.publish(["dogs"], {"v": number})
    assert await inbox.several(2) == [{"v": 0}, {"v": 1}]
    assert "a receiver's own mistake" in caplog.text


async def test_closing_twice_ends_all_subscriptions(pubsub: PubSub) -> None:
    inbox = Inbox()
    subscription = await pubsub.subscribe("dogs", inbox)
    await pubsub.close()
    await pubsub.close()
    subscription.close()
    pubsub.publish(["dogs"], {"v": 1})
    assert inbox.empty


# Names, and the wire form that receivers share


def test_channels_of_documents_and_presence_have_their_names() -> None:
    assert doc_channel("dogs", "fido") == "dogs.fido"
    assert presence_channel("dogs.fido") == "$presence.dogs.fido"


def test_an_op_is_encoded_once_for_each_name_it_is_sent_under() -> None:
    op = {"src": "a", "seq": 1, "v": 2, "op": [{"p": ["x"], "na": 1}], "c": "dogs", "d": "fido"}
    published = Published(op)
    projection = Projection("names", "dogs", frozenset({"name"}))
    plain = published.encoded_op("dogs")
    assert json.loads(plain) == {"a": "op", **op}
    assert published.encoded_op("dogs") is plain
    cut = published.encoded_op("names", projection)
    assert json.loads(cut) == {"a": "op", **op, "c": "names", "op": []}
    assert published.encoded_op("names", projection) is cut
