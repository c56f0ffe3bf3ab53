"""The application: our page and channel, and all the rest passed to Jupyter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette

from derby_notebook.jupyter.api import JupyterAPI
from derby_notebook.jupyter.asking import Asking
from derby_notebook.people.access import guard
from derby_notebook.people.roles import Role
from derby_notebook.service import NotebookService
from derby_notebook.web.actions import Actions
from derby_notebook.web.assets import Assets
from derby_notebook.web.channel import CHECK_SECONDS, Channel
from derby_notebook.web.downloads import Downloads
from derby_notebook.web.gate import Gate
from derby_notebook.web.history import History
from derby_notebook.web.identity import Identity
from derby_notebook.web.notebooks import NotebookPages
from derby_notebook.web.passing import Passing, note_file_operation
from derby_notebook.web.reverse_proxy import ReverseProxy
from derby_notebook.web.status import StatusPages
from derby_notebook.web.widget_scripts import WidgetScripts
from sharedb_py.backend import Backend

__all__ = ["NotebookApp", "create_app"]


class NotebookApp:
    """What an application is put together of: the documents, their service, the way to Jupyter.

    ``state`` is a folder for what outlives the process beside the documents;
    ``roles`` are users' roles from a setting; ``trust_proxy``: another proxy
    stands before us, and what it forwards of the caller is believed;
    ``check_seconds``: how often Jupyter is asked whether those who are connected
    still may be. Hook into what happens with ``service.hooks``.
    """

    def __init__(
        self,
        backend: Backend,
        jupyter_url: str,
        token: str,
        *,
        state: Path | None = None,
        roles: Mapping[str, Role] | None = None,
        trust_proxy: bool = False,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        roles = dict(roles or {})
        self.backend = backend
        self.api = JupyterAPI(jupyter_url, token)
        self.base = urlsplit(self.api.url).path.rstrip("/")
        self.service = NotebookService(backend, self.api, state)
        self.asking = Asking(self.api.url)
        self.proxy = ReverseProxy(
            self.api.url,
            token,
            trusted=trust_proxy,
            observer=partial(note_file_operation, self.service, self.base),
        )
        guard(backend, self.service)
        assets = Assets()
        identity = Identity(self.asking, roles, trusted=trust_proxy)
        gate = Gate(identity, self.asking, self.service.places, trusted=trust_proxy)
        history = History(self.service, gate, self.base)
        self.routes = [
            *NotebookPages(self.service, history, gate, self.proxy, assets, self.base).routes(),
            *assets.routes(self.base),
            *StatusPages(self.service, self.api, gate, self.base).routes(),
            *history.routes(),
            *Downloads(self.service, gate, self.base).routes(),
            *Actions(self.service, gate, self.base).routes(),
            *Channel(backend, gate, self.base, check_seconds=check_seconds).routes(),
            *WidgetScripts(self.proxy, self.base).routes(),
            *Passing(self.proxy, gate, roles, self.base).routes(),
        ]

    async def close(self) -> None:
        """Save, and let go of everything."""
        await self.service.close()
        await self.backend.close()
        await self.proxy.close()
        await self.asking.close()
        await self.api.close()


def create_app(notebook: NotebookApp) -> Starlette:
    """Return the ASGI application."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await notebook.service.start()
        try:
            yield
        finally:
            await notebook.close()

    return Starlette(routes=notebook.routes, lifespan=lifespan)
