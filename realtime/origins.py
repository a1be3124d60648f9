"""Which web pages may open a WebSocket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def is_allowed(origin: str | None, host: str) -> bool:
    """Whether a page of the origin may connect: of this host, or of CORS_ORIGINS; without an origin it is a device."""
    if origin is None:
        return True
    return origin in settings.CORS_ORIGINS or (bool(host) and urlsplit(origin).netloc.lower() == host.lower())


def check_origin(app: App) -> App:
    """Refuse the handshake (403) of a page that may not connect."""

    async def checked(scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        if is_allowed(
            None if origin is None else origin.decode("latin-1"), headers.get(b"host", b"").decode("latin-1")
        ):
            await app(scope, receive, send)
            return
        log.info("origin_refused", origin=origin)
        await receive()
        await send({"type": "websocket.close"})

    return checked
