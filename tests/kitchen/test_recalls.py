"""Recall: what was ready, or put away, is in work again for a quarter of an hour; order, lines and stations follow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from kitchen.invariants import broken
from kitchen.models import Consumption, Ingredient, KitchenOrder, KitchenOrderItem, Station
from kitchen.services.recalls import recall_ticket
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from orders.actors import Actor
from orders.errors import InvalidTransition, NotAllowed, NotFound, NotPaid, StaleVersion, TooLate
from orders.models import MenuItem, Order
from orders.services.dishes import AskedItem
from orders.services.items import add_items
from orders.services.orders import create_order, set_order_status
from orders.services.payments import take_payment
from orders.shapes import timestamp
from orders.states import Channel, OrderStatus, PaymentMethod, Role
from tests.contracts import items, lines, loads, stored, ticket_of, versions
from tests.cookery import ingredient, recipe
from tests.places import Place
from tests.streams import hearing, payloads


@pytest.fixture
def cook(place: Place) -> Actor:
    return place.actor_of(Role.KITCHEN)


def made(place: Place, channel: Channel = Channel.DINE_IN) -> Order:
    """An order of two burgers that is ready."""
    table_id = place.table.pk if channel == Channel.DINE_IN else None
    asked = [AskedItem(place.dish.pk, 1), AskedItem(place.dish.pk, 1)]
    order = place.confirm(create_order(actor=place.actor, channel=channel, items=asked, table_id=table_id))
    bump_all(order, place.actor)
    return order


def bump_all(order: Order, actor: Actor) -> None:
    moves = [ItemMove(item.pk, TicketItemStatus.READY) for item in items(order)]
    set_ticket_item_statuses(ticket_id=ticket_of(order).pk, moves=moves, actor=actor)


def recall(order: Order, actor: Actor, reason: str = "") -> KitchenOrder:
    return recall_ticket(ticket_id=ticket_of(order).pk, actor=actor, reason=reason)


def statuses(order: Order) -> tuple[str, str, list[str], list[str]]:
    """Return the stored states of (order, ticket, lines, production items)."""
    return (
        stored(order).status,
        ticket_of(order).status,
        [line.status for line in lines(order)],
        [item.status for item in items(order)],
    )


Act = Callable[[Place, Order], None]

IN_WORK_AGAIN = ("preparing", "preparing", ["preparing"] * 2, ["preparing"] * 2)


def put_away(place: Place, order: Order) -> None:
    set_ticket_status(ticket_id=ticket_of(order).pk, to=TicketStatus.COMPLETED, actor=place.actor)


def serve(place: Place, order: Order) -> None:
    set_order_status(order_id=order.pk, to=OrderStatus.SERVED, actor=place.actor)


def leave(place: Place, order: Order) -> None:
    """Nothing."""


# What comes back ----------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [leave, put_away, serve])
def test_order_is_in_work_again_when_its_ticket_is_recalled(place: Place, cook: Actor, before: Act) -> None:
    order = made(place)
    before(place, order)
    version = ticket_of(order).version

    with hearing(place.restaurant) as heard:
        ticket = recall(order, cook, "Cold")

    row = stored(order)
    assert statuses(order) == IN_WORK_AGAIN
    assert (ticket.ready_at, ticket.completed_at, row.ready_at, row.served_at) == (None, None, None, None)
    assert (ticket.version, loads(place.station)) == (version + 1, [(2, 20)])
    assert ticket.estimated_ready_at == row.estimated_ready_at
    assert heard.types.count("kitchen:order_recalled") == 1
    assert heard.types.count("order:status_changed") == 1
    assert payloads(place.restaurant, "kitchen:order_recalled")[0]["reason"] == "Cold"
    assert versions(order) == [1]


def test_only_the_last_step_is_done_again_when_a_ticket_is_recalled(place: Place, cook: Actor) -> None:
    counter = Station.objects.create(restaurant=place.restaurant, name="Counter")
    recipe(place.dish, {"Fry": (8, [place.station]), "Plate": (2, [counter])})
    order = made(place)

    recall(order, cook)

    item = items(order)[0]
    assert ([step["done"] for step in item.steps], item.station_name) == ([True, False], "Counter")
    assert (item.ready_at, item.started_at is not None) == (None, True)
    assert loads(place.station, counter) == [(0, 0), (2, 8)]


def test_step_is_done_elsewhere_when_its_station_was_closed_before_the_recall(place: Place, cook: Actor) -> None:
    other = Station.objects.create(restaurant=place.restaurant, name="Other grill")
    recipe(place.dish, {"Fry": (8, [place.station, other])})
    order = made(place)
    grill = Station.objects.get(pk=place.station.pk)
    grill.is_active = False
    grill.save()

    recall(order, cook)

    assert [item.station_name for item in items(order)] == ["Other grill"] * 2
    assert loads(place.station, other) == [(0, 0), (2, 16)]


def test_ingredients_and_stock_are_taken_once_when_a_ticket_is_recalled(place: Place, cook: Actor) -> None:
    beef = ingredient(place.restaurant, "Beef", on_hand="2")
    recipe(place.dish, {"Fry": (8, [place.station])}, {beef: ("250", "g")})
    dish = MenuItem.objects.get(pk=place.dish.pk)
    dish.stock = 10
    dish.save()
    order = made(place)

    with hearing(place.restaurant) as heard:
        recall(order, cook)
        bump_all(order, cook)

    assert Ingredient.objects.get().on_hand == Decimal("1.500")
    assert (Consumption.objects.count(), MenuItem.objects.get(pk=dish.pk).stock) == (2, 8)
    assert "kitchen:ingredients_consumed" not in heard.types
    assert stored(order).status == "ready"


def test_ticket_is_recalled_again_when_it_was_ready_again(place: Place, cook: Actor) -> None:
    order = made(place)
    recall(order, cook)
    bump_all(order, cook)

    recall(order, cook, "Still cold")

    assert (statuses(order), ticket_of(order).recall_reason) == (IN_WORK_AGAIN, "Still cold")


# Money --------------------------------------------------------------------------------------------


def test_payment_and_bill_stay_when_a_paid_order_is_recalled(place: Place, cook: Actor) -> None:
    order = made(place)
    serve(place, order)
    take_payment(order_id=order.pk, amount=Decimal("19.00"), method=PaymentMethod.CARD, actor=place.actor)

    recall(order, cook)

    row = stored(order)
    assert (row.status, row.payment_status, row.paid_amount, row.final_amount) == (
        "preparing",
        "paid",
        Decimal("19.00"),
        Decimal("19.00"),
    )
    bump_all(order, cook)
    serve(place, order)
    set_order_status(order_id=order.pk, to=OrderStatus.COMPLETED, actor=place.actor_of(Role.CASHIER))
    assert statuses(order)[:2] == ("completed", "completed")


def test_recalled_order_is_not_closed_when_it_is_not_paid(place: Place, cook: Actor) -> None:
    order = made(place)
    recall(order, cook)
    bump_all(order, cook)
    serve(place, order)

    with pytest.raises(NotPaid):
        set_order_status(order_id=order.pk, to=OrderStatus.COMPLETED, actor=place.actor_of(Role.CASHIER))

    assert statuses(order)[:2] == ("served", "completed")


# Refused ------------------------------------------------------------------------------------------


def made_ready(order: Order, *, ago: dt.timedelta) -> None:
    ticket = ticket_of(order)
    assert ticket.ready_at is not None
    ticket.ready_at -= ago
    ticket.save()


@pytest.mark.parametrize("before", [leave, put_away, serve])
def test_recall_is_too_late_when_a_quarter_of_an_hour_has_passed(place: Place, cook: Actor, before: Act) -> None:
    order = made(place)
    before(place, order)
    made_ready(order, ago=dt.timedelta(minutes=15, seconds=1))
    was = statuses(order)

    with hearing(place.restaurant) as heard, pytest.raises(TooLate) as refused:
        recall(order, cook)

    assert (refused.value.code, statuses(order), heard.types) == ("too_late", was, [])
    assert refused.value.extra == {"ready_at": timestamp(ticket_of(order).ready_at)}  # type: ignore[arg-type]


def test_ticket_is_recalled_when_a_quarter_of_an_hour_has_nearly_passed(place: Place, cook: Actor) -> None:
    order = made(place)
    made_ready(order, ago=dt.timedelta(minutes=14))

    recall(order, cook)

    assert statuses(order) == IN_WORK_AGAIN


def go_through(place: Place, order: Order, *statuses: OrderStatus) -> None:
    for to in statuses:
        set_order_status(order_id=order.pk, to=to, actor=place.actor, reason="Unpaid")


@pytest.mark.parametrize(
    ("channel", "way"),
    [
        (Channel.DELIVERY, [OrderStatus.DELIVERING]),
        (Channel.DELIVERY, [OrderStatus.DELIVERING, OrderStatus.DELIVERED]),
        (Channel.DELIVERY, [OrderStatus.DELIVERING, OrderStatus.DELIVERED, OrderStatus.COMPLETED]),
        (Channel.DINE_IN, [OrderStatus.SERVED, OrderStatus.COMPLETED]),
        (Channel.DINE_IN, [OrderStatus.CANCELLED]),
    ],
)
def test_recall_is_refused_by_name_when_the_order_has_gone_too_far(
    place: Place, cook: Actor, channel: Channel, way: list[OrderStatus]
) -> None:
    order = made(place, channel)
    go_through(place, order, *way)
    was = statuses(order)

    with hearing(place.restaurant) as heard, pytest.raises(InvalidTransition) as refused:
        recall(order, cook)

    assert (refused.value.code, refused.value.extra["by_name"]) == ("invalid_transition", "Manager")
    assert "by Manager at" in refused.value.detail
    assert (statuses(order), heard.types) == (was, [])


def test_recall_is_refused_by_name_when_it_was_recalled_already(place: Place, cook: Actor) -> None:
    order = made(place)
    recall(order, cook)

    with pytest.raises(InvalidTransition) as refused:
        recall(order, place.actor)

    assert (refused.value.extra["by_name"], refused.value.extra["allowed"]) == ("Kitchen", ["ready", "cancelled"])


def test_recall_is_refused_when_it_is_not_ones_to_do(place: Place, other_place: Place, cook: Actor) -> None:
    order = made(place)
    was = statuses(order)

    with pytest.raises(NotAllowed):
        recall(order, place.actor_of(Role.WAITER))
    with pytest.raises(NotFound):
        recall(order, other_place.actor)
    with pytest.raises(StaleVersion):
        recall_ticket(ticket_id=ticket_of(order).pk, actor=cook, version=99)

    assert statuses(order) == was


def test_what_was_ready_long_ago_stays_so_when_a_later_round_is_recalled(place: Place, cook: Actor) -> None:
    order = made(place)
    long_ago = timezone.now() - dt.timedelta(minutes=40)
    KitchenOrderItem.objects.filter(ticket__order_id=order.pk).update(silently=True, ready_at=long_ago)
    add_items(order_id=order.pk, items=[AskedItem(place.dish.pk, 1)], actor=place.actor)
    set_ticket_status(ticket_id=ticket_of(order).pk, to=TicketStatus.READY, actor=cook)

    recall(order, cook)

    assert [item.status for item in items(order)] == ["ready", "ready", "preparing"]
    assert [line.status for line in lines(order)] == ["ready", "ready", "preparing"]
    assert broken(place.restaurant.pk) == []
