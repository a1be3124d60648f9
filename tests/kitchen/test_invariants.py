"""Each rule of the kitchen finds what was planted around the services, and nothing where services did the work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from kitchen.invariants import broken
from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from kitchen.services.allergies import confirm_allergy
from kitchen.services.courses import fire_course
from kitchen.services.moving import move_to_station, move_waiting_of
from kitchen.services.priority import set_priority
from kitchen.services.recalls import recall_ticket
from kitchen.services.tickets import ItemMove, acknowledge_ticket, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from orders.models import Allergen, Order
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item, remove_item, set_item_status
from orders.services.orders import create_order, set_order_status, update_order
from orders.states import Channel, ItemStatus, OrderStatus, Priority
from tests.cookery import ingredient, recipe
from tests.places import Place

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def place(place: Place) -> Place:
    """A place whose burger is made in two steps, of beef and a bun with gluten."""
    pass_ = Station.objects.create(restaurant=place.restaurant, name="Pass")
    beef = ingredient(place.restaurant, "Beef")
    bun = ingredient(place.restaurant, "Bun", unit="piece", allergen="Gluten")
    steps = {"Grill": (6, [place.station, pass_]), "Plate": (2, [pass_])}
    recipe(place.dish, steps, {beef: ("180", "g"), bun: ("1", "piece")})
    return place


def write(sql: str, *values: Any) -> None:
    """Write around the services."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def ticket_of(place: Place, *courses: int, allergic: bool = False) -> KitchenOrder:
    """Have the kitchen get a ticket with a burger of each course."""
    allergens = Allergen.objects.filter(restaurant=place.restaurant) if allergic else []
    order = create_order(
        actor=place.actor,
        channel=Channel.DINE_IN,
        table_id=place.table.pk,
        items=[AskedItem(place.dish.pk, 2, course=course) for course in courses or (1, 1)],
        allergen_ids=[allergen.pk for allergen in allergens],
    )
    place.confirm(order)
    return KitchenOrder.objects.get(order=order)


def items_of(ticket: KitchenOrder) -> list[KitchenOrderItem]:
    return list(KitchenOrderItem.objects.filter(ticket=ticket).order_by("pk"))


def move(place: Place, ticket: KitchenOrder, *numbers: int, to: str = "ready", step: int | None = None) -> None:
    items = items_of(ticket)
    moves = [ItemMove(items[number].pk, TicketItemStatus(to), step) for number in numbers]
    set_ticket_item_statuses(ticket_id=ticket.pk, moves=moves, actor=place.actor)


def bumped(place: Place) -> KitchenOrder:
    ticket = ticket_of(place)
    move(place, ticket, 0, 1)
    return ticket


def void_all(place: Place, ticket: KitchenOrder) -> None:
    for item in items_of(ticket):
        remove_item(order_id=ticket.order_id, item_id=item.order_item_id, actor=place.actor, reason="sent back")


Planted = Callable[[Place], tuple[str, str]]


def _no_ticket(place: Place) -> tuple[str, str]:
    order = place.order()
    write("UPDATE orders_order SET status = 'confirmed', confirmed_at = now() WHERE id = %s", order.pk)
    return f"Order {order.order_number} (id {order.pk}) was confirmed and has no ticket.", ""


def _never_confirmed(place: Place) -> tuple[str, str]:
    ticket = ticket_of(place)
    write("UPDATE orders_order SET confirmed_at = NULL WHERE id = %s", ticket.order_id)
    return f"Order {ticket.order_number} (id {ticket.order_id}) has a ticket and was never confirmed.", ""


def _gap(place: Place) -> tuple[str, str]:
    ticket = ticket_of(place)
    write(
        "INSERT INTO kitchen_productioncontract (restaurant_id, order_id, version, schema_version, order_number,"
        " channel, table_name, notes, allergies, items, priority, complexity, estimated_minutes, naive_minutes,"
        " estimated_ready_at, created_at) SELECT restaurant_id, order_id, 3, schema_version, order_number, channel,"
        " table_name, notes, allergies, items, priority, complexity, estimated_minutes, naive_minutes,"
        " estimated_ready_at, created_at FROM kitchen_productioncontract WHERE order_id = %s",
        ticket.order_id,
    )
    number = ticket.order_number
    return (
        f"Order {number} (id {ticket.order_id}) has contracts 1, 3: not 1, 2, 3 without a gap.",
        f"Ticket {number} (id {ticket.pk}) is of contract version 1, and the latest is 3.",
    )


