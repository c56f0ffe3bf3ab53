"""How uvicorn ends websockets when the server stops: without a goodbye."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

__all__ = ["DroppingWebSockets"]


class DroppingWebSockets(WebSocketsSansIOProtocol):
    """For ``uvicorn.Config(ws=…)``: a stopping server drops its connections.

    Clients of racer-highway take a clean close, whatever its code, for a wish
    that they stay away, and come back only to a server that just vanished
    (protocol section 1.2). All others come back either way.
    """

    def shutdown(self) -> None:
        """End the connection: what was sent still arrives, no close frame does."""
        if self.handshake_complete and not self.close_sent:
            self.stop_keepalive()
            self.queue.put_nowait({"type": "websocket.disconnect", "code": 1012})
            self.transport.close()
        else:
            super().shutdown()
