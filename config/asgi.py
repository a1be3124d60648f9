"""The ASGI application: Django over HTTP, the stream consumer over WebSockets."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import django
from channels.routing import ProtocolTypeRouter, URLRouter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402 - Django must be set up first
from django.urls import path, re_path  # noqa: E402

from config.handler import Handler  # noqa: E402
from config.proxies import behind  # noqa: E402
from realtime import forwarding  # noqa: E402
from realtime.consumers import StreamConsumer  # noqa: E402
from realtime.origins import check_origin  # noqa: E402


async def _refuse(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Refuse the handshake at any other path."""
    await receive()
    await send({"type": "websocket.close"})


async def http(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve Django; commits made here are forwarded from the server's own loop."""
    forwarding.serve_from(asyncio.get_running_loop())
    await django_application(scope, receive, send)


django_application = Handler()
_consumer = StreamConsumer.as_asgi()
# Channels takes ASGI applications where Django's types expect views.
_routes: list[Any] = [path("", _consumer), path("ws/", _consumer), re_path(r"", _refuse)]  # type: ignore[arg-type]
application = behind(
    settings.TRUSTED_PROXIES,
    ProtocolTypeRouter(
        {
            "http": http,
            "websocket": check_origin(URLRouter(_routes)),
        }
    ),
)