def _line_differs(place: Place) -> tuple[str, str]:
    ticket = ticket_of(place)
    write("UPDATE kitchen_kitchenorderitem SET quantity = 3 WHERE id = %s", items_of(ticket)[1].pk)
    return f"Ticket {ticket.order_number} (id {ticket.pk}) hasn't got Burger as contract version 1 says it.", ""


def _line_too_many(place: Place) -> tuple[str, str]:
    ticket = ticket_of(place)
    remove_item(order_id=ticket.order_id, item_id=items_of(ticket)[1].order_item_id, actor=place.actor)
    item = items_of(ticket)[1]
    write("UPDATE kitchen_kitchenorderitem SET status = 'pending', held = true WHERE id = %s", item.pk)
    said = (
        f"Ticket {ticket.order_number} (id {ticket.pk}) has Burger pending, of which contract version 2 says nothing."
    )
    return said, f"Burger on ticket {ticket.order_number} (item {item.pk}) is pending, and its line gone."


def _order_differs(place: Place) -> tuple[str, str]:
    ticket = ticket_of(place)
    write("UPDATE orders_orderitem SET quantity = 4 WHERE id = %s", items_of(ticket)[0].order_item_id)
    return (
        f"Order {ticket.order_number} (id {ticket.order_id}) has 4 Burger, and contract version 1 doesn't say so.",
        "",
    )


def _order_elsewhere(place: Place) -> tuple[str, str]:
    ticket = ticket_of(place)
    write("UPDATE orders_order SET status = 'ready' WHERE id = %s", ticket.order_id)
    return f"Order {ticket.order_number} (id {ticket.order_id}) is ready, and its ticket is pending.", ""


def _ticket_dropped(place: Place) -> tuple[str, str]:
    ticket = ticket_of(place, 1)
    write("UPDATE kitchen_kitchenorder SET status = 'cancelled' WHERE id = %s", ticket.pk)
    return (
        f"Order {ticket.order_number} (id {ticket.order_id}) is confirmed, and its ticket is cancelled.",
        f"Ticket {ticket.order_number} (id {ticket.pk}) is cancelled, and Burger on it pending.",
    )


def _nothing_wanted(place: Place) -> tuple[str, str]:
    ticket = ticket_of(place)
    void_all(place, ticket)
    write("UPDATE kitchen_kitchenorder SET status = 'pending' WHERE id = %s", ticket.pk)
    return f"Ticket {ticket.order_number} (id {ticket.pk}) is pending, and nothing on it is wanted.", ""


def _line_elsewhere(place: Place) -> tuple[str, str]:
    ticket = ticket_of(place)
    item = items_of(ticket)[0]
    write("UPDATE orders_orderitem SET status = 'ready' WHERE id = %s", item.order_item_id)
    return f"Burger on ticket {ticket.order_number} (item {item.pk}) is pending, and its line ready.", ""


def _item_behind(place: Place) -> tuple[str, str]:
    ticket = bumped(place)
    item = items_of(ticket)[0]
    write("UPDATE kitchen_kitchenorderitem SET status = 'preparing', held = true WHERE id = %s", item.pk)
    write("UPDATE orders_orderitem SET status = 'preparing' WHERE id = %s", item.order_item_id)
    number = ticket.order_number
    return (
        f"Ticket {number} (id {ticket.pk}) is ready, and Burger on it preparing.",
        f"Burger on ticket {number} (item {item.pk}) is held, and preparing.",
    )


def _all_made(place: Place) -> tuple[str, str]:
    ticket = bumped(place)
    write("UPDATE kitchen_kitchenorder SET status = 'preparing' WHERE id = %s", ticket.pk)
    write("UPDATE orders_order SET status = 'preparing' WHERE id = %s", ticket.order_id)
    return f"Ticket {ticket.order_number} (id {ticket.pk}) is preparing, and everything on it is made.", ""


def _unconfirmed(place: Place) -> tuple[str, str]:
    ticket = bumped(place)
    item = items_of(ticket)[0]
    set_order_status(order_id=ticket.order_id, to=OrderStatus.SERVED, actor=place.actor)
    write("UPDATE kitchen_kitchenorderitem SET allergy_alert = '{Gluten,Milk}' WHERE id = %s", item.pk)
    said = f"Burger on ticket {ticket.order_number} (item {item.pk}) went out, and nobody has confirmed: Gluten, Milk."
    return said, ""


