"""The database adapter interface; the docstrings are the contract.

``tests/contract/`` runs the same tests on every adapter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeAlias

from sharedb_py.blobs import BlobStore, MemoryBlobs
from sharedb_py.errors import DatabaseError, ErrorCode
from sharedb_py.jsonvalue import MISSING, JSONObject
from sharedb_py.leases import LeaseStore, MemoryLeases
from sharedb_py.ops import Op
from sharedb_py.snapshot import Snapshot

__all__ = [
    "DB",
    "NO_OPTIONS",
    "DocCommit",
    "Fields",
    "LiveQuery",
    "Options",
    "PollResult",
    "PollTimes",
    "QueryResult",
    "StoredOp",
]

Fields: TypeAlias = frozenset[str]
"""The top-level fields a projection shows."""

Options: TypeAlias = Mapping[str, Any]
"""What the caller passes through to the adapter: ``agent_custom``, and what middleware adds."""

NO_OPTIONS: Final[Options] = MappingProxyType({})

STREAMED: Final = 1000
"""How many ops are read at a time where they are streamed."""


@dataclass(frozen=True, slots=True)
class DocCommit:
    """Consecutive ops of one document and the snapshot after the last of them.

    ``ops[0]["v"]`` is the version the document must have for the commit to
    happen; ``ops[i]["v"]`` grows by one; ``snapshot.version`` is the last plus one.
    """

    collection: str
    doc_id: str
    ops: Sequence[Op]
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class StoredOp:
    """One op record as it lies in the store, whether or not it should be there.

    ``key`` names the record for :meth:`DB.delete_ops`. ``linked`` is False where
    the adapter chains ops and the chain from the snapshot does not reach this
    record: what a crashed commit left behind.
    """

    op: Op
    key: Any
    linked: bool = True


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Matching snapshots in query order, and ``extra`` (such as a count) if any."""

    snapshots: list[Snapshot]
    extra: Any = MISSING


@dataclass(frozen=True, slots=True)
class PollResult:
    """Ids of matching documents in query order, and ``extra`` if any."""

    ids: list[str]
    extra: Any = MISSING


class LiveQuery(Protocol):
    """A query that can be decided from one document at a time, in memory."""

    @property
    def ordered(self) -> bool:
        """Whether results are ordered by :meth:`sort_key`; else in any stable order."""

    def matches(self, snapshot: Snapshot) -> bool:
        """Whether the document belongs to the results."""

    def sort_key(self, snapshot: Snapshot) -> Any:
        """A key that compares in result order with the keys of other documents."""


@dataclass(frozen=True, slots=True)
class PollTimes:
    """How often a live query may and must be polled, in milliseconds; None: the default."""

    debounce: float | None = None
    interval: float | None = None


