"""Sends HTTP requests as a till does, over connections that stay open, with next to no work per request."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from tests.benchmarks.contestants.base import Request
from tests.benchmarks.load.speech import HOST

ANSWER_SECONDS = 30.0
# An order that a screen has not been told of by then is lost; the next is sent.
SHOWN_SECONDS = 3.0
# An open loop takes another connection rather than wait, up to so many: then the server is what is waited for.
MOST_LINES = 64
# A timer of the loop may be late by a millisecond: from here on the loop is polled.
COARSE_SECONDS = 0.0015
HEAD_END = b"\r\n\r\n"
clock = time.monotonic_ns


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request; status 0 where nothing did. Times are nanoseconds of the monotonic clock."""

    index: int
    due: int
    """When it was to be sent: the latency counts from here, however late the sender was."""
    begun: int
    ended: int
    status: int
    body: bytes

    @property
    def latency(self) -> int:
        """Return the nanoseconds from when it was to be sent to the whole answer."""
        return self.ended - self.due


def wire(request: Request, port: int) -> bytes:
    """Write a request as it goes over the line."""
    lines = [f"{request.method} {request.path} HTTP/1.1", f"Host: {HOST}:{port}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if request.body or request.method not in {"GET", "HEAD"}:
        lines.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join(lines).encode() + HEAD_END + request.body


class Line(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self.transport: asyncio.Transport | None = None
        self.received = bytearray()
        self.waiting: asyncio.Future[tuple[int, int, bytes]] | None = None
        self.expected = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what was asked."""
        self.transport = None
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_exception(ConnectionError("connection lost"))

    def data_received(self, data: bytes) -> None:
        """Collect the answer; note the time when it is whole."""
        self.received += data
        answer = whole_answer(self.received)
        if answer is not None and self.waiting is not None and not self.waiting.done():
            self.received.clear()
            status, body = answer
            self.waiting.set_result((clock(), status, body))

    async def ask(self, request: bytes) -> tuple[int, int, bytes]:
        """Send a request; return when the answer was whole, its status and its body.

        Raises OSError: the connection was lost, or no answer came in time.
        """
        if self.transport is None or self.transport.is_closing():
            raise ConnectionError("connection lost")
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        async with asyncio.timeout(ANSWER_SECONDS):
            return await self.waiting

    def close(self) -> None:
        """Hang up."""
        if self.transport is not None:
            self.transport.abort()


def whole_answer(received: bytearray) -> tuple[int, bytes] | None:
    """Return status and body once all is there: of a length told before, or in chunks."""
    end = received.find(HEAD_END)
    if end < 0:
        return None
    head = bytes(received[:end]).lower()
    status = int(head[9:12])
    start = end + len(HEAD_END)
    at = head.find(b"\r\ncontent-length:")
    if at >= 0:
        stop = head.find(b"\r\n", at + 2)
        length = int(head[at + 17 : stop if stop >= 0 else len(head)])
        return (status, bytes(received[start : start + length])) if len(received) >= start + length else None
    if b"\r\ntransfer-encoding: chunked" in head:
        body = unchunked(received, start)
        return (status, body) if body is not None else None
    return status, b""


def unchunked(received: bytearray, start: int) -> bytes | None:
    """Put the chunks of a body together; None while some are missing."""
    body = bytearray()
    while True:
        line_end = received.find(b"\r\n", start)
        if line_end < 0:
            return None
        size = int(bytes(received[start:line_end]).split(b";")[0], 16)
        start = line_end + 2
        if len(received) < start + size + 2:
            return None
        if size == 0:
            return bytes(body)
        body += received[start : start + size]
        start += size + 2


class Till:
    """The connections to one server, each free or in use."""

    def __init__(self, port: int) -> None:
        """Take whom to call."""
        self.port = port
        self.free: deque[Line] = deque()
        self.count = 0
        self.queue: deque[asyncio.Future[Line]] = deque()

    async def open(self, count: int) -> None:
        """Have so many connections ready, so that connecting is no part of a latency."""
        while self.count < count:
            self.free.append(await self._connect())

    async def send(self, index: int, request: bytes, *, due: int, on_begin: Callable[[int, int], None]) -> Answer:
        """Send one request over a free connection; tell when its first byte goes out."""
        begun = due
        try:
            line = await self._take()
            begun = clock()
            on_begin(index, begun)
            try:
                ended, status, body = await line.ask(request)
            except BaseException:
                line.close()
                self.count -= 1
                raise
            self._give(line)
        except OSError as error:
            return Answer(index, due, begun, clock(), 0, str(error).encode())
        return Answer(index, due, begun, ended, status, body)

    def close(self) -> None:
        """Hang up all that are free."""
        while self.free:
            self.free.popleft().close()
            self.count -= 1

    async def _take(self) -> Line:
        while self.free:
            line = self.free.pop()
            if line.transport is not None and not line.transport.is_closing():
                return line
            self.count -= 1
        if self.count < MOST_LINES:
            return await self._connect()
        waiter: asyncio.Future[Line] = asyncio.get_running_loop().create_future()
        self.queue.append(waiter)
        return await waiter

    def _give(self, line: Line) -> None:
        while self.queue:
            waiter = self.queue.popleft()
            if not waiter.done():
                waiter.set_result(line)
                return
        self.free.append(line)

    async def _connect(self) -> Line:
        self.count += 1
        try:
            _, line = await asyncio.get_running_loop().create_connection(Line, HOST, self.port)
        except BaseException:
            self.count -= 1
            raise
        return line


def ignore_begin(_index: int, _at: int) -> None:
    """Take the begin of a request that no screen waits for."""


async def until(due: int) -> None:
    """Return at a point of the monotonic clock, within microseconds where the loop has nothing else to do."""
    left = (due - clock()) / 1e9
    if left > COARSE_SECONDS:
        await asyncio.sleep(left - COARSE_SECONDS)
    while clock() < due:
        await asyncio.sleep(0)


async def open_loop(
    till: Till,
    requests: Sequence[bytes],
    *,
    per_second: float,
    on_begin: Callable[[int, int], None] = ignore_begin,
    on_answer: Callable[[Answer], None] | None = None,
) -> list[Answer]:
    """Send at a fixed rate, whether the ones before are answered or not: guests don't wait for each other."""
    start = clock() + 20_000_000

    async def one(index: int, due: int) -> Answer:
        answer = await till.send(index, requests[index], due=due, on_begin=on_begin)
        if on_answer is not None:
            on_answer(answer)
        return answer

    tasks = []
    for index in range(len(requests)):
        due = start + int(index * 1e9 / per_second)
        await until(due)
        tasks.append(asyncio.ensure_future(one(index, due)))
    return list(await asyncio.gather(*tasks))


async def closed_loop(
    till: Till,
    requests: Iterable[bytes],
    *,
    lines: int,
    seconds: float,
    on_begin: Callable[[int, int], None] = ignore_begin,
    after: Callable[[Answer], asyncio.Future[None] | None] | None = None,
) -> list[Answer]:
    """Send the next request as soon as the one before is answered, over so many connections, for a time.

    ``after`` may give something to wait for before the next is sent.
    """
    deadline = clock() + int(seconds * 1e9)
    supply = enumerate(requests)
    answers: list[Answer] = []

    async def one_line() -> None:
        while clock() < deadline:
            index, request = next(supply, (-1, b""))
            if index < 0:
                return
            answer = await till.send(index, request, due=clock(), on_begin=on_begin)
            answers.append(answer)
            if not answer.status:
                return
            waiter = after(answer) if after is not None else None
            if waiter is not None:
                await asyncio.wait([waiter], timeout=SHOWN_SECONDS)

    await asyncio.gather(*(one_line() for _ in range(lines)))
    answers.sort(key=lambda answer: answer.index)
    return answers