def _never_written_off(place: Place) -> tuple[str, str]:
    ticket = bumped(place)
    item = items_of(ticket)[0]
    write("DELETE FROM kitchen_consumption WHERE item_id = %s", item.pk)
    write("UPDATE kitchen_kitchenorderitem SET consumed_at = NULL WHERE id = %s", item.pk)
    return f"Burger on ticket {ticket.order_number} (item {item.pk}) is ready, and was never written off.", ""


def _used_none(place: Place) -> tuple[str, str]:
    ticket = bumped(place)
    item = items_of(ticket)[1]
    write(
        "DELETE FROM kitchen_consumption c USING kitchen_ingredient g"
        " WHERE g.id = c.ingredient_id AND g.name = 'Bun' AND c.item_id = %s",
        item.pk,
    )
    return f"Burger on ticket {ticket.order_number} (item {item.pk}) was made, and used no Bun.", ""


def _used_too_much(place: Place) -> tuple[str, str]:
    ticket = bumped(place)
    item = items_of(ticket)[0]
    write("UPDATE kitchen_consumption SET quantity = 9 WHERE item_id = %s AND unit = 'piece'", item.pk)
    said = (
        f"Burger on ticket {ticket.order_number} (item {item.pk}) used 9.000 piece of Bun, and 2.000 were to be used."
    )
    return said, ""


def _used_something_else(place: Place) -> tuple[str, str]:
    ticket = bumped(place)
    item = items_of(ticket)[0]
    salt = ingredient(place.restaurant, "Salt")
    write(
        "INSERT INTO kitchen_consumption (restaurant_id, item_id, ingredient_id, quantity, unit, at)"
        " VALUES (%s, %s, %s, 1, 'g', now())",
        place.restaurant.pk,
        item.pk,
        salt.pk,
    )
    number = ticket.order_number
    return f"Burger on ticket {number} (item {item.pk}) used Salt, and by what it was made it uses none.", ""


def _loads(place: Place) -> tuple[str, str]:
    ticket_of(place)
    write("UPDATE kitchen_station SET load = 7, work = 9 WHERE id = %s", place.station.pk)
    return (
        "Station Grill has a load of 7, and 1 items are there.",
        "Station Grill has work for 9 half minutes, and 12 are left there.",
    )


PLANTED: list[Planted] = [
    _no_ticket, _never_confirmed, _gap, _line_differs, _line_too_many, _order_differs, _order_elsewhere,
    _ticket_dropped, _nothing_wanted, _line_elsewhere, _item_behind, _all_made, _unconfirmed, _never_written_off,
    _used_none, _used_too_much, _used_something_else, _loads,
]  # fmt: skip


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__.strip("_"))
def test_violation_is_found_when_planted_around_the_services(place: Place, plant: Planted) -> None:
    expected = [sentence for sentence in plant(place) if sentence]

    found = broken(place.restaurant.pk)

    assert found == expected


def test_violation_is_found_in_no_other_restaurant_when_planted(place: Place, other_place: Place) -> None:
    _no_ticket(place)
    ticket_of(other_place)

    assert broken(other_place.restaurant.pk) == []


def _confirmed(place: Place) -> None:
    ticket_of(place, 1, 2)
    ticket_of(place, 1, allergic=True)


def _claimed_and_made_by_steps(place: Place) -> None:
    ticket = ticket_of(place)
    acknowledge_ticket(ticket_id=ticket.pk, actor=place.actor)
    for step in (0, 1):
        move(place, ticket, 0, 1, to="preparing", step=step)


def _served_by_course(place: Place) -> None:
    ticket = ticket_of(place, 1, 2, 3)
    move(place, ticket, 0)
    line = items_of(ticket)[0].order_item_id
    set_item_status(order_id=ticket.order_id, item_id=line, to=ItemStatus.SERVED, actor=place.actor)
    fire_course(ticket_id=ticket.pk, course=3, actor=place.actor)
    move(place, ticket, 2)


def _confirmed_as_safe(place: Place) -> None:
    ticket = ticket_of(place, 1, allergic=True)
    item = items_of(ticket)[0]
    confirm_allergy(ticket_id=ticket.pk, item_id=item.pk, actor=place.actor)
    move(place, ticket, 0)


