"""A TCP balancer that can be told to treat its clients badly.

It spreads connections over the app processes in turn and passes over those that refuse. It lives in a thread with a
loop of its own, so that a busy run never looks like a slow network. A connection is named by the client's port.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Self, cast

import uvloop

from tests.live import free_port

HOST = "127.0.0.1"
CONNECT_SECONDS = 1.0
BACKLOG = 2048


class Side(asyncio.Protocol):
    """One of the two ends of a connection; what comes in goes out at the other."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.transport: asyncio.Transport | None = None
        self.other: Side | None = None
        self.early: list[bytes] = []
        self.is_full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.link.settle()

    def data_received(self, data: bytes) -> None:
        if self.other is None:  # the backend is still being connected to
            self.early.append(data)
        elif self.other.transport is not None:
            self.other.transport.write(data)

    def lead_to(self, other: Side) -> None:
        self.other = other
        for data in self.early:
            self.data_received(data)
        self.early.clear()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self.is_full = True
        self.link.settle()

    def resume_writing(self) -> None:
        self.is_full = False
        self.link.settle()

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        self.link.lost(self)


class Link:
    """A client's connection through the balancer.

    Frozen, it forwards nothing and closes nothing: to either end the other one is just silent.
    """

    def __init__(self, balancer: Balancer) -> None:
        self.balancer = balancer
        self.client = Side(self)
        self.server = Side(self)
        self.port = 0
        self.is_frozen = False

    def settle(self) -> None:
        """Read from an end while the link is not frozen and the other end takes what comes."""
        for side, other in ((self.client, self.server), (self.server, self.client)):
            if side.transport is None or side.transport.is_closing():
                continue
            wanted = not self.is_frozen and other.transport is not None and not other.is_full
            if wanted and not side.transport.is_reading():
                side.transport.resume_reading()
            elif not wanted and side.transport.is_reading():
                side.transport.pause_reading()

    def join(self) -> None:
        """Lead each end to the other, now that both are there."""
        self.client.lead_to(self.server)
        self.server.lead_to(self.client)
        self._part_if_left()
        self.settle()

    def freeze(self) -> None:
        self.is_frozen = True
        self.settle()

    def thaw(self) -> None:
        self.is_frozen = False
        self._part_if_left()
        self.settle()

    def _part_if_left(self) -> None:
        for side in (self.client, self.server):
            if side.transport is None:  # it left meanwhile
                self.lost(side)

    def lost(self, side: Side) -> None:
        """Close the other end when one has closed, after what it is still to be sent; a frozen one hears nothing."""
        other = self.server if side is self.client else self.client
        if other.transport is not None and not self.is_frozen:
            other.transport.close()
        if self.client.transport is None and self.server.transport is None:
            self.balancer.forget(self)

    def abort(self) -> None:
        for side in (self.client, self.server):
            if side.transport is not None:
                side.transport.abort()


class Balancer:
    """Listens at one port and forwards to the backends, in turn. A context manager."""

    def __init__(self, backends: Iterable[int]) -> None:
        """Take the ports of the backends on this machine."""
        self.backends = list(backends)
        self.port = free_port()
        self.links: dict[int, Link] = {}
        self.refused_count = 0
        self._turn = 0
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="balancer", daemon=True)
        self._server: asyncio.AbstractServer | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://{HOST}:{self.port}/ws/"

    # From any thread

    def cut(self, ports: Iterable[int]) -> int:
        """Tear connections at both ends; return how many there were."""
        return self._each(ports, Link.abort)

    def freeze(self, ports: Iterable[int]) -> int:
        """Stop forwarding, for good or until ``thaw``, without closing anything."""
        return self._each(ports, Link.freeze)

    def thaw(self, ports: Iterable[int]) -> int:
        """Forward again, beginning with what was held up."""
        return self._each(ports, Link.thaw)

    def backend_of(self, port: int) -> int | None:
        """Return the backend's port that a client's connection goes to."""
        link = self.links.get(port)
        transport = link.server.transport if link else None
        return transport.get_extra_info("peername")[1] if transport else None

    def _each(self, ports: Iterable[int], act: Callable[[Link], None]) -> int:
        done: Future[int] = Future()
        wanted = list(ports)

        def run() -> None:
            links = [link for port in wanted if (link := self.links.get(port)) is not None]
            for link in links:
                act(link)
            done.set_result(len(links))

        self._loop.call_soon_threadsafe(run)
        return done.result()

    # In the balancer's own thread

    async def _open(self) -> None:
        self._server = await self._loop.create_server(self._accept, HOST, self.port, backlog=BACKLOG)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for link in list(self.links.values()):
            link.abort()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    def _accept(self) -> Side:
        link = Link(self)
        self._loop.create_task(self._connect(link))
        return link.client

    async def _connect(self, link: Link) -> None:
        await asyncio.sleep(0)  # by then the client's end is there
        if link.client.transport is None:
            return
        link.port = link.client.transport.get_extra_info("peername")[1]
        self.links[link.port] = link
        for backend in self._in_turn():
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await self._loop.create_connection(lambda: link.server, HOST, backend)
            except OSError:
                self.refused_count += 1
                continue
            link.join()
            return
        link.abort()

    def forget(self, link: Link) -> None:
        if self.links.get(link.port) is link:
            del self.links[link.port]

    def _in_turn(self) -> list[int]:
        self._turn += 1
        start = self._turn % len(self.backends)
        return self.backends[start:] + self.backends[:start]
