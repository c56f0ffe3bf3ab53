"""One handler for each action of documents and their history (protocol section 2.4)."""

from __future__ import annotations

from typing import Any, Final

from sharedb_py.agent import MAX_STREAMS, NO_REPLY, Agent, Handler, payload
from sharedb_py.delivery import DocStream, close_all
from sharedb_py.errors import MessageBadlyFormed
from sharedb_py.jsonvalue import MISSING
from sharedb_py.messages import Message, build_snapshot, handshake
from sharedb_py.reads import ReadRequest, ResolvedName, as_version
from sharedb_py.snapshot import Snapshot

__all__ = ["HANDLERS"]


async def _handshake(agent: Agent, message: Message) -> Message:
    if message.get("id"):
        agent.reclaim(message["id"])
    agent.protocol = (_number(message.get("protocol")), _number(message.get("protocolMinor")))
    return handshake("hs", agent.src)


def _number(value: Any) -> float:
    try:
        return float(value or 0)
    except ValueError:
        return 0


async def _ping(agent: Agent, message: Message) -> None:
    return None


async def _fetch(agent: Agent, message: Message) -> Message | None:
    action = "fetch" if message.get("v") is None else "getOps"
    with agent.backend.timing(action, _read_request(agent, message)):
        return await _read(agent, message)


async def _read(agent: Agent, message: Message) -> Message | None:
    """Send the ops since a version, or return the snapshot for the reply."""
    name = agent.backend.resolve(message["c"])
    if message.get("v") is not None:
        await agent.send_ops(name, message["d"], message["v"])
        return None
    snapshot = await agent.backend.reader.snapshot(agent, name, message["d"])
    return {"data": build_snapshot(snapshot)}


def _read_request(agent: Agent, message: Message) -> ReadRequest:
    name = agent.backend.resolve(message["c"])
    key = agent, name.index, name.collection
    if message["a"] in ("bf", "bs"):
        bulk = message["b"]
        return ReadRequest(*key, tuple(bulk), bulk if isinstance(bulk, dict) else None)
    return ReadRequest(*key, (message["d"],), message.get("v"), message.get("ts"))


async def _subscribe(agent: Agent, message: Message) -> Message:
    name, doc_id = agent.backend.resolve(message["c"]), message["d"]
    action = "subscribe.snapshot" if message.get("v") is None else "subscribe.ops"
    with agent.backend.timing(action, _read_request(agent, message)):
        streams = await agent.open_streams(name, [doc_id])
        try:
            read = _fetch if message.get("v") is None else _read
            result = await read(agent, message)
        except BaseException:
            close_all(streams.values())
            raise
    await _answer_and_follow(agent, message, name, result, streams)
    return NO_REPLY


async def _answer_and_follow(
    agent: Agent,
    message: Message,
    name: ResolvedName,
    result: Message | None,
    streams: dict[str, DocStream],
) -> None:
    """Reply, and only then deliver what was published since the streams were opened."""
    try:
        await agent.reply(message, result)
    except BaseException:
        close_all(streams.values())
        raise
    agent.keep(name, streams)
    for stream in streams.values():
        stream.release()


async def _unsubscribe(agent: Agent, message: Message) -> None:
    agent.drop_stream(message["c"], message["d"])


async def _fetch_bulk(agent: Agent, message: Message) -> Message | None:
    action = "fetchBulk" if isinstance(message["b"], list) else "getOpsBulk"
    with agent.backend.timing(action, _read_request(agent, message)):
        return await _read_bulk(agent, message)


async def _read_bulk(agent: Agent, message: Message) -> Message | None:
    """Send the ops since versions, or return the snapshots for the reply."""
    name, bulk = agent.backend.resolve(message["c"]), message["b"]
    if len(bulk) > MAX_STREAMS:
        raise MessageBadlyFormed("Invalid bulk subscribe data")
    if isinstance(bulk, dict):
        await agent.send_ops_bulk(name, bulk)
        return None
    found = await agent.backend.reader.snapshots(agent, name, list(dict.fromkeys(bulk)))
    return {"data": {doc_id: payload(item) for doc_id, item in found.items()}}


async def _subscribe_bulk(agent: Agent, message: Message) -> Message:
    name, bulk = agent.backend.resolve(message["c"]), message["b"]
    wants_snapshots = isinstance(bulk, list)
    action = "subscribeBulk.snapshot" if wants_snapshots else "subscribeBulk.ops"
    with agent.backend.timing(action, _read_request(agent, message)):
        streams = await agent.open_streams(name, dict.fromkeys(bulk))
        try:
            result = await (_fetch_bulk if wants_snapshots else _read_bulk)(agent, message)
        except BaseException:
            close_all(streams.values())
            raise
    for doc_id, item in ((result or {}).get("data") or {}).items():
        if "error" in item:
            streams.pop(doc_id).close()
    await _answer_and_follow(agent, message, name, result, streams)
    return NO_REPLY


async def _unsubscribe_bulk(agent: Agent, message: Message) -> None:
    if isinstance(message["b"], list):
        for doc_id in message["b"]:
            agent.drop_stream(message["c"], doc_id)


async def _op(agent: Agent, message: Message) -> Message:
    agent.submit(message)
    return NO_REPLY


async def _history(agent: Agent, message: Message, snapshot: Snapshot, kind: Any) -> Message:
    name = agent.backend.resolve(message["c"])
    [shown] = await agent.backend.reader.show(agent, name, [snapshot], kind)
    reply: Message = {"v": shown.version, "type": shown.type_uri, "m": None}
    if shown.data is not MISSING:
        reply["data"] = shown.data
    return reply


async def _fetch_version(agent: Agent, message: Message) -> Message:
    name, version = agent.backend.resolve(message["c"]), message.get("v")
    with agent.backend.timing("fetchSnapshot", _read_request(agent, message)):
        snapshot = await agent.backend.history.at_version(
            name.collection,
            message["d"],
            None if version is None else as_version(version),
            options={"agent_custom": agent.custom},
        )
        return await _history(agent, message, snapshot, "byVersion")


async def _fetch_time(agent: Agent, message: Message) -> Message:
    name, timestamp = agent.backend.resolve(message["c"]), message.get("ts")
    with agent.backend.timing("fetchSnapshot", _read_request(agent, message)):
        snapshot = await agent.backend.history.at_time(
            name.collection, message["d"], timestamp, options={"agent_custom": agent.custom}
        )
        return await _history(agent, message, snapshot, "byTimestamp")


HANDLERS: Final[dict[str, Handler]] = {
    "hs": _handshake,
    "pp": _ping,
    "f": _fetch,
    "s": _subscribe,
    "u": _unsubscribe,
    "bf": _fetch_bulk,
    "bs": _subscribe_bulk,
    "bu": _unsubscribe_bulk,
    "op": _op,
    "nf": _fetch_version,
    "nt": _fetch_time,
}
"""What answers the actions of documents."""