def _recalled(place: Place) -> None:
    ticket = bumped(place)
    set_order_status(order_id=ticket.order_id, to=OrderStatus.SERVED, actor=place.actor)
    recall_ticket(ticket_id=ticket.pk, actor=place.actor)
    move(place, ticket, 0)


def _recalled_after_one_was_voided(place: Place) -> None:
    ticket = bumped(place)
    line = items_of(ticket)[0].order_item_id
    remove_item(order_id=ticket.order_id, item_id=line, actor=place.actor, reason="burnt")
    recall_ticket(ticket_id=ticket.pk, actor=place.actor)


def _changed(place: Place) -> None:
    ticket = ticket_of(place)
    first, second = (item.order_item_id for item in items_of(ticket))
    change_item(order_id=ticket.order_id, item_id=first, quantity=5, course=2, actor=place.actor)
    remove_item(order_id=ticket.order_id, item_id=second, actor=place.actor)
    add_items(order_id=ticket.order_id, items=[AskedItem(place.dish.pk, 1)], actor=place.actor)
    update_order(order_id=ticket.order_id, notes="in a hurry", actor=place.actor)


def _voided_by_the_kitchen(place: Place) -> None:
    ticket = ticket_of(place)
    move(place, ticket, 0)
    move(place, ticket, 1, to="cancelled")


def _all_voided(place: Place) -> None:
    for ticket in (ticket_of(place), bumped(place)):
        void_all(place, ticket)
    staffed = ticket_of(place)
    void_all(place, staffed)
    for to in (OrderStatus.PREPARING, OrderStatus.READY, OrderStatus.SERVED):
        set_order_status(order_id=staffed.order_id, to=to, actor=place.actor)


def _all_voided_and_more_wanted(place: Place) -> None:
    for ticket in (ticket_of(place), bumped(place)):
        void_all(place, ticket)
        add_items(order_id=ticket.order_id, items=[AskedItem(place.dish.pk, 1)], actor=place.actor)


def _second_round(place: Place) -> None:
    ticket = bumped(place)
    set_order_status(order_id=ticket.order_id, to=OrderStatus.SERVED, actor=place.actor)
    add_items(order_id=ticket.order_id, items=[AskedItem(place.dish.pk, 1)], actor=place.actor)


def _moved_and_closed(place: Place) -> None:
    ticket = ticket_of(place)
    other = Station.objects.get(restaurant=place.restaurant, name="Pass")
    item = next(row for row in items_of(ticket) if row.station_id == place.station.pk)
    move_to_station(ticket_id=ticket.pk, item_id=item.pk, station_id=other.pk, actor=place.actor)
    other.is_active = False
    other.save()
    move_waiting_of(ticket_id=ticket.pk, station_id=other.pk, actor=place.actor)


def _prioritised(place: Place) -> None:
    set_priority(ticket_id=ticket_of(place).pk, priority=Priority.VIP, actor=place.actor)


def _put_away(place: Place) -> None:
    set_ticket_status(ticket_id=bumped(place).pk, to=TicketStatus.COMPLETED, actor=place.actor)


def _cancelled(place: Place) -> None:
    ticket = ticket_of(place)
    move(place, ticket, 0)
    set_order_status(order_id=ticket.order_id, to=OrderStatus.CANCELLED, reason="they left", actor=place.actor)
    put_away = bumped(place)
    set_ticket_status(ticket_id=put_away.pk, to=TicketStatus.COMPLETED, actor=place.actor)
    set_order_status(order_id=put_away.order_id, to=OrderStatus.CANCELLED, reason="they left", actor=place.actor)


DONE: list[Callable[[Place], None]] = [
    _confirmed, _claimed_and_made_by_steps, _served_by_course, _confirmed_as_safe, _recalled,
    _recalled_after_one_was_voided, _changed, _voided_by_the_kitchen, _all_voided,
    _all_voided_and_more_wanted, _second_round, _moved_and_closed, _prioritised,
    _put_away, _cancelled,
]  # fmt: skip


@pytest.mark.parametrize("work", DONE, ids=lambda work: work.__name__.strip("_"))
def test_nothing_is_found_when_services_did_it(place: Place, work: Callable[[Place], None]) -> None:
    work(place)

    found = broken(place.restaurant.pk)

    assert Order.objects.filter(restaurant=place.restaurant).exists()
    assert found == []
