"""A screen that joins and then never reads again: a tablet in a drawer, with a full receive buffer."""

from __future__ import annotations

import asyncio
import select
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tests.benchmarks.contestants.base import Dialect
from tests.benchmarks.load.results import Stall
from tests.benchmarks.load.speech import HOST, all_masked, handshake
from tests.benchmarks.load.usage import resident_kib

# The smaller, the sooner the server's side is what fills.
RECEIVE_BYTES = 4096
READY_SECONDS = 30.0
LOOK_SECONDS = 0.25
# From include/net/tcp_states.h, as /proc/net/tcp shows it.
ESTABLISHED = b"01"
GONE = select.POLLERR | select.POLLHUP | select.POLLRDHUP


class StalledScreen:
    """One socket without a library in between, since libraries read on their own account."""

    def __init__(self, dialect: Dialect, number: int, port: int, pids: Iterable[int]) -> None:
        """Take how to speak, which screen it is, and the server."""
        self.dialect = dialect
        self.number = number
        self.port = port
        self.pids = tuple(pids)
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        self.socket.setblocking(False)
        self.read = bytearray()
        self.stalled_at = 0.0
        self.cut_at: float | None = None
        self.before_kib = 0.0
        self.most_kib = 0.0
        self.watcher: asyncio.Task[None] | None = None

    async def join(self) -> None:
        """Connect, join, and stop reading.

        Raises OSError (a timeout is one).
        """
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self.socket, (HOST, self.port))
        await loop.sock_sendall(self.socket, handshake(self.dialect, self.number, self.port))
        async with asyncio.timeout(READY_SECONDS):
            await self._read_until(b"\r\n\r\n")
            await loop.sock_sendall(self.socket, all_masked(self.dialect.opening))
            await self._read_until(self.dialect.ready)
        self.stalled_at = time.monotonic()
        self.before_kib = self.most_kib = resident_kib(self.pids)
        self.watcher = asyncio.ensure_future(self._watch())

    async def stop(self) -> Stall:
        """Let go, and tell what became of it."""
        if self.watcher is not None:
            self.watcher.cancel()
            with suppress(asyncio.CancelledError):
                await self.watcher
        self._look()
        self.socket.close()
        cut_after = None if self.cut_at is None else self.cut_at - self.stalled_at
        return Stall(cut_after, self.before_kib, self.most_kib)

    async def _watch(self) -> None:
        while True:
            self._look()
            await asyncio.sleep(LOOK_SECONDS)

    def _look(self) -> None:
        self.most_kib = max(self.most_kib, resident_kib(self.pids))
        if self.cut_at is None and self._is_cut():
            self.cut_at = time.monotonic()

    def _is_cut(self) -> bool:
        """Tell whether the server gave up, without reading a byte.

        A server that closes in good order waits behind the bytes that nobody reads: then only its own end of the
        connection shows it.
        """
        poll = select.poll()
        poll.register(self.socket, GONE)
        if any(event & GONE for _, event in poll.poll(0)):
            return True
        own_port = self.socket.getsockname()[1]
        ends = b":%04X 0100007F:%04X " % (self.port, own_port)
        table = Path("/proc/net/tcp").read_bytes()
        at = table.find(ends)
        return at < 0 or table[at + len(ends) : at + len(ends) + 2] != ESTABLISHED

    async def _read_until(self, text: bytes) -> None:
        while text not in self.read:
            data = await asyncio.get_running_loop().sock_recv(self.socket, RECEIVE_BYTES)
            if not data:
                raise ConnectionError("connection lost")
            self.read += data
