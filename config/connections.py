"""Turns the addresses of PostgreSQL and Valkey into what Django and Channels take."""

import hashlib
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

CONNECT_TIMEOUT_SECONDS = 5
LOCK_TIMEOUT_SECONDS = 10
PREPARE_AFTER = 2
# What an installation without services gets: nothing can listen on these ports, so a connection fails at once.
NOWHERE = "postgresql://brigade@127.0.0.1:1/brigade"
NOWHERE_LAYER = "redis://127.0.0.1:1/0"


def database(url: str | None, *, pool_size: int | None, pool_timeout_seconds: float) -> dict[str, Any]:
    """Describe the database behind an address to Django, for servers with a pool of connections per process."""
    parts = urlsplit(url or NOWHERE)
    options: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, "application_name": "brigade"}
    # A row that stays locked answers "try again" instead of holding up a thread for ever.
    options["options"] = f"-c lock_timeout={LOCK_TIMEOUT_SECONDS}s"
    # For the statements of orders.statements; Django's own are never prepared.
    options["prepare_threshold"] = PREPARE_AFTER
    options |= dict(parse_qsl(parts.query))
    if pool_size is not None:
        options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": pool_timeout_seconds}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or unquote(parts.hostname or ""),
        "PORT": str(parts.port if parts.port is not None else options.pop("port", "")),
        # The pool keeps the connections; Django must hand them back after each request.
        "CONN_MAX_AGE": 0,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": options,
    }


def layer_prefix(url: str | None) -> str:
    """Name the installation behind a database, so that two that share a Valkey never hear each other."""
    parts = urlsplit(url or NOWHERE)
    address = f"{parts.hostname}:{parts.port or 5432}{parts.path}?{parts.query}"
    return "brigade-" + hashlib.sha256(address.encode()).hexdigest()[:12]


def channel_layers(urls: tuple[str, ...], prefix: str) -> dict[str, dict[str, Any]]:
    """Describe the layer twice: once for the hub that listens on it, once for those who publish and must not wait.

    Of channels-redis' two layers the one that publishes: a message is one command, and nothing of it is kept. The
    other keeps each message until it was fetched, for half a dozen commands, and that is what the event table is for.
    """

    def layer(timeout: float) -> dict[str, Any]:
        timeouts = {"socket_timeout": timeout, "socket_connect_timeout": timeout, "socket_keepalive": True}
        return {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [{"address": url, **timeouts} for url in urls], "prefix": prefix},
        }

    return {"default": layer(2), "publish": layer(1)}
