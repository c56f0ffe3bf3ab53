"""The ``derby-notebook`` command."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import signal
import socket
import ssl
import sys
import webbrowser
from collections.abc import Coroutine, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import uvicorn

import derby_notebook.quick_start  # noqa: F401 - before all that it makes quick
from derby_notebook.app import NotebookApp, create_app
from derby_notebook.extensions import AddHooks, load_hooks
from derby_notebook.hub import Hub, hub_of
from derby_notebook.jupyter.process import JupyterProcess
from derby_notebook.people.roles import parse_roles
from derby_notebook.web.logs import set_up
from sharedb_py.backend import Backend
from sharedb_py.db import open_db
from sharedb_py.dropping import DroppingWebSockets
from sharedb_py.errors import ShareDBError
from sharedb_py.listening import listen
from sharedb_py.milestones import open_milestones
from sharedb_py.pubsub import open_pubsub

__all__ = ["main", "parser"]

STATE = ".derby-notebook"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
MILESTONE_INTERVAL = 500
"""How many versions of a document lie between two states that are kept for its history."""


class Problem(Exception):
    """Something the person at the terminal can mend."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="derby-notebook",
        description="A shared Jupyter notebook for everyone who has the link.",
    )
    add = made.add_argument
    add("folder", nargs="?", default=".", help="the folder to serve (default: this one)")
    add("--port", type=int, default=9999, help="port (%(default)s)")
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add(
        "--db",
        default=os.environ.get("DERBY_NOTEBOOK_DB"),
        help=f"sqlite:///path, mongodb://host/name or memory: (FOLDER/{STATE}/rooms.sqlite); "
        "with a password, better given as DERBY_NOTEBOOK_DB",
    )
    add(
        "--pubsub",
        default=os.environ.get("DERBY_NOTEBOOK_PUBSUB", "memory:"),
        help="redis://host to join other processes (memory:); or DERBY_NOTEBOOK_PUBSUB",
    )
    add("--jupyter-url", help="use this Jupyter Server instead of starting one")
    add(
        "--token",
        help="its token; better given as DERBY_NOTEBOOK_TOKEN, or in the file that "
        "DERBY_NOTEBOOK_TOKEN_FILE names",
    )
    add(
        "--base-url",
        default="/",
        help="prefix of all addresses, for our own Jupyter Server (%(default)s)",
    )
    add(
        "--role",
        action="append",
        default=[],
        metavar="NAME=ROLE",
        help="owner, editor or viewer for a user, * for all others; may be repeated",
    )
    add(
        "--trust-proxy",
        action="store_true",
        help="believe the X-Forwarded-* of a proxy before us; nobody else may reach the port",
    )
    add(
        "--hooks",
        action="append",
        default=[],
        metavar="FILE.py",
        help="let this file's add_hooks(service) hook into what happens; may be repeated",
    )
    add(
        "--hub",
        action="store_true",
        help="be a JupyterHub's single-user server: address, folder and sign-in are the hub's",
    )
    add("--certfile", help="serve TLS with this certificate")
    add("--keyfile", help="its private key")
    add(
        "--log-format",
        default="text",
        choices=["text", "json"],
        help="logs for people or for machines (%(default)s)",
    )
    add("--no-browser", action="store_true", help="do not open a browser")
    add(
        "--log-level",
        default="warning",
        choices=["debug", "info", "warning", "error"],
        help="(%(default)s)",
    )
    return made


def _state_folder(folder: Path) -> Path:
    """Return the folder for what lasts over restarts, readable by its owner only."""
    state = folder / STATE
    try:
        state.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Problem(
            f"Cannot write to {folder}: {error.strerror}; name a --db elsewhere"
        ) from error
    return state


def _lasting_token(state: Path) -> str:
    """Return the token of this folder's own Jupyter Server: the same after a restart."""
    path = state / "token"
    if path.is_file():
        return path.read_text().strip()
    token = secrets.token_hex(24)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(token)
    return token


def _given_token(options: argparse.Namespace) -> str:
    """Return the token of a Jupyter Server that is not our own; empty if none is given."""
    path = os.environ.get("DERBY_NOTEBOOK_TOKEN_FILE")
    if options.token or not path:
        return options.token or os.environ.get("DERBY_NOTEBOOK_TOKEN", "")
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError as error:
        raise Problem(f"Cannot read DERBY_NOTEBOOK_TOKEN_FILE {path}: {error.strerror}") from error


def _hub(options: argparse.Namespace) -> Hub | None:
    """Return the hub that spawned us, if one did; its word stands above the command line's."""
    if not options.hub:
        return None
    try:
        hub = hub_of(os.environ)
    except ValueError as error:
        raise Problem(f"--hub {error}") from error
    if find_spec("jupyterhub") is None:
        raise Problem("--hub needs the package jupyterhub: pip install jupyterhub")
    options.host, options.port, options.base_url = hub.host, hub.port, hub.base_url
    options.folder = hub.folder or options.folder
    options.trust_proxy = options.no_browser = True
    return hub


