"""How many tickets are open: told to the kitchen's screens when it changed, at most once a second, right at rest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from typing import Any

import msgspec
import pytest_asyncio
from channels.layers import channel_layers
from django.db import connection

from kitchen.services.tickets import acknowledge_ticket, set_ticket_status
from kitchen.states import TicketStatus
from kitchen.stats import OpenTickets
from orders.services.orders import update_order
from orders.states import Role
from realtime import forwarding
from realtime.audiences import Audience
from realtime.commands import in_thread
from realtime.events import CATALOGUE
from realtime.hub import Hub, get_hub
from realtime.sockets import Membership, Socket
from realtime.stream import head_of
from tests.live import Client, Served
from tests.places import Place

TOLD = "kitchen:stats_update"


class Seconds:
    """The pauses of the pulse, each of which lasts until the test lets it pass."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()
        self._over = asyncio.Event()

    async def pause(self) -> None:
        self._begun.set()
        await self._over.wait()
        self._over.clear()

    async def begun(self) -> None:
        """Wait until the pulse has told what it had to, and pauses."""
        async with asyncio.timeout(10):
            await self._begun.wait()

    def pass_by(self) -> None:
        self._begun.clear()
        self._over.set()


class Screen:
    """A socket of the kitchen, and what it was written."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.on_full: Any = None
        self.on_writable: Any = None

    def write(self, frames: bytes) -> None:
        head = {126: 4, 127: 10}.get(frames[1], 2)
        self.frames.append(json.loads(frames[head:]))

    def abort(self) -> None:
        raise AssertionError("nobody is slow here")

    async def watch(self, hub: Hub, place: Place, room: str = "kitchen") -> Socket:
        socket = Socket(never, self)
        feed = await hub.follow(place.restaurant.pk, socket)
        feed.enter(socket, Membership(room, Audience.STAFF, feed.cursor))
        return socket

    async def reaches_head(self, place: Place) -> None:
        head = await in_thread(lambda: head_of(place.restaurant.pk))
        async with asyncio.timeout(10):
            while head.seq not in [frame.get("seq") for frame in self.frames]:
                await asyncio.sleep(0.01)

    @property
    def numbers(self) -> list[dict[str, int]]:
        return [frame["data"] for frame in self.frames if frame["type"] == TOLD]


async def never(_: dict[str, Any]) -> None:
    raise AssertionError("everything goes over the wire")


@pytest_asyncio.fixture
async def hub(place: Place) -> AsyncIterator[Hub]:
    forwarding.finish()
    channel_layers.backends.clear()  # what an ended loop has left there can't be waited for in this one
    hub = get_hub()

    yield hub

    await hub.stop()


@pytest_asyncio.fixture
async def seconds(hub: Hub) -> Seconds:
    seconds = Seconds()
    hub.pulse.pause = seconds.pause
    return seconds


def fifty_moves(place: Place) -> None:
    """Twenty new tickets, of which fifteen are begun and ten are made, and five gone."""
    tickets = [place.ticket() for _ in range(20)]
    steps = ((15, TicketStatus.PREPARING), (10, TicketStatus.READY), (5, TicketStatus.COMPLETED))
    for count, status in steps:
        for ticket in tickets[:count]:
            set_ticket_status(ticket_id=ticket.pk, to=status, actor=place.actor)


async def test_numbers_are_told_once_more_when_fifty_tickets_moved_in_a_second(
    hub: Hub, place: Place, seconds: Seconds
) -> None:
    screen = Screen()
    await screen.watch(hub, place)

    await in_thread(lambda: fifty_moves(place))
    await screen.reaches_head(place)
    await seconds.begun()
    within_the_second = len(screen.numbers)
    seconds.pass_by()
    await seconds.begun()

    assert within_the_second == 1
    assert screen.numbers[1:] == [{"pending": 5, "preparing": 5, "ready": 5, "total": 15}]


async def test_nothing_is_told_when_the_numbers_are_what_they_were(hub: Hub, place: Place, seconds: Seconds) -> None:
    screen = Screen()
    await screen.watch(hub, place)
    ticket = await in_thread(place.ticket)
    await seconds.begun()

    await in_thread(lambda: acknowledge_ticket(ticket_id=ticket.pk, actor=place.actor))
    await in_thread(lambda: update_order(order_id=ticket.order_id, actor=place.actor, notes="Quick"))
    await screen.reaches_head(place)
    seconds.pass_by()
    await seconds.begun()

    assert "kitchen:order_updated" in [frame["type"] for frame in screen.frames]
    assert screen.numbers == [{"pending": 1, "preparing": 0, "ready": 0, "total": 1}]


async def test_nothing_is_counted_when_no_screen_of_the_kitchen_is_here(
    hub: Hub, place: Place, other_place: Place, seconds: Seconds
) -> None:
    waiters, theirs = Screen(), Screen()
    counted: list[Collection[int]] = []
    count = hub.pulse.count
    await waiters.watch(hub, place, "orders")
    await theirs.watch(hub, other_place)

    async def noting(restaurant_ids: Collection[int]) -> dict[int, OpenTickets]:
        counted.append(restaurant_ids)
        return await count(restaurant_ids)

    hub.pulse.count = noting
    await in_thread(place.ticket)
    await waiters.reaches_head(place)
    await in_thread(other_place.ticket)
    await seconds.begun()

    assert counted == [[other_place.restaurant.pk]]
    assert (waiters.numbers, len(theirs.numbers)) == ([], 1)


async def test_numbers_are_told_with_the_next_beat_when_the_database_broke_off(
    hub: Hub, place: Place, seconds: Seconds
) -> None:
    screen = Screen()
    count = hub.pulse.count
    await screen.watch(hub, place)

    def die(_: Collection[int]) -> dict[int, OpenTickets]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        raise AssertionError("the connection is gone")

    hub.pulse.count = lambda ids: hub.read(die, ids)
    await in_thread(place.ticket)
    await seconds.begun()
    before = screen.numbers
    hub.pulse.count = count
    seconds.pass_by()
    await seconds.begun()

    assert (before, screen.numbers) == ([], [{"pending": 1, "preparing": 0, "ready": 0, "total": 1}])


async def joined(served: Served, place: Place, *rooms: str, **how: Any) -> Client:
    token = await in_thread(lambda: place.token(Role.MANAGER))
    client = await Client.open(served.ws, token)
    await client.event("welcome")
    assert (await client.ask("join", rooms=list(rooms), **how))["ok"]
    return client


async def types_of(client: Client) -> list[str]:
    """Return the types of all that the client was sent up to now."""
    await client.ask("ping")
    return [frame["type"] for frame in client.frames]


async def test_numbers_go_to_the_rooms_of_the_kitchen_alone(served: Served, place: Place, other_place: Place) -> None:
    station = f"station:{place.station.pk}"
    kitchen, one_station = await joined(served, place, "kitchen", "orders"), await joined(served, place, station)
    boss, orders = await joined(served, place, "restaurant"), await joined(served, place, "orders", "waiters")
    theirs = await joined(served, other_place, "kitchen", "restaurant")

    await in_thread(place.ticket)
    told = [await client.event(TOLD) for client in (kitchen, one_station, boss)]

    frame = told[0]
    assert told == [frame] * 3
    assert sorted(frame) == ["data", "epoch", "id", "rooms", "timestamp", "type"]
    assert frame["rooms"] == ["kitchen", station]
    msgspec.convert(frame["data"], CATALOGUE[TOLD].data, strict=True)
    assert frame["data"] == {"pending": 1, "preparing": 0, "ready": 0, "total": 1}
    assert [(await types_of(client)).count(TOLD) for client in (kitchen, one_station, boss, orders, theirs)] == [
        1, 1, 1, 0, 0,
    ]  # fmt: skip
    for client in (kitchen, one_station, boss, orders, theirs):
        await client.connection.close()


async def test_numbers_follow_the_wishes_of_a_join(served: Served, place: Place) -> None:
    renamed = await joined(served, place, "kitchen", names={TOLD: "kitchen:stats"})
    others = await joined(served, place, "kitchen", events=["order:new"])
    wanted = await joined(served, place, "kitchen", events=[TOLD])

    await in_thread(place.ticket)
    numbers = (await renamed.event("kitchen:stats"))["data"]

    assert (await wanted.event(TOLD))["data"] == numbers
    assert TOLD not in await types_of(others)
    assert [kind for kind in await types_of(wanted) if kind not in ("welcome", "reply", "heartbeat")] == [TOLD]
    for client in (renamed, others, wanted):
        await client.connection.close()


async def test_numbers_are_told_to_a_screen_when_it_comes_back(served: Served, place: Place) -> None:
    stays = await joined(served, place, "kitchen")
    ticket = await in_thread(place.ticket)
    await stays.event(TOLD)
    head = await in_thread(lambda: head_of(place.restaurant.pk))

    back = await joined(served, place, "kitchen", since={"epoch": head.epoch, "seq": head.seq - 1})
    told = await back.event(TOLD)
    new = await joined(served, place, "kitchen", snapshot=True)

    assert told["data"] == {"pending": 1, "preparing": 0, "ready": 0, "total": 1}
    assert [frame["seq"] for frame in back.events] == [head.seq]
    assert TOLD not in await types_of(new)
    assert (await types_of(stays)).count(TOLD) == 1
    await in_thread(lambda: set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.PREPARING, actor=place.actor))
    for client in (stays, back, new):
        assert (await client.event(TOLD))["data"] == {"pending": 0, "preparing": 1, "ready": 0, "total": 1}
        await client.connection.close()
