"""The screens of the benchmark: as many WebSocket clients as asked for, which do next to nothing per frame.

They have one kernel queue of their own, hung into the loop as a single descriptor, and one buffer: a library's
connection, transport and callbacks per socket cost a third more per frame than the kernel and this loop together.
"""

from __future__ import annotations

import asyncio
import errno
import re
import select
import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from os import strerror

from tests.benchmarks.contestants.base import MARKER, MARKER_DIGITS, Dialect
from tests.benchmarks.load.ledger import Faults, Ledger, Witness
from tests.benchmarks.load.speech import CLOSE, HOST, PING, PONG, all_masked, handshake, masked

MARK = MARKER.encode()
MARK_LENGTH = len(MARK)
MARK_END = MARK_LENGTH + MARKER_DIGITS
EPOCH = re.compile(rb'"epoch":"([^"]+)"')
SEQ = re.compile(rb'"seq":(\d+)')
WHOLE_TEXT = 0x81
HEAD_END = b"\r\n\r\n"
# From this on the length of a frame is in the bytes after it: two, or eight where it is one more.
LONG = 126
# What a server that cannot keep up may take before a screen counts as failed.
READY_SECONDS = 60.0
# Screens are connected in batches of so many, unless all at once is what is measured.
GENTLY = 50
BUFFER_BYTES = 256 * 1024
MOST_EVENTS = 4096
clock = time.monotonic_ns


class Screen(Witness):
    """One screen: its connection, and what it saw."""

    __slots__ = (
        "beat_at", "cut", "dialect", "event", "heard", "is_upgraded", "ledger", "number", "port", "ready_at",
        "receive", "rest", "silence", "socket",
    )  # fmt: skip

    def __init__(self, dialect: Dialect, number: int, port: int) -> None:
        """Take how to speak, which screen it is, and where the server is."""
        super().__init__()
        self.dialect = dialect
        self.number = number
        self.port = port
        self.event = dialect.event
        self.ledger: Ledger | None = None
        # The last message that tells where in the stream it is.
        self.heard = b""
        # Signs of life: when the last message without an order came, and the longest wait for one (nanoseconds).
        self.silence = 0
        self.renew()

    def renew(self) -> None:
        """Take a socket that is not connected yet."""
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.receive = self.socket.recv_into
        self.is_upgraded = False
        self.cut = ""
        # What came of a frame that is not whole yet.
        self.rest = b""
        self.ready_at = self.beat_at = 0

    def opening(self) -> Iterable[bytes]:
        """Return what it says first: at its return with its cursor, where it has one and the dialect knows of it."""
        epoch, seq = EPOCH.search(self.heard), SEQ.search(self.heard)
        if not self.dialect.resuming or epoch is None or seq is None:
            return self.dialect.opening
        return [text.replace(b"{epoch}", epoch[1]).replace(b"{seq}", seq[1]) for text in self.dialect.resuming]

    def say(self, frames: bytes) -> None:
        """Send what is short enough to fit into any socket's buffer."""
        with suppress(OSError):
            self.socket.send(frames)


