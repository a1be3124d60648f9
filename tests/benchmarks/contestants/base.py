"""What a contestant is: a server that takes orders and tells screens of them, started and asked in the same way.

The load is the same for all: an order is posted with a marker in its notes (``bench-00000001``), and each screen is
to get one frame that carries the marker. What differs, the dialect, is data: so one load generator speaks them all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

MARKER = "bench-"
MARKER_DIGITS = 8


def marker(number: int) -> str:
    """Return the text that tells one order from all others, wherever it is carried."""
    return f"{MARKER}{number:0{MARKER_DIGITS}d}"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a contestant plays: empty services of its own, one core, one port, one directory."""

    database_url: str
    redis_url: str
    core: int
    port: int
    home: Path


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, complete but for Host and Content-Length."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a screen speaks: text messages, and the bytes that tell what a message is.

    ``opening`` are sent one by one as the connection is up; a message that contains ``ready`` says that the screen is
    in its room; one that equals ``ping`` is answered with ``pong``; one that contains ``event`` and a marker counts.
    ``headers`` go with every handshake; where ``headers_of`` holds any, each screen sends one of them besides, in turn.
    ``resuming`` is the opening of a screen that comes back, ``{epoch}`` and ``{seq}`` in it standing for those of the
    last message that it had; empty for a server that replays nothing.
    """

    path: str
    headers: dict[str, str]
    opening: tuple[bytes, ...]
    ready: bytes
    event: bytes
    ping: bytes | None = None
    pong: bytes | None = None
    headers_of: tuple[dict[str, str], ...] = ()
    resuming: tuple[bytes, ...] = ()

    def headers_for(self, screen: int) -> dict[str, str]:
        """Return the headers of a screen's handshake, by its number: who the numbered screen is."""
        if not self.headers_of:
            return self.headers
        return {**self.headers, **self.headers_of[screen % len(self.headers_of)]}


class Contestant(Protocol):
    """A server under test. Made without arguments; ``start`` returns when it serves, with its data seeded."""

    name: str

    def missing(self) -> str | None:
        """Say in one line what this machine lacks to run it, or None."""

    def versions(self) -> dict[str, str]:
        """Return the exact versions of what it is made of."""

    def start(self, ground: Ground) -> None:
        """Start it, pinned to the ground's core, and wait until it serves."""

    def stop(self) -> None:
        """End every process of it."""

    def server_pids(self) -> list[int]:
        """Return the processes whose CPU and memory count."""

    def dialect(self) -> Dialect:
        """Return how a screen speaks to it."""

    def post(self, number: int) -> Request:
        """Return the request that tells the screens of the numbered order; three lines, no modifiers."""


@runtime_checkable
class OrderTaker(Contestant, Protocol):
    """One that keeps its orders as an application does; the others only fan out, and are a limit."""

    def list(self) -> Request:
        """Return the request for the first page of 50 of the open orders, newest first."""

    def patch(self, order_id: int, number: int) -> Request:
        """Return the request that changes the notes of an order to another marker."""

    def order_id(self, answer: bytes) -> int:
        """Return the id of the order in the answer to ``post``."""
