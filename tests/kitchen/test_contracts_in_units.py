"""Contracts in units that do more than one thing, some of it in vain: made once, at the end, of what is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from kitchen.models import KitchenOrder, Station
from kitchen.states import TicketStatus
from orders.actors import Actor
from orders.models import Order
from orders.services.dishes import AskedItem
from orders.services.items import add_items
from orders.services.orders import confirm_order, create_order, set_order_status, update_order
from orders.states import Channel, OrderStatus
from orders.units import open_unit
from tests.contracts import failing_part, items, latest, loads, stored, ticket_of, versions
from tests.cookery import ingredient, recipe
from tests.places import Place
from tests.streams import at_once, hearing


@pytest.fixture
def order(place: Place) -> Order:
    """A confirmed order of two burgers on two lines."""
    asked = [AskedItem(place.dish.pk, 1), AskedItem(place.dish.pk, 2)]
    made = create_order(actor=place.actor, channel=Channel.DINE_IN, items=asked, table_id=place.table.pk)
    return place.confirm(made)


def add_one(place: Place, order: Order) -> None:
    add_items(order_id=order.pk, items=[AskedItem(place.dish.pk, 3)], actor=place.actor)


def write_note(place: Place, order: Order) -> None:
    update_order(order_id=order.pk, actor=place.actor, notes="Birthday")


def test_ticket_is_there_when_a_later_service_of_the_unit_needs_it(place: Place) -> None:
    order = place.order()

    with open_unit(place.actor):
        confirm_order(order_id=order.pk, actor=place.actor)
        set_order_status(order_id=order.pk, to=OrderStatus.PREPARING, actor=place.actor)
        add_one(place, order)

    ticket = ticket_of(order)
    assert (ticket.status, ticket.contract_version, versions(order)) == ("preparing", 2, [1, 2])
    assert [item.status for item in items(order)] == ["pending", "pending"]
    assert loads(place.station)[0][0] == 2


def test_no_ticket_is_opened_when_the_order_is_cancelled_in_the_same_unit(place: Place) -> None:
    order = place.order()

    with open_unit(place.actor):
        confirm_order(order_id=order.pk, actor=place.actor)
        set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor, reason="No")

    assert (versions(order), KitchenOrder.objects.count(), loads(place.station)[0][0]) == ([], 0, 0)


def test_nothing_is_promised_when_the_confirmation_falls_with_its_savepoint(place: Place) -> None:
    order = place.order()

    with hearing(place.restaurant) as heard, open_unit(place.actor):
        with failing_part(place.actor):
            confirm_order(order_id=order.pk, actor=place.actor)
        update_order(order_id=order.pk, actor=place.actor, notes="Later")

    row = stored(order)
    assert (row.status, row.estimated_ready_at, versions(order)) == ("pending", None, [])
    assert heard.types == ["order:updated"]


def test_contract_is_made_again_when_what_made_it_early_falls_with_its_savepoint(place: Place) -> None:
    order = place.order()

    with open_unit(place.actor):
        confirm_order(order_id=order.pk, actor=place.actor)
        with failing_part(place.actor):
            set_order_status(order_id=order.pk, to=OrderStatus.PREPARING, actor=place.actor)

    assert (ticket_of(order).status, versions(order), loads(place.station)[0][0]) == ("pending", [1], 1)


def test_one_version_is_made_when_a_part_of_the_unit_fails(place: Place, order: Order) -> None:
    with open_unit(place.actor):
        write_note(place, order)
        with failing_part(place.actor):
            add_one(place, order)

    assert (versions(order), latest(order).notes, len(items(order))) == ([1, 2], "Birthday", 2)
    assert loads(place.station)[0][0] == 2


def test_nobody_waits_forever_when_several_are_confirmed_together_and_single_ones_beside(place: Place) -> None:
    oven = Station.objects.create(restaurant=place.restaurant, name="Oven")
    flour = ingredient(place.restaurant, "Flour")
    recipe(place.dish, {"Fry": (8, [place.station]), "Bake": (8, [oven])}, {flour: ("100", "g")})
    waiters = [replace(place.actor, name=f"Waiter {number}") for number in range(2)]
    together = [[place.order() for _ in range(5)] for _ in waiters]
    alone = [place.order() for _ in range(4)]

    def confirm_all(orders: list[Order], actor: Actor) -> None:
        with open_unit(actor):
            for order in orders:
                confirm_order(order_id=order.pk, actor=actor)
                set_order_status(order_id=order.pk, to=OrderStatus.PREPARING, actor=actor)
                set_order_status(order_id=order.pk, to=OrderStatus.READY, actor=actor)

    jobs: list[Callable[[], Any]] = [
        *(partial(confirm_all, orders, actor) for orders, actor in zip(together, waiters, strict=True)),
        *(partial(confirm_order, order_id=order.pk, actor=place.actor) for order in alone),
    ]

    results = at_once(jobs)

    assert [result for result in results if isinstance(result, Exception)] == []
    assert loads(place.station, oven) == [(4, 4 * 16), (0, 4 * 16)]
    assert KitchenOrder.objects.filter(status=TicketStatus.READY).count() == 10
    assert KitchenOrder.objects.filter(status=TicketStatus.PENDING).count() == 4


def test_orders_are_promised_one_after_the_other_when_confirmed_in_one_unit(place: Place) -> None:
    Station.objects.filter(pk=place.station.pk).update(capacity=1, silently=True)
    orders = [place.order() for _ in range(3)]

    with open_unit(place.actor):
        for order in orders:
            confirm_order(order_id=order.pk, actor=place.actor)

    assert [latest(order).estimated_minutes for order in orders] == [10, 20, 30]
    for order in orders:
        assert ticket_of(order).promised_ready_at == stored(order).estimated_ready_at


def test_work_is_spread_when_several_orders_are_confirmed_in_one_unit(place: Place) -> None:
    other = Station.objects.create(restaurant=place.restaurant, name="Other grill")
    recipe(place.dish, {"Fry": (5, [place.station, other])})
    orders = [place.order() for _ in range(4)]

    with open_unit(place.actor):
        for order in orders:
            confirm_order(order_id=order.pk, actor=place.actor)

    assert loads(place.station, other) == [(2, 20), (2, 20)]
