"""The public API as an application's type checker sees it: mypy reads this, nothing runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, assert_type

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute

from sharedb_py import Backend, ErrorCode, ShareDBError, Snapshot
from sharedb_py.asgi import ShareDBApp, sharedb_route
from sharedb_py.client.aio import Change, Doc, LiveQuery, Presence, QueryChange, connect
from sharedb_py.db.memory import MemoryDB
from sharedb_py.db.sqlite import SQLiteDB
from sharedb_py.errors import OpRejected, ReadRejected
from sharedb_py.hooks import (
    ConnectContext,
    OpContext,
    PresenceContext,
    QueryContext,
    ReadSnapshotsContext,
    ReceiveContext,
    ReplyContext,
    SubmitRequest,
)
from sharedb_py.milestones.memory import MemoryMilestones
from sharedb_py.ot import Side, types
from sharedb_py.pubsub import MemoryPubSub

backend = Backend(
    db=SQLiteDB("wiki.sqlite"),
    pubsub=MemoryPubSub(),
    milestones=MemoryMilestones(interval=100),
    extra_dbs={"archive": MemoryDB()},
    presence=True,
    max_submit_retries=None,
)
backend.add_projection("names", "people", ["name"])
backend.add_projection("ages", "people", {"age": True})


@backend.use("connect")
async def connects(context: ConnectContext) -> None:
    context.agent.custom["user"] = context.req.headers.get("x-user")
    context.agent.client_id = f"ada-{context.agent.client_id}"


@backend.use(["submit", "apply", "commit", "afterWrite"])
async def submits(request: SubmitRequest) -> None:
    if request.action == "apply":
        assert_type(request.snapshot, Snapshot | None)
        request.fixup([{"p": ["n"], "na": 1}])
    if request.retries > 3:
        raise request.rejected_error()
    request.op["m"]["user"] = request.agent.custom["user"]
    request.channels.append("everything")


@backend.use("readSnapshots")
def reads(context: ReadSnapshotsContext) -> None:
    for snapshot in context.snapshots:
        assert_type(snapshot, Snapshot)
        context.reject_snapshot_read(snapshot, ReadRejected("Private"))


@backend.use("query")
def queries(context: QueryContext) -> None:
    context.query = {"$and": [context.query, {"public": True}]}
    context.fields = frozenset({"name"})
    context.db = "archive"
    context.options["pollInterval"] = 500


def others(context: OpContext | PresenceContext | ReceiveContext | ReplyContext) -> None:
    if isinstance(context, OpContext) and "secret" in context.op:
        raise OpRejected("Secret", ErrorCode.OP_SUBMIT_REJECTED)


backend.use(["op", "receive", "reply", "sendPresence"], others)


async def clients() -> None:
    async with backend.connect(custom={"user": "the API"}) as inside:
        assert_type(await use(inside.doc("people", "ada")), int | None)
        async with inside.live_query("people", {"age": {"$gt": 3}}) as old:
            assert_type(old, LiveQuery)
            async for change in old.changes():
                assert_type(change, QueryChange)
                break
        found = await inside.query("people", {"$count": True})
        assert_type(found.docs, list[Doc])
        room = inside.presence("room")
        assert_type(room, Presence)
    async with connect("ws://127.0.0.1:8080/channel", headers={"x-user": "ada"}) as outside:
        await use(outside.doc("people", "grace"))


async def use(doc: Doc) -> int | None:
    try:
        await doc.subscribe()
        await doc.create({"name": "Ada"}, "json0")
        await asyncio.gather(doc.submit([{"p": ["age"], "oi": 36}]), doc.when_idle())
    except ShareDBError as error:
        assert_type(error.code, str | int | None)
        raise RuntimeError(error.message) from error
    async for change in doc.changes():
        assert_type(change, Change)
        break
    return doc.version


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    yield
    await backend.close()


fast = FastAPI(lifespan=lifespan)
fast.mount("/channel", ShareDBApp(backend, allowed_origins=["https://example.org"]))
route: WebSocketRoute = sharedb_route(backend)
small = Starlette(routes=[route, Mount("/other", ShareDBApp(backend))], lifespan=lifespan)

side: Side = "left"
transformed: Any = types["json0"].transform([], [], side)
