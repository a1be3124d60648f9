"""Nothing that a server remembers names a guest who was erased, in whatever process that was done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from channels.layers import channel_layers

from orders.models import Order
from orders.services.customers import AskedCustomer
from orders.services.erasing import erase_customer
from orders.services.orders import set_order_status
from orders.states import OrderStatus
from realtime import forwarding, stream
from realtime.audiences import Audience
from realtime.commands import in_thread
from realtime.feeds import Feed
from realtime.frames import StreamEvent
from realtime.hub import Hub, get_hub
from realtime.sockets import Membership, Socket
from realtime.stream import head_of, read_events
from tests.live import Client, Served
from tests.places import Place

made = in_thread
ADA = AskedCustomer(name="Ada Lovelace", phone="+44 20 1234")


def closed(place: Place) -> Order:
    """Ada's order, of which no event will tell that she was erased."""
    order = place.order(customer=ADA)
    return set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor)


def erase(place: Place, order: Order) -> None:
    assert order.customer_id is not None
    erase_customer(row_id=order.customer_id, actor=place.actor)


@pytest_asyncio.fixture
async def hub(place: Place) -> AsyncIterator[Hub]:
    forwarding.finish()
    channel_layers.backends.clear()  # what an ended loop has left there can't be waited for in this one
    hub = get_hub()

    yield hub

    await hub.stop()


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every message is lost on its way, and no poll notices. To be asked before the hub."""
    monkeypatch.setattr("realtime.hub.POLL_SECONDS", 3600.0)
    monkeypatch.setattr(forwarding, "forward", lambda _: None)


class Screen:
    """A socket in the order lists, and what it was sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(json.loads(message["text"]))

    async def follow(self, hub: Hub, place: Place) -> Feed:
        socket = Socket(self.send)
        feed = await hub.follow(place.restaurant.pk, socket)
        feed.enter(socket, Membership("orders", Audience.STAFF, feed.cursor))
        return feed

    async def reaches(self, seq: int) -> None:
        async with asyncio.timeout(10):
            while seq not in [frame.get("seq") for frame in self.sent if "data" in frame]:
                await asyncio.sleep(0.01)


async def test_replay_names_nobody_when_the_guest_was_erased_by_another_process(served: Served, place: Place) -> None:
    head = await made(lambda: head_of(place.restaurant.pk))
    async with await Client.open(served.ws, await made(place.token)) as first:
        await first.ask("join", room="orders")
        order = await made(lambda: closed(place))
        live = await first.event("order:cancelled")
        await made(lambda: erase(place, order))
        async with await Client.open(served.ws, await made(place.token)) as again:
            answer = await again.ask("join", room="orders", since={"epoch": head.epoch, "seq": head.seq})
            await again.until(lambda frame: frame.get("seq") == live["seq"])

    assert "Lovelace" in json.dumps(first.frames)
    assert (answer["data"]["resync"], [event["seq"] for event in again.events]) == (
        False,
        [event["seq"] for event in first.events],
    )
    assert "Lovelace" not in json.dumps(again.frames)


async def test_memory_is_empty_once_the_poll_has_seen_the_erasure(hub: Hub, place: Place) -> None:
    screen = Screen()
    feed = await screen.follow(hub, place)
    start = feed.cursor
    order = await made(lambda: closed(place))
    head = await made(lambda: head_of(place.restaurant.pk))
    await screen.reaches(head.seq)
    assert len(feed.recent(start) or []) == head.seq - start

    await made(lambda: erase(place, order))
    async with asyncio.timeout(10):
        while feed.recent(start) is not None:
            await asyncio.sleep(0.01)

    assert (feed.cursor, feed.recent(head.seq)) == (head.seq, [])


async def test_late_message_from_before_the_erasure_is_not_believed(deaf: None, hub: Hub, place: Place) -> None:
    screen = Screen()
    feed = await screen.follow(hub, place)
    start = feed.cursor
    order = await made(lambda: closed(place))
    late = await made(lambda: read_events(place.restaurant.pk, feed.epoch, after=start))
    await made(lambda: erase(place, order))

    hub.note_rewritten(feed, await made(lambda: head_of(place.restaurant.pk)))
    hub.take(late)
    await screen.reaches(late[-1].seq)

    assert "Lovelace" in json.dumps([event.data for event in late])
    assert "Lovelace" not in json.dumps(screen.sent)
    assert [event.seq for event in feed.recent(start) or []] == [event.seq for event in late]


async def test_gap_is_read_again_when_the_guest_is_erased_meanwhile(
    deaf: None, hub: Hub, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen()
    feed = await screen.follow(hub, place)
    order = await made(lambda: closed(place))
    reads: list[list[StreamEvent]] = []

    def slowly(*args: Any, **kwargs: Any) -> list[StreamEvent]:
        """Read as ever; the first time everybody else is quicker than whoever waits for it."""
        reads.append(read_events(*args, **kwargs))
        if len(reads) == 1:
            erase(place, order)
            head = head_of(place.restaurant.pk)
            hub.loop.call_soon_threadsafe(hub.note_rewritten, feed, head)
        return reads[-1]

    monkeypatch.setattr(stream, "read_events", slowly)

    await hub.catch_up(feed)
    await screen.reaches(reads[0][-1].seq)

    assert "Lovelace" in json.dumps([event.data for event in reads[0]])
    assert "Lovelace" not in json.dumps(screen.sent)


async def test_head_from_before_is_no_news(hub: Hub, place: Place) -> None:
    screen = Screen()
    feed = await screen.follow(hub, place)
    start = feed.cursor
    before = await made(lambda: head_of(place.restaurant.pk))
    order = await made(lambda: closed(place))
    await made(lambda: erase(place, order))
    hub.note_rewritten(feed, await made(lambda: head_of(place.restaurant.pk)))
    await made(lambda: closed(place))
    head = await made(lambda: head_of(place.restaurant.pk))
    await screen.reaches(head.seq)
    known = feed.recent(head.seq - 1)

    hub.note_rewritten(feed, before)

    assert start < head.seq
    assert known is not None
    assert feed.recent(head.seq - 1) == known
