"""Serving WebSockets with uvicorn: the sans-I/O protocol, and a way past ASGI for what many sockets are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class FrameProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which takes finished frames and lets the application abort the transport.

    An ASGI message costs a coroutine, a dict and a frame for each socket; ``brigade.wire`` in the scope's extensions
    costs one write. And a close waits behind a full buffer for as long as the client doesn't read; ``abort`` doesn't.
    """

    on_writable: Callable[[], None] | None = None
    is_writable = True

    def handle_connect(self, event: Any) -> None:
        """Add the extension to the scope before the application is started (its task runs only later)."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["extensions"]["brigade.wire"] = self  # type: ignore[assignment]

    def write(self, frames: bytes) -> bool:
        """Send whole frames at once; False when the transport wants no more until ``on_writable`` is called.

        What is written to a connection that is closing is dropped.
        """
        if not self.transport.is_closing():
            self.transport.write(frames)
        return self.is_writable

    def pause_writing(self) -> None:
        """Note that the client reads slower than it is written to."""
        super().pause_writing()
        self.is_writable = False

    def resume_writing(self) -> None:
        """Go on with what waits."""
        super().resume_writing()
        self.is_writable = True
        if self.on_writable is not None:
            self.on_writable()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the application's socket, which is told by its consumer."""
        super().connection_lost(exc)
        self.on_writable = None

    def abort(self) -> None:
        """Drop the connection with whatever waits to be sent."""
        if not self.transport.is_closing() or self.transport.get_write_buffer_size():
            self.transport.abort()
