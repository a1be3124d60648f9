"""The channel layer between processes: heard again by itself after Valkey was away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from channels.layers import channel_layers as layers
from channels.layers import get_channel_layer
from django.test import override_settings
from redis.exceptions import RedisError

from config.connections import channel_layers
from config.local.valkey import Valkey
from realtime import forwarding
from realtime.commands import in_thread
from realtime.frames import StreamEvent
from realtime.hub import Hub, get_hub


class Listening(Hub):
    """A hub that says what it heard over the layer."""

    heard: list[int]

    def take(self, events: list[StreamEvent]) -> None:
        self.heard += [event.seq for event in events]


@pytest_asyncio.fixture
async def hub(own_valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Listening]:
    forwarding.finish()
    monkeypatch.setattr("realtime.hub.Hub", Listening)
    monkeypatch.setattr("realtime.hub.SUBSCRIBE_SECONDS", 0.05)
    Listening.heard = []
    with override_settings(CHANNEL_LAYERS=channel_layers((own_valkey.url,), "layer-test")):
        layers.backends.clear()
        hub = get_hub()
        assert isinstance(hub, Listening)

        yield hub

        await hub.stop()
        await get_channel_layer("publish").flush()


async def publish(hub: Hub, seq: int) -> None:
    """Publish as another process does, until it is heard: in the meantime nobody may be listening."""
    event = [7, "epoch", seq, "id", "alert", "now", ["*"], "{}"]
    async with asyncio.timeout(15):
        while seq not in hub.heard:  # type: ignore[attr-defined]
            with contextlib.suppress(OSError, RedisError):
                message = {"type": "brigade.events", "events": [event]}
                await get_channel_layer("publish").group_send(forwarding.group_of(7), message)
            await asyncio.sleep(0.1)


async def follow(hub: Hub) -> None:
    """Be in the group of restaurant 7, as a hub with a socket of it is."""
    async with asyncio.timeout(10):
        added = False
        while not added:
            with contextlib.suppress(OSError, RedisError, RuntimeError):
                await get_channel_layer().group_add(forwarding.group_of(7), hub._channel)
                added = True
            await asyncio.sleep(0.05)


async def test_events_of_another_process_are_heard(hub: Listening) -> None:
    await follow(hub)

    await publish(hub, 1)

    assert set(hub.heard) == {1}


async def test_events_are_heard_again_when_valkey_has_died_and_returned_empty(
    hub: Listening, own_valkey: Valkey
) -> None:
    port = own_valkey.port
    await follow(hub)
    await publish(hub, 1)

    await in_thread(own_valkey.stop)
    await in_thread(lambda: own_valkey.start(port=port))

    await publish(hub, 2)


async def test_events_are_heard_when_valkey_comes_only_after_the_hub(hub: Listening, own_valkey: Valkey) -> None:
    port = own_valkey.port
    await in_thread(own_valkey.stop)
    following = asyncio.create_task(follow(hub))
    await asyncio.sleep(0)

    await in_thread(lambda: own_valkey.start(port=port))
    await following

    await publish(hub, 3)
