"""Rows that are only shown look as their models do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kitchen.models import KitchenOrder
from kitchen.selectors import open_tickets, seen_tickets, tickets_of
from kitchen.shapes import ticket_shape
from orders.models import Order, OrderItem
from orders.seeing import hang, seen
from orders.selectors import orders_of, seen_orders
from orders.shapes import order_shape
from tests.factories import ChoiceFactory, ModifierFactory

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.callers import House

pytestmark = pytest.mark.django_db


def _fill(house: House) -> None:
    modifiers = [ModifierFactory(group__restaurant=house.restaurant, price=price) for price in ("0.50", "1.25")]
    for modifier in modifiers:
        ChoiceFactory(menu_item=house.dish, group=modifier.group)
    dish = {"menu_item_id": house.dish.pk, "quantity": 2}
    with_modifiers = {**dish, "modifier_ids": [modifier.pk for modifier in modifiers]}
    house.order(items=[with_modifiers, dish, with_modifiers], customer={"name": "Ada", "phone": "+44"})
    ticket = house.ticket(items=[dish, with_modifiers], notes="No salt.")
    done = [{"item_id": item["id"], "status": "ready"} for item in ticket["items"]]
    house.cook.put(f"/api/kitchen/orders/{ticket['id']}/items/status", {"items": done})


def test_shapes_of_what_is_seen_are_those_of_the_models(
    house: House, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _fill(house)
    orders = orders_of(house.restaurant.pk).order_by("-id")
    tickets = open_tickets(house.restaurant.pk)
    shapes = [order_shape(order) for order in orders], [ticket_shape(ticket) for ticket in tickets]

    with django_assert_num_queries(5):
        seen_shapes = (
            [order_shape(order) for order in seen_orders(orders)],
            [ticket_shape(ticket) for ticket in seen_tickets(tickets)],
        )

    assert seen_shapes == shapes
    assert [len(item.modifiers) for item in shapes[0][1].items] == [2, 0, 2]
    assert shapes[1][0].prep_minutes == 0


def test_nothing_is_asked_for_when_there_is_no_row(
    house: House, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        assert seen_orders(orders_of(house.restaurant.pk)) == []
        assert seen_tickets(tickets_of(house.restaurant.pk)) == []


def test_what_is_seen_has_the_models_properties_and_cannot_be_saved(house: House) -> None:
    house.ticket()

    (order,), (ticket,) = seen(Order.objects.all()), seen(KitchenOrder.objects.all())

    assert (order.is_open, ticket.is_open, order.pk) == (True, True, Order.objects.get().pk)
    assert not hasattr(order, "save")


def test_related_rows_keep_their_order_when_they_are_hung_on(house: House) -> None:
    lines = [{"menu_item_id": house.dish.pk, "quantity": quantity} for quantity in (3, 1, 2)]
    house.order(items=lines)
    house.order()
    orders = seen(Order.objects.order_by("id"))

    hang(orders, "items", OrderItem.objects.order_by("quantity"), "order_id")

    assert [[item.quantity for item in order.items.all()] for order in orders] == [[1, 2, 3], [1]]
