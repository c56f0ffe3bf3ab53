"""The socket a server listens on."""

from __future__ import annotations

import socket

from sharedb_py.errors import ShareDBError

__all__ = ["listen"]


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address; port 0 takes any that is free.

    Raises ``ShareDBError`` that names the address if it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol must be named: asyncio turns off Nagle's algorithm only on sockets that say
    # they are TCP, and with it small messages wait 40 ms for each other.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError, UnicodeError) as error:
        listener.close()
        why = getattr(error, "strerror", None) or error
        raise ShareDBError(
            f"Cannot listen on {host}:{port}: {why}; choose another with --port"
        ) from error
    return listener
