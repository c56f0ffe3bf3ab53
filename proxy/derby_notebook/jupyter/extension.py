"""Our Jupyter Server extension: it is loaded where this package is installed.

It does nothing by itself. What it adds is there for who asks for it: this service,
in saving (:mod:`derby_notebook.jupyter.guarded_save`) and in following kernels
(:mod:`derby_notebook.jupyter.kept_messages`).
"""

from __future__ import annotations

from typing import Any

from derby_notebook.jupyter.guarded_save import guard

__all__: list[str] = []


def _load_jupyter_server_extension(server: Any) -> None:
    # Only Jupyter's own process has these.
    from jupyter_server.services.contents.fileio import FileManagerMixin

    from derby_notebook.jupyter.kept_messages import keep_messages

    if isinstance(server.contents_manager, FileManagerMixin):
        guard(server.contents_manager)
    keep_messages(server.web_app.settings)
