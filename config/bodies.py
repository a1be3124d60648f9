"""Bodies of requests: read whole and bounded before anything else is done, so that nobody fills memory or disk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class TooLarge(Exception):
    """The body is, or says that it will be, longer than what is taken."""


class Gone(Exception):
    """The client left before it had said everything."""


async def read_body(scope: Scope, receive: Receive, *, most: int) -> bytes:
    """Return the body; raises TooLarge as soon as that is clear, without reading on, and Gone."""
    if announced_length(scope) > most:
        raise TooLarge
    message = await receive()
    first: bytes = _part(message)
    if not message.get("more_body", False) and len(first) <= most:
        return first
    parts = [first]
    length = len(first)
    while message.get("more_body", False):
        if length > most:
            raise TooLarge
        message = await receive()
        parts.append(_part(message))
        length += len(parts[-1])
    if length > most:
        raise TooLarge
    return b"".join(parts)


def announced_length(scope: Scope) -> int:
    """Return what Content-Length says; 0 where it says nothing that is a number."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def _part(message: dict[str, Any]) -> bytes:
    if message["type"] == "http.disconnect":
        raise Gone
    part: bytes = message.get("body", b"")
    return part


def replaying(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives a body that was read already, and then what comes after it."""
    given = False

    async def replay() -> dict[str, Any]:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def draining(receive: Receive) -> Receive:
    """Return a ``receive`` that throws away what is left of a body, and gives what comes after it."""

    async def drain() -> dict[str, Any]:
        message = await receive()
        while message["type"] == "http.request":
            message = await receive()
        return message

    return drain
