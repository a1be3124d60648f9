"""The load generator against servers on this machine, one of which can be told to misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from struct import pack

import pytest

from config.local.processes import free_port
from tests.benchmarks.contestants.base import Dialect, Ground, marker
from tests.benchmarks.load.ledger import Faults, Ledger
from tests.benchmarks.load.posting import Till, closed_loop, open_loop, whole_answer, wire
from tests.benchmarks.load.process import Generator, GeneratorError
from tests.benchmarks.load.results import ClosedPace, OpenPace, Run
from tests.benchmarks.load.screens import Screens
from tests.benchmarks.small import Small

DIALECT = Dialect(path="/", headers={}, opening=(b"join",), ready=b"joined", event=b'"order"', ping=b"2", pong=b"3")


@contextmanager
def loaded(tmp_path: Path, misdeed: str = "", screens: int = 5) -> Iterator[tuple[Small, Generator, int]]:
    """A small server with screens, and the generator."""
    small = Small()
    small.misdeed = misdeed
    core = min(os.sched_getaffinity(0))
    ground = Ground("", "", core, free_port(), tmp_path)
    small.start(ground)
    try:
        with Generator(max(os.sched_getaffinity(0)), tmp_path / "generator.log") as generator:
            assert generator.call("connect", screens, small.dialect(), ground.port) == (screens, [])
            yield small, generator, ground.port
    finally:
        small.stop()


def send(small: Small, generator: Generator, port: int, pace: OpenPace | ClosedPace, count: int = 20) -> Run:
    requests = [wire(small.post(number), port) for number in range(1, count + 1)]
    run: Run = generator.call("send", requests, port, small.server_pids(), pace=pace, first=1)
    return run


def test_every_order_reaches_every_screen_when_sent_at_a_pace(tmp_path: Path) -> None:
    with loaded(tmp_path) as (small, generator, port):
        run = send(small, generator, port, OpenPace(200.0))

    assert (run.answered, run.refused, run.deliveries) == (20, {}, 100)
    assert (run.faults, run.cuts) == (Faults(), [])
    assert (run.to_first.count, run.to_each.count, run.to_last.count) == (20, 100, 20)
    assert 0 < run.to_first.p50 <= run.to_last.p50 <= run.to_last.worst


def test_no_order_is_sent_before_the_last_was_shown_when_the_loop_is_closed(tmp_path: Path) -> None:
    with loaded(tmp_path) as (small, generator, port):
        run = send(small, generator, port, ClosedPace(lines=1, seconds=30, is_shown=True))

    assert (run.answered, run.deliveries, run.faults) == (20, 100, Faults())


@pytest.mark.parametrize(
    ("misdeed", "expected"),
    [("loses", Faults(lost=1)), ("doubles", Faults(doubled=1)), ("reorders", Faults(disordered=1))],
)
def test_misdeed_is_found_when_the_server_commits_it(tmp_path: Path, misdeed: str, expected: Faults) -> None:
    with loaded(tmp_path, misdeed) as (small, generator, port):
        run = send(small, generator, port, OpenPace(200.0))

    assert run.faults == expected


def test_run_ends_and_tells_of_it_when_the_server_dies(tmp_path: Path) -> None:
    with loaded(tmp_path, "dies") as (small, generator, port):
        run = send(small, generator, port, ClosedPace(lines=2, seconds=30))

        assert run.refused[0] >= 1
        assert len(run.cuts) == 5
        live, failures = generator.call("connect", 6, small.dialect(), port)

    assert live == 0
    assert failures == ["Connection refused"] * 6


def test_missed_orders_are_replayed_when_all_screens_return_at_once(tmp_path: Path) -> None:
    with loaded(tmp_path) as (small, generator, port):
        seen = [wire(small.post(number), port) for number in range(1, 4)]
        generator.call("send", seen, port, small.server_pids(), pace=OpenPace(100.0), first=1, keeps_cursor=True)
        missed = [wire(small.post(number), port) for number in range(4, 8)]
        after = [wire(small.post(number), port) for number in range(8, 10)]
        storm = generator.call("return_at_once", missed, after, port, small.server_pids(), first=4)

    assert (storm.live.count, storm.failures, storm.replayed, storm.faults) == (5, [], 20, Faults())
    assert storm.caught_up_ms >= storm.all_live_ms > 0


def test_screen_that_stops_reading_is_seen_to_be_cut_when_the_server_hangs_up(tmp_path: Path) -> None:
    with loaded(tmp_path) as (small, generator, port):
        assert generator.call("stall", small.dialect(), port, small.server_pids()) == ""
        kept = generator.call("unstall")
        assert generator.call("stall", small.dialect(), port, small.server_pids()) == ""
        small.stop()
        cut = generator.call("unstall")

    assert kept.cut_after_seconds is None
    assert cut.cut_after_seconds is not None


def test_generator_says_what_failed_when_a_command_does(tmp_path: Path) -> None:
    with (
        Generator(min(os.sched_getaffinity(0)), tmp_path / "generator.log") as generator,
        pytest.raises(GeneratorError, match="the load generator failed at unstall: AssertionError"),
    ):
        generator.call("unstall")


def test_generator_is_gone_when_the_benchmark_is_done(tmp_path: Path) -> None:
    with Generator(min(os.sched_getaffinity(0)), tmp_path / "generator.log") as generator:
        pid = generator.pid
        assert Path(f"/proc/{pid}").exists()

    assert not Path(f"/proc/{pid}").exists()


Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(answering: Answering) -> AsyncIterator[int]:
    """Serve on a port; inside the block the answers are given, after it all have been."""
    under_way: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way.add(asyncio.ensure_future(answering(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.gather(*under_way)


def frame(text: bytes) -> bytes:
    """A text frame as servers send it, whatever its length."""
    size = len(text)
    if size < 126:
        return bytes([0x81, size]) + text
    return b"\x81" + (b"\x7e" + pack("!H", size) if size < 2**16 else b"\x7f" + pack("!Q", size)) + text


@pytest.mark.parametrize("piece", [1, 7, 1000, 10**6])
@pytest.mark.parametrize("padding", [0, 200, 70_000])
async def test_order_is_entered_once_when_its_frame_comes_in_pieces(piece: int, padding: int) -> None:
    text = b'{"type":"order","notes":"%s","x":"%s"}' % (marker(1).encode(), b"y" * padding)
    piece = max(piece, len(text) // 200)
    said: list[bytes] = []
    followed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        opening = b"HTTP/1.1 101 Fine\r\n\r\n" + frame(b"joined")
        for sent in (opening, b"\x89\x02hi" + frame(b"2") + frame(text) * 2):
            for at in range(0, len(sent), piece):
                writer.write(sent[at : at + piece])
                await writer.drain()
                await asyncio.sleep(0)
            await followed.wait()
        said.append(await reader.readexactly(10 + 8 + 7))
        writer.close()

    async with serving(serve) as port:
        screens = Screens()
        ledger = Ledger(1, 1, audience=2)
        assert await screens.bring_to(1, DIALECT, port) == []
        screens.follow(ledger)
        followed.set()
        async with asyncio.timeout(10):
            while not (said and ledger.is_whole()):
                await asyncio.sleep(0.001)
        await screens.leave()

    assert ledger.seen == [2]
    assert said == [b"\x81\x84\0\0\0\0join" + b"\x8a\x82\0\0\0\0hi" + b"\x81\x81\0\0\0\x003"]


async def test_reason_is_told_when_a_screen_is_refused() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        await writer.drain()
        writer.close()

    async with serving(refuse) as port:
        screens = Screens()
        failures = await screens.bring_to(2, DIALECT, port)

    assert failures == ["refused with HTTP/1.1 403 Forbidden"] * 2
    assert screens.all == []


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX: y\r\n\r\nhello",
        b"HTTP/1.1 201 Created\r\nX: y\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=1\r\nllo\r\n0\r\n\r\n",
    ],
)
def test_answer_is_whole_when_its_last_byte_came(raw: bytes) -> None:
    early = [whole_answer(bytearray(raw[:length])) for length in range(len(raw) - 2)]

    assert set(early) == {None}
    assert whole_answer(bytearray(raw)) == (201, b"hello")


def test_answer_is_whole_when_it_has_no_body() -> None:
    assert whole_answer(bytearray(b"HTTP/1.1 204 No Content\r\n\r\n")) == (204, b"")


async def slow_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each request after 50 ms, until the other side hangs up."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while await reader.readuntil(b"\r\n\r\n"):
            await asyncio.sleep(0.05)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    writer.close()


async def test_requests_do_not_wait_for_each_other_when_the_loop_is_open() -> None:
    begun: list[int] = []
    async with serving(slow_answers) as port:
        till = Till(port)
        answers = await open_loop(
            till,
            [b"GET / HTTP/1.1\r\n\r\n"] * 10,
            per_second=1000.0,
            on_begin=lambda _index, at: begun.append(at),
        )
        till.close()

    assert [answer.status for answer in answers] == [200] * 10
    # All were under way before the first was answered.
    assert max(begun) < min(answer.ended for answer in answers)
    assert [answer.due - answers[0].due for answer in answers] == [index * 1_000_000 for index in range(10)]


async def test_requests_wait_for_each_other_when_the_loop_is_closed() -> None:
    async with serving(slow_answers) as port:
        till = Till(port)
        answers = await closed_loop(till, [b"GET / HTTP/1.1\r\n\r\n"] * 6, lines=2, seconds=30)
        till.close()

    assert [answer.status for answer in answers] == [200] * 6
    under_way = [sum(other.begun <= answer.begun < other.ended for other in answers) for answer in answers]
    assert max(under_way) == 2


async def test_request_has_no_status_when_nobody_answers() -> None:
    till = Till(free_port())

    answers = await closed_loop(till, [b"GET / HTTP/1.1\r\n\r\n"] * 3, lines=1, seconds=30)

    assert [answer.status for answer in answers] == [0]