class Screens:
    """All screens of one contestant."""

    def __init__(self) -> None:
        """Begin with none."""
        self.all: list[Screen] = []
        # Whether each screen keeps its last event, for the cursor in it.
        self.keeps_cursor = False
        self._by_descriptor: dict[int, Screen] = {}
        self._queue = select.epoll()
        self._buffer = bytearray(BUFFER_BYTES)
        self._ledger: Ledger | None = None
        self._complete = 0
        self._opening = 0
        self._opened: asyncio.Event = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._queue.fileno(), self._read)

    async def bring_to(self, count: int, dialect: Dialect, port: int) -> list[str]:
        """Connect screens, or let some go, until there are so many; return why any failed."""
        self.all = [screen for screen in self.all if screen.ready_at]
        while len(self.all) > count:
            self._leave(self.all.pop())
        while len(self.all) < count:
            numbers = range(len(self.all), min(count, len(self.all) + GENTLY))
            batch = [Screen(dialect, number, port) for number in numbers]
            failures = await self.connect(batch)
            self.all += [screen for screen in batch if screen.ready_at]
            if failures:
                return failures
        return []

    async def connect(self, screens: Sequence[Screen]) -> list[str]:
        """Connect screens at once, and wait until they are live; return why any is not."""
        self._opening = len(screens)
        self._opened.clear()
        for screen in screens:
            code = screen.socket.connect_ex((HOST, screen.port))
            if code not in {0, errno.EINPROGRESS}:
                self._lose(screen, strerror(code))
                continue
            self._by_descriptor[screen.socket.fileno()] = screen
            self._queue.register(screen.socket.fileno(), select.EPOLLOUT)
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS):
                await self._opened.wait()
        return [screen.cut or "not live in time" for screen in screens if not screen.ready_at]

    def follow(self, ledger: Ledger) -> None:
        """Let all screens enter what they see into a new ledger."""
        self._ledger = ledger
        self._complete = ledger.complete
        for screen in self.all:
            screen.ledger = ledger
            screen.forget()
        self._delay_acknowledgements()

    def faults(self, ledger: Ledger) -> Faults:
        """Find what the screens missed, had twice or in another order."""
        return ledger.faults([screen.record(ledger) for screen in self.all])

    def cuts(self) -> list[str]:
        """Return how screens were cut that did not leave by themselves."""
        return [screen.cut for screen in self.all if screen.cut]

    def vanish(self) -> None:
        """Cut all, as tablets that lost their network; they stay, with what they know, and can come back."""
        for screen in self.all:
            self._leave(screen)

    async def leave(self) -> None:
        """Let all go for good, and give the server a moment to see it."""
        self.vanish()
        self.all = []
        await asyncio.sleep(0.2)

    def _read(self) -> None:
        """Take all that has come: where the load generator spends its time."""
        for descriptor, happened in self._queue.poll(0, MOST_EVENTS):
            screen = self._by_descriptor.get(descriptor)
            if screen is None:
                continue
            if happened & select.EPOLLOUT:
                self._say_hello(screen)
                continue
            held = len(screen.rest)
            if held:
                self._buffer[:held] = screen.rest
                screen.rest = b""
            try:
                size = screen.receive(memoryview(self._buffer)[held:] if held else self._buffer)
            except OSError as error:
                self._lose(screen, strerror(error.errno or 0))
                continue
            if size:
                self._take(screen, held + size, clock())
            else:
                self._lose(screen, "connection closed")
        if self._ledger is not None and self._ledger.complete != self._complete:
            self._complete = self._ledger.complete
            self._delay_acknowledgements()

    def _delay_acknowledgements(self) -> None:
        """Let the kernel acknowledge later what comes next, between orders, when nobody waits.

        At once, as it does where a client only listens, the acknowledgement is a third of what it costs to read a
        frame: the generator would be slower than the servers that it measures. It changes its mind at each timeout.
        """
        for screen in self.all:
            if screen.ready_at:
                screen.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)

    def _take(self, screen: Screen, size: int, now: int) -> None:
        """Enter the orders that came into the ledger, and mind the rest."""
        buffer = self._buffer
        at = 0 if screen.is_upgraded else self._upgrade(screen, size)
        while at < size:
            # The frame's length, which is in its second byte or in what follows.
            start = end = at + 2
            if start <= size:
                length = buffer[at + 1]
                if length >= LONG:
                    start += 2 if length == LONG else 8
                    length = int.from_bytes(buffer[at + 2 : start], "big")
                end = start + length
            if start > size or end > size:
                screen.rest = bytes(buffer[at:size])
                return
            kind = buffer[at]
            at = end
            if kind == WHOLE_TEXT and screen.ledger is not None and buffer.find(screen.event, start, end) >= 0:
                mark = buffer.find(MARK, start, end)
                if mark >= 0:
                    if self.keeps_cursor:
                        screen.heard = bytes(buffer[start:end])
                    screen.ledger.enter(screen, int(buffer[mark + MARK_LENGTH : mark + MARK_END]), now)
                    continue
            self._other(screen, kind, bytes(buffer[start:end]), now)

    def _say_hello(self, screen: Screen) -> None:
        """Ask for the upgrade, now that the connection is up."""
        code = screen.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._lose(screen, strerror(code))
            return
        screen.say(handshake(screen.dialect, screen.number, screen.port))
        self._queue.modify(screen.socket.fileno(), select.EPOLLIN)

    def _upgrade(self, screen: Screen, size: int) -> int:
        """Join once the upgrade is granted; return where in the buffer the frames begin."""
        end = self._buffer.find(HEAD_END, 0, size)
        if end < 0:
            screen.rest = bytes(self._buffer[:size])
            return size
        status = bytes(self._buffer[:end]).split(b"\r\n")[0].decode(errors="replace")
        if " 101" not in status:
            self._lose(screen, f"refused with {status}")
            return size
        screen.is_upgraded = True
        screen.say(all_masked(screen.opening()))
        return end + len(HEAD_END)

    def _other(self, screen: Screen, kind: int, message: bytes, now: int) -> None:
        """Take a message that carries no order."""
        if kind & 0x0F == PING:
            screen.say(masked(message, PONG))
        elif kind & 0x0F == CLOSE:
            code = int.from_bytes(message[:2], "big")
            screen.cut = f"closed with {code} {message[2:].decode(errors='replace')}".rstrip()
        elif screen.dialect.ping is not None and message == screen.dialect.ping:
            screen.say(masked(screen.dialect.pong or b""))
        elif not screen.ready_at and screen.dialect.ready in message:
            screen.ready_at = now
            screen.heard = message
            self._opened_one()
        if screen.beat_at:
            screen.silence = max(screen.silence, now - screen.beat_at)
        screen.beat_at = now

    def _opened_one(self) -> None:
        self._opening -= 1
        if not self._opening:
            self._opened.set()

    def _lose(self, screen: Screen, reason: str) -> None:
        """Note how a screen was cut."""
        if not screen.ready_at:
            self._opened_one()
        screen.cut = screen.cut or reason
        self._close(screen)

    def _leave(self, screen: Screen) -> None:
        """Cut a screen from its own side, with a reset and not a farewell."""
        with suppress(OSError):
            # Linger for no time: the kernel throws away what waits, and keeps no trace of the connection.
            screen.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self._close(screen)

    def _close(self, screen: Screen) -> None:
        self._by_descriptor.pop(screen.socket.fileno(), None)
        screen.ready_at = 0
        screen.socket.close()
