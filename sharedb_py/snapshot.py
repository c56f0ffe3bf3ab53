"""A document's state at one version."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sharedb_py.jsonvalue import MISSING, JSONObject, copy_json

__all__ = ["Snapshot", "empty_snapshot"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of one document at one version; immutable, and so is its data.

    ``version`` is the number of ops so far (0: never touched). ``type_uri`` is
    None and ``data`` is :data:`MISSING` where no document exists. ``meta`` is
    what the server keeps beside the data (``ctime``, ``mtime`` in ms since the
    epoch, ``_create``, and whatever middleware adds); None when it was not read.
    ``adapter`` is for the adapter's own use, such as an op link; nothing else
    reads it, and it goes back to the adapter with the next commit.
    """

    id: str
    version: int
    type_uri: str | None = None
    data: Any = MISSING
    meta: JSONObject | None = None
    adapter: Any = field(default=None, repr=False, compare=False)

    @property
    def exists(self) -> bool:
        """Whether there is a document: it was created and not deleted since."""
        return self.type_uri is not None

    # Made as often as ops come: dataclasses.replace takes several times as long.

    def followed_by(self, type_uri: str | None, data: Any) -> Snapshot:
        """The state one version on; all else stays."""
        return Snapshot(self.id, self.version + 1, type_uri, data, self.meta, self.adapter)

    def with_meta(self, meta: JSONObject | None) -> Snapshot:
        """The same state with other metadata."""
        return Snapshot(self.id, self.version, self.type_uri, self.data, meta, self.adapter)

    def without_meta(self) -> Snapshot:
        """The same state, fit to be shown to a client."""
        return self if self.meta is None else self.with_meta(None)

    def copy(self) -> Snapshot:
        """The same state in values of its own, for those who may not keep to what is promised."""
        data, meta = copy_json(self.data), copy_json(self.meta)
        return Snapshot(self.id, self.version, self.type_uri, data, meta, self.adapter)


def empty_snapshot(doc_id: str) -> Snapshot:
    """The snapshot of a document that was never created."""
    return Snapshot(doc_id, 0)
