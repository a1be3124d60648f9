"""Tickets: how they come into being, are worked on, and keep step with their orders."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from kitchen.services.tickets import ItemMove, acknowledge_ticket, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from orders.actors import Actor
from orders.errors import InvalidTransition, MovedAlready, NotAllowed, NotEditable, NotFound, StaleVersion
from orders.models import HistoryEntry, MenuItem, MenuItemModifierGroup, Modifier, ModifierGroup, Order
from orders.services.dishes import AskedItem
from orders.services.items import add_items, remove_item, set_item_status, void_item
from orders.services.orders import create_order, set_order_status
from orders.shapes import timestamp
from orders.states import Channel, ItemStatus, OrderStatus, Role
from tests.cookery import recipe
from tests.places import Place
from tests.streams import at_once, hearing


@pytest.fixture
def cook(place: Place) -> Actor:
    membership = place.staff(Role.KITCHEN)
    return replace(place.actor, role=Role.KITCHEN, user_id=membership.user_id, name="Kitchen")


def ticket_of(place: Place, lines: int = 1) -> KitchenOrder:
    order = place.order()
    if lines > 1:
        add_items(order_id=order.pk, items=[AskedItem(place.dish.pk, 1)] * (lines - 1), actor=place.actor)
    place.confirm(order)
    return KitchenOrder.objects.get(order=order)


def states_of(ticket: KitchenOrder) -> tuple[str, str, list[str], list[str]]:
    """Return the stored states of (order, ticket, lines, production items)."""
    order = Order.objects.get(pk=ticket.order_id)
    return (
        order.status,
        KitchenOrder.objects.get(pk=ticket.pk).status,
        list(order.items.values_list("status", flat=True)),
        list(ticket.items.values_list("status", flat=True)),
    )


def move(ticket: KitchenOrder, actor: Actor, *statuses: str) -> None:
    """Move the ticket's items, the first to the first status and so on; an empty one leaves an item alone."""
    items = ticket.items.order_by("pk")
    moves = [ItemMove(item.pk, TicketItemStatus(to)) for item, to in zip(items, statuses, strict=False) if to]
    set_ticket_item_statuses(ticket_id=ticket.pk, moves=moves, actor=actor)


def load(station: Station) -> int:
    return Station.objects.get(pk=station.pk).load


# Opening ------------------------------------------------------------------------------------------


def test_ticket_shows_what_is_to_be_made_when_an_order_is_confirmed(place: Place) -> None:
    group = ModifierGroup.objects.create(restaurant=place.restaurant, name="Topping", min=0, max=1)
    MenuItemModifierGroup.objects.create(menu_item=place.dish, group=group)
    cheese = Modifier.objects.create(group=group, name="cheese", price=Decimal("1.50"))
    asked = AskedItem(place.dish.pk, 2, (cheese.pk,), "No onions", 2)
    order = create_order(
        actor=place.actor, channel=Channel.DINE_IN, items=[asked], table_id=place.table.pk, notes="Hurry"
    )

    place.confirm(order)

    ticket = KitchenOrder.objects.get()
    item = ticket.items.get()
    assert (ticket.order_number, ticket.table_name, ticket.notes, ticket.status, ticket.version) == (
        "T1-001",
        "7",
        "Hurry",
        "pending",
        1,
    )
    assert ticket.estimated_ready_at == Order.objects.get().estimated_ready_at
    assert (item.name, item.quantity, item.special_instructions, item.course) == ("Burger", 2, "No onions", 2)
    assert item.modifiers == [{"id": cheese.pk, "name": "cheese", "price": "1.50"}]
    assert item.steps == [
        {
            "name": "Burger",
            "minutes": 10,
            "station_id": place.station.pk,
            "station_name": "Grill",
            "station_ids": [place.station.pk],
            "done": False,
        }
    ]


def test_voided_line_is_not_on_the_ticket_when_its_order_is_confirmed(place: Place) -> None:
    order = place.order()
    add_items(order_id=order.pk, items=[AskedItem(place.dish.pk, 3)], actor=place.actor)
    void_item(order_id=order.pk, item_id=order.items.earliest("pk").pk, actor=place.actor)

    place.confirm(order)

    assert list(KitchenOrderItem.objects.values_list("quantity", flat=True)) == [3]


def test_item_has_no_station_when_its_dish_has_none(place: Place) -> None:
    place.dish.station = None
    place.dish.save()

    item = ticket_of(place).items.get()

    assert (item.station_id, item.station_name, item.steps[0]["station_id"]) == (None, "", None)
    assert load(place.station) == 0


# Working ------------------------------------------------------------------------------------------


