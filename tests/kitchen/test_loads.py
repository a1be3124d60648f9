"""A station's load is what is to make there now, its work what is left of it: after every service, and after none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module

import pytest
from django.db import connection

from kitchen.models import KitchenOrderItem, Station
from kitchen.services.courses import fire_course
from kitchen.services.moving import move_to_station
from kitchen.services.recalls import recall_ticket
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TO_MAKE, TicketItemStatus, TicketStatus
from orders.models import Order
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item, remove_item, set_item_status, void_item
from orders.services.orders import create_order, set_order_status
from orders.states import Channel, ItemStatus, OrderStatus
from orders.units import open_unit
from tests.contracts import failing_part, items, lines, loads, ticket_of
from tests.cookery import recipe
from tests.places import Place
from tests.streams import at_once

COUNT = import_module("kitchen.migrations.0007_old_tickets").COUNT


def recounted(*stations: Station) -> list[tuple[int, int]]:
    """Count (load, half minutes of work) of each station from the rows of what is to make."""
    counted = {station.pk: [0, 0] for station in stations}
    for item in KitchenOrderItem.objects.filter(status__in=TO_MAKE, held=False):
        left = [step for step in item.steps if not step["done"]]
        counted[left[0]["station_id"]][0] += 1
        for step in left:
            is_begun = step == item.steps[0] and item.status == TicketItemStatus.PREPARING
            counted[step["station_id"]][1] += step["minutes"] * (1 if is_begun else 2)
    return [(load, work) for load, work in counted.values()]


@dataclass
class Kitchen:
    """A kitchen of three stations, and an order in it: two burgers fried and plated, another of the next course."""

    place: Place
    grill: Station
    counter: Station
    oven: Station
    order: Order

    @property
    def loads(self) -> list[tuple[int, int]]:
        return loads(self.grill, self.counter, self.oven)

    def check(self) -> None:
        assert self.loads == recounted(self.grill, self.counter, self.oven)

    def move(self, number: int, to: TicketItemStatus, step: int | None = None) -> None:
        item = items(self.order)[number]
        moves = [ItemMove(item.pk, to, step)]
        set_ticket_item_statuses(ticket_id=item.ticket_id, moves=moves, actor=self.place.actor)


@pytest.fixture
def kitchen(place: Place) -> Kitchen:
    counter, oven = (Station.objects.create(restaurant=place.restaurant, name=name) for name in ("Counter", "Oven"))
    recipe(place.dish, {"Fry": (8, [place.station]), "Plate": (3, [counter])})
    asked = [AskedItem(place.dish.pk, 1, (), "", course) for course in (1, 1, 2)]
    order = create_order(actor=place.actor, channel=Channel.DINE_IN, items=asked, table_id=place.table.pk)
    return Kitchen(place, place.station, counter, oven, place.confirm(order))


def test_load_is_where_the_current_step_is_and_work_where_each_is(kitchen: Kitchen) -> None:
    assert kitchen.loads == [(2, 32), (0, 12), (0, 0)]
    kitchen.check()


def test_half_a_step_is_left_when_it_is_begun(kitchen: Kitchen) -> None:
    kitchen.move(0, TicketItemStatus.PREPARING)

    assert kitchen.loads == [(2, 24), (0, 12), (0, 0)]


def test_load_goes_on_with_the_item_when_a_step_is_done(kitchen: Kitchen) -> None:
    kitchen.move(0, TicketItemStatus.PREPARING, 0)

    assert kitchen.loads == [(1, 16), (1, 12), (0, 0)]


def move_work(kitchen: Kitchen) -> None:
    item = items(kitchen.order)[0]
    move_to_station(ticket_id=item.ticket_id, item_id=item.pk, station_id=kitchen.oven.pk, actor=kitchen.place.actor)


def fire(kitchen: Kitchen) -> None:
    fire_course(ticket_id=ticket_of(kitchen.order).pk, course=2, actor=kitchen.place.actor)


def make_all(kitchen: Kitchen) -> None:
    fire(kitchen)
    for to in (TicketStatus.PREPARING, TicketStatus.READY):
        set_ticket_status(ticket_id=ticket_of(kitchen.order).pk, to=to, actor=kitchen.place.actor)


def recall(kitchen: Kitchen) -> None:
    make_all(kitchen)
    recall_ticket(ticket_id=ticket_of(kitchen.order).pk, actor=kitchen.place.actor)


def add(kitchen: Kitchen) -> None:
    asked = [AskedItem(kitchen.place.dish.pk, 1, (), "", course) for course in (1, 2)]
    add_items(order_id=kitchen.order.pk, items=asked, actor=kitchen.place.actor)


def remove(kitchen: Kitchen, number: int = 0) -> None:
    remove_item(order_id=kitchen.order.pk, item_id=lines(kitchen.order)[number].pk, actor=kitchen.place.actor)


def void_begun(kitchen: Kitchen) -> None:
    kitchen.move(0, TicketItemStatus.PREPARING, 0)
    void_item(order_id=kitchen.order.pk, item_id=lines(kitchen.order)[0].pk, actor=kitchen.place.actor)


def put_into_course(kitchen: Kitchen, number: int, course: int) -> None:
    line = lines(kitchen.order)[number]
    change_item(order_id=kitchen.order.pk, item_id=line.pk, actor=kitchen.place.actor, course=course)


def serve_first_course(kitchen: Kitchen) -> None:
    for number in (0, 1):
        kitchen.move(number, TicketItemStatus.READY)
        line = lines(kitchen.order)[number]
        set_item_status(order_id=line.order_id, item_id=line.pk, to=ItemStatus.SERVED, actor=kitchen.place.actor)


def set_order(kitchen: Kitchen, to: OrderStatus) -> None:
    set_order_status(order_id=kitchen.order.pk, to=to, actor=kitchen.place.actor, reason="Gone")


def several_at_once(kitchen: Kitchen) -> None:
    with open_unit(kitchen.place.actor):
        remove(kitchen)
        add(kitchen)
        fire(kitchen)
        kitchen.move(1, TicketItemStatus.READY)
        with failing_part(kitchen.place.actor):
            set_order(kitchen, OrderStatus.READY)
        move_to_station(
            ticket_id=ticket_of(kitchen.order).pk,
            item_id=items(kitchen.order)[2].pk,
            station_id=kitchen.oven.pk,
            actor=kitchen.place.actor,
        )


@pytest.mark.parametrize(
    ("act", "after"),
    [
        (partial(Kitchen.move, number=0, to=TicketItemStatus.PREPARING, step=1), [(1, 16), (0, 6), (0, 0)]),
        (partial(Kitchen.move, number=0, to=TicketItemStatus.READY), [(1, 16), (0, 6), (0, 0)]),
        (partial(Kitchen.move, number=0, to=TicketItemStatus.CANCELLED), [(1, 16), (0, 6), (0, 0)]),
        (move_work, [(1, 16), (0, 12), (1, 16)]),
        (fire, [(3, 48), (0, 18), (0, 0)]),
        (make_all, [(0, 0), (0, 0), (0, 0)]),
        (recall, [(0, 0), (3, 18), (0, 0)]),
        (add, [(3, 48), (0, 18), (0, 0)]),
        (remove, [(1, 16), (0, 6), (0, 0)]),
        (partial(remove, number=2), [(2, 32), (0, 12), (0, 0)]),
        (void_begun, [(1, 16), (0, 6), (0, 0)]),
        (partial(put_into_course, number=1, course=2), [(1, 16), (0, 6), (0, 0)]),
        (partial(put_into_course, number=2, course=1), [(3, 48), (0, 18), (0, 0)]),
        (serve_first_course, [(1, 16), (0, 6), (0, 0)]),
        (partial(set_order, to=OrderStatus.PREPARING), [(2, 32), (0, 12), (0, 0)]),
        (partial(set_order, to=OrderStatus.CANCELLED), [(0, 0), (0, 0), (0, 0)]),
        (several_at_once, [(2, 32), (0, 18), (1, 16)]),
    ],
)
def test_load_and_work_are_what_is_left_to_make_after_every_service(
    kitchen: Kitchen, act: Callable[[Kitchen], None], after: list[tuple[int, int]]
) -> None:
    act(kitchen)

    assert kitchen.loads == after
    kitchen.check()


def test_old_work_is_counted_as_the_new_is_when_it_was_there_before_it_counted(kitchen: Kitchen) -> None:
    kitchen.move(0, TicketItemStatus.PREPARING)
    kitchen.move(1, TicketItemStatus.PREPARING, 0)
    Station.objects.update(silently=True, work=0)

    with connection.cursor() as cursor:
        cursor.execute(COUNT)

    kitchen.check()


def test_nothing_is_counted_when_a_dish_has_no_station(place: Place) -> None:
    place.dish.station = None
    place.dish.save()

    place.confirm(place.order())

    assert loads(place.station) == [(0, 0)]


def test_no_count_is_lost_when_many_work_at_the_same_moment(kitchen: Kitchen) -> None:
    place = kitchen.place
    tickets = [place.ticket() for _ in range(4)]
    pending = [place.order() for _ in range(4)]
    begin = [
        partial(
            set_ticket_item_statuses,
            ticket_id=ticket.pk,
            moves=[ItemMove(ticket.items.get().pk, TicketItemStatus.PREPARING, 0)],
            actor=place.actor,
        )
        for ticket in tickets
    ]

    results = at_once([*begin, *(partial(place.confirm, order) for order in pending), partial(fire, kitchen)])

    assert [result for result in results if isinstance(result, Exception)] == []
    assert kitchen.loads == [(7, 7 * 16), (4, 7 * 6 + 4 * 6), (0, 0)]
    kitchen.check()
