"""How uvicorn speaks on websockets here: it reads on a little, and stops without a goodbye."""

from __future__ import annotations

from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

__all__ = ["DroppingWebSockets"]

READ_AHEAD: Final = 16
"""How many messages of a client may wait to be taken before no more are read."""


class DroppingWebSockets(WebSocketsSansIOProtocol):
    """For ``uvicorn.Config(ws=…)``: a stopping server drops its connections.

    Clients of racer-highway take a clean close, whatever its code, for a wish
    that they stay away, and come back only to a server that just vanished
    (protocol section 1.2). All others come back either way.
    """

    def send_receive_event_to_app(self) -> None:
        """Queue a message; uvicorn itself stops reading at the first, and begins again, each time.

        That takes two calls to the system for a message, more than handling it.
        """
        was_paused, self.read_paused = self.read_paused, True
        super().send_receive_event_to_app()
        self.read_paused = was_paused
        if not was_paused and not self.close_sent and self.queue.qsize() >= READ_AHEAD:
            self.read_paused = True
            self.transport.pause_reading()

    def shutdown(self) -> None:
        """End the connection: what was sent still arrives, no close frame does."""
        if self.handshake_complete and not self.close_sent:
            self.stop_keepalive()
            self.queue.put_nowait({"type": "websocket.disconnect", "code": 1012})
            self.transport.close()
        else:
            super().shutdown()
