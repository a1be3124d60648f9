"""Serving WebSockets with uvicorn: the sans-I/O protocol, and a way to drop a client that stopped reading."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class FrameProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which lets the application abort the transport.

    A close waits behind a full buffer for as long as the client doesn't read; ``brigade.abort`` in the scope's
    extensions doesn't.
    """

    def handle_connect(self, event: Any) -> None:
        """Add the extension to the scope before the application is started (its task runs only later)."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["extensions"]["brigade.abort"] = self._abort  # type: ignore[assignment]

    def _abort(self) -> None:
        if not self.transport.is_closing() or self.transport.get_write_buffer_size():
            self.transport.abort()
