"""Joining while the stream runs, in the loop of the test."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from channels.layers import channel_layers

from realtime import forwarding, sockets
from realtime.audiences import Audience
from realtime.commands import in_thread
from realtime.credentials import Principal, principal_of_token
from realtime.feeds import Feed
from realtime.hub import Hub, get_hub
from realtime.joining import Refused, Wish, join
from realtime.models import Severity
from realtime.services import raise_alert
from realtime.sockets import Membership, Socket
from realtime.stream import head_of
from tests.places import Place


@pytest_asyncio.fixture
async def hub(place: Place) -> AsyncIterator[Hub]:
    forwarding.finish()
    channel_layers.backends.clear()  # what an ended loop has left there can't be waited for in this one
    hub = get_hub()

    yield hub

    await hub.stop()


class Client:
    """What a client is sent of the stream: the kitchen's numbers, which are in none, are left out."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.socket = Socket(self.send)

    async def send(self, message: dict[str, Any]) -> None:
        frame = json.loads(message["text"])
        if frame["type"] != "kitchen:stats_update":
            self.sent.append(frame)

    async def answered(self) -> None:
        await until(lambda: any(frame["type"] == "reply" for frame in self.sent))


async def come(hub: Hub, place: Place) -> tuple[Client, Principal, Feed]:
    """Sign in, as the consumer does it."""
    client = Client()
    principal = await in_thread(lambda: principal_of_token(place.token()))
    client.socket.hold_early()
    feed = await hub.follow(place.restaurant.pk, client.socket)
    client.socket.principal = principal
    return client, principal, feed


def kitchen(since: tuple[str, int] | None = None, *, snapshot: bool = False) -> Wish:
    return Wish(("kitchen",), several=False, since=since, snapshot=snapshot, only=None, names={})


async def test_what_another_room_has_comes_before_the_reply_when_the_snapshot_is_later(hub: Hub, place: Place) -> None:
    client, principal, feed = await come(hub, place)
    client.socket.release()
    feed.enter(client.socket, Membership("orders", Audience.STAFF, feed.cursor))
    under_way = asyncio.Event()
    one_before = asyncio.create_task(
        hub.snapshots.get((place.restaurant.pk, ("kitchen",), True), under_way.wait)  # type: ignore[arg-type]
    )
    await asyncio.sleep(0)
    joining = asyncio.create_task(join(hub, feed, client.socket, principal, kitchen(snapshot=True), "1"))
    await until(lambda: "kitchen" in client.socket.memberships)

    await in_thread(place.ticket)
    await hub.catch_up(feed)
    under_way.set()
    await asyncio.gather(one_before, joining)

    await client.answered()
    *events, reply = client.sent
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    assert [event["type"] for event in events].count("order:created") == 1
    assert reply["data"]["seq"] == feed.cursor >= events[-1]["seq"]


async def test_alert_comes_once_and_in_order_when_a_client_returns_in_that_moment(hub: Hub, place: Place) -> None:
    since = await in_thread(lambda: head_of(place.restaurant.pk))
    await in_thread(place.ticket)
    client, principal, feed = await come(hub, place)

    await in_thread(lambda: raise_alert(actor=place.actor, severity=Severity.ERROR, message="Fire drill"))
    await hub.catch_up(feed)
    await join(hub, feed, client.socket, principal, kitchen((since.epoch, since.seq)), "1")

    await until(lambda: client.sent[-1]["type"] == "alert")
    reply, *events = client.sent
    assert (reply["type"], reply["data"]["replayed"]) == ("reply", len(events))
    assert [event["seq"] for event in events] == sorted({event["seq"] for event in events})
    assert len(events) > 3


async def test_alert_comes_by_itself_when_nobody_joins(hub: Hub, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "EARLY_SECONDS", 0.2)
    client, _, feed = await come(hub, place)

    await in_thread(lambda: raise_alert(actor=place.actor, severity=Severity.ERROR, message="Fire drill"))
    await hub.catch_up(feed)

    await until(lambda: [frame["type"] for frame in client.sent] == ["alert"])


@pytest.mark.parametrize("snapshot", [False, True])
async def test_alert_from_just_before_comes_once_when_a_client_joins_for_the_first_time(
    hub: Hub, place: Place, *, snapshot: bool
) -> None:
    client, principal, feed = await come(hub, place)

    await in_thread(lambda: raise_alert(actor=place.actor, severity=Severity.ERROR, message="Fire drill"))
    await hub.catch_up(feed)
    await join(hub, feed, client.socket, principal, kitchen(snapshot=snapshot), "1")
    await client.answered()

    assert [frame["type"] for frame in client.sent] == ["alert", "reply"]


async def test_alert_comes_after_the_replay_when_asking_for_the_room_takes_long(
    hub: Hub, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "EARLY_SECONDS", 0.2)
    since = await in_thread(lambda: head_of(place.restaurant.pk))
    ticket = await in_thread(place.ticket)
    client, principal, feed = await come(hub, place)
    wish = Wish(
        (f"order:{ticket.order_id}",),
        several=False,
        since=(since.epoch, since.seq),
        snapshot=False,
        only=None,
        names={},
    )
    may_go_on = threading.Event()
    busy = [asyncio.create_task(hub.serve(may_go_on.wait)) for _ in range(4)]

    joining = asyncio.create_task(join(hub, feed, client.socket, principal, wish, "1"))
    await in_thread(lambda: raise_alert(actor=place.actor, severity=Severity.ERROR, message="Fire drill"))
    await hub.catch_up(feed)
    await asyncio.sleep(0.4)
    may_go_on.set()
    await asyncio.gather(joining, *busy)
    await until(lambda: any(frame["type"] == "alert" for frame in client.sent))

    reply, *events = client.sent
    assert reply["type"] == "reply"
    assert [event["seq"] for event in events] == sorted({event["seq"] for event in events})
    assert len(events) > 1


async def test_alert_is_not_lost_when_a_join_is_refused(
    hub: Hub, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "EARLY_SECONDS", 0.2)
    client, principal, feed = await come(hub, place)
    nowhere = Wish(("order:99999",), several=False, since=None, snapshot=False, only=None, names={})

    await in_thread(lambda: raise_alert(actor=place.actor, severity=Severity.ERROR, message="Fire drill"))
    await hub.catch_up(feed)
    with pytest.raises(Refused):
        await join(hub, feed, client.socket, principal, nowhere, "1")

    assert client.sent == []
    await until(lambda: [frame["type"] for frame in client.sent] == ["alert"])


async def until(is_so: Any) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.01)
