"""Milestone stores: saved old snapshots.

``open_milestones(url, interval)`` opens the store that lies beside the documents of a
database. Other packages bring theirs under the ``sharedb_py.milestones`` entry points: by
the URL's scheme, a function of a URL and an interval.
"""

from __future__ import annotations

from importlib.metadata import entry_points

from sharedb_py.milestones import memory, sqlite
from sharedb_py.milestones.base import MilestoneDB

__all__ = ["MilestoneDB", "open_milestones"]


def open_milestones(url: str, interval: int | None = None) -> MilestoneDB:
    """Return the milestones of the database a URL names; ``interval`` None saves none unasked.

    A database whose adapter keeps no milestones gets a store that stays empty.
    """
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        return sqlite.from_url(url, interval)
    if scheme == "memory":
        return memory.from_url(url, interval)
    for entry in entry_points(group="sharedb_py.milestones", name=scheme):
        store = entry.load()(url, interval)
        assert isinstance(store, MilestoneDB)
        return store
    return memory.NoMilestones()