def test_chef_is_who_acknowledged_when_a_ticket_is_taken(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place)

    ticket = acknowledge_ticket(ticket_id=ticket.pk, actor=cook)

    assert (ticket.status, ticket.chef_id, ticket.chef_name, ticket.version) == (
        "acknowledged",
        cook.user_id,
        "Kitchen",
        2,
    )
    assert ticket.acknowledged_at is not None
    assert states_of(ticket)[0] == "confirmed"


def test_chef_is_who_started_when_nobody_acknowledged(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place)

    ticket = set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.PREPARING, actor=cook)

    assert (ticket.chef_name, ticket.version) == ("Kitchen", 2)
    assert ticket.acknowledged_at is not None
    assert ticket.started_at is not None
    assert states_of(ticket) == ("preparing", "preparing", ["pending"], ["pending"])


def test_chef_stays_who_acknowledged_when_somebody_else_starts(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place)
    acknowledge_ticket(ticket_id=ticket.pk, actor=cook)

    ticket = set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.PREPARING, actor=place.actor)

    assert ticket.chef_name == "Kitchen"


def test_ticket_starts_when_its_first_item_is_begun(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place, lines=2)

    move(ticket, cook, "preparing")

    assert states_of(ticket) == ("preparing", "preparing", ["preparing", "pending"], ["preparing", "pending"])


def test_ticket_is_ready_when_its_last_item_is(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place, lines=2)

    move(ticket, cook, "ready")
    halfway = states_of(ticket)
    move(ticket, cook, "", "ready")

    assert halfway == ("preparing", "preparing", ["ready", "pending"], ["ready", "pending"])
    assert states_of(ticket) == ("ready", "ready", ["ready", "ready"], ["ready", "ready"])
    assert Order.objects.get().ready_at is not None


def test_everything_passes_through_each_state_when_a_new_ticket_is_bumped_whole(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place)

    move(ticket, cook, "ready")

    ticket = KitchenOrder.objects.get()
    item = ticket.items.get()
    assert states_of(ticket) == ("ready", "ready", ["ready"], ["ready"])
    assert None not in (ticket.acknowledged_at, ticket.started_at, ticket.ready_at)
    assert item.started_at == item.ready_at is not None
    assert item.steps[0]["done"] is True
    assert (ticket.version, Order.objects.get().version) == (2, 3)


def test_what_is_left_is_made_ready_when_the_ticket_is(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place, lines=3)
    move(ticket, cook, "ready", "preparing")
    void_item(order_id=ticket.order_id, item_id=ticket.items.latest("pk").order_item_id, actor=place.actor)

    set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.READY, actor=cook)

    lines = ["ready", "ready", "cancelled"]
    assert states_of(ticket) == ("ready", "ready", lines, lines)


def test_order_stays_ready_when_the_kitchen_completes_its_ticket(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place)
    move(ticket, cook, "ready")

    set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.COMPLETED, actor=cook)

    assert states_of(ticket) == ("ready", "completed", ["ready"], ["ready"])


def test_nobody_pays_when_the_kitchen_will_not_make_an_item(place: Place, cook: Actor) -> None:
    place.dish.stock = 5
    place.dish.save()
    ticket = ticket_of(place, lines=2)

    move(ticket, cook, "cancelled", "ready")

    assert states_of(ticket) == ("ready", "ready", ["cancelled", "ready"], ["cancelled", "ready"])
    order = Order.objects.get()
    assert order.total_amount == Decimal("9.50")
    assert order.items.earliest("pk").void_reason == "not made by the kitchen"
    assert MenuItem.objects.get().stock == 4


def test_ticket_becomes_ready_when_the_last_item_to_make_is_taken_off(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place, lines=2)
    move(ticket, cook, "ready")

    remove_item(order_id=ticket.order_id, item_id=ticket.items.latest("pk").order_item_id, actor=place.actor)

    assert states_of(ticket) == ("ready", "ready", ["ready"], ["ready", "cancelled"])


def test_ticket_follows_when_staff_move_the_order(place: Place) -> None:
    ticket = ticket_of(place)
    seen = []

    for step in ("preparing", "ready", "served", "completed"):
        set_order_status(order_id=ticket.order_id, to=OrderStatus(step), actor=place.actor, reason="On the house")
        seen.append(states_of(ticket))

    assert seen == [
        ("preparing", "preparing", ["pending"], ["pending"]),
        ("ready", "ready", ["ready"], ["ready"]),
        ("served", "completed", ["served"], ["ready"]),
        ("completed", "completed", ["served"], ["ready"]),
    ]


def test_ticket_stays_ready_until_delivered_when_the_order_is_on_its_way(place: Place) -> None:
    order = create_order(actor=place.actor, channel=Channel.DELIVERY, items=[AskedItem(place.dish.pk, 1)])
    seen = []

    for step in ("confirmed", "preparing", "ready", "delivering", "delivered"):
        set_order_status(order_id=order.pk, to=OrderStatus(step), actor=place.actor)
        seen.append(KitchenOrder.objects.get().status)

    assert seen == ["pending", "preparing", "ready", "ready", "completed"]


