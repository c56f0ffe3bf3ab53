"""The runs whose messages may still come, by the request that caused them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from derby_notebook.kernels.run import Run

__all__ = ["RememberedRuns"]

MOST: Final = 500


class RememberedRuns:
    """The last runs of a notebook, one for each cell at most."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, Run] = OrderedDict()

    def add(self, message_id: str, run: Run) -> None:
        """Remember a run by the id of its request."""
        self._runs[message_id] = run
        while len(self._runs) > MOST:
            self._runs.popitem(last=False)

    def by(self, message_id: str) -> Run | None:
        """Return the run that a request began."""
        return self._runs.get(message_id)

    def of(self, cell: str | None) -> list[Run]:
        """Return a cell's run, if it is remembered."""
        return [run for run in self._runs.values() if run.asked.cell == cell]

    def forget(self, cell: str) -> None:
        """Forget a cell's run: another takes its place."""
        self._runs = OrderedDict(
            (key, run) for key, run in self._runs.items() if run.asked.cell != cell
        )

    def keep_only(self, run: Run | None) -> None:
        """Forget all others: the kernel that ran them is no more."""
        self._runs = OrderedDict((key, kept) for key, kept in self._runs.items() if kept is run)

    def update_display(self, display_id: str, content: dict[str, Any]) -> list[Run]:
        """Show new data wherever these runs show a display; return those that do."""
        return [run for run in self._runs.values() if run.area.update_display(display_id, content)]
