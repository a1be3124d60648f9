"""The balancer does to connections what it is told, and nothing else."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.flows.reconcile.balancer import HOST, Balancer
from tests.live import free_port


class Echo:
    """Sends back what it is sent, after its own name."""

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.listener = socket.create_server((HOST, 0))
        self.port: int = self.listener.getsockname()[1]
        self.taken: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                taken, _ = self.listener.accept()
            except OSError:
                return
            self.taken.append(taken)
            threading.Thread(target=self._answer, args=(taken,), daemon=True).start()

    def _answer(self, taken: socket.socket) -> None:
        while True:
            try:
                data = taken.recv(65536)
            except OSError:
                return
            if not data:
                taken.close()
                return
            taken.sendall(self.name + data)

    def close(self) -> None:
        self.listener.close()
        for taken in self.taken:
            taken.close()


@pytest.fixture
def backends() -> Iterator[list[Echo]]:
    made = [Echo(b"a"), Echo(b"b")]

    yield made

    for echo in made:
        echo.close()


@pytest.fixture
def balancer(backends: list[Echo]) -> Iterator[Balancer]:
    with Balancer([echo.port for echo in backends]) as running:
        yield running


async def connect(balancer: Balancer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
    reader, writer = await asyncio.open_connection(HOST, balancer.port)
    return reader, writer, writer.get_extra_info("sockname")[1]


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: bytes) -> bytes:
    writer.write(text)
    return await asyncio.wait_for(reader.readexactly(len(text) + 1), 10)


async def ended(reader: asyncio.StreamReader) -> bool:
    """Tell whether nothing more comes; a reset is as good an end as any."""
    try:
        return await asyncio.wait_for(reader.read(), 10) == b""
    except ConnectionResetError:
        return True


async def test_connections_go_to_the_backends_in_turn(balancer: Balancer) -> None:
    answers = []
    for _ in range(4):
        reader, writer, _ = await connect(balancer)
        answers.append(await ask(reader, writer, b"x"))
        writer.close()

    assert answers in ([b"ax", b"bx"] * 2, [b"bx", b"ax"] * 2)


async def test_dead_backend_is_passed_over(balancer: Balancer) -> None:
    balancer.backends[0] = free_port()

    answers = []
    for _ in range(4):
        reader, writer, _ = await connect(balancer)
        answers.append(await ask(reader, writer, b"x"))
        writer.close()

    assert answers == [b"bx"] * 4
    assert balancer.refused_count == 2


async def test_connection_is_closed_when_every_backend_is_dead(balancer: Balancer) -> None:
    balancer.backends[:] = [free_port(), free_port()]
    reader, writer, _ = await connect(balancer)

    assert await ended(reader)
    writer.close()


async def test_both_ends_are_torn_when_a_connection_is_cut(balancer: Balancer, backends: list[Echo]) -> None:
    reader, writer, port = await connect(balancer)
    await ask(reader, writer, b"x")

    cut = balancer.cut([port])

    assert cut == 1
    assert await ended(reader)
    writer.close()
    assert balancer.backend_of(port) is None


async def test_nothing_comes_and_nothing_closes_until_a_frozen_connection_is_thawed(balancer: Balancer) -> None:
    reader, writer, port = await connect(balancer)
    await ask(reader, writer, b"x")
    balancer.freeze([port])
    waiting = asyncio.create_task(ask(reader, writer, b"later"))
    _, other, other_port = await connect(balancer)
    assert other_port != port

    frozen = await asyncio.wait([waiting], timeout=0.3)
    balancer.thaw([port])

    assert frozen == (set(), {waiting})
    assert (await waiting)[1:] == b"later"
    other.close()
    writer.close()


async def test_server_does_not_hear_that_a_client_behind_a_frozen_connection_left(
    balancer: Balancer, backends: list[Echo]
) -> None:
    reader, writer, port = await connect(balancer)
    answer = await ask(reader, writer, b"x")
    backend = next(echo for echo in backends if answer.startswith(echo.name))
    balancer.freeze([port])

    writer.close()
    await writer.wait_closed()

    await asyncio.sleep(0)
    assert balancer.backend_of(port) == backend.port
    balancer.thaw([port])
    async with asyncio.timeout(10):
        while balancer.backend_of(port) is not None:
            await asyncio.sleep(0.01)


async def test_large_answers_come_whole_through_a_full_connection(balancer: Balancer) -> None:
    reader, writer, _ = await connect(balancer)
    text = b"0123456789" * 500_000

    writer.write(text)
    await asyncio.sleep(0.2)
    received = b""
    while received.count(b"0") < 500_000:
        received += await asyncio.wait_for(reader.read(65536), 10)

    assert received.replace(b"a", b"").replace(b"b", b"") == text
    writer.close()
