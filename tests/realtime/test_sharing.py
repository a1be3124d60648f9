"""Many who ask for the same thing at once are answered by one read, which began after they asked."""

from __future__ import annotations

import asyncio

import pytest

from realtime.sharing import Shared


class Desk:
    """Counts the reads, and lets each end when it is told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Event()

    async def read(self) -> int:
        self.begun += 1
        number = self.begun
        await self.go.wait()
        return number


async def test_those_who_ask_during_a_read_share_the_next_one() -> None:
    desk, shared = Desk(), Shared[int]()
    first = asyncio.create_task(shared.get("kitchen", desk.read))
    while not desk.begun:
        await asyncio.sleep(0)

    later = [asyncio.create_task(shared.get("kitchen", desk.read)) for _ in range(100)]
    await asyncio.sleep(0)
    desk.go.set()

    assert await first == 1
    assert await asyncio.gather(*later) == [2] * 100


async def test_other_things_are_read_beside_each_other() -> None:
    desk, shared = Desk(), Shared[int]()

    asked = [asyncio.create_task(shared.get(room, desk.read)) for room in ("kitchen", "orders")]
    while desk.begun < 2:
        await asyncio.sleep(0)
    desk.go.set()

    assert await asyncio.gather(*asked) == [1, 2]


async def test_all_who_wait_are_told_when_a_read_fails_and_the_next_one_is_made() -> None:
    shared = Shared[int]()

    async def fail() -> int:
        raise OSError("gone")

    async def work() -> int:
        return 7

    answers = await asyncio.gather(*(shared.get("kitchen", fail) for _ in range(3)), return_exceptions=True)

    assert [str(answer) for answer in answers] == ["gone"] * 3
    assert await shared.get("kitchen", work) == 7


async def test_read_goes_on_for_the_others_when_one_of_them_leaves() -> None:
    desk, shared = Desk(), Shared[int]()
    leaving = asyncio.create_task(shared.get("kitchen", desk.read))
    staying = asyncio.create_task(shared.get("kitchen", desk.read))
    while not desk.begun:
        await asyncio.sleep(0)

    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    desk.go.set()

    assert await staying == 1
