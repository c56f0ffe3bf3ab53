"""How the line to a kernel is asked to lose nothing: words of ours beside Jupyter's. Pure.

Jupyter forgets a message as it writes it to a websocket; what then waits in a
socket is lost with the process that should have read it. A connection made with
``?keeps=1`` to a server with our extension begins with a message on the channel
:data:`RESENT`; its content's ``messages`` are the ids of those that were sent
before, and follow once more. The server keeps each message until one of ours on
the channel :data:`ACKNOWLEDGE` says in ``count`` how many of this connection are
dealt with, those that were sent again included, that first one left out.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ACKNOWLEDGE", "KEEPS", "RESENT"]

KEEPS: Final = "keeps"
RESENT: Final = "resent"
ACKNOWLEDGE: Final = "acknowledge"
