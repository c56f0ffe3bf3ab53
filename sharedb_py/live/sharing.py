"""Who follows which query: equal queries share one :class:`LiveResults`."""

from __future__ import annotations

from dataclasses import replace
from json import dumps
from typing import Any, TypeAlias

from sharedb_py.live.results import Cached, FollowsResults, LiveResults, QueryPlan, Timing
from sharedb_py.pubsub import PubSub

__all__ = ["SharedQueries", "plan_key"]

Key: TypeAlias = tuple[Any, ...]


def plan_key(plan: QueryPlan) -> Key:
    """Return what two plans have in common if their results and their times are the same.

    The order of the query's keys counts: ``$sort`` depends on it.
    """
    return (
        *(id(plan.db), plan.collection, dumps(plan.query), plan.channels),
        *(plan.debounce, plan.interval, plan.skip_poll),
        *((name, _identity(value)) for name, value in sorted(_options(plan).items())),
    )


def _options(plan: QueryPlan) -> dict[str, Any]:
    """Return what of a plan's options may change the results."""
    per_agent = plan.db.per_agent
    return {key: plan.options[key] for key in plan.options if per_agent or key != "agent_custom"}


def _identity(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool)) else id(value)


class SharedQueries:
    """The queries that are followed in one process, each decided once."""

    def __init__(self, pubsub: PubSub, cached: Cached, timing: Timing) -> None:
        self._around = (pubsub, cached, timing)
        self._shared: dict[Key, LiveResults] = {}

    def __len__(self) -> int:
        return len(self._shared)

    def follow(self, plan: QueryPlan, follower: FollowsResults) -> LiveResults:
        """Return the results of a plan, with the follower told of every change from now on."""
        key = plan_key(plan)
        results = self._shared.get(key)
        if results is None:
            shared = replace(plan, options=_options(plan))
            results = self._shared[key] = LiveResults(shared, *self._around)
        results.add(follower)
        return results

    def catch_up(self) -> None:
        """Bring every followed query up to date after a gap in the pub/sub."""
        for results in list(self._shared.values()):
            results.catch_up()

    def leave(self, plan: QueryPlan, results: LiveResults, follower: FollowsResults) -> None:
        """Tell the follower no more; the last one to leave ends the work. May be called twice."""
        if results.remove(follower) and self._shared.get(plan_key(plan)) is results:
            del self._shared[plan_key(plan)]
