"""What happens to a live query's results, as its followers are told. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sharedb_py.diffs import list_diff
from sharedb_py.jsonvalue import MISSING, JSONObject
from sharedb_py.messages import build_snapshot, encode
from sharedb_py.pubsub import Published
from sharedb_py.reads import ResolvedName
from sharedb_py.snapshot import Snapshot

__all__ = ["NOTHING", "Change", "Ids", "result"]

UNCHANGED: Final[Any] = object()


class Ids:
    """The ids of results, in order; immutable, so that many followers share one."""

    __slots__ = ("known", "order")

    def __init__(self, order: Sequence[str]) -> None:
        self.order = tuple(order)
        self.known = frozenset(self.order)

    def without(self, doc_id: str) -> Ids:
        """Return the ids with one gone."""
        return Ids([other for other in self.order if other != doc_id])

    def only(self, others: frozenset[str]) -> Ids:
        """Return the ids that are among others."""
        return self if self.known <= others else Ids([i for i in self.order if i in others])


NOTHING: Final = Ids(())


@dataclass(slots=True)
class Change:
    """New results, a new extra, or just ops: what one decision came to.

    ``snapshots`` holds documents that came in, as they are stored; those that
    are missing must be read. A follower that had the results ``before`` shares
    the diff's text with all others that had them and see the same fields.
    """

    ops: Sequence[Published] = ()
    ids: Ids | None = None
    before: Ids | None = None
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)
    extra: Any = UNCHANGED
    _texts: dict[ResolvedName, str] = field(default_factory=dict)

    @property
    def has_extra(self) -> bool:
        """Whether the change is one of extra, ``MISSING`` included."""
        return self.extra is not UNCHANGED

    def extra_message(self, query_id: Any) -> JSONObject:
        """Return the message that tells a client the new extra."""
        return {"a": "q", "id": query_id, "extra": None if self.extra is MISSING else self.extra}

    def shared_diff(self, name: ResolvedName, shown: Mapping[str, Snapshot]) -> str:
        """Return the JSON text of the diff from ``before``, made once for each name."""
        text = self._texts.get(name)
        if text is None:
            assert self.before is not None
            assert self.ids is not None
            text = self._texts[name] = encode(diff(self.before, self.ids, shown))
        return text


def result(snapshot: Snapshot) -> JSONObject:
    """Return a document as query results carry it."""
    return {**build_snapshot(snapshot), "d": snapshot.id}


def diff(before: Ids, after: Ids, shown: Mapping[str, Snapshot]) -> list[JSONObject]:
    """Return the steps of a ``q`` message from one list of results to the next."""
    return list_diff(before.order, after.order, lambda doc_id: result(shown[doc_id]))
