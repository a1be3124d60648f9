"""The stream: numbers without a gap, in the order of the commits."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.test import override_settings

from config.connections import channel_layers
from kitchen.models import KitchenOrder, Station
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses
from kitchen.states import TicketItemStatus
from orders.errors import DomainError
from orders.models import Customer, MenuItem, Order
from orders.services.customers import AskedCustomer
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item, remove_item
from orders.services.orders import create_order, delete_order, set_order_status, update_order
from orders.shapes import timestamp
from orders.states import Channel, OrderStatus
from orders.units import open_unit
from realtime import forwarding
from realtime.models import Alert, Event, Stream
from realtime.stream import head_of, heads_of, read_events
from tests.places import Place
from tests.streams import at_once, head, types

WRITERS = 16
# A table that was left is told no version; a contract has a version of its own.
OF_OTHERS = ("order:left", "production-contract:created")
ROUNDS = 8


def seqs(place: Place) -> list[int]:
    return list(Event.objects.filter(restaurant=place.restaurant).order_by("seq").values_list("seq", flat=True))


def test_numbers_are_contiguous_from_one_when_events_are_appended(place: Place) -> None:
    order = place.order()
    place.confirm(order)

    numbers = seqs(place)

    assert numbers == list(range(1, len(numbers) + 1))
    assert Stream.objects.get(restaurant=place.restaurant).head == numbers[-1]


def test_epoch_is_kept_when_events_are_appended(place: Place) -> None:
    before = head_of(place.restaurant.pk)

    place.order()

    after = head_of(place.restaurant.pk)
    assert (after.epoch, after.min_seq) == (before.epoch, 1)
    assert after.seq == before.seq + 1


def test_head_is_zero_when_a_restaurant_has_no_events(place: Place) -> None:
    Event.objects.all().delete()
    Stream.objects.all().delete()

    first, second = head_of(place.restaurant.pk), head_of(place.restaurant.pk)

    assert first == second
    assert (first.seq, first.min_seq) == (0, 1)


def test_no_stream_is_made_when_the_restaurant_is_unknown(place: Place) -> None:
    assert heads_of([0]) == {}


def test_each_restaurant_has_its_own_numbers_when_one_unit_changes_two(place: Place, other_place: Place) -> None:
    before = head(place.restaurant), head(other_place.restaurant)

    with open_unit():
        for here in (other_place, place, other_place):
            here.dish.stock = (here.dish.stock or 0) + 1
            here.dish.save()

    assert (head(place.restaurant), head(other_place.restaurant)) == (before[0] + 1, before[1] + 1)
    assert seqs(other_place) == list(range(1, before[1] + 2))


def test_no_deadlock_when_units_change_two_restaurants_in_opposite_order(place: Place, other_place: Place) -> None:
    before = head(place.restaurant), head(other_place.restaurant)

    def change(first: Place, second: Place) -> None:
        for number in range(10):
            with open_unit():
                for here in (first, second):
                    Alert.objects.create(restaurant=here.restaurant, severity="info", message=f"Number {number}")

    results = at_once([lambda: change(place, other_place), lambda: change(other_place, place)])

    assert results == [None, None]
    assert (head(place.restaurant), head(other_place.restaurant)) == (before[0] + 20, before[1] + 20)


def test_event_says_who_did_it_when_a_service_ran(place: Place) -> None:
    place.order()

    event = Event.objects.filter(restaurant=place.restaurant).latest("seq")
    assert (event.actor_id, event.actor_name, event.source) == (place.actor.user_id, "Manager", "api")
    assert event.order_id == Order.objects.get().pk


def test_events_are_read_as_they_were_written_when_replayed(place: Place) -> None:
    start = head_of(place.restaurant.pk)
    place.order()
    place.order()

    events = read_events(place.restaurant.pk, start.epoch, after=start.seq)

    assert [(event.seq, event.type, event.epoch) for event in events] == [
        (start.seq + 1, "order:created", start.epoch),
        (start.seq + 2, "order:created", start.epoch),
    ]
    assert read_events(place.restaurant.pk, start.epoch, after=start.seq, until=start.seq + 1) == events[:1]
    assert read_events(place.restaurant.pk, start.epoch, after=start.seq, limit=1) == events[:1]
    assert read_events(place.restaurant.pk, start.epoch, after=start.seq, rooms=["order:0"]) == []
    assert read_events(place.restaurant.pk, start.epoch, after=start.seq, rooms=["restaurant"]) == events


def test_event_says_what_its_row_says_when_read(place: Place) -> None:
    after = head(place.restaurant)
    place.order()
    row = Event.objects.get(restaurant=place.restaurant, seq=after + 1)
    for rooms, at in ((row.rooms, row.at), ([], dt.datetime(2026, 1, 2, 3, 4, 5, 60_000, tzinfo=dt.UTC))):
        Event.objects.filter(restaurant=place.restaurant, seq=row.seq).update(rooms=rooms, at=at)

        (event,) = read_events(place.restaurant.pk, "epoch", after=after)

        assert (event.rooms, event.at, event.data) == (rooms, timestamp(at), row.data)
        assert (event.id, event.type, event.seq) == (str(row.event_id), row.type, row.seq)


def test_other_restaurants_events_are_left_out_when_replayed(place: Place, other_place: Place) -> None:
    other_place.order()

    assert {event.restaurant_id for event in read_events(place.restaurant.pk, "", after=0)} == {place.restaurant.pk}


# Forwarding ---------------------------------------------------------------------------------------


class Sunk:
    """What was forwarded, and what the database showed to others at that moment."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.committed: list[bool] = []
        self.arrived = threading.Event()

    def __call__(self, events: list[Any]) -> None:
        self.seqs += [event.seq for event in events]
        # In a thread: the sink is called in an event loop, which has no business with the database.
        looking = threading.Thread(target=self._look, args=(events,))
        looking.start()
        looking.join()
        self.arrived.set()

    def _look(self, events: list[Any]) -> None:
        self.committed += [Event.objects.filter(restaurant_id=e.restaurant_id, seq=e.seq).exists() for e in events]
        connection.close()


