"""Whatever fails in between: every screen ends with exactly the committed events, in order, once."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psutil
import pytest
import websockets

from config.local.valkey import Valkey
from kitchen.services.tickets import set_ticket_status
from kitchen.states import TicketStatus
from orders.models import Order
from orders.services.dishes import AskedItem
from orders.services.orders import create_order, update_order
from orders.states import Channel
from realtime.commands import in_thread
from realtime.models import Event
from realtime.stream import head_of
from tests.live import Client, Served, free_port
from tests.places import Place

ROOMS = ["kitchen", "waiters", "orders"]


class Screen:
    """A screen that comes back for as long as it is told to, with its cursor, and keeps what it was sent."""

    def __init__(self, urls: list[str], token: str, rooms: list[str]) -> None:
        self.urls = urls
        self.token = token
        self.rooms = rooms
        self.cursor: dict[str, Any] | None = None
        self.events: list[dict[str, Any]] = []
        self.joins = 0
        self.resyncs = 0

    async def run(self) -> None:
        while True:
            url = self.urls[self.joins % len(self.urls)]
            with contextlib.suppress(OSError, websockets.WebSocketException, TimeoutError):
                await self.follow(url)
            await asyncio.sleep(0.05)

    async def follow(self, url: str) -> None:
        self.joins += 1
        async with await Client.open(url, self.token, open_timeout=5) as client:
            since = {"since": self.cursor} if self.cursor else {}
            ref = await client.say("join", rooms=self.rooms, **since)
            while True:
                self.take(await client.read(30), ref)

    def take(self, frame: dict[str, Any], ref: str) -> None:
        if frame["type"] == "reply" and frame["ref"] == ref:
            self.resyncs += frame["data"]["resync"]
            if self.cursor is None:
                self.cursor = {"epoch": frame["data"]["epoch"], "seq": frame["data"]["seq"]}
        elif "seq" in frame and self.cursor is not None:
            if "data" in frame:
                self.events.append(frame)
            self.cursor = {"epoch": frame["epoch"], "seq": frame["seq"]}

    async def reaches(self, seq: int, seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while self.cursor is None or self.cursor["seq"] < seq:
                await asyncio.sleep(0.02)

    async def ready(self) -> None:
        await self.reaches(0)


def committed(place: Place, after: int, rooms: list[str]) -> list[tuple[int, str]]:
    events = Event.objects.filter(restaurant=place.restaurant, seq__gt=after, rooms__overlap=rooms).order_by("seq")
    return list(events.values_list("seq", "type"))


def seen(screen: Screen) -> list[tuple[int, str]]:
    return [(event["seq"], event["type"]) for event in screen.events]


def dinner(place: Place, orders: int) -> None:
    """Some orders, each through the kitchen."""
    for _ in range(orders):
        ticket = place.ticket()
        for status in (TicketStatus.PREPARING, TicketStatus.READY):
            set_ticket_status(ticket_id=ticket.pk, to=status, actor=place.actor)


def banquet(place: Place) -> Order:
    """An order whose every frame is long: what the kernel keeps for a socket is counted in bytes."""
    dishes = [AskedItem(place.dish.pk, 1, special_instructions="ü" * 500)] * 40
    return create_order(actor=place.actor, channel=Channel.DINE_IN, items=dishes, table_id=place.table.pk)


WORDS = str.maketrans("0123456789", "ghijklmnop")


def change_mind(place: Place, order: Order, times: int) -> None:
    """Change an order's notes again and again."""
    for _ in range(times):
        words = uuid4().hex.translate(WORDS)  # digits may look like a card number, which is refused
        update_order(order_id=order.pk, actor=place.actor, notes=words)


@contextlib.asynccontextmanager
async def screens(place: Place, urls: list[str], count: int = 3) -> Any:
    token = await in_thread(place.token)
    made = [Screen(urls, token, ROOMS) for _ in range(count)]
    tasks = [asyncio.create_task(screen.run()) for screen in made]
    try:
        await asyncio.gather(*(screen.ready() for screen in made))
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_screens_have_every_event_once_when_the_server_is_killed_in_a_burst(
    place: Place, serve: Callable[..., Served]
) -> None:
    server = await in_thread(serve)
    start = (await in_thread(lambda: head_of(place.restaurant.pk))).seq
    async with screens(place, [server.ws]) as watching:
        burst = asyncio.create_task(in_thread(lambda: dinner(place, 30)))
        for _ in range(2):
            await watching[0].reaches(watching[0].cursor["seq"] + 40)
            await in_thread(server.kill)
            await in_thread(server.start)
        await burst
        head = (await in_thread(lambda: head_of(place.restaurant.pk))).seq
        await asyncio.gather(*(screen.reaches(head) for screen in watching))

    expected = await in_thread(lambda: committed(place, start, ROOMS))
    assert len(expected) > 200
    for screen in watching:
        assert seen(screen) == expected
        assert screen.resyncs == 0
        assert screen.joins >= 3


