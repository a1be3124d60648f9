"""Where callers come from when a proxy stands before the server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, cast

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def behind(proxies: tuple[str, ...], application: App) -> App:
    """Have callers seen as the trusted proxies name them: the last address in X-Forwarded-For that is not a proxy's.

    What anybody else writes into X-Forwarded-For and X-Forwarded-Proto counts for nothing, and what is no address is
    none. It is the same for requests and WebSockets, and for every ASGI server.
    """
    if not proxies:
        return application

    async def named(scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope["client"] = _client(scope)
        await application(scope, receive, send)

    told = ProxyHeadersMiddleware(cast("Any", named), trusted_hosts=list(proxies))

    async def met(scope: dict[str, Any], receive: Any, send: Any) -> None:
        # A socket for IPv6 sees a proxy with IPv4 as ::ffff:10.0.0.1, which is in no network of IPv4.
        scope["client"] = _client(scope)
        await told(cast("Any", scope), receive, send)

    return met


def _client(scope: dict[str, Any]) -> tuple[str, int] | None:
    """Return the client as the server has it, its address written in the one usual way; None for what is none."""
    client = scope.get("client")
    if not client:
        return None
    address = _address(str(client[0]))
    return None if address is None else (str(address), client[1])


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