def _check_certificate(certfile: str | None, keyfile: str | None) -> None:
    if keyfile and not certfile:
        raise Problem("--keyfile needs --certfile")
    if certfile:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certfile, keyfile)
        except OSError as error:
            reason = error.strerror or error
            raise Problem(f"--certfile {certfile} cannot be used: {reason}") from error


def _hooks(options: argparse.Namespace) -> list[AddHooks]:
    try:
        return [load_hooks(name) for name in options.hooks]
    except ValueError as error:
        raise Problem(f"--hooks {error}") from error


def _own_jupyter(
    options: argparse.Namespace, folder: Path, token: str, state: Path, hub: Hub | None
) -> JupyterProcess:
    """Return the Jupyter Server that we start ourselves, as the hub's if there is one."""
    return JupyterProcess(
        folder,
        token,
        state,
        base_url=options.base_url,
        any_host=options.trust_proxy or options.host not in LOOPBACK,
        hub=hub.environment if hub else None,
    )


async def _serve(options: argparse.Namespace) -> None:
    hub, hooks = _hub(options), _hooks(options)
    _check_certificate(options.certfile, options.keyfile)
    folder = Path(options.folder).resolve()  # noqa: ASYNC240 - once, at the start
    if not folder.is_dir():
        raise Problem(f"There is no folder {options.folder}")
    try:
        roles = parse_roles(options.role)
    except ValueError as error:
        raise Problem(f"--role {error}") from error
    if options.jupyter_url is None and not options.pubsub.startswith("memory:"):
        raise Problem("Processes that share documents share a Jupyter Server: name --jupyter-url")
    listener = listen(options.host, options.port)
    state = _state_folder(folder)
    database = options.db or f"sqlite:///{state / 'rooms.sqlite'}"
    db = open_db(database)
    milestones = open_milestones(database, MILESTONE_INTERVAL)
    backend = Backend(db, open_pubsub(options.pubsub), milestones)
    jupyter: JupyterProcess | None = None
    token = _given_token(options)
    url = options.jupyter_url
    try:
        await backend.db.check()
        await backend.pubsub.check()
        if url is None:
            print(f"Starting a Jupyter Server on {folder} …", flush=True)
            token = hub.token if hub else _lasting_token(state)
            jupyter = _own_jupyter(options, folder, token, state, hub)
            await jupyter.start()
            url = jupyter.url
        set_up(options.log_level, options.log_format, [token])
        notebook = NotebookApp(
            backend, url, token, state=state, roles=roles, trust_proxy=options.trust_proxy
        )
        for add_hooks in hooks:
            add_hooks(notebook.service)
        app = create_app(notebook)
        shared = token if jupyter and not hub else ""
        address = _address(listener, folder, shared, notebook.base, options)
        await _run(app, listener, options, address)
    finally:
        if jupyter is not None:
            await _to_the_end(jupyter.stop())


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Finish work that Ctrl-C has asked for, whatever else it cancels."""
    task = asyncio.create_task(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            continue
    task.result()


def _address(
    listener: socket.socket, folder: Path, token: str, base: str, options: argparse.Namespace
) -> str:
    notebooks = sorted(folder.glob("*.ipynb"))
    page = f"notebooks/{notebooks[0].name}" if len(notebooks) == 1 else "tree"
    query = f"?token={token}" if token else ""
    scheme = "https" if options.certfile else "http"
    port = listener.getsockname()[1]
    return f"{scheme}://localhost:{port}{base}/{page.replace(' ', '%20')}{query}"


class _Server(uvicorn.Server):
    """A server that says where it is once it answers."""

    def __init__(self, config: uvicorn.Config, address: str, open_browser: bool) -> None:
        super().__init__(config)
        self._address = address
        self._open_browser = open_browser

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.started:
            return
        print("Share this address with people on this machine; stop with Ctrl-C.", flush=True)
        print(f"Open {self._address}", flush=True)
        if self._open_browser and sys.stdout.isatty():
            webbrowser.open(self._address)


async def _run(
    app: object, listener: socket.socket, options: argparse.Namespace, address: str
) -> None:
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        ws=DroppingWebSockets,
        ws_ping_interval=30.0,
        ws_ping_timeout=30.0,
        ws_max_size=64 * 2**20,
        ws_per_message_deflate=False,
        lifespan="on",
        access_log=False,
        log_level=options.log_level,
        log_config=None,
        proxy_headers=options.trust_proxy,
        forwarded_allow_ips="*" if options.trust_proxy else None,
        ssl_certfile=options.certfile,
        ssl_keyfile=options.keyfile,
        timeout_graceful_shutdown=2,
    )
    await _Server(config, address, not options.no_browser).serve(sockets=[listener])


def _stop_as_by_ctrl_c(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits with status 1 and one line for what can be mended."""
    options = parser().parse_args(arguments)
    # What a service manager sends: our own Jupyter Server must not be left behind.
    signal.signal(signal.SIGTERM, _stop_as_by_ctrl_c)
    set_up(options.log_level, options.log_format, [options.token or ""])
    try:
        asyncio.run(_serve(options))
    except KeyboardInterrupt:
        pass
    except (Problem, RuntimeError) as error:
        sys.exit(f"derby-notebook: {error}")
    except ShareDBError as error:
        sys.exit(f"derby-notebook: {error.message}")