def test_production_item_follows_when_staff_move_the_line(place: Place) -> None:
    ticket = ticket_of(place)
    line: dict[str, Any] = {
        "order_id": ticket.order_id,
        "item_id": ticket.items.get().order_item_id,
        "actor": place.actor,
    }

    set_item_status(**line, to=ItemStatus.PREPARING)
    begun = states_of(ticket)
    set_item_status(**line, to=ItemStatus.READY)

    assert begun == ("preparing", "preparing", ["preparing"], ["preparing"])
    assert states_of(ticket) == ("ready", "ready", ["ready"], ["ready"])


def test_order_is_cancelled_with_its_ticket_when_a_manager_cancels_it(place: Place) -> None:
    ticket = ticket_of(place)

    set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.CANCELLED, actor=place.actor, reason="No gas")

    assert states_of(ticket) == ("cancelled", "cancelled", ["pending"], ["cancelled"])
    assert Order.objects.get().cancel_reason == "No gas"


# Load ---------------------------------------------------------------------------------------------


def test_load_is_what_is_to_be_made_when_tickets_come_and_go(place: Place, cook: Actor) -> None:
    loads = [load(place.station)]
    first, second = ticket_of(place, lines=2), ticket_of(place)
    loads.append(load(place.station))
    move(first, cook, "preparing")
    loads.append(load(place.station))
    move(first, cook, "ready")
    loads.append(load(place.station))
    set_order_status(order_id=second.order_id, to=OrderStatus.CANCELLED, actor=place.actor, reason="Left")
    loads.append(load(place.station))

    assert loads == [0, 3, 3, 2, 1]


def test_no_count_is_lost_when_ten_tickets_are_bumped_at_once(place: Place, cook: Actor) -> None:
    tickets = [ticket_of(place, lines=2) for _ in range(10)]
    before = load(place.station)

    results = at_once([partial(move, ticket, cook, "ready") for ticket in tickets])

    assert results == [None] * 10
    assert (before, load(place.station)) == (20, 10)


def test_no_count_is_lost_when_tickets_of_two_stations_move_at_once(place: Place, cook: Actor) -> None:
    bar = Station.objects.create(restaurant=place.restaurant, name="Bar")
    cola = MenuItem.objects.create(
        restaurant=place.restaurant, name="Cola", price="3.00", category=place.dish.category, station=bar
    )
    tickets = []
    for pair in ((place.dish, cola), (cola, place.dish)) * 4:
        order = create_order(
            actor=place.actor, channel=Channel.TAKEAWAY, items=[AskedItem(dish.pk, 1) for dish in pair]
        )
        tickets.append(KitchenOrder.objects.get(order=place.confirm(order)))

    results = at_once([partial(move, ticket, cook, "ready", "ready") for ticket in tickets])

    assert results == [None] * 8
    assert (load(place.station), load(bar)) == (0, 0)


# Refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.WAITER, Role.CASHIER])
def test_ticket_is_not_touched_when_the_role_may_not(place: Place, role: Role) -> None:
    ticket = ticket_of(place)
    actor = replace(place.actor, role=role)

    with hearing(place.restaurant) as heard:
        with pytest.raises(NotAllowed):
            set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.ACKNOWLEDGED, actor=actor)
        with pytest.raises(NotAllowed):
            move(ticket, actor, "ready")

    assert heard.types == []
    assert states_of(ticket) == ("confirmed", "pending", ["pending"], ["pending"])


def test_ticket_is_not_cancelled_when_a_cook_asks(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place)

    with pytest.raises(NotAllowed):
        set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.CANCELLED, actor=cook, reason="No gas")

    assert states_of(ticket)[:2] == ("confirmed", "pending")


def test_refusal_names_what_is_allowed_when_a_ticket_can_not_become_so(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place)

    with hearing(place.restaurant) as heard, pytest.raises(InvalidTransition) as raised:
        set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.COMPLETED, actor=cook)

    told = HistoryEntry.objects.get(event="order:new")
    assert raised.value.extra == {
        "status_now": "pending",
        "allowed": ["acknowledged", "preparing", "cancelled"],
        "by_name": "Manager",
        "at": timestamp(told.at),
    }
    assert heard.types == []


def test_no_item_is_moved_when_one_of_them_can_not_be(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place, lines=2)
    move(ticket, cook, "", "ready")
    before = states_of(ticket)

    with hearing(place.restaurant) as heard, pytest.raises(InvalidTransition) as raised:
        move(ticket, cook, "ready", "preparing")

    told = HistoryEntry.objects.get(event="kitchen:item_status_changed")
    assert raised.value.extra == {
        "status_now": "ready",
        "allowed": [],
        "by_name": "Kitchen",
        "at": timestamp(told.at),
    }
    assert (heard.types, states_of(ticket)) == ([], before)