@pytest.fixture
def sunk(place: Place) -> Iterator[Sunk]:
    """A sink in the forwarder's place of the hub."""
    forwarding.finish()
    forwarding.forward(read_events(place.restaurant.pk, "", after=0))
    forwarder = forwarding._forwarder
    assert forwarder is not None
    sunk = Sunk()
    settled = threading.Event()
    forwarder.loop.call_soon_threadsafe(settled.set)
    assert settled.wait(10)
    forwarder.sink = sunk
    yield sunk
    forwarding.finish()


def test_events_are_forwarded_in_order_when_they_are_committed(place: Place, sunk: Sunk) -> None:
    before = head(place.restaurant)

    with open_unit(place.actor):
        place.order()
        place.order()
        seen_inside = list(sunk.seqs)

    assert sunk.arrived.wait(10)
    assert seen_inside == []
    assert sunk.seqs == [before + 1, before + 2]
    assert sunk.committed == [True, True]


def test_nothing_is_forwarded_when_the_unit_fails(place: Place, sunk: Sunk) -> None:
    with pytest.raises(ZeroDivisionError), open_unit(place.actor):
        place.order(quantity=1 // (place.order().pk * 0))
    place.order()

    assert sunk.arrived.wait(10)
    assert sunk.seqs == [head(place.restaurant)]


def failures() -> int:
    forwarder = forwarding._forwarder
    return 0 if forwarder is None else forwarder.failures


def await_failure() -> None:
    tick = threading.Event()
    assert any(failures() or tick.wait(0.05) for _ in range(400)), "the layer was never tried"


@pytest.fixture
def fresh_forwarder() -> Iterator[None]:
    forwarding.finish()
    yield
    forwarding.finish()


def test_order_is_taken_and_announced_when_nobody_listens_at_the_layers_port(
    place: Place, fresh_forwarder: None
) -> None:
    before = head(place.restaurant)

    with override_settings(CHANNEL_LAYERS=channel_layers(("redis://127.0.0.1:1/0",), "dead")):
        place.order()
        await_failure()

    assert types(place.restaurant, after=before) == ["order:created"]


def test_service_returns_before_the_layer_times_out_when_the_layer_never_answers(
    place: Place, fresh_forwarder: None
) -> None:
    before = head(place.restaurant)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        layers = channel_layers((f"redis://127.0.0.1:{silent.getsockname()[1]}/0",), "silent")
        with override_settings(CHANNEL_LAYERS=layers):
            place.order()
            failed_at_return = failures()
            await_failure()

    assert failed_at_return == 0
    assert types(place.restaurant, after=before) == ["order:created"]


# Many writers at once -----------------------------------------------------------------------------


class Writer:
    """One of those who work on the same restaurant at the same time."""

    def __init__(self, place: Place, dishes: list[MenuItem], shared: list[int], seed: int) -> None:
        self.place = place
        self.dishes = dishes
        self.shared = shared
        self.random = random.Random(seed)
        self.actor = place.actor
        self.done = {"created": 0, "deleted": 0, "refused": 0}

    def run(self) -> dict[str, int]:
        steps: list[Callable[[], Any]] = [
            self.create, self.draft, self.confirm, self.cook, self.patch, self.add, self.change, self.remove,
            self.submit, self.cancel, self.delete,
        ]  # fmt: skip
        for step in itertools.chain(steps, (self.random.choice(steps) for _ in range(ROUNDS))):
            try:
                step()
            except DomainError:
                self.done["refused"] += 1
        return self.done

    def asked(self) -> list[AskedItem]:
        return [AskedItem(dish.pk, 1) for dish in self.random.sample(self.dishes, 2)]

    def any_order(self) -> int:
        return self.random.choice(self.shared)

    def take(self, **options: Any) -> None:
        guest = self.random.choice([None, AskedCustomer(name="Ada", phone="0123")])
        order = create_order(
            actor=self.actor,
            channel=Channel.DINE_IN,
            items=self.asked(),
            table_id=self.place.table.pk,
            customer=guest,
            **options,
        )
        self.done["created"] += 1
        self.shared.append(order.pk)

    def create(self) -> None:
        self.take()

    def draft(self) -> None:
        self.take(draft=True)

    def confirm(self) -> None:
        set_order_status(order_id=self.any_order(), to=OrderStatus.CONFIRMED, actor=self.actor)

    def submit(self) -> None:
        set_order_status(order_id=self.any_order(), to=OrderStatus.PENDING, actor=self.actor)

    def cancel(self) -> None:
        set_order_status(order_id=self.any_order(), to=OrderStatus.CANCELLED, actor=self.actor, reason="No gas")

    def delete(self) -> None:
        if delete_order(order_id=self.any_order(), actor=self.actor) is None:
            self.done["deleted"] += 1

    def cook(self) -> None:
        ticket = KitchenOrder.objects.filter(restaurant=self.place.restaurant).order_by("?").first()
        if ticket is not None:
            moves = [ItemMove(item.pk, TicketItemStatus.READY) for item in ticket.items.all()]
            set_ticket_item_statuses(ticket_id=ticket.pk, moves=moves, actor=self.actor)

    def patch(self) -> None:
        update_order(
            order_id=self.any_order(),
            actor=self.actor,
            notes=f"Note {self.random.random()}",
            customer=AskedCustomer(name="Ada", phone="0123"),
        )

    def add(self) -> None:
        add_items(order_id=self.any_order(), items=self.asked(), actor=self.actor)

    def line(self) -> dict[str, Any]:
        order = Order.objects.filter(pk=self.any_order()).first()
        line = order.items.order_by("?").first() if order else None
        return {"order_id": order.pk if order else 0, "item_id": line.pk if line else 0}

    def change(self) -> None:
        change_item(**self.line(), actor=self.actor, quantity=self.random.randint(1, 4))

    def remove(self) -> None:
        remove_item(**self.line(), actor=self.actor, reason="Dropped")


def watch_until(stop: threading.Event, place: Place) -> list[tuple[int, int, int]]:
    """Return each (head, highest number, count) that was ever to be seen and shows a gap."""
    torn = []
    query = (
        "SELECT head, (SELECT coalesce(max(seq), 0) FROM realtime_event e WHERE e.restaurant_id = s.restaurant_id),"
        " (SELECT count(*) FROM realtime_event e WHERE e.restaurant_id = s.restaurant_id)"
        " FROM realtime_stream s WHERE restaurant_id = %s"
    )
    while not stop.is_set():
        with connection.cursor() as cursor:
            cursor.execute(query, [place.restaurant.pk])
            row = cursor.fetchone()
        if len(set(row)) != 1:
            torn.append(row)
    return torn


def test_numbers_are_contiguous_in_commit_order_when_sixteen_write_at_once(place: Place) -> None:
    bar = Station.objects.create(restaurant=place.restaurant, name="Bar")
    dishes = [
        MenuItem.objects.create(
            restaurant=place.restaurant, name=f"Dish {number}", price="5.00", category=place.dish.category,
            station=place.station if number % 2 else bar, stock=100_000 if number < 4 else None,
        )
        for number in range(6)
    ]  # fmt: skip
    shared = [place.order().pk for _ in range(4)]
    before = Event.objects.filter(type="order:created").count()
    stop = threading.Event()
    writers = [Writer(place, dishes, shared, seed) for seed in range(WRITERS)]

    def write(writer: Writer) -> dict[str, int]:
        return writer.run()

    def observe() -> list[tuple[int, int, int]]:
        return watch_until(stop, place)

    pending = threading.Semaphore(0)

    def counted(writer: Writer) -> dict[str, int]:
        try:
            return write(writer)
        finally:
            pending.release()

    def stop_when_done() -> None:
        for _ in writers:
            pending.acquire()
        stop.set()

    *results, torn, _ = at_once([*(partial(counted, writer) for writer in writers), observe, stop_when_done])

    assert [result for result in results if not isinstance(result, dict)] == []
    assert torn == []
    numbers = seqs(place)
    assert numbers == list(range(1, len(numbers) + 1))
    assert Stream.objects.get(restaurant=place.restaurant).head == len(numbers)
    assert_events_match(place, results, before)


def assert_events_match(place: Place, results: list[dict[str, int]], before: int) -> None:
    """There is an event for each thing that was done, and none for what was not."""
    events = Event.objects.filter(restaurant=place.restaurant)
    orders = Order.objects.filter(restaurant=place.restaurant)

    assert events.filter(type="order:created").count() - before == sum(result["created"] for result in results)
    assert events.filter(type="order:deleted").count() == sum(result["deleted"] for result in results)
    assert events.filter(type="order:confirmed").count() == orders.filter(confirmed_at__isnull=False).count()
    assert events.filter(type="order:new").count() == KitchenOrder.objects.count()
    assert events.filter(type="order:cancelled").count() == orders.filter(status=OrderStatus.CANCELLED).count()
    for order in orders:
        told = events.filter(order_id=order.pk).exclude(type__in=OF_OTHERS).order_by("seq")
        versions = [msgspec.json.decode(data)["version"] for data in told.values_list("data", flat=True)]
        assert versions == sorted(versions)
        assert set(versions) == set(range(1, order.version + 1))
    assert Customer.objects.filter(restaurant=place.restaurant).count() == 1
    for station in Station.objects.filter(restaurant=place.restaurant):
        assert station.load == station.items.filter(status__in=("pending", "preparing")).count()
