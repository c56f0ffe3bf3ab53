"""Reads and writes documents in this process, as the notebook service itself."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from typing import Any

from sharedb_py.backend import Backend
from sharedb_py.errors import ErrorCode, ShareDBError
from sharedb_py.ops import Op
from sharedb_py.ot import DEFAULT_TYPE
from sharedb_py.pubsub import presence_channel
from sharedb_py.snapshot import Snapshot
from sharedb_py.submit import SubmitRequest

__all__ = ["Documents"]


class Documents:
    """The service's own hand on the documents, under a name that its ops bear.

    What it does on behalf of a ``user`` is noted as that user's.
    """

    def __init__(self, backend: Backend, name: str = "service", user: str | None = None) -> None:
        self.custom: dict[str, Any] = {"service": True, "user": {"username": user or name}}
        self.client_id = f"{name}-{secrets.token_hex(12)}"
        self.blobs = backend.db.blobs()
        self._backend = backend
        self._name = name
        self._sequence = itertools.count(1)

    @property
    def src(self) -> str:
        """The source of the service's ops."""
        return self.client_id

    async def get(self, collection: str, doc_id: str) -> Snapshot:
        """Return a document's current snapshot."""
        return await self._backend.db.get_snapshot(collection, doc_id)

    async def find(self, collection: str, query: dict[str, Any]) -> list[Snapshot]:
        """Return the documents that match."""
        return (await self._backend.db.query(collection, query)).snapshots

    async def create(self, collection: str, doc_id: str, data: dict[str, Any]) -> bool:
        """Create a document; False if there is one already."""
        try:
            create = {"type": DEFAULT_TYPE.uri, "data": data}
            await self.submit(collection, doc_id, {"create": create})
        except ShareDBError as error:
            if error.code == ErrorCode.DOC_ALREADY_CREATED:
                return False
            raise
        return True

    async def edit(
        self, collection: str, doc_id: str, op: list[dict[str, Any]], version: int | None = None
    ) -> Op | None:
        """Apply a json0 op, made for a version, None: for whatever is current.

        Returns it as it was committed, None for an empty one. Raises ``ShareDBError`` if the
        document is gone or the op does not fit.
        """
        return await self.submit(collection, doc_id, {"op": op, "v": version}) if op else None

    async def set(self, collection: str, doc_id: str, **fields: Any) -> None:
        """Set top-level fields."""
        await self.edit(collection, doc_id, [{"p": [key], "oi": v} for key, v in fields.items()])

    async def delete(self, collection: str, doc_id: str) -> None:
        """Delete a document; one that is gone already stays gone."""
        await self.submit(collection, doc_id, {"del": True})

    async def ops(self, collection: str, doc_id: str, start: int = 0) -> list[Op]:
        """Return the ops of a document from a version on."""
        return await self._backend.db.get_ops(collection, doc_id, start, None)

    def is_service(self, op: Op) -> bool:
        """Whether an op was made by the service, by this process or another."""
        return str(op.get("src", "")).startswith(f"{self._name}-")

    def broadcast(self, channel: str, name: str, value: Any, version: int) -> None:
        """Tell those who listen to a presence channel something, once."""
        message = {"a": "p", "ch": channel, "src": self.src, "id": name, "p": value, "pv": version}
        self._backend.pubsub.publish([presence_channel(channel)], message)

    async def submit(self, collection: str, doc_id: str, payload: Op) -> Op:
        """Commit what a payload holds: ``create``, ``del`` or ``op``, made for its ``v``.

        Returns the op as it was committed. Raises ``ShareDBError`` for one that is refused.
        """
        op: Op = {"src": self.src, "seq": next(self._sequence), "v": None, **payload}
        request = SubmitRequest(
            agent=self, index=collection, collection=collection, id=doc_id, op=op
        )
        decided: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(_: SubmitRequest, error: BaseException | None) -> None:
            if decided.done():
                return
            if error is None:
                decided.set_result(None)
            else:
                decided.set_exception(error)

        self._backend.prepare(request)
        self._backend.submit(request, done)
        await decided
        return request.op
