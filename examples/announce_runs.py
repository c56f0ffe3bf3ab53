"""Says in the terminal who runs which cell: ``derby-notebook --hooks announce_runs.py``."""

from derby_notebook.hooks import Change
from derby_notebook.service import NotebookService


def add_hooks(service: NotebookService) -> None:
    """Called once, before the first notebook is opened."""

    @service.hooks.on("change", "cells.*._state")
    async def announce(change: Change) -> None:
        if change.value == "busy":
            cell = await service.documents.get("cells", change.doc_id)
            print(f"{cell.data['_run']['user']} runs {cell.data['source']!r}", flush=True)
