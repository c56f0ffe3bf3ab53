"""One client's view of a live query: what it was told, and what it must be told next."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sharedb_py.agent import Agent
from sharedb_py.jsonvalue import MISSING, json_equal
from sharedb_py.live.changes import NOTHING, Change, Ids, diff
from sharedb_py.live.results import LiveResults
from sharedb_py.messages import encode
from sharedb_py.reads import ResolvedName
from sharedb_py.snapshot import Snapshot

__all__ = ["Follower"]

log = logging.getLogger(__name__)

MAX_WAITING: Final = 10_000


class Follower:
    """Turns changes of results into a client's ``q`` and ``op`` messages, in their order.

    Changes wait until :meth:`resume`, and while a ``readSnapshots`` hook is
    asked about documents that come in.
    """

    def __init__(self, agent: Agent, query_id: Any, name: ResolvedName) -> None:
        self._agent = agent
        self._query_id = query_id
        self._name = name
        self._ids = NOTHING
        self._extra: Any = MISSING
        self._waiting: deque[Change] = deque()
        self._busy = True
        self._closed = False

    def start(self, ids: Sequence[str], extra: Any = MISSING) -> None:
        """Take the results that the client has."""
        self._ids, self._extra = Ids(ids), extra

    async def bring_to(self, results: LiveResults) -> None:
        """Tell the client what differs from the results as they are now."""
        await results.settle()
        await self._apply(Change(ids=results.ids, extra=results.extra))

    def resume(self) -> None:
        """Tell what came meanwhile, and from now on at once."""
        self._busy = False
        self._wake()

    def close(self) -> None:
        """Tell nothing more; may be called twice."""
        self._closed = True
        self._waiting.clear()

    def fell_behind(self) -> None:
        """End the connection: the client comes back and learns what differs."""
        self._agent.fell_behind()

    def take(self, change: Change) -> None:
        """Take the next change of the results."""
        if self._closed:
            return
        if self._busy or self._waiting or not self._apply_at_once(change):
            if len(self._waiting) >= MAX_WAITING:
                self.fell_behind()
                return
            self._waiting.append(change)
            self._wake()

    def _wake(self) -> None:
        if self._waiting and not self._busy and not self._closed:
            self._busy = True
            self._agent.spawn(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting and not self._closed:
                await self._apply(self._waiting[0])
                if self._waiting:
                    self._waiting.popleft()
        finally:
            self._busy = False

    def _apply_at_once(self, change: Change) -> bool:
        """Tell of a change without waiting for anything, or return False."""
        shown: Mapping[str, Snapshot] = {}
        if change.ids is not None:
            fresh = change.ids.known - self._ids.known
            if fresh:
                if self._agent.backend.middleware.has("readSnapshots"):
                    return False
                shown = self._projected(change, fresh)
                if len(shown) < len(fresh):
                    return False
        self._tell(change, shown)
        return True

    async def _apply(self, change: Change) -> None:
        if self._apply_at_once(change):
            return
        assert change.ids is not None
        fresh = [doc_id for doc_id in change.ids.order if doc_id not in self._ids.known]
        shown: dict[str, Snapshot] = {}
        try:
            read = await self._agent.backend.reader.snapshots(self._agent, self._name, fresh)
            shown = {key: item for key, item in read.items() if isinstance(item, Snapshot)}
        except Exception:
            log.exception("Documents of a live query could not be read")
        if not self._closed:
            self._tell(change, shown)

    def _projected(self, change: Change, fresh: frozenset[str]) -> dict[str, Snapshot]:
        shown = {i: change.snapshots[i] for i in fresh if i in change.snapshots}
        projection = self._name.projection
        if projection is None:
            return shown
        return {doc_id: projection.snapshot(snapshot) for doc_id, snapshot in shown.items()}

    def _tell(self, change: Change, shown: Mapping[str, Snapshot]) -> None:
        known = self._ids.known
        if change.has_extra and not _same(change.extra, self._extra):
            self._extra = change.extra
            self._agent.send(change.extra_message(self._query_id))
        if change.ids is not None and change.ids.order != self._ids.order:
            self._tell_ids(change, shown)
        for published in change.ops:
            if published.message["d"] in known:
                self._agent.deliver(published, self._name)

    def _tell_ids(self, change: Change, shown: Mapping[str, Snapshot]) -> None:
        assert change.ids is not None
        after = change.ids.only(self._ids.known.union(shown))
        before, self._ids = self._ids, after
        agent = self._agent
        if (
            before is change.before
            and after is change.ids
            and not agent.backend.observed("send")
            and not agent.backend.middleware.has("readSnapshots")
        ):
            try:
                text = change.shared_diff(self._name, shown)
                agent.send_text(f'{{"a":"q","id":{encode(self._query_id)},"diff":{text}}}')
                return
            except ValueError:  # a number that JSON has not: send() knows what to do
                pass
        steps = diff(before, after, shown)
        if steps:
            agent.send({"a": "q", "id": self._query_id, "diff": steps})


def _same(one: Any, other: Any) -> bool:
    if one is MISSING or other is MISSING:
        return one is other
    return json_equal(one, other)
