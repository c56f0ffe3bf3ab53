"""After a gap in the pub/sub: what subscribers may have missed is told from the database.

Each document somebody follows is told its last op again. A client that has it
takes no notice, one that lacks more asks for the ops since its version. Live
queries are asked anew, and everybody present is asked to say so again.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from typing import Final
from weakref import WeakKeyDictionary, WeakSet

from sharedb_py.agent import Agent
from sharedb_py.delivery import DocStream
from sharedb_py.engine import Engine
from sharedb_py.live.last_ops import last_ops
from sharedb_py.presence import ask_everybody
from sharedb_py.queries import shared_queries

__all__ = ["keep_up"]

log = logging.getLogger(__name__)

MANY: Final = 500

_AGENTS: Final[WeakKeyDictionary[Engine, WeakSet[Agent]]] = WeakKeyDictionary()


def keep_up(agent: Agent) -> None:
    """See to it that the agent's client is brought up to date after every gap."""
    backend = agent.backend
    agents = _AGENTS.get(backend)
    if agents is None:
        agents = _AGENTS[backend] = WeakSet()
        backend.pubsub.watch_gaps(lambda: _after_gap(backend))
    agents.add(agent)


def _after_gap(backend: Engine) -> None:
    if backend.closed:
        return
    agents = [agent for agent in _AGENTS[backend] if not agent.closed]
    log.info("Bringing %d clients up to date", len(agents))
    backend.spawn(_tell_docs(backend, agents))
    shared_queries(backend).catch_up()
    ask_everybody(backend, agents)


async def _tell_docs(backend: Engine, agents: list[Agent]) -> None:
    followed: dict[str, dict[str, list[DocStream]]] = defaultdict(lambda: defaultdict(list))
    for agent in agents:
        for stream in agent.streams.values():
            followed[stream.name.collection][stream.doc_id].append(stream)
    for collection, streams in followed.items():
        for ids in _chunks(list(streams)):
            for published in await last_ops(backend.db, collection, ids):
                for stream in streams[published.message["d"]]:
                    stream.receive(published)


def _chunks(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), MANY):
        yield ids[start : start + MANY]
