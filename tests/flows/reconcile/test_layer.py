"""The disturbed layer over a real Valkey: what it does to messages is what it was told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from config.local.valkey import Valkey
from tests.flows.reconcile.layer import VARIABLE, Disturbance, DisturbedLayer


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "disturbance.json"))
    return tmp_path / "disturbance.json"


@pytest_asyncio.fixture
async def layer(path: Path, own_valkey: Valkey) -> AsyncIterator[DisturbedLayer]:
    made = DisturbedLayer(hosts=[own_valkey.url])

    yield made

    await made.flush()


async def received(layer: DisturbedLayer, *numbers: int) -> list[int]:
    """Send the numbers to a group of one, and return what comes until two undisturbed ones, after what is held."""
    channel = await layer.new_channel()
    await layer.group_add("group", channel)
    for number in numbers:
        await layer.group_send("group", {"type": "number", "number": number})
    await asyncio.gather(*layer.late)
    Disturbance().write(Path(layer.path))
    for _ in range(2):
        await layer.group_send("group", {"type": "number", "number": -1})
    found: list[int] = []
    while found.count(-1) < 2:
        found.append((await asyncio.wait_for(layer.receive(channel), 10))["number"])
    return [number for number in found if number >= 0]


async def test_all_come_in_order_when_nothing_is_disturbed(layer: DisturbedLayer) -> None:
    assert await received(layer, 1, 2, 3) == [1, 2, 3]


async def test_none_comes_when_all_are_dropped(layer: DisturbedLayer, path: Path) -> None:
    Disturbance(dropped=1.0).write(path)

    assert await received(layer, 1, 2, 3) == []


async def test_each_comes_twice_when_all_are_doubled(layer: DisturbedLayer, path: Path) -> None:
    Disturbance(doubled=1.0).write(path)

    assert await received(layer, 1, 2, 3) == [1, 1, 2, 2, 3, 3]


async def test_they_come_in_another_order_when_some_are_swapped(layer: DisturbedLayer, path: Path) -> None:
    Disturbance(swapped=0.5, seed=3).write(path)

    found = await received(layer, *range(20))

    assert sorted(found) == list(range(20))
    assert found != list(range(20))


async def test_they_come_in_another_order_when_some_are_delayed(layer: DisturbedLayer, path: Path) -> None:
    Disturbance(delayed=0.5, delay_seconds=0.2, seed=3).write(path)

    found = await received(layer, *range(20))

    assert sorted(found) == list(range(20))
    assert found != list(range(20))