async def test_two_processes_feed_their_screens_alike_when_there_is_no_layer(
    place: Place, serve: Callable[..., Served]
) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    servers = [await in_thread(lambda: serve(REDIS_URL=nowhere)) for _ in range(2)]
    start = (await in_thread(lambda: head_of(place.restaurant.pk))).seq
    async with (
        screens(place, [servers[0].ws], 1) as here,
        screens(place, [servers[1].ws], 1) as there,
        await Client.open(servers[0].ws, await in_thread(place.token)) as chef,
    ):
        ticket = await in_thread(place.ticket)
        await chef.ask("kitchen:update_order_status", kitchen_order_id=ticket.pk, status="preparing")
        head = (await in_thread(lambda: head_of(place.restaurant.pk))).seq
        await asyncio.gather(here[0].reaches(head), there[0].reaches(head))

    expected = await in_thread(lambda: committed(place, start, ROOMS))
    assert seen(here[0]) == seen(there[0]) == expected


async def test_commands_answer_and_screens_follow_when_valkey_dies_and_returns_empty(
    place: Place, serve: Callable[..., Served], own_valkey: Valkey
) -> None:
    url, port = own_valkey.url, own_valkey.port
    server = await in_thread(lambda: serve(REDIS_URL=url))
    other = await in_thread(lambda: serve(REDIS_URL=url))
    start = (await in_thread(lambda: head_of(place.restaurant.pk))).seq
    async with (
        screens(place, [server.ws], 2) as here,
        screens(place, [other.ws], 2) as there,
        await Client.open(server.ws, await in_thread(place.token)) as chef,
    ):
        tickets = [await in_thread(place.ticket) for _ in range(3)]
        await in_thread(own_valkey.stop)
        while_down = await chef.ask("kitchen:update_order_status", kitchen_order_id=tickets[0].pk, status="preparing")
        await there[0].reaches((await in_thread(lambda: head_of(place.restaurant.pk))).seq)
        await in_thread(lambda: own_valkey.start(port=port))
        after = await chef.ask("kitchen:update_order_status", kitchen_order_id=tickets[1].pk, status="preparing")
        head = (await in_thread(lambda: head_of(place.restaurant.pk))).seq
        await asyncio.gather(*(screen.reaches(head) for screen in [*here, *there]))

    expected = await in_thread(lambda: committed(place, start, ROOMS))
    assert (while_down["ok"], after["ok"]) == (True, True)
    for screen in [*here, *there]:
        assert seen(screen) == expected
        assert screen.joins == 1


async def test_client_that_stops_reading_is_cut_and_catches_up_when_it_returns(
    place: Place, serve: Callable[..., Served]
) -> None:
    server = await in_thread(serve)
    assert server.process is not None
    memory = psutil.Process(server.process.pid)
    token = await in_thread(place.token)
    start = (await in_thread(lambda: head_of(place.restaurant.pk))).seq
    stuck = await Client.open(server.ws, token)
    joined = await stuck.ask("join", rooms=ROOMS)
    stuck.connection.transport.pause_reading()
    raw: socket.socket = stuck.connection.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    async with screens(place, [server.ws], 2) as watching:
        order = await in_thread(lambda: banquet(place))
        before = memory.memory_info().rss
        gone = False
        rounds = 0
        while not gone:
            await in_thread(lambda: change_mind(place, order, 20))
            rounds += 1
            gone = await in_thread(lambda: len(established(server)) == len(watching))
            assert rounds < 60
        head = (await in_thread(lambda: head_of(place.restaurant.pk))).seq
        await asyncio.gather(*(screen.reaches(head) for screen in watching))
        grown = memory.memory_info().rss - before
    stuck.connection.transport.abort()
    back = await Client.open(server.ws, token)
    since = {"epoch": joined["data"]["epoch"], "seq": head - 50}
    answer = await back.ask("join", rooms=ROOMS, since=since)
    await back.until(lambda frame: frame.get("seq") == head)
    await back.connection.close()

    expected = await in_thread(lambda: committed(place, start, ROOMS))
    assert all(seen(screen) == expected and screen.joins == 1 for screen in watching)
    assert [event["seq"] for event in back.events] == [seq for seq, _ in expected if seq > head - 50]
    assert answer["data"]["resync"] is False
    assert grown < 64 * 1024 * 1024


def established(server: Served) -> list[Any]:
    assert server.process is not None
    connections = psutil.Process(server.process.pid).net_connections("tcp")
    return [c for c in connections if c.status == psutil.CONN_ESTABLISHED and c.laddr.port == server.port]


async def test_sockets_are_closed_with_1012_when_the_server_is_asked_to_stop(
    place: Place, serve: Callable[..., Served]
) -> None:
    server = await in_thread(serve)
    client = await Client.open(server.ws, await in_thread(place.token))
    await client.ask("join", room="orders")

    await in_thread(server.stop)

    assert await client.closed() == 1012


@pytest.mark.parametrize("kind", ["uvicorn", "daphne"])
async def test_delivery_is_the_same_on_both_servers(place: Place, serve: Callable[..., Served], kind: str) -> None:
    server = await in_thread(lambda: serve(server=kind))
    start = (await in_thread(lambda: head_of(place.restaurant.pk))).seq
    async with screens(place, [server.ws], 4) as watching:
        await in_thread(lambda: dinner(place, 5))
        head = (await in_thread(lambda: head_of(place.restaurant.pk))).seq
        await asyncio.gather(*(screen.reaches(head) for screen in watching))

    expected = await in_thread(lambda: committed(place, start, ROOMS))
    assert all(seen(screen) == expected for screen in watching)
