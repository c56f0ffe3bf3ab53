"""``sharedb-py serve``: the sync server for ShareDB clients."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import signal
import socket
import sys
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from sharedb_py.asgi import ShareDBApp
from sharedb_py.backend import Backend
from sharedb_py.cli.settings import flag, one_of, repeated, setting, whole, without_password
from sharedb_py.cli.status import STATUS_PATHS, send_status
from sharedb_py.cli.workers import READY, Workers, end_with_parent
from sharedb_py.collecting import collect_less_often
from sharedb_py.db import open_db
from sharedb_py.dropping import DroppingWebSockets
from sharedb_py.errors import ShareDBError
from sharedb_py.listening import listen
from sharedb_py.milestones import open_milestones
from sharedb_py.ot import OTType, types
from sharedb_py.pubsub import open_pubsub

__all__ = ["add_command"]

PING_SECONDS = 30.0
LOG_LEVELS = ("debug", "info", "warning", "error")


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser, its options read from the environment too."""
    serve = commands.add_parser(
        "serve",
        help="serve ShareDB clients over websockets",
        epilog="Every option can also be set in the environment: --port as SHAREDB_PORT.",
    )
    add = serve.add_argument
    add(
        "--db",
        default=setting("DB", "memory:"),
        help="memory:, sqlite:///path or mongodb://host/name (memory:)",
    )
    add(
        "--pubsub",
        default=setting("PUBSUB", "memory:"),
        help="memory:, or redis://host to join other processes on the same database (memory:)",
    )
    add("--host", default=setting("HOST", "127.0.0.1"), help="address to listen on (%(default)s)")
    add(
        "--port",
        type=whole(0, 65535),
        metavar="N",
        default=setting("PORT", "8080"),
        help="port (%(default)s; 0: any)",
    )
    add(
        "--projection",
        action="append",
        metavar="NAME=COLLECTION:FIELD,FIELD",
        default=None,
        help="a name under which clients see some fields of a collection (repeatable)",
    )
    add(
        "--presence",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="answer presence messages",
    )
    add(
        "--do-not-commit-no-ops",
        action="store_const",
        const=True,
        help="refuse an op that others' ops made empty",
    )
    add(
        "--milestone-interval",
        type=whole(0),
        metavar="N",
        default=setting("MILESTONE_INTERVAL"),
        help="save a milestone every N versions (0: none)",
    )
    add(
        "--max-message-bytes",
        type=whole(1),
        metavar="N",
        default=setting("MAX_MESSAGE_BYTES", str(10 * 2**20)),
        help="close connections that send more in a message (%(default)s)",
    )
    add(
        "--type",
        action="append",
        metavar="MODULE:ATTRIBUTE",
        default=None,
        help="register one more OT type (repeatable)",
    )
    add(
        "--log-level",
        default=setting("LOG_LEVEL", "info"),
        type=one_of(*LOG_LEVELS),
        metavar="LEVEL",
        help=f"{', '.join(LOG_LEVELS)} (%(default)s)",
    )
    add(
        "--workers",
        type=whole(1, 256),
        metavar="N",
        default=setting("WORKERS", "1"),
        help="processes that serve (%(default)s; more than one need a --db and --pubsub to share)",
    )
    add("--worker", type=int, metavar="FD", default=None, help=argparse.SUPPRESS)
    serve.set_defaults(run=_run)


def _add_projection(backend: Backend, text: str) -> None:
    name, equals, rest = text.partition("=")
    collection, colon, fields = rest.partition(":")
    shown = fields.split(",")
    if not (name and equals and collection and colon and all(shown)):
        raise ShareDBError(f"Projection {text!r} does not read NAME=COLLECTION:FIELD,FIELD")
    backend.add_projection(name, collection, shown)


def _register_type(text: str) -> None:
    module, _, attribute = text.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # whatever goes wrong in a module of somebody else's
        raise ShareDBError(f"Cannot load the type {text!r}: {error}") from error
    if not isinstance(found, OTType):
        raise ShareDBError(f"{text!r} is no OT type: it lacks one of name, uri, create, apply …")
    types.register(found)


def _open(options: argparse.Namespace) -> Backend:
    presence = flag(options.presence, "PRESENCE", True)
    do_not_commit_no_ops = flag(options.do_not_commit_no_ops, "DO_NOT_COMMIT_NO_OPS", False)
    for text in repeated(options.type, "TYPE"):
        _register_type(text)
    interval = options.milestone_interval
    return Backend(
        open_db(options.db),
        open_pubsub(options.pubsub),
        milestones=open_milestones(options.db, interval) if interval else None,
        presence=presence,
        do_not_commit_no_ops=do_not_commit_no_ops,
        max_message_bytes=options.max_message_bytes,
    )


class _App:
    """ShareDB at ``/channel`` and at ``/``, how the process is at ``/health`` and ``/ready``."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._sharedb = ShareDBApp(backend)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in ("/channel", "/"):
            await self._sharedb(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] in STATUS_PATHS:
            await send_status(self._backend, scope["path"], send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000, "reason": ""})
        else:
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b"Not found\n"})


async def _serve(options: argparse.Namespace) -> None:
    if options.worker is not None:
        with socket.socket(fileno=options.worker) as listener:
            await _serve_on(options, listener)
        return
    with listen(options.host, options.port) as listener:
        if options.workers == 1:
            await _serve_on(options, listener)
        else:
            _check_shared(options)
            await _check_reachable(options)
            workers = Workers(sys.argv[1:], options.workers, listener)
            await workers.run(lambda: _announce(options, listener))


def _check_shared(options: argparse.Namespace) -> None:
    for name, url in (("db", options.db), ("pubsub", options.pubsub)):
        if url.startswith("memory:"):
            raise ShareDBError(f"Several workers cannot share --{name} {url}; see --help")


async def _check_reachable(options: argparse.Namespace) -> None:
    """Raise ``ShareDBError`` for what no worker can serve, so that it is said once."""
    backend = _open(options)
    try:
        await backend.db.check()
        await backend.pubsub.check()
    finally:
        await backend.close()


def _announce(options: argparse.Namespace, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    print(f"Serving {without_password(options.db)} at ws://{host}:{port}/channel", flush=True)


async def _serve_on(options: argparse.Namespace, listener: socket.socket) -> None:
    backend = _open(options)
    try:
        for text in repeated(options.projection, "PROJECTION"):
            _add_projection(backend, text)
        await backend.db.check()
        await backend.pubsub.check()
        collect_less_often()
        await _serve_until_stopped(options, backend, listener)
    finally:
        await backend.close()


async def _serve_until_stopped(
    options: argparse.Namespace, backend: Backend, listener: socket.socket
) -> None:
    config = uvicorn.Config(
        _App(backend),
        ws=DroppingWebSockets,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_max_size=options.max_message_bytes,
        ws_per_message_deflate=False,
        lifespan="off",
        access_log=False,
        log_level="warning" if options.log_level == "info" else options.log_level,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True

    # Before the line that says it serves, so that it can be stopped from there on; and uvicorn
    # raises the signal that stopped it once more: being stopped is no failure.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    if options.worker is None:
        _announce(options, listener)
        await server.serve(sockets=[listener])
        return
    print(READY, flush=True)
    orphaned = asyncio.create_task(end_with_parent(lambda: stop()))
    await server.serve(sockets=[listener])
    orphaned.cancel()


def _run(options: argparse.Namespace) -> None:
    asyncio.run(_serve(options))
