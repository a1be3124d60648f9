"""Serving WebSockets with uvicorn: the sans-I/O protocol, and a way past ASGI for what many sockets are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class FrameProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which takes finished frames and lets the application abort the transport.

    An ASGI message costs a coroutine, a dict and a frame for each socket; ``brigade.wire`` in the scope's extensions
    costs one write. And a close waits behind a full buffer for as long as the client doesn't read; ``abort`` doesn't.

    ``write`` sends whole frames at once. It may be used from ``on_writable`` (for the first time: from the start) to
    ``on_full``, which comes within a write as well: when the client reads slower than it is written to, and, for the
    last time, when the connection begins to close, since nothing may follow a close frame.
    """

    write: Callable[[bytes], None]
    on_full: Callable[[], None] | None = None
    on_writable: Callable[[], None] | None = None

    def handle_connect(self, event: Any) -> None:
        """Add the extension to the scope before the application is started (its task runs only later)."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.write = self.transport.write
            self.scope["extensions"]["brigade.wire"] = self  # type: ignore[assignment]

    def pause_writing(self) -> None:
        """Have the application keep what comes next."""
        super().pause_writing()
        if self.on_full is not None:
            self.on_full()

    def resume_writing(self) -> None:
        """Have the application go on with what waits."""
        super().resume_writing()
        if self.on_writable is not None:
            self.on_writable()

    def abort(self) -> None:
        """Drop the connection with whatever waits to be sent."""
        if not self.transport.is_closing() or self.transport.get_write_buffer_size():
            self.transport.abort()

    # However a connection begins to end

    def _end(self) -> None:
        if self.on_full is not None:
            self.on_full()
        self.on_full = self.on_writable = None

    def shutdown(self) -> None:
        """The server is going."""
        self._end()
        super().shutdown()

    def handle_close(self, event: Any) -> None:
        """The client closes."""
        self._end()
        super().handle_close(event)

    def handle_parser_exception(self) -> None:
        """The client sent what is no WebSocket frame."""
        self._end()
        super().handle_parser_exception()

    def keepalive_timeout(self) -> None:
        """The client answered no ping."""
        self._end()
        super().keepalive_timeout()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._end()
        super().connection_lost(exc)