def test_item_is_not_found_when_it_is_another_tickets(place: Place, cook: Actor) -> None:
    ticket, other = ticket_of(place), ticket_of(place)
    moves = [
        ItemMove(ticket.items.get().pk, TicketItemStatus.READY),
        ItemMove(other.items.get().pk, TicketItemStatus.READY),
    ]

    with hearing(place.restaurant) as heard, pytest.raises(NotFound) as raised:
        set_ticket_item_statuses(ticket_id=ticket.pk, moves=moves, actor=cook)

    assert [problem.pointer for problem in raised.value.problems] == ["/items/1/item_id"]
    assert heard.types == []


def test_ticket_is_not_found_when_it_is_another_restaurants(place: Place, other_place: Place) -> None:
    ticket = ticket_of(other_place)

    with pytest.raises(NotFound):
        acknowledge_ticket(ticket_id=ticket.pk, actor=place.actor)
    with pytest.raises(NotFound):
        move(ticket, place.actor, "ready")

    assert states_of(ticket)[1] == "pending"


def test_item_is_not_moved_when_its_ticket_was_cancelled(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place)
    item = ticket.items.get()
    set_order_status(order_id=ticket.order_id, to=OrderStatus.CANCELLED, actor=place.actor, reason="Left")

    with pytest.raises(InvalidTransition):
        move(ticket, cook, "ready")

    assert KitchenOrderItem.objects.get(pk=item.pk).status == "cancelled"


def test_nothing_happens_when_an_item_is_set_to_what_it_is(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place)
    move(ticket, cook, "ready")

    with hearing(place.restaurant) as heard:
        move(ticket, cook, "ready")
        set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.READY, actor=cook)

    assert heard.types == []


def test_ticket_change_is_stale_when_somebody_else_changed_it(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place)
    acknowledge_ticket(ticket_id=ticket.pk, actor=cook, version=1)

    with hearing(place.restaurant) as heard, pytest.raises(StaleVersion) as raised:
        set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.PREPARING, actor=cook, version=1)

    assert raised.value.extra["version"] == 2
    assert heard.types == []


def test_one_cook_takes_the_ticket_when_two_acknowledge_the_same_version(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place)

    results = at_once([lambda: acknowledge_ticket(ticket_id=ticket.pk, actor=cook, version=1)] * 4)

    assert sorted(type(result).__name__ for result in results) == ["KitchenOrder", *["StaleVersion"] * 3]
    assert KitchenOrder.objects.get().version == 2


def test_item_is_not_begun_when_the_ticket_was_put_away(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place, lines=2)
    move(ticket, cook, "ready", "ready")
    set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.COMPLETED, actor=cook)
    KitchenOrderItem.objects.filter(pk=ticket.items.latest("pk").pk).update(status="pending", silently=True)

    with pytest.raises(NotEditable):
        move(ticket, cook, "", "preparing")


def test_second_is_told_when_only_some_of_it_was_done_by_another(place: Place, cook: Actor) -> None:
    ticket = ticket_of(place, lines=3)
    first, second, third = ticket.items.all()
    set_ticket_item_statuses(ticket_id=ticket.pk, moves=[ItemMove(first.pk, TicketItemStatus.READY)], actor=cook)
    set_ticket_item_statuses(
        ticket_id=ticket.pk, moves=[ItemMove(second.pk, TicketItemStatus.READY)], actor=place.actor
    )

    for ids in ((second.pk, first.pk), (first.pk, second.pk)):
        moves = [ItemMove(pk, TicketItemStatus.READY) for pk in ids]
        with pytest.raises(MovedAlready) as raised:
            set_ticket_item_statuses(ticket_id=ticket.pk, moves=moves, actor=cook)
        assert raised.value.extra["by_name"] == "Manager"
    assert third.status == "pending"


def test_own_step_is_said_again_when_another_has_done_the_next(place: Place, cook: Actor) -> None:
    recipe(place.dish, {"Cut": (2, [place.station]), "Fry": (4, [place.station]), "Plate": (1, [place.station])})
    ticket = ticket_of(place)
    item = ticket.items.get()

    def finish(step: int, actor: Actor) -> None:
        moves = [ItemMove(item.pk, TicketItemStatus.PREPARING, step)]
        set_ticket_item_statuses(ticket_id=ticket.pk, moves=moves, actor=actor)

    finish(0, cook)
    finish(1, place.actor)
    finish(0, cook)

    assert [step["done"] for step in ticket.items.get().steps] == [True, True, False]
