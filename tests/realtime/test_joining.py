"""Joining while the stream runs, in the loop of the test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from channels.layers import channel_layers

from realtime import forwarding
from realtime.audiences import Audience
from realtime.commands import in_thread
from realtime.credentials import principal_of_token
from realtime.hub import Hub, get_hub
from realtime.joining import Wish, join
from realtime.sockets import Membership, Socket
from tests.places import Place


@pytest_asyncio.fixture
async def hub(place: Place) -> AsyncIterator[Hub]:
    forwarding.finish()
    channel_layers.backends.clear()  # what an ended loop has left there can't be waited for in this one
    hub = get_hub()

    yield hub

    await hub.stop()


async def test_what_another_room_has_comes_before_the_reply_when_the_snapshot_is_later(hub: Hub, place: Place) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(json.loads(message["text"]))

    principal = await in_thread(lambda: principal_of_token(place.token()))
    socket = Socket(send)
    feed = await hub.follow(place.restaurant.pk, socket)
    socket.principal = principal
    feed.enter(socket, Membership("orders", Audience.STAFF, feed.cursor))
    under_way = asyncio.Event()
    one_before = asyncio.create_task(
        hub.snapshots.get((place.restaurant.pk, ("kitchen",), True), under_way.wait)  # type: ignore[arg-type]
    )
    await asyncio.sleep(0)
    wish = Wish(("kitchen",), several=False, since=None, snapshot=True, only=None, names={})
    joining = asyncio.create_task(join(hub, feed, socket, principal, wish, "1"))
    await until(lambda: "kitchen" in socket.memberships)

    await in_thread(place.ticket)
    await hub.catch_up(feed)
    under_way.set()
    await asyncio.gather(one_before, joining)

    await until(lambda: any(frame["type"] == "reply" for frame in sent))
    *events, reply = sent
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    assert [event["type"] for event in events].count("order:created") == 1
    assert reply["data"]["seq"] == feed.cursor >= events[-1]["seq"]


async def until(is_so: Any) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.01)