class DB(ABC):
    """Stores snapshots and ops. Every value handed in or out is immutable.

    Methods raise :class:`~sharedb_py.errors.DatabaseError` when the store fails.
    An unknown document is a snapshot of version 0, never an error.
    """

    poll_times: PollTimes = PollTimes()
    per_agent: bool = False
    """Whether ``agent_custom`` changes what queries answer: they are not shared by agents then."""
    disable_subscribe: bool = False
    """Whether subscribed queries are refused (``ERR_DATABASE_DOES_NOT_SUPPORT_SUBSCRIBE``)."""

    async def check(self) -> None:  # noqa: B027 - most stores need no check
        """Raise ``DatabaseError``, saying what to mend, unless documents can be stored now."""

    @abstractmethod
    async def commit(self, batch: Sequence[DocCommit]) -> Sequence[bool | DatabaseError]:
        """Store each document's ops and snapshot, all of a document or nothing of it.

        Returns, for each entry of the batch, True once it is durable, and False,
        storing nothing of that entry, if the document is no longer at
        ``ops[0]["v"]``; a ``DatabaseError`` in its place if that entry alone
        failed, such as one the store cannot hold. A batch holds at most one entry
        for a document. Raises only if the outcome of the whole batch is a failure.
        """

    @abstractmethod
    async def get_snapshot(
        self,
        collection: str,
        doc_id: str,
        fields: Fields | None = None,
        *,
        metadata: bool = False,
        options: Options = NO_OPTIONS,
    ) -> Snapshot:
        """Return the current snapshot; with ``meta`` only if ``metadata``.

        ``fields`` permits the adapter to leave other top-level fields out; the
        caller projects the result all the same.
        """

    @abstractmethod
    async def get_snapshots(
        self,
        collection: str,
        ids: Sequence[str],
        fields: Fields | None = None,
        *,
        metadata: bool = False,
        options: Options = NO_OPTIONS,
    ) -> dict[str, Snapshot]:
        """Return the current snapshot of every id asked for, unknown ones included."""

    @abstractmethod
    async def get_ops(
        self,
        collection: str,
        doc_id: str,
        start: int | None,
        end: int | None,
        *,
        metadata: bool = False,
        options: Options = NO_OPTIONS,
    ) -> list[Op]:
        """Return the ops with versions in [start, end), in order; None: from 0, to the last.

        ``m`` is left out unless ``metadata``. A range that reaches past the last
        op is cut; an op missing inside the range raises ``DatabaseError``.
        """

    @abstractmethod
    async def get_ops_bulk(
        self,
        collection: str,
        ranges: Mapping[str, tuple[int | None, int | None]],
        *,
        metadata: bool = False,
        options: Options = NO_OPTIONS,
    ) -> dict[str, list[Op]]:
        """Like :meth:`get_ops` for many documents: ``{id: (start, end)}`` to ``{id: ops}``."""

    async def get_ops_to_snapshot(
        self,
        collection: str,
        doc_id: str,
        start: int,
        snapshot: Snapshot,
        *,
        metadata: bool = False,
        options: Options = NO_OPTIONS,
    ) -> list[Op]:
        """Return the ops with versions in [start, snapshot.version)."""
        return await self.get_ops(
            collection, doc_id, start, snapshot.version, metadata=metadata, options=options
        )

    @abstractmethod
    async def get_committed_op_version(
        self, collection: str, doc_id: str, src: str, seq: int
    ) -> int | None:
        """Return the version at which the document's op (src, seq) was committed, or None."""

    @abstractmethod
    async def query(
        self,
        collection: str,
        query: JSONObject,
        fields: Fields | None = None,
        *,
        options: Options = NO_OPTIONS,
    ) -> QueryResult:
        """Return the matching documents; deleted documents never match.

        Raises :class:`~sharedb_py.errors.QueryError` for a query it cannot run.
        """

    @abstractmethod
    async def query_poll(
        self, collection: str, query: JSONObject, *, options: Options = NO_OPTIONS
    ) -> PollResult:
        """Return what :meth:`query` would, as ids."""

    @abstractmethod
    async def query_poll_doc(
        self, collection: str, doc_id: str, query: JSONObject, *, options: Options = NO_OPTIONS
    ) -> bool:
        """Whether the document is among the results; only where :meth:`can_poll_doc`."""

    @abstractmethod
    def can_poll_doc(self, collection: str, query: JSONObject) -> bool:
        """Whether a document's membership depends on that document alone, and order on nothing."""

    @abstractmethod
    def skip_poll(self, collection: str, doc_id: str, op: Op, query: JSONObject) -> bool:
        """Whether ``op`` cannot change the query's results; when in doubt, False."""

    def live_query(self, collection: str, query: JSONObject) -> LiveQuery | None:
        """Return the query as one that is decided in memory, or None where it must be polled."""
        return None

    def leases(self) -> LeaseStore:
        """Return where leases are kept that all processes on this store share."""
        # A store that one process uses has no others to share with.
        return MemoryLeases()

    def blobs(self) -> BlobStore:
        """Return where large values are kept beside the documents, for as long as these are.

        An adapter that does not say so keeps them for as long as the process lives.
        """
        return MemoryBlobs()

    # Maintenance: for tools that read, move and mend whole databases. An adapter that
    # leaves one of these out serves clients all the same.

    async def collections(self) -> list[str]:
        """Return the names of the collections that hold snapshots or ops, sorted."""
        raise _unsupported(self, "list its collections")

    def doc_ids(self, collection: str, after: str | None = None) -> AsyncIterator[str]:
        """Yield each id that has a snapshot or an op, deleted documents included.

        In order of code points, from the first one past ``after``; documents may
        change meanwhile.
        """
        raise _unsupported(self, "list its documents")

    async def stream_ops(
        self,
        collection: str,
        doc_id: str,
        start: int,
        end: int | None,
        *,
        metadata: bool = False,
    ) -> AsyncIterator[Op]:
        """Yield what :meth:`get_ops` would return, holding only some of it at a time."""
        while end is None or start < end:
            stop = start + STREAMED if end is None else min(start + STREAMED, end)
            ops = await self.get_ops(collection, doc_id, start, stop, metadata=metadata)
            for op in ops:
                yield op
            if len(ops) < stop - start:
                return
            start = stop

    def stored_ops(
        self, collection: str, doc_id: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[StoredOp]:
        """Yield every op record with a version in [start, end), with ``m``, as it lies there.

        Ordered by version; gaps, doubles and records that no link reaches included.
        """
        raise _unsupported(self, "show its op records")

    async def restore(
        self, collection: str, doc_id: str, ops: Sequence[Op], snapshot: Snapshot | None = None
    ) -> None:
        """Store ops, ``m`` and all, and a snapshot in place of what has their versions.

        Nothing is checked. All is durable, or nothing of it done; doing it again
        changes nothing. An adapter that links ops links each to the one before it,
        and the snapshot to the last. A long log comes in several calls, in order,
        the snapshot with the last of them.
        """
        raise _unsupported(self, "take documents from elsewhere")

    async def delete_ops(self, collection: str, doc_id: str, keys: Sequence[Any]) -> None:
        """Delete op records by the ``key`` that :meth:`stored_ops` gave them."""
        raise _unsupported(self, "delete op records")

    async def drop_ops(self, collection: str, doc_id: str, before: int) -> int:
        """Delete the ops with versions below ``before``; return how many there were.

        Reading them afterwards raises ``DatabaseError``; what is left reads as before.
        """
        raise _unsupported(self, "drop old ops")

    async def erase(self, collection: str, doc_id: str) -> None:
        """Delete the snapshot and every op record, leaving no trace where the store can do that."""
        raise _unsupported(self, "erase documents")

    @abstractmethod
    async def close(self) -> None:
        """Finish what was begun and let go of files and connections; may be called twice."""


def _unsupported(db: DB, what: str) -> DatabaseError:
    return DatabaseError(
        f"{type(db).__name__} cannot {what}", ErrorCode.DATABASE_METHOD_NOT_IMPLEMENTED
    )
