"""What the process counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from derby_notebook.hooks import Change
from derby_notebook.service import NotebookService

__all__ = ["Metrics"]


class Metrics:
    """Counts by hooks on the documents, as any application could."""

    def __init__(self, service: NotebookService) -> None:
        self._registry = CollectorRegistry()
        backend = service.backend
        connections = Gauge(
            "derby_notebook_connections", "Clients connected", registry=self._registry
        )
        connections.set_function(lambda: backend.remote_agents_count)
        owned = Gauge(
            "derby_notebook_owned",
            "Notebooks whose kernels and files are this process's",
            registry=self._registry,
        )
        owned.set_function(lambda: len(service.owners.owned))
        self._ops = Counter(
            "derby_notebook_ops", "Ops committed", ["collection"], registry=self._registry
        )
        self._runs = Counter(
            "derby_notebook_runs", "Runs of cells that ended", ["outcome"], registry=self._registry
        )
        self._seconds = Histogram(
            "derby_notebook_run_seconds", "How long cells ran", registry=self._registry
        )
        self._saves = Counter(
            "derby_notebook_saves", "How files came to be", ["state"], registry=self._registry
        )
        self._merges = Counter(
            "derby_notebook_merges", "Changes from outside taken over", registry=self._registry
        )
        hooks = service.hooks
        hooks.on("change", "cells.*._run")(self._ran)
        hooks.on("change", "notebooks.*._save")(self._saved)
        hooks.on("change", "notebooks.*._merged")(lambda _: self._merges.inc())
        hooks.on("change", "cells.**")(lambda change: self._ops.labels(change.collection).inc())

    def _ran(self, change: Change) -> None:
        record = change.value
        if isinstance(record, dict) and record.get("ended"):
            self._runs.labels(record.get("outcome", "ok")).inc()
            if record.get("started"):
                self._seconds.observe((record["ended"] - record["started"]) / 1000)

    def _saved(self, change: Change) -> None:
        if isinstance(change.value, dict):
            self._saves.labels(str(change.value.get("state"))).inc()

    def text(self) -> bytes:
        """Return all counts in Prometheus' text format."""
        return generate_latest(self._registry)
