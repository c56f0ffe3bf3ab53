"""Takes ops for all documents: one actor for each that is in use, and one committer for all."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from sharedb_py.db.base import DB
from sharedb_py.errors import ErrorCode, OpRejected, ShareDBError
from sharedb_py.jsonvalue import MISSING
from sharedb_py.middleware import Middleware
from sharedb_py.ops import check_op, normalize_type
from sharedb_py.snapshot import Snapshot
from sharedb_py.submit.actor import DocActor, Done
from sharedb_py.submit.committer import GroupCommitter
from sharedb_py.submit.request import SubmitRequest

__all__ = ["SubmitOptions", "Submitter"]

MAX_IDLE_DOCS: Final = 2000
MAX_HELD_BYTES: Final = 256 * 2**20
"""How large, roughly, the documents held in memory may be together, those being written aside."""


@dataclass(frozen=True)
class SubmitOptions:
    """What a backend decides for every op (section 9)."""

    max_retries: int | None = 1000
    suppress_publish: bool = False
    do_not_commit_no_ops: bool = False


class Submitter:
    """Takes ops for all documents.

    ``committed`` is called for each one that made it, ``retried`` for each one
    that is tried again.
    """

    def __init__(
        self,
        db: DB,
        middleware: Middleware,
        options: SubmitOptions,
        committed: Callable[[SubmitRequest], None],
        retried: Callable[[SubmitRequest], None] = lambda request: None,
    ) -> None:
        self.db = db
        self.middleware = middleware
        self.refuse_no_ops = options.do_not_commit_no_ops
        self.committed = committed
        self.retried = retried
        self.committer = GroupCommitter(db)
        self.held_bytes = 0
        self._options = options
        self._actors: OrderedDict[tuple[str, str], DocActor] = OrderedDict()
        self._ready: list[DocActor] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def prepare(self, request: SubmitRequest) -> None:
        """Check a new request and complete it; raises ``ShareDBError`` for a malformed op."""
        request.op["m"] = {"ts": request.start}
        request.max_retries = self._options.max_retries
        request.suppress_publish = self._options.suppress_publish
        normalize_type(request.op)
        check_op(request.op)
        if "op" in request.op and request.op["op"] is MISSING:
            raise ShareDBError("Missing op", ErrorCode.OT_OP_NOT_PROVIDED)
        version = request.op["v"]
        if isinstance(version, float):
            if version != int(version):
                raise OpRejected(
                    "Invalid op submitted. Op version newer than current snapshot",
                    ErrorCode.OP_VERSION_NEWER_THAN_CURRENT_SNAPSHOT,
                )
            request.op["v"] = int(version)

    def put(self, request: SubmitRequest, done: Done) -> None:
        """Queue a prepared request at its document."""
        key = (request.collection, request.id)
        actor = self._actors.get(key)
        if actor is None:
            actor = self._actors[key] = DocActor(self, *key)
        self._actors.move_to_end(key)
        actor.put(request, done)
        self._evict()

    def ready(self, actor: DocActor) -> None:
        """Give a document its turn soon: all that are ready by then decide, and commit together."""
        if not self._ready:
            asyncio.get_running_loop().call_soon(self._take_turns)
        self._ready.append(actor)

    def _take_turns(self) -> None:
        ready, self._ready = self._ready, []
        for actor in ready:
            actor.turn()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work that a document's turn could not do without waiting."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cached(self, collection: str, doc_id: str) -> Snapshot | None:
        """Return the document's snapshot if it is held in memory; it may be behind the database."""
        actor = self._actors.get((collection, doc_id))
        return actor.head if actor else None

    def _evict(self) -> None:
        """Let go of the documents that were not written for the longest time."""
        while len(self._actors) > MAX_IDLE_DOCS or self.held_bytes > MAX_HELD_BYTES:
            key = next((key for key, actor in self._actors.items() if actor.idle), None)
            if key is None:
                return
            self.held_bytes -= self._actors.pop(key).weight

    async def close(self) -> None:
        """Wait until every queued op is decided."""
        for actor in list(self._actors.values()):
            await actor.close()
        await self.committer.close()
